"""Whether a host to which another one leads is a public one."""

from __future__ import annotations

import socket
from ipaddress import ip_address

from pedigree.base.names import UserError


def refuse_private(host: str, key: str) -> None:
    """Refuse a host to which another one leads, if one of its addresses is not public.

    Parameters
    ----------
    host : str
    key : str
        The setting to name.

    Raises
    ------
    UserError
        The host is this machine, is in a private network, is link-local, or is not known.
    """
    try:
        found = {str(one[4][0]).partition("%")[0] for one in socket.getaddrinfo(host, None)}
    except (OSError, UnicodeError) as error:
        raise UserError(f"{key}: the host {host} is not known: {error}.") from None
    for one in sorted(found):
        if not ip_address(one).is_global:
            raise UserError(
                f"{key}: a redirect leads to {host} ({one}), which is not a public address, and is not followed."
            )
