"""Credentials: found in settings, harmless values left alone, and text without them in any encoding."""

from __future__ import annotations

import base64
import html
import json
import re
import string
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from library.projects import ROOT, Project, make_project

from pedigree.base.command import print_found
from pedigree.base.names import UserError
from pedigree.base.secrets import redaction
from pedigree.base.secrets.finding import called_resolver, override_mistakes, references, secrets
from pedigree.base.secrets.forms import FORMS
from pedigree.base.secrets.redaction import hide, hide_variables, mask, redact, redact_all
from pedigree.base.secrets.transport import is_loopback, refuse_plain_http
from pedigree.base.stage import say

RANDOM = Random(17)
LETTERS = string.ascii_letters + string.digits
HEX = "0123456789abcdef"


def drawn(length: int, of: str = LETTERS) -> str:
    return "".join(RANDOM.choice(of) for _ in range(length))


# Made up, in the forms that their issuers document.
TOKENS = {
    "OpenAI": f"sk-{drawn(48)}",
    "OpenAI project": f"sk-proj-{drawn(40)}-{drawn(20)}",
    "Anthropic": f"sk-ant-api03-{drawn(80)}",
    "GitHub personal": f"ghp_{drawn(36)}",
    "GitHub OAuth": f"gho_{drawn(36)}",
    "GitHub app": f"ghs_{drawn(36)}",
    "GitHub fine-grained": f"github_pat_{drawn(22)}_{drawn(59)}",
    "GitLab": f"glpat-{drawn(20)}",
    "Slack bot": f"xoxb-123456789012-1234567890123-{drawn(24)}",
    "Slack user": f"xoxp-123456789012-123456789012-{drawn(32, HEX)}",
    "Google": f"AIza{drawn(35)}",
    "Hugging Face": f"hf_{drawn(34)}",
    "JWT": f"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.{drawn(43)}",
    "AWS": f"AKIA{drawn(16, string.ascii_uppercase + string.digits)}",
    "AWS session": f"ASIA{drawn(16, string.ascii_uppercase + string.digits)}",
    "npm": f"npm_{drawn(36)}",
    "PyPI": f"pypi-AgEIcHlwaS5vcmc{drawn(60)}",
    "Stripe": f"sk_live_{drawn(24)}",
    "SendGrid": f"SG.{drawn(22)}.{drawn(43)}",
    "Azure": f"DefaultEndpointsProtocol=https;AccountName=x;AccountKey={drawn(86)}==",
    "SAS": f"https://x.blob.core.windows.net/c/f.csv?sv=2024&sig={drawn(43)}%3D",
    "key block": "-----BEGIN RSA PRIVATE KEY-----",
    "OpenSSH": "-----BEGIN OPENSSH PRIVATE KEY-----",
    "bearer": f"Bearer {drawn(20)}7",
    "password": "postgresql://me:hunter2@host/db",
    "user": f"https://{drawn(20)}@host/x.csv",
    "connection": "Server=db;Uid=me;Pwd=hunter2;",
    "key=": f"https://host/x.csv?key={drawn(24)}",
    "short key=": "https://host/x.csv?key=hunter2",
    "code=": f"https://host/api?x=1&code={drawn(40)}",
    "token=": "https://host/x.csv?token=abc",
    "access_token=": "https://host/x.csv?access_token=abc",
    "api-key=": "https://host/x.csv?a=1&api-key=abc",
    "signature": "https://host/x.csv?X-Amz-Signature=0a1b",
}
KEYS: dict[str, Any] = {
    "password": {"collect": {"password": "hunter2"}},
    "passwords": {"collect": {"passwords": ["hunter2", "hunter3"]}},
    "in a list": {"collect": {"users": [{"name": "me", "passwd": "hunter2"}]}},
    "in lists": {"collect": {"users": [["x", {"db": {"secret": "s"}}]]}},
    "api_key": {"collect": {"api_key": "abc"}},
    "apiKey": {"collect": {"apiKey": "abc"}},
    "client secret": {"collect": {"oauth": {"client_secret": "abc"}}},
    "header": {"collect": {"headers": {"X-Auth-Token": "abc"}}},
    "cookie": {"collect": {"headers": {"Cookie": "a=b"}}},
    "parameter": {"collect": {"params": {"key": "hunter2"}}},
    "as a key": {"collect": {"values": {f"ghp_{'a1B2' * 9}": 1}}},
}
HARMLESS: dict[str, Any] = {
    "token_env": "API_TOKEN",
    "password_env": "DB_PASSWORD",
    "key": "customer_id",
    "keys": ["id", "day"],
    "primary_key": "id",
    "sort_key": "name2026",
    "columns": {"token": "string", "password": "boolean", "token_count": "integer"},
    "exclude": {"secret": "is only known afterwards"},
    "fields": {"title": "h3 a@href", "code": "td.code2"},
    "params": {"code": "US", "key": "population", "per_page": "100", "since": "2026-01-01"},
    "headers": {"Accept": "application/vnd.api+json", "User-Agent": "study (me@example.org)"},
    "auth_header": "Authorization",
    "auth_scheme": "Bearer",
    "auth_param": "api_key",
    "scorer": "token_sort_ratio",
    "tokenizer": "basic",
    "api_key": None,
    "secret": "",
    "md5": "5d41402abc4b2a76b9719d911017c592",
    "commit": "da39a3ee5e6b4b0d3255bfef95601890afd80709",
    "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "uuid": "123e4567-e89b-12d3-a456-426614174000",
    "goal": "Predict whether a token of the password form expires: a basic understanding-of-risk.",
    "pattern": r"^[a-z]{2,3}:\d+$",
    "query": "SELECT a, b FROM t WHERE key = :key AND password = :password AND code LIKE 'x%'",
    "path": [
        "s3://bucket/2026/*.csv",
        "abfss://container@account.dfs.core.windows.net/x.parquet",
        "https://host/x.csv?version=3&country_code=US&page=2",
        "https://example.org/~me/task-force-2026/risk-report-of-the-year.csv",
    ],
    "address": "sqlite:///rows.db",
    "remote": "ssh://git@host/repository",
    "model": {"_target_": "sklearn.linear_model.Ridge", "alpha": 1.0},
    "name": "sk-learn-contrib-imbalanced-models",
}


