"""Serve the bundle as an HTTP API: POST /predict, GET /health/live, /health/ready and /openapi.json.

    curl localhost:8000/predict -H 'Content-Type: application/json' -d '{"rows": [{"island": "Dream"}]}'

/openapi.json describes the columns and contains an example. The server speaks plain HTTP; the README shows how to put
it behind a proxy with TLS.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from pedigree.base.command import integer, parser, plain_errors
from pedigree.base.logs import LOGGER
from pedigree.base.names import UserError
from pedigree.base.paths import BUNDLE
from pedigree.serving.api import Api
from pedigree.serving.core import Service
from pedigree.serving.origin import add_origin

LOOPBACK = ("127.0.0.1", "::1", "localhost")
HEADER_SECONDS = 10  # in which a request line and its headers must arrive
MAX_CONNECTIONS = 512  # from which on uvicorn answers 503


class BoundedProtocol(H11Protocol):
    """Closes a connection on which no complete request line with headers arrives; uvicorn waits for ever."""

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Start the time limit."""
        super().connection_made(transport)
        self._limit()

    def data_received(self, data: bytes) -> None:
        """Stop the time limit once the headers are complete, and start it again with the next request."""
        super().data_received(data)
        if self.cycle is not None and not self.cycle.response_complete:
            self._stop_limit()
        elif self._deadline is None and self.timeout_keep_alive_task is None:
            self._limit()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the time limit."""
        self._stop_limit()
        super().connection_lost(exc)

    def _limit(self) -> None:
        self._deadline = self.loop.call_later(HEADER_SECONDS, self._expire)

    def _stop_limit(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _expire(self) -> None:
        self._deadline = None
        if self.cycle is None or self.cycle.response_complete:
            self.transport.close()


class BoundedServer(uvicorn.Server):
    """Gives up bodies that are still arriving when it is told to stop."""

    def __init__(self, config: uvicorn.Config, api: Api) -> None:
        super().__init__(config)
        self._api = api

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop within the configured time."""
        self._api.stop()
        await super().shutdown(sockets)
        self._api.close()


def make_server(api: Api, host: str, port: int, grace: int) -> BoundedServer:
    """Make a server; its method `run` serves until interrupted.

    Parameters
    ----------
    api : Api
    host : str
    port : int
        0 chooses a free one.
    grace : int
        Seconds for the last answers.
    """
    config = uvicorn.Config(
        api.app,
        host=host,
        port=port,
        http=BoundedProtocol,
        ws="none",
        lifespan="off",
        limit_concurrency=MAX_CONNECTIONS,
        timeout_graceful_shutdown=grace,
        server_header=False,
        log_level=LOGGER.level,
    )
    return BoundedServer(config, api)


def token_of(name: str | None) -> str | None:
    """Read the token from the environment variable of a name; None without a name.

    Raises
    ------
    UserError
        The variable is missing or empty.
    """
    if name is None:
        return None
    token = os.environ.get(name, "").strip()
    if not token:
        raise UserError(f"--token-env: the environment variable {name} is missing or empty.")
    return token


@plain_errors("serve")
def main(arguments: Sequence[str] | None = None) -> None:
    """Serve the bundle until interrupted."""
    cli = parser("serve", __doc__)
    cli.add_argument("--bundle", type=Path, default=BUNDLE, help="default: %(default)s")
    cli.add_argument(
        "--host", default="127.0.0.1", help="address to listen on (default: %(default)s)"
    )
    cli.add_argument("--port", type=integer(0, 65535), default=8000, help="default: %(default)s")
    cli.add_argument(
        "--token-env",
        metavar="NAME",
        help="environment variable with a token that clients must send: Authorization: Bearer TOKEN",
    )
    cli.add_argument(
        "--allowed-hosts",
        nargs="+",
        default=[],
        metavar="HOST",
        help="names that the header Host may have, such as api.example.org or *.example.org (default: any)",
    )
    cli.add_argument(
        "--grace",
        type=integer(0, 3600),
        default=10,
        metavar="SECONDS",
        help="time for the last answers after SIGTERM (default: %(default)s)",
    )
    add_origin(cli)
    options = cli.parse_args(arguments)
    token = token_of(options.token_env)
    service = Service.load(options.bundle, options.expect, options.signed_by)
    api = Api(service, token, options.allowed_hosts)
    if token is None and options.host not in LOOPBACK:
        LOGGER.warning(
            "serve: whoever reaches %s:%s can use the model; --token-env requires a token.",
            options.host,
            options.port,
        )
    make_server(api, options.host, options.port, options.grace).run()
