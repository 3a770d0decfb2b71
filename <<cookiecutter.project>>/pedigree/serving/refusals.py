"""Limits of a request, and the refusals of one that exceeds them."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Iterator

MAX_BYTES = 5_000_000
MAX_ROWS = 1000
MAX_TEXT = 10_000  # characters of a string
MAX_NAME = 1000  # characters of a column's name
MAX_DETAIL = 1000  # characters of a refusal
JSON = "application/json"


class Refusal(Exception):
    """A request that is not answered.

    Parameters
    ----------
    status : int
        As in HTTP.
    detail : str
        What is wrong and what to do, in a sentence; of what the client sent, it quotes some dozen characters at most.

    Examples
    --------
    >>> refusal = Refusal(413, "the body is too large")
    >>> refusal.status, refusal.detail
    (413, 'the body is too large')
    """

    def __init__(self, status: int, detail: str) -> None:
        shown = detail if len(detail) <= MAX_DETAIL else f"{detail[:MAX_DETAIL]}…"
        super().__init__(shown)
        self.status, self.detail = status, shown


class Body:
    """The bytes of a request, counted as they arrive.

    Parameters
    ----------
    chunks : iterable of bytes

    Raises
    ------
    Refusal
        There are more than `MAX_BYTES`.
    """

    def __init__(self, chunks: Iterable[bytes] = ()) -> None:
        self._bytes = bytearray()
        for chunk in chunks:
            self.add(chunk)

    def add(self, chunk: bytes) -> None:
        """Add the next bytes."""
        self.claim(len(self._bytes) + len(chunk))
        self._bytes += chunk

    def claim(self, size: int) -> None:
        """Refuse a body of a size, such as the one that a header claims, before it arrives."""
        if size > MAX_BYTES:
            raise Refusal(413, f"the body is too large; at most {MAX_BYTES:,} bytes are allowed")

    def clear(self) -> None:
        """Drop the bytes that have arrived."""
        self._bytes.clear()

    def __len__(self) -> int:
        return len(self._bytes)

    def __iter__(self) -> Iterator[bytes]:
        yield bytes(self._bytes)

    def __bytes__(self) -> bytes:
        return bytes(self._bytes)


def check_media(media_type: str | None, encoding: str | None = None) -> None:
    """Refuse a body that is not JSON.

    Parameters
    ----------
    media_type, encoding : str or None
        The headers Content-Type and Content-Encoding.

    Raises
    ------
    Refusal
    """
    kind, _, parameters = (media_type or "").lower().partition(";")
    charset = parameters.replace(" ", "").replace('"', "").partition("charset=")[2]
    if kind.strip() != JSON or charset not in ("", "utf-8", "utf8"):
        raise Refusal(415, f"the body must be JSON in UTF-8, with the header Content-Type: {JSON}")
    if (encoding or "identity").lower() != "identity":
        raise Refusal(415, "the body must not be compressed")


def check_token(authorization: str | None, token: str | None) -> None:
    """Refuse a request without the bearer token.

    Parameters
    ----------
    authorization : str or None
        The header Authorization.
    token : str or None
        None allows every request.

    Raises
    ------
    Refusal
    """
    scheme, _, given = (authorization or "").partition(" ")
    if token is None:
        return
    # In constant time, so that the time does not tell how many characters are right.
    right = hmac.compare_digest(given.strip().encode("utf-8", "replace"), token.encode())
    if scheme.lower() != "bearer" or not right:
        raise Refusal(401, "the header Authorization must contain the bearer token")