@pytest.mark.parametrize("name", TOKENS)
def test_a_credential_is_found_wherever_it_stands(name: str) -> None:
    token = TOKENS[name]
    for settings in (
        {"problem": {"goal": token}},
        {"problem": {"goal": f"see {token} there"}},
        {"load": {"missing": ["NA", token]}},
        {"clean": {"steps": {"x": {"values": {"a": [[token]]}}}}},
    ):
        (said,) = secrets(settings)
        assert "looks like a credential" in said
        assert token not in said


@pytest.mark.parametrize("name", KEYS)
def test_a_key_that_names_a_credential_is_found(name: str) -> None:
    said = [*secrets(KEYS[name])]
    assert said
    assert not any("hunter" in one or "ghp_" in one for one in said)


def test_harmless_values_are_left_alone() -> None:
    assert [*secrets({"collect": HARMLESS, "steps": [HARMLESS]})] == []


def test_the_projects_own_settings_are_harmless() -> None:
    files = [*(ROOT / "conf").rglob("*.yaml"), *(ROOT / "contracts").rglob("*.yaml")]
    assert len(files) > 100
    for path in files:
        assert [*secrets(yaml.safe_load(path.read_text(encoding="utf-8")))] == [], path


def test_a_list_that_contains_itself_ends() -> None:
    inner: list[Any] = ["hunter2"]
    inner.append({"password": inner})
    assert [*secrets({"x": inner})] == []


def test_the_value_of_a_secret_variable_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_API_TOKEN", "quite-ordinary-words")
    monkeypatch.setenv("SOME_PATH", "/srv/quite/ordinary")
    (said,) = secrets({"goal": "see quite-ordinary-words"})
    assert "the value of SOME_API_TOKEN" in said
    assert [*secrets({"goal": "/srv/quite/ordinary"})] == []


@pytest.mark.parametrize(
    ("text", "called"),
    [
        ("${oc.env:TOK}", "oc.env"),
        ("x # ${oc.env:TOK}", "oc.env"),
        ("${ oc.env : TOK }", "oc.env"),
        ("${oc.env:TOK,none}", "oc.env"),
        ("${problem.${oc.env:TOK}}", "oc.env"),
        ("${oc.${x}:TOK}", "a resolver"),
        ("${oc.decode:${oc.env:TOK}}", "oc.decode"),
        ("a ${\n oc.env:TOK}", "oc.env"),
        ("${now:%Y}", "now"),
        (r"\\${oc.env:TOK}", "oc.env"),
        ("${seed}", None),
        ("${.by_kind.${problem.kind}}: x", None),
        ("at 12:30", None),
        (r"^[a-z]{2,3}:$", None),
    ],
)
def test_a_call_of_a_resolver_is_told_from_a_reference(text: str, called: str | None) -> None:
    assert called_resolver(text) == called


