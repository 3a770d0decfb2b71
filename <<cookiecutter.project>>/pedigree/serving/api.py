"""The serving core as an HTTP API in ASGI: `/predict`, `/health/live`, `/health/ready` and `/openapi.json`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pedigree.serving.core import Service
from pedigree.serving.openapi import describe
from pedigree.serving.refusals import Body, Refusal, check_media, check_token

BODY_SECONDS = 30.0  # in which a body must arrive
READY_SECONDS = 5.0  # in which the self-test must be done, after the predictions before it
MAX_READ = 20_000_000  # bytes that are read of a body that is too large
MAX_WAITING = 64  # requests that wait for their predictions
MAX_HELD = 200_000_000  # bytes of all bodies, arriving or waiting
BUSY = "the server is busy; try again in a second"


class Api:
    """The requests of a server, and the thread that predicts, one request after the other.

    Parameters
    ----------
    service : Service
    token : str, optional
        That clients must send; None requires none.
    allowed_hosts : sequence of str
        Names in the header Host; none allows all.

    Attributes
    ----------
    app : Starlette
        The ASGI application.
    """

    def __init__(
        self, service: Service, token: str | None = None, allowed_hosts: Sequence[str] = ()
    ) -> None:
        self.service, self.token = service, token
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="predict")
        self._waiting = 0
        self._bodies: set[Body] = set()
        self._arriving: set[asyncio.Timeout] = set()
        self._test: asyncio.Future[None] | None = None
        self._description = describe(service.bundle, secured=token is not None)
        hosts = Middleware(TrustedHostMiddleware, allowed_hosts=list(allowed_hosts))
        self.app = Starlette(
            routes=[
                Route("/predict", self._predict, methods=["POST"]),
                Route("/health/live", self._live),
                Route("/health/ready", self._ready),
                Route("/openapi.json", self._openapi),
            ],
            middleware=[hosts] if allowed_hosts else [],
            exception_handlers={Refusal: _refused, HTTPException: _refused},
        )
        # A redirection would repeat the header Host.
        self.app.router.redirect_slashes = False

    async def _live(self, request: Request) -> Response:
        return JSONResponse({"status": "live"})

    async def _ready(self, request: Request) -> Response:
        if self._test is None or self._test.done():  # one for all who ask meanwhile
            self._test = asyncio.ensure_future(self._in_worker(self.service.self_test))
        try:
            await asyncio.wait_for(asyncio.shield(self._test), READY_SECONDS)
        except TimeoutError:
            raise Refusal(503, "the self-test waits for predictions") from None
        return JSONResponse({"status": "ready", "bundle": self.service.bundle.id})

    async def _openapi(self, request: Request) -> Response:
        check_token(request.headers.get("authorization"), self.token)
        return JSONResponse(self._description)

    async def _predict(self, request: Request) -> Response:
        check_token(request.headers.get("authorization"), self.token)
        check_media(request.headers.get("content-type"), request.headers.get("content-encoding"))
        self._refuse_if_busy()
        body = Body()
        self._bodies.add(body)
        try:
            await self._arrive(request, body)
            self._refuse_if_busy()
            self._waiting += 1
            try:
                answer = await self._in_worker(self.service.predict, body)
            finally:
                self._waiting -= 1
        finally:
            self._bodies.remove(body)
        return JSONResponse({"bundle": answer.bundle, "predictions": answer.predictions})

    def _refuse_if_busy(self) -> None:
        # A body that does not arrive holds its bytes, not the place of another request.
        if self._waiting >= MAX_WAITING or sum(map(len, self._bodies)) > MAX_HELD:
            raise Refusal(503, BUSY)

    async def _arrive(self, request: Request, body: Body) -> None:
        """Wait for the body, if it arrives in time."""
        _check_claim(request.headers)
        try:
            async with asyncio.timeout(BODY_SECONDS) as limit:
                self._arriving.add(limit)
                await self._read(request, body)
        except TimeoutError:
            raise Refusal(408, "the body did not arrive in time") from None
        except ClientDisconnect:
            raise Refusal(400, "the body is incomplete") from None
        finally:
            self._arriving.discard(limit)

    async def _read(self, request: Request, body: Body) -> None:
        """Read a body; of one that is refused some more, since a client that still sends would not read why."""
        size, refusal = 0, None
        async for chunk in request.stream():
            size += len(chunk)
            if refusal is None:
                try:
                    body.add(chunk)
                    self._refuse_if_busy()
                except Refusal as error:
                    refusal = error
                    body.clear()
            elif size > MAX_READ:
                break
        if refusal:
            raise refusal

    async def _in_worker(self, function: Callable[..., Any], *arguments: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._worker, function, *arguments)

    def stop(self) -> None:
        """Wait no longer for bodies; requests that have arrived are answered."""
        for limit in self._arriving:
            if not limit.expired():
                limit.reschedule(asyncio.get_running_loop().time())

    def close(self) -> None:
        """Drop what has not been predicted."""
        self._worker.shutdown(wait=False, cancel_futures=True)


def _check_claim(headers: Headers) -> None:
    """Refuse a body by its headers, where it is not to be read at all."""
    claimed = headers.get("content-length")
    if claimed is None:
        return
    if "transfer-encoding" in headers:
        raise Refusal(400, "the headers Content-Length and Transfer-Encoding exclude each other")
    size = int(claimed) if claimed.isdecimal() and len(claimed) < 20 else MAX_READ + 1
    if size > MAX_READ or "expect" in headers:
        Body().claim(size)


async def _refused(request: Request, error: Exception) -> Response:
    """Send the status and sentence of a refusal."""
    assert isinstance(error, (Refusal, HTTPException))
    status = error.status if isinstance(error, Refusal) else error.status_code
    headers = dict(getattr(error, "headers", None) or {})
    if status not in (400, 422):
        headers["Connection"] = "close"  # since the body may not have been read
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if status == 503:
        headers["Retry-After"] = "1"
    return JSONResponse({"detail": error.detail}, status, headers)
