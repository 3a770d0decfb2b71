"""Whether others could read a credential on its way to a server."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from pedigree.base.names import UserError


def is_loopback(host: str | None) -> bool:
    """Return whether a host is this machine.

    Examples
    --------
    >>> [is_loopback(host) for host in ("localhost", "127.1.2.3", "::1", "localhost.example.org")]
    [True, True, True, False]
    """
    name = (host or "").strip("[]").rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


def refuse_plain_http(address: str, place: str) -> None:
    """Refuse to send a credential without encryption, except to this machine.

    Parameters
    ----------
    address : str
    place : str
        Where the address comes from, for the message, which does not show it.

    Raises
    ------
    UserError
        The address begins with http:// and is not of this machine.
    """
    parts = urlsplit(address)
    if parts.scheme.lower() == "http" and not is_loopback(parts.hostname):
        raise UserError(
            f"{place}: the address of {parts.hostname} begins with http://, so that others could read the token that is "
            "sent to it; use https://."
        )
