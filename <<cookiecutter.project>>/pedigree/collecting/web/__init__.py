"""A polite HTTP client: it stays on one site, pauses, and asks again where that may help."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Self
from urllib.parse import urldefrag, urljoin

import httpx

from pedigree.base.names import UserError

REDIRECTS = 10
LONGEST = 60.0  # seconds that the growing waits between attempts grow to
COMPLAINT = 300  # characters of a refusal's own words that are shown


class Refusal(UserError):
    """The site does not answer as it should; `status` is 0 where it does not answer at all."""

    def __init__(self, message: str, status: int = 0, wait: float = 0.0) -> None:
        super().__init__(message)
        self.status = status
        self.wait = wait


@dataclass(frozen=True)
class Answer:
    """What came back: the address in the end, the content, and what its headers say of it."""

    url: str
    body: bytes
    kind: str  # such as text/html
    charset: str | None
    next: str | None  # the Link header's rel="next"


class Client:
    """A client that asks one site only.

    Parameters
    ----------
    url : str
        An address of the site; no other scheme, host or port is ever asked, whatever redirects and
        links say, so that no token goes astray.
    headers : mapping of str to str
        Sent with each request.
    params : mapping of str to str
        Query parameters that are sent with each request, and never shown.
    secret : str
        Replaced by stars wherever it would turn up in a message.
    pause : float
        Seconds from an answer to the next request; may be changed.
    retries : int
        Further attempts after a broken connection, a timeout, 429 or 5xx.
    backoff : float
        Seconds before the first further attempt, doubled at each; a longer Retry-After is honoured.
    max_wait : float
        Seconds; a site that asks to wait longer is given up.
    connect_timeout, read_timeout : float
        Seconds.
    """

    def __init__(
        self,
        url: str,
        *,
        headers: Mapping[str, str],
        params: Mapping[str, str] | None = None,
        secret: str = "",
        pause: float,
        retries: int,
        backoff: float,
        max_wait: float,
        connect_timeout: float,
        read_timeout: float,
    ) -> None:
        for name, value in headers.items():  # or the library would show the value in its error
            if not re.fullmatch(r"[\w-]+: [!-~]([ -~]*[!-~])?", f"{name}: {value}", re.ASCII):
                raise UserError(
                    f"the header {name!r} cannot be sent: a name of letters, digits and hyphens and a value "
                    "of printable ASCII characters in one line are needed."
                )
        self.pause = pause
        self.allowed: Callable[[str], None] = lambda url: None  # may refuse an address
        self._site = _origin(url)
        self._secret = secret
        self._retries, self._backoff, self._max_wait = max(0, retries), backoff, max_wait
        self._read_timeout = read_timeout
        self._ready = 0.0
        self._params = params or {}
        self._http = httpx.Client(
            headers=headers, timeout=httpx.Timeout(read_timeout, connect=connect_timeout)
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def get(self, url: str, max_bytes: int) -> Answer:
        """Get an address of the site.

        Raises
        ------
        Refusal
            The answer has an error's status, or none came, each after the attempts that make sense.
        UserError
            The address is of another site or not allowed, or the answer has more than `max_bytes`.
        """
        for attempt in range(self._retries + 1):
            try:
                return self._ask(url, max_bytes)
            except httpx.RequestError as error:
                trouble = Refusal(self._hide(f"{url} {self._reason(error)}"))
            except Refusal as refusal:
                if refusal.status != 429 and refusal.status < 500:
                    raise
                trouble = refusal
            if trouble.wait > self._max_wait:
                raise Refusal(
                    f"{trouble} It asks to wait {trouble.wait:.0f} seconds; collect.max_wait allows {self._max_wait:g}.",
                    trouble.status,
                )
            if attempt < self._retries:
                time.sleep(max(min(self._backoff * 2**attempt, LONGEST), trouble.wait))
        attempts = f"{self._retries + 1} attempts were made (collect.retries)."
        raise Refusal(f"{trouble} {attempts}", trouble.status)

    def bare(self, url: str | None) -> str | None:
        """Take the hidden parameters out of an address that an answer named, and may have echoed."""
        if url is None or not self._params:
            return url
        address = httpx.URL(url)
        for name in self._params:
            address = address.copy_remove_param(name)
        return str(address)

    def _ask(self, url: str, max_bytes: int) -> Answer:
        for _ in range(REDIRECTS):
            if _origin(url) != self._site:
                raise UserError(
                    self._hide(
                        f"{self._site} leads to {url}, which is another site than that of collect.url, and is not "
                        "followed. If you trust it, write it there."
                    )
                )
            self.allowed(url)
            whole = httpx.URL(url).copy_merge_params(self._params) if self._params else url
            time.sleep(max(0.0, self._ready - time.monotonic()))
            try:
                with self._http.stream("GET", whole) as response:
                    if response.next_request is None:
                        return self._answer(url, response, max_bytes)
                    url = str(response.next_request.url)
            finally:
                self._ready = time.monotonic() + self.pause
        raise Refusal(self._hide(f"{url} is the end of {REDIRECTS} redirects, and another one."))

    def _answer(self, url: str, response: httpx.Response, max_bytes: int) -> Answer:
        kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if response.status_code != 200:
            said = ""
            if 400 <= response.status_code < 500 and kind in ("application/json", "text/plain"):
                words = self._read(url, response, 2**16).decode("utf-8", "replace").split()
                said = f" It says: “{' '.join(words)[:COMPLAINT]}”."
            reason = f"{response.status_code} {response.reason_phrase}".strip()
            raise Refusal(
                self._hide(f"{url} answered {reason}.{said}"),
                response.status_code,
                retry_after(response.headers),
            )
        link = response.links.get("next", {}).get("url")
        return Answer(
            url, self._read(url, response, max_bytes), kind, response.charset_encoding, link
        )

    def _read(self, url: str, response: httpx.Response, max_bytes: int) -> bytes:
        body = bytearray()
        for chunk in response.iter_bytes():  # unpacked, so that no small answer becomes a huge one
            body += chunk
            if len(body) > max_bytes:
                raise UserError(
                    self._hide(
                        f"{url} has more than the {max_bytes} bytes that collect.max_bytes leaves; "
                        "if that is right, raise it."
                    )
                )
        return bytes(body)

    def _reason(self, error: httpx.RequestError) -> str:
        if isinstance(error, httpx.ConnectTimeout | httpx.ConnectError):
            return f"cannot be reached: {error or 'timeout'}."
        if isinstance(error, httpx.TimeoutException):
            return f"was silent for {self._read_timeout:g} seconds (collect.read_timeout)."
        return f"broke off: {error or type(error).__name__}."

    def _hide(self, text: str) -> str:
        return text.replace(self._secret, "***") if self._secret else text


def retry_after(headers: Mapping[str, str]) -> float:
    """Return the seconds that Retry-After asks to wait, which it says as such or as a date.

    A date is held against the server's own clock where the answer tells it.
    """
    text = headers.get("Retry-After", "").strip()
    if text.isdecimal():
        return float(text)
    try:
        now = parsedate_to_datetime(headers["Date"]) if "Date" in headers else datetime.now(UTC)
        return max(0.0, (parsedate_to_datetime(text) - now).total_seconds())
    except (ValueError, TypeError, OverflowError):  # no date, or one without a zone
        return 0.0


def join(url: str, link: str) -> str:
    """Return the address that a link on a page or in an answer leads to, without its fragment.

    Raises
    ------
    UserError
        The link is not an address.
    """
    try:
        return urldefrag(urljoin(url, link.strip()))[0]
    except ValueError as error:
        raise UserError(
            f"{url} holds the link '{link}', which is not an address: {error}."
        ) from None


def _origin(url: str) -> str:
    """Return scheme, host and port of an address."""
    try:
        address = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise UserError(f"collect.url: '{url}' is not an address: {error}.") from None
    if address.scheme not in ("http", "https") or not address.host or (address.port or 0) > 65535:
        raise UserError(
            f"collect.url: '{url}' is not an address that begins with https:// or http://."
        )
    if address.userinfo:
        raise UserError(
            f"collect.url: the address of {address.host} holds a user or password, and settings are committed; "
            "take it out."
        )
    port = f":{address.port}" if address.port else ""
    return f"{address.scheme}://{address.host}{port}"
