"""Text without credentials: what is printed, logged or recorded passes through `redact`."""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from pedigree.base.secrets.forms import FORMS, STRONG, WEAK, is_credential_name

STARS = "***"
SHORTEST = 4  # characters of a value that is replaced; shorter ones would make text unreadable, and keep nothing secret
SHORTEST_INHERITED = 8  # of one that nobody named: a variable of the environment with such a name
# `?token=x` also within an address that is a parameter of another one.
_QUERY = re.compile(
    rf"((?:[?&;]|%(?:25)*(?:3F|26|3B))(?:[\w.\[\]-]|%(?:25)*5[BD])*?(?<![A-Za-z])(?:{STRONG}|{WEAK})(?:%(?:25)*5D|\])?(?:=|%(?:25)*3D))[^&;#\s\"'<>)\]}}]+",
    re.IGNORECASE,
)
_USER = re.compile(
    r"(\bhttps?://|://(?=[^/\s:@\"'<>]*:[^/\s@\"'<>]*@))[^/\s@\"'<>]*@", re.IGNORECASE
)
_HEADER = re.compile(
    r"((?:authorization|cookie|x-[\w-]*(?:key|token))[\"']?\s*:(?!:)\s*[\"']?(?:bearer\s+|basic\s+)?)[^\s\"',}]+",
    re.IGNORECASE,
)
_SHAPES = re.compile("|".join(pattern for name, pattern, _ in FORMS if "address" not in name))
_hidden: set[str] = set()


def hide(value: str | None) -> None:
    """Let `redact` replace a value in this process, also encoded; of an address, only its secret parts."""
    for one in {value or "", (value or "").strip()}:
        _hidden.update(filter(None, _secret_parts(one)))


def hide_variables(settings: Any) -> None:
    """Hide the values of the environment variables that settings name by keys that end in `_env`."""
    if isinstance(settings, Mapping):
        for key, value in settings.items():
            if str(key).endswith("_env") and isinstance(value, str):
                hide(os.environ.get(value))
            hide_variables(value)
    elif isinstance(settings, list | tuple):
        for one in settings:
            hide_variables(one)


def redact(text: str) -> str:
    """Replace everything in a text that is a credential, or looks like one, by stars.

    These are the values that were hidden, those of environment variables with such names, secret parts of
    addresses, and known forms of tokens.

    Examples
    --------
    >>> redact("https://me:hunter2@host/x?page=2&api_key=123 returned 401")
    'https://***@host/x?page=2&api_key=*** returned 401'
    """
    text = mask(text, _hidden.union(inherited()))
    text = _HEADER.sub(rf"\1{STARS}", _USER.sub(rf"\1{STARS}@", _QUERY.sub(rf"\1{STARS}", text)))
    return _SHAPES.sub(STARS, text)


def redact_all(value: Any) -> Any:
    """Redact the strings in nested dictionaries and lists."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, Mapping):
        return {redact_all(key): redact_all(one) for key, one in value.items()}
    return [redact_all(one) for one in value] if isinstance(value, list | tuple) else value


def mask(text: str, secrets: Iterable[str]) -> str:
    """Replace given values by stars: as they are, escaped, percent-encoded, or within Base64.

    Parameters
    ----------
    text : str
    secrets : iterable of str
        Values of fewer than four characters are left as they are.

    Examples
    --------
    >>> mask("token=a%2Fb%2Fc and YS9iL2M=", ["a/b/c"])
    'token=*** and ***='
    """
    pattern = _any_of(frozenset(one for one in secrets if len(one) >= SHORTEST))
    return pattern.sub(STARS, text) if pattern else text


def inherited() -> dict[str, str]:
    """Return the values of environment variables whose names say that they are secret, with these names."""
    return {
        value: name
        for name, value in os.environ.items()
        if is_credential_name(name) and _is_secret(value)
    }


def _is_secret(value: str) -> bool:
    """Return whether a value may be a credential, and not a path, a number or a list of words."""
    return len(value) >= SHORTEST_INHERITED and not re.search(r"^[~/.]|^[A-Z]:\\|^\d+$|\s", value)


def _secret_parts(value: str) -> list[str]:
    """Return a value, or of an address its password and the secret values of its query."""
    try:
        address = urlsplit(value)
        password = address.password
    except ValueError:
        return [value]
    if not (address.scheme and "://" in value):
        return [value]
    parts = [password, unquote(password)] if password else []
    parts += [one for name, one in parse_qsl(address.query) if is_credential_name(name)]
    if address.scheme in ("http", "https") and address.username and not password:
        parts.append(address.username)
    return [value, *parts] if parts else []


@lru_cache(maxsize=64)
def _any_of(secrets: frozenset[str]) -> re.Pattern[str] | None:
    """Return a pattern of all encodings of some values, the longest first."""
    ordered = sorted(secrets, key=lambda one: (-len(one), one))
    forms = [form for secret in ordered for form in (*_in_base64(secret), _spelled(secret))]
    return re.compile("|".join(forms)) if forms else None


def _spelled(secret: str) -> str:
    """Return a pattern of a value in which each character may be escaped: in URLs, JSON, HTML, Python."""
    pattern = "".join(map(_character, secret))
    # A short value is only replaced where it stands alone: the password `data` is a part of many words.
    return pattern if len(secret) >= SHORTEST_INHERITED else rf"(?<!\w){pattern}(?!\w)"


def _character(char: str) -> str:
    code = ord(char)
    in_url = "".join(rf"%(?:25)*(?i:{byte:02x})" for byte in char.encode("utf-8", "replace"))
    units = char.encode("utf-16-be", "surrogatepass").hex()
    in_json = "".join(rf"\\+u(?i:{units[n : n + 4]})" for n in range(0, len(units), 4))
    in_html = rf"&\#(?:0*{code}|x0*(?i:{code:x}));"
    forms = [re.escape(char), in_url, in_json, in_html]
    if code > 0xFFFF:
        forms.append(rf"\\+U(?i:{code:08x})")
    if code < 256:
        forms.append(rf"\\+x(?i:{code:02x})")
    if char in "\\/\"'":
        forms.append(r"\\+" + re.escape(char))
    if char == " ":
        forms.append(r"\+")
    if named := {"&": "amp", "<": "lt", ">": "gt", '"': "quot"}.get(char):
        forms.append(f"&{named};")
    if char in "\n\r\t":
        forms.append(r"\\+" + {"\n": "n", "\r": "r", "\t": "t"}[char])
    return f"(?:{'|'.join(forms)})"


def _in_base64(secret: str) -> list[str]:
    """Return patterns of a value within Base64 text, where it may begin at any of three places of a group, and in hexadecimal."""
    if len(secret) < SHORTEST + 1:
        return []
    data = secret.encode("utf-8", "replace")
    patterns = [rf"(?i:{data.hex()})"]
    for before in range(3):
        coded = base64.b64encode(b"\0" * before + data).decode()
        first = (8 * before + 5) // 6  # characters that also depend on the bytes before
        last = 8 * (before + len(data)) // 6
        core = re.escape(coded[first:last])
        core = core.replace(r"\+", "[-+]").replace("/", "[_/]")
        tail = (
            "[A-Za-z0-9+/_-]?" if (before + len(data)) % 3 else ""
        )  # shares bits with the value's end
        head = "[A-Za-z0-9+/_-]?" if before else ""
        patterns.append(head + core + tail)
    return patterns