def test_no_value_in_force_may_be_a_reference_that_a_tool_would_resolve() -> None:
    (said,) = references({"collect": {"params": {"q": "${oc.env:TOK}"}}})
    assert said.startswith("collect.params.q: '${' is not allowed in a value")


@pytest.mark.parametrize(
    "override",
    [
        "problem.goal=${oc.env:TOK}",
        "+collect.password=hunter2",
        "params.yaml:collect.headers.X-Api-Key=hunter2",
        "collect.params.key=hunter2",
        f"problem.goal={TOKENS['GitHub personal']}",
    ],
)
def test_an_override_is_examined(override: str) -> None:
    (said,) = override_mistakes(override)
    assert "hunter2" not in said
    assert "ghp_" not in said


@pytest.mark.parametrize(
    "override", ["seed=${threads}", "model=xgboost", "problem.time=token", "x"]
)
def test_an_ordinary_override_is_none(override: str) -> None:
    assert [*override_mistakes(override)] == []


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return a project in which nothing has run."""
    return make_project(tmp_path_factory.mktemp("small"), "binary")


@pytest.mark.parametrize(
    ("override", "what"),
    [
        ("collect.path=${oc.env:TOK}", "oc.env would write"),
        (r"collect.path=\${oc.env:TOK}", "is not allowed in a value"),
        (f"collect.path=https://h/x.csv?token={'a1' * 9}", "looks like a credential"),
        ("collect.reading={password: hunter2}", "looks like a credential"),
    ],
)
def test_a_stages_own_overrides_are_examined(
    small: Project, monkeypatch: pytest.MonkeyPatch, override: str, what: str
) -> None:
    monkeypatch.setenv("TOK", "verysecretvalue")
    with pytest.raises(UserError, match=what) as refusal:
        small.settings("collect", override)
    for value in ("verysecret", "a1a1", "hunter2"):
        assert value not in str(refusal.value)


# --- text without credentials ---------------------------------------------------------------------


@pytest.fixture(autouse=True)
def nothing_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redaction, "_hidden", set())


def encodings(token: str) -> Iterator[str]:
    data = token.encode()
    yield from (token, quote(token), quote(token, safe=""), quote_plus(token))
    yield quote(quote(token, safe=""), safe="")
    yield "".join(f"%{byte:02x}" for byte in data)
    yield from (
        json.dumps(token),
        json.dumps(json.dumps(token)),
        json.dumps(token, ensure_ascii=False),
    )
    yield from (repr(token), ascii(token), html.escape(token), data.hex(), data.hex().upper())
    yield "".join(f"&#{ord(char)};" for char in token)
    for before in ("", "u:", "me:", "use:"):
        for after in ("", ":", ":x", "::::"):
            text = f"{before}{token}{after}".encode()
            yield base64.b64encode(text).decode()
            yield base64.urlsafe_b64encode(text).decode().rstrip("=")


def shows(text: str, token: str) -> bool:
    """Return whether a third of a token can still be read in a text, plain or from Base64."""
    part = max(len(token) // 3, 4)
    pieces = [token[n : n + part] for n in range(len(token) - part + 1)]
    texts = [text]
    for n in range(4):  # a run of Base64 may begin anywhere
        chars = "".join(c for c in text if c in LETTERS + "+/-_").translate(
            str.maketrans("-_", "+/")
        )
        cut = chars[n : n + (len(chars) - n) // 4 * 4]
        texts.append(base64.b64decode(cut).decode("latin-1"))
    return any(piece in one for piece in pieces for one in texts)


@pytest.mark.parametrize("token", ["s3cr3t-t0ken", 'p@ss/w"ö rd&1', "A+b/c=d-e_f~g", "x" * 7 + "1"])
def test_a_hidden_value_is_replaced_in_every_encoding(token: str) -> None:
    hide(f"{token}\n")
    for text in encodings(token):
        said = redact(f"before {text} after")
        assert said.startswith("before ")
        assert said.endswith(" after")
        assert "***" in said, text
        assert not shows(said[7:-6], token), (text, said)


@given(
    st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S"]), min_size=8, max_size=40)
)
def test_any_value_is_replaced(token: str) -> None:
    for text in encodings(token):
        assert token not in mask(text, [token])
        assert "***" in mask(text, [token])


@pytest.mark.parametrize("name", TOKENS)
def test_a_token_that_nobody_named_is_replaced(name: str) -> None:
    token = TOKENS[name]
    said = redact(f"the server says: {token} is invalid")
    assert token not in said
    assert "***" in said
    assert "hunter2" not in said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("https://me:p@host/x?page=2&api_key=1 returned 401", "https://***@host/x?page=2&api_key=*** returned 401"),
        ("/login?to=https%3A%2F%2Fh%2F%3Fapi_key%3Dabc%26x%3D1", "/login?to=https%3A%2F%2Fh%2F%3Fapi_key%3D***"),
        ("{'Authorization': 'Bearer abc'}", "{'Authorization': 'Bearer ***'}"),
        ("https://h/?filter[token]=abc#x", "https://h/?filter[token]=***#x"),
        ("3 rows of token_count; key: customer", "3 rows of token_count; key: customer"),
        ("s3://bucket/x and abfss://c@a.dfs.core.windows.net", "s3://bucket/x and abfss://c@a.dfs.core.windows.net"),
        ("SELECT token FROM t WHERE key = 1", "SELECT token FROM t WHERE key = 1"),
    ],
)  # fmt: skip
def test_secret_parts_of_addresses_and_headers_are_replaced(text: str, said: str) -> None:
    assert redact(text) == said
    assert redact_all({"a": [text, 1]}) == {"a": [said, 1]}


def test_variables_that_settings_name_are_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINE", "tim's words")
    monkeypatch.setenv("DB", "postgresql://tim:s%2Fcret@host/db?sslpassword=other")
    hide_variables({"collect": {"token_env": "MINE", "more": [{"url_env": "DB"}], "x_env": None}})
    assert redact("it is tim's words") == "it is ***"
    assert (
        redact("s/cret, s%2Fcret and other, but tim at host") == "***, *** and ***, but tim at host"
    )


def test_an_address_without_a_secret_is_not_hidden() -> None:
    hide("http://127.0.0.1:5000/x")
    assert (
        redact("http://127.0.0.1:5000/x cannot be reached")
        == "http://127.0.0.1:5000/x cannot be reached"
    )


def test_a_line_of_the_log_shows_no_credential(capsys: pytest.CaptureFixture[str]) -> None:
    hide("quite-secret-words")
    say("quite-secret-words at https://h/?token=abc")
    print_found({"a": "quite-secret-words"}, "", as_json=True)
    assert capsys.readouterr().out == '*** at https://h/?token=***\n{\n  "a": "***"\n}\n'


def test_the_traceback_of_a_stage_shows_no_credential(tmp_path: Path) -> None:
    token = "quite-secret-words"
    code = (
        "from pedigree.base.command import plain_errors\n"
        "from pedigree.base.secrets.redaction import hide\n"
        f"hide({token!r})\n"
        "with plain_errors('x'):\n"
        "    try:\n"
        f"        raise KeyError('quite-' + 'secret-words')\n"
        "    except KeyError as error:\n"
        f"        raise ValueError('https://h/?api_key=' + 'quite-' + 'secret-words') from error\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert token not in done.stderr
    assert "ValueError: https://h/?api_key=***" in done.stderr
    assert "KeyError: '***'" in done.stderr


# --- how a credential is sent -------------------------------------------------------------------


def test_plain_http_is_only_for_this_machine() -> None:
    for host in ("localhost", "127.0.0.1", "127.9.9.9", "[::1]", "x.localhost"):
        refuse_plain_http(f"http://{host}:8000/x", "here")
    refuse_plain_http("https://example.org", "here")
    for host in ("example.org", "10.0.0.1", "127.0.0.1.example.org", "localhost.example.org"):
        with pytest.raises(UserError, match=r"here: the address of .* use https"):
            refuse_plain_http(f"http://{host}/x", "here")
    assert not is_loopback(None)


def test_every_form_names_where_it_is_documented() -> None:
    # An address without its scheme, or the name of a page of the vendor.
    assert all(re.search(r"\w\.\w+/|\w: \w", source) for _, _, source in FORMS)
    assert len({name for name, _, _ in FORMS}) == len(FORMS)
