"""What credentials look like: the forms that their issuers document, and the names of keys that carry them."""

from __future__ import annotations

import re
from functools import cache

Forms = tuple[tuple[str, str, str], ...]

# Of single issuers: name of the form, its regular expression, and the issuer's page that describes it. The hook before generation has
# the same expressions, since it cannot import this module; a test compares them.
TOKENS = (
    ("an AWS access key", r"\bA(?:KIA|SIA|BIA|CCA)[A-Z0-9]{16}\b", "docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html"),
    ("an Azure key", r"(?i:\b(?:Account|SharedAccess)Key=[A-Za-z0-9+/]{16,})", "learn.microsoft.com/azure/storage/common/storage-configure-connection-string"),
    ("a Google API key", r"\bAIza[\w-]{30,}", "cloud.google.com/docs/authentication/api-keys"),
    ("a Google OAuth token", r"\b(?:ya29\.|GOCSPX-)[\w-]{20,}", "developers.google.com/identity/protocols/oauth2"),
    ("a GitHub token", r"\b(?:gh[opsru]_[A-Za-z0-9]{20,}|github_pat_\w{20,})", "docs.github.com/authentication/keeping-your-account-and-data-secure/about-authentication-to-github"),
    ("a GitLab token", r"\bgl(?:pat|oas|dt|rt|cbt|ptt|ft|imt|agent|soat|ffct)-[\w.-]{16,}", "docs.gitlab.com/security/tokens"),
    ("a Slack token", r"\bx(?:ox[a-z]|app)-[\w-]{10,}|\bhooks\.slack\.com/(?:services|workflows)/\w+", "docs.slack.dev/authentication/tokens"),
    ("a Discord webhook", r"\bdiscord(?:app)?\.com/api/webhooks/\d+/[\w-]{20,}", "discord.com/developers/docs/resources/webhook"),
    ("a Telegram token", r"\b\d{8,10}:AA[\w-]{30,}", "core.telegram.org/bots/features"),
    ("an API key of the form sk-", r"\bsk-(?:[A-Za-z0-9]{20,}|(?:ant|proj|svcacct|admin|or)-[\w-]{10,}|(?=[\w-]*\d)(?=[\w-]*[A-Z])[\w-]{20,})", "platform.openai.com/docs/api-reference/authentication; docs.anthropic.com/en/api/overview"),
    ("a Groq, xAI or Replicate key", r"\b(?:gsk_|xai-|r8_)[A-Za-z0-9]{30,}", "console.groq.com/docs/quickstart; docs.x.ai; replicate.com/docs/topics/security/api-tokens"),
    ("a Hugging Face token", r"\bhf_[A-Za-z0-9]{20,}", "huggingface.co/docs/hub/security-tokens"),
    ("a Stripe key", r"\b(?:[sr]k_(?:live|test)|whsec)_[A-Za-z0-9]{10,}", "docs.stripe.com/keys"),
    ("a SendGrid key", r"\bSG\.[\w-]{16,}\.[\w-]{16,}", "www.twilio.com/docs/sendgrid/ui/account-and-settings/api-keys"),
    ("an npm token", r"\bnpm_[A-Za-z0-9]{30,}", "npm: About access tokens"),
    ("a PyPI token", r"\bpypi-(?:AgE[\w-]{20,}|[\w-]{50,})", "PyPI: API tokens"),
    ("a Docker token", r"\bdckr_(?:pat|oat)_[\w-]{20,}", "docs.docker.com/security/access-tokens"),
    ("a Databricks token", r"\bdapi[0-9a-f]{32}", "docs.databricks.com/dev-tools/auth/pat"),
    ("a DigitalOcean token", r"\bdo[opr]_v1_[0-9a-f]{40,}", "docs.digitalocean.com/reference/api/create-personal-access-token"),
    ("a Vault token", r"\bhv[sbr]\.[\w-]{20,}", "developer.hashicorp.com/vault/docs/concepts/tokens"),
    ("a Shopify token", r"\bshp(?:at|ca|pa|ss|ua)_[0-9a-fA-F]{30,}", "shopify.dev/docs/apps/build/authentication-authorization"),
    ("a Grafana token", r"\bgl(?:sa|c)_[\w=]{30,}", "grafana.com/docs/grafana/latest/administration/service-accounts"),
    ("a Postman key", r"\bPMAK-[0-9a-f]{20,}", "learning.postman.com/docs/developer/postman-api/authentication"),
    ("an Atlassian token", r"\bAT[AC]TT3[\w=-]{20,}", "support.atlassian.com/atlassian-account/docs/manage-api-tokens-for-your-atlassian-account"),
    ("a JSON Web Token", r"\beyJ[\w-]{8,}\.eyJ[\w-]{4,}\.[\w-]*", "www.rfc-editor.org/rfc/rfc7519"),
    ("a private key", r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY|\bAGE-SECRET-KEY-1\w{20,}", "www.rfc-editor.org/rfc/rfc7468"),
)  # fmt: skip
# Ends of the names of query parameters and headers that carry a credential: whatever their value is, and only if the
# value looks random, since `?code=US` and `?key=population` are no secrets.
STRONG = r"(?:api|app|access|account|auth|consumer|master|private|secret|service|subscription)[_-]?key|token|secret|password|passwd|pwd|passphrase|signature|sig|credentials?"
WEAK = r"key|code|appid|auth|session[_-]?id"
RANDOM = r"(?=[\w.~+/=%-]*\d)(?=[\w.~+/=%-]*[A-Za-z])[\w.~+/=%-]{6,}|[\w.~+/=%-]{24,}"
_IN_QUERY = (
    rf"(?i:[?&;](?:[\w.%-]*[_.%-])?(?:(?:{STRONG})=[^&#\s]|(?<![\w.-])(?:{WEAK})=(?:{RANDOM})))"
)
# Of any issuer; examples in comments have these forms, too.
FORMS = (
    *TOKENS,
    ("an Authorization header", r"(?i:\b(?:bearer|basic)\s+(?=\S*[0-9=])[\w.~+/=-]{16,})", "www.rfc-editor.org/rfc/rfc6750"),
    ("a password of a connection", r"(?i:(?<![\w$:@])(?:password|passwd|pwd)=(?![:@?%$*'\"{])[^\s;&,)'\"]{3,})", "www.postgresql.org/docs/current/libpq-connect.html"),
    ("a user and password of an address", r"://[^/\s:@?#]*:[^/\s@]+@|\bhttps?://[^/\s:@?#]+@", "www.rfc-editor.org/rfc/rfc3986#section-3.2.1"),
    ("a credential in the query of an address", _IN_QUERY, "swagger.io/docs/specification/authentication/api-keys"),
)  # fmt: skip
_KEY = re.compile(
    rf"(?:.*[_-])?(?:{STRONG}|(?:proxy-)?authorization|cookie)s?|.*(?:password|apikey|secretkey)",
    re.IGNORECASE,
)


def credential_form(text: str, forms: Forms = FORMS) -> str | None:
    """Return what kind of credential a text contains, or None.

    Examples
    --------
    >>> credential_form("see https://host/x.csv?sig=0a1b"), credential_form("token_count")
    ('a credential in the query of an address', None)
    """
    if not _any_of(forms).search(text):
        return None
    return next(name for name, pattern, _ in forms if re.search(pattern, text))


@cache
def _any_of(forms: Forms) -> re.Pattern[str]:
    return re.compile("|".join(pattern for _, pattern, _ in forms))


def is_credential_name(name: str) -> bool:
    """Return whether a key, header or parameter of this name carries a credential, and not the name of a variable.

    Examples
    --------
    >>> [is_credential_name(name) for name in ("X-Api-Key", "token_env", "token_count", "clientSecret")]
    [True, False, False, True]
    """
    spelled = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name)
    return bool(_KEY.fullmatch(spelled))
