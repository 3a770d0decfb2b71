"""An HTTP client that stays on one site, pauses between requests, and retries."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Self, TypeVar
from urllib.parse import urldefrag, urljoin

import httpx2

from pedigree.base.names import UserError
from pedigree.base.secrets.redaction import mask, redact
from pedigree.base.secrets.transport import refuse_plain_http
from pedigree.collecting.web.hosts import refuse_private

Read = TypeVar("Read")
REDIRECTS = 10
SHORTEST = (
    8  # characters of a token that is replaced in items, which may contain a shorter one by chance
)
MAX_BACKOFF = 60.0  # seconds
MAX_MESSAGE = 300  # characters of a site's error message that are shown


class RequestFailed(UserError):
    """A request failed; `status` is that of the response, or 0 without one."""

    def __init__(self, message: str, status: int = 0, wait: float = 0.0) -> None:
        super().__init__(message)
        self.status = status
        self.wait = wait


@dataclass(frozen=True)
class Response:
    """A successful response: final address, content, and parsed headers."""

    url: str
    body: bytes
    kind: str  # such as text/html
    charset: str | None
    next: str | None  # the Link header's rel="next"


class Client:
    """A client for one site.

    Parameters
    ----------
    url : str
        An address of the site. No request goes to another scheme, host or port, even after redirects, so
        that the token is not leaked; with a token, only https is allowed, except on this machine.
    headers : mapping of str to str
        Sent with each request.
    params : mapping of str to str
        Query parameters that are sent with each request, but not shown in messages.
    secret : str
        The token in a header or parameter, which is replaced by stars in messages.
    pause : float
        Seconds from a response to the next request; can be changed.
    retries : int
        Further attempts after a broken connection, a timeout, 429 or 5xx.
    backoff : float
        Seconds before the first further attempt, doubled each time; a longer Retry-After is followed.
    max_wait : float
        Maximum seconds of Retry-After; after that the request fails.
    connect_timeout, read_timeout : float
        Seconds.
    hosts : collection of str
        Further hosts to which the site may redirect, if their addresses are public; not together with a token.
    key : str
        The setting that contains the address, for messages.
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
        hosts: Collection[str] = (),
        key: str = "collect.url",
    ) -> None:
        for name, value in headers.items():  # httpx2 would show an invalid value in its error
            if not re.fullmatch(r"[\w-]+: [!-~]([ -~]*[!-~])?", f"{name}: {value}", re.ASCII):
                raise UserError(
                    f"the header {name!r} is invalid: its name must consist of letters, digits and hyphens, and its "
                    "value of printable ASCII characters in one line."
                )
        self.pause = pause
        self.check_url: Callable[[str], None] = lambda url: None  # can raise for an address
        self._key, self._hosts, self._secret = key, frozenset(hosts), secret
        self._site = self._origin(url)
        if secret:
            refuse_plain_http(self._site, key)
        self._retries, self._backoff, self._max_wait = max(0, retries), backoff, max_wait
        self._read_timeout = read_timeout
        self._ready = 0.0
        self._params = params or {}
        self._http = httpx2.Client(
            headers=headers, timeout=httpx2.Timeout(read_timeout, connect=connect_timeout)
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def get(self, url: str, max_bytes: int) -> Response:
        """Get an address of the site.

        Raises
        ------
        RequestFailed
            The response has an error status, or there was none, after all attempts.
        UserError
            The address is of another site or not allowed, or the response has more than `max_bytes`.
        """

        def read(url: str, response: httpx2.Response) -> Response:
            kind, link = media_type(response), response.links.get("next", {}).get("url")
            body = bytearray()
            self._copy(url, response, body.extend, max_bytes)
            return Response(url, bytes(body), kind, response.charset_encoding, link)

        return self._attempt(url, read)

    def download(
        self, url: str, path: Path, max_bytes: int, progress: Callable[[int], object]
    ) -> None:
        """Write the response of an address to a file.

        Parameters
        ----------
        url : str
        path : Path
        max_bytes : int
            Maximum size; a larger response is an error, for the other errors see `get`.
        progress : callable
            Called with the number of bytes of each part that was written.
        """

        def read(url: str, response: httpx2.Response) -> None:
            with path.open("wb") as file:
                self._copy(url, response, lambda part: progress(file.write(part)), max_bytes)

        self._attempt(url, read)

    def _attempt(self, url: str, read: Callable[[str, httpx2.Response], Read]) -> Read:
        """Request an address and read the response, again after errors that may pass."""
        for attempt in range(self._retries + 1):
            try:
                return self._request(url, read)
            except httpx2.RequestError as error:
                failure = RequestFailed(self._redact(f"{url} {self._reason(error)}"))
            except RequestFailed as error:
                if error.status != 429 and error.status < 500:
                    raise
                failure = error
            if failure.wait > self._max_wait:
                raise RequestFailed(
                    f"{failure} Its Retry-After is {failure.wait:.0f} seconds, but collect.max_wait allows {self._max_wait:g}.",
                    failure.status,
                )
            if attempt < self._retries:
                time.sleep(max(min(self._backoff * 2**attempt, MAX_BACKOFF), failure.wait))
        attempts = f"{self._retries + 1} attempts were made (collect.retries)."
        raise RequestFailed(f"{failure} {attempts}", failure.status)

    def without_secrets(self, url: str | None) -> str | None:
        """Remove the secret parameters from an address in a response, which may repeat the token by any name."""
        if url is None or not self._secret:
            return url
        address = httpx2.URL(url)
        for name, value in address.params.multi_items():
            if name in self._params or value == self._secret:
                address = address.copy_remove_param(name)
                url = str(address)
        return url

    def without_token(self, line: bytes) -> bytes:
        """Replace the token in an item, whose addresses may repeat it; the snapshot is shared."""
        if len(self._secret) < SHORTEST:
            return line
        return mask(line.decode(), [self._secret]).encode()

    def _request(self, url: str, read: Callable[[str, httpx2.Response], Read]) -> Read:
        for _ in range(REDIRECTS):
            self._check_site(url)
            self.check_url(url)
            whole = httpx2.URL(url).copy_merge_params(self._params) if self._params else url
            time.sleep(max(0.0, self._ready - time.monotonic()))
            try:
                with self._http.stream("GET", whole) as response:
                    if response.next_request is None:
                        self._check_status(url, response)
                        return read(url, response)
                    url = str(response.next_request.url)
            finally:
                self._ready = time.monotonic() + self.pause
        raise RequestFailed(self._redact(f"{url} is redirected more than {REDIRECTS} times."))

    def _check_site(self, url: str) -> None:
        """Raise an error for an address of another site, unless its host is allowed."""
        origin = self._origin(url)
        if origin == self._site:
            return
        host = httpx2.URL(url).host
        secure = origin.startswith("https:") or self._site.startswith("http:")
        if host in self._hosts and secure and not self._secret:
            refuse_private(host, self._key)
            return
        raise UserError(
            self._redact(
                f"{self._site} leads to {url} on another site, which is not followed; if you trust it, set {self._key} to it."
            )
        )

    def _check_status(self, url: str, response: httpx2.Response) -> None:
        """Raise an error for a response without the content."""
        if response.status_code == 200:
            return
        message, kind = "", media_type(response)
        if 400 <= response.status_code < 500 and kind in ("application/json", "text/plain"):
            body = bytearray()
            self._copy(url, response, body.extend, 2**16)
            words = self._redact(body.decode("utf-8", "replace")).split()  # before it is shortened
            message = f" Its message is: “{' '.join(words)[:MAX_MESSAGE]}”."
        reason = f"{response.status_code} {response.reason_phrase}".strip()
        raise RequestFailed(
            self._redact(f"{url} returned {reason}.{message}"),
            response.status_code,
            retry_after(response.headers),
        )

    def _copy(
        self, url: str, response: httpx2.Response, write: Callable[[bytes], object], max_bytes: int
    ) -> None:
        """Write a response part by part, decompressed, so that the limit holds for the content."""
        size = 0
        for part in response.iter_bytes():
            size += len(part)
            if size > max_bytes:
                raise UserError(
                    self._redact(
                        f"{url} has more than the {max_bytes} bytes that remain of collect.max_bytes; "
                        "if this is correct, raise the limit."
                    )
                )
            write(part)

    def _reason(self, error: httpx2.RequestError) -> str:
        if isinstance(error, httpx2.ConnectTimeout | httpx2.ConnectError):
            return f"cannot be reached: {error or 'timeout'}."
        if isinstance(error, httpx2.TimeoutException):
            return f"sent nothing for {self._read_timeout:g} seconds (collect.read_timeout)."
        return f"closed the connection: {error or type(error).__name__}."

    def _redact(self, text: str) -> str:
        return redact(mask(text, [self._secret]))

    def _origin(self, url: str) -> str:
        """Return scheme, host and port of an address."""
        try:
            address = httpx2.URL(url)
        except httpx2.InvalidURL as error:
            raise UserError(
                self._redact(f"{self._key}: '{url}' is not an address: {error}.")
            ) from None
        if (
            address.scheme not in ("http", "https")
            or not address.host
            or (address.port or 0) > 65535
        ):
            raise UserError(
                self._redact(f"{self._key}: '{url}' does not begin with https:// or http://.")
            )
        if address.userinfo:
            raise UserError(
                f"{self._key}: the address of {address.host} contains a user or password, but settings are committed; "
                "remove it."
            )
        port = f":{address.port}" if address.port else ""
        return f"{address.scheme}://{address.host}{port}"


def media_type(response: httpx2.Response) -> str:
    """Return the kind of content of a response, such as text/html."""
    return str(response.headers.get("Content-Type", "")).partition(";")[0].strip().lower()


def retry_after(headers: Mapping[str, str]) -> float:
    """Return the seconds of a Retry-After header, which is a number or a date.

    A date is compared with the server's clock (header Date) if possible.
    """
    text = headers.get("Retry-After", "").strip()
    if text.isdecimal():
        return float(text)
    try:
        now = parsedate_to_datetime(headers["Date"]) if "Date" in headers else datetime.now(UTC)
        return max(0.0, (parsedate_to_datetime(text) - now).total_seconds())
    except (ValueError, TypeError, OverflowError):  # not a date, or one without a time zone
        return 0.0


def absolute_url(url: str, link: str) -> str:
    """Return the absolute address of a link on a page or in a response, without its fragment.

    Raises
    ------
    UserError
        The link is not an address.
    """
    try:
        return urldefrag(urljoin(url, link.strip()))[0]
    except ValueError as error:
        raise UserError(
            redact(f"{url} has the link '{link}', which is not an address: {error}.")
        ) from None
