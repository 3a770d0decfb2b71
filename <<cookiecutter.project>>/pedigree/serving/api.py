"""An HTTP API for the bundle: `/predict` and `/health`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from fastapi import FastAPI, HTTPException
from fastapi import Request as HTTPRequest
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from pedigree.base.command import integer, parser, plain_errors
from pedigree.base.logs import LOGGER
from pedigree.base.names import UserError
from pedigree.base.paths import BUNDLE
from pedigree.data.rules import broken_rule
from pedigree.prediction.bundle import Bundle
from pedigree.scoring.decision import PROBABILITY

MAX_ROWS = 1000
MAX_BYTES = 5_000_000
MAX_REASONS = 10  # maximum number of errors in a response

Value = str | int | float | bool | None


class Rows(BaseModel):
    """Raw rows, with columns named as in the source."""

    model_config = ConfigDict(extra="forbid")
    rows: list[dict[str, Value]] = Field(min_length=1, max_length=MAX_ROWS)


class Predictions(BaseModel):
    """A prediction for each row, and the bundle that made them."""

    bundle: str
    predictions: list[dict[str, Any]]


def create_app(folder: Path = BUNDLE) -> FastAPI:
    """Create the API for a bundle after verifying it.

    Raises
    ------
    UserError
        The bundle is missing or was changed.
    """
    bundle = Bundle.load(folder)
    app = FastAPI(title=f"Predicts {bundle.signature.target.name}", version=bundle.id[:12])

    @app.middleware("http")
    async def refuse_large_bodies(request: HTTPRequest, answer: Any) -> Any:
        length = request.headers.get("content-length")
        if request.method == "POST" and length is None:
            return JSONResponse({"detail": "the request must have a Content-Length header"}, 411)
        if length is not None and int(length) > MAX_BYTES:
            return JSONResponse(
                {"detail": f"the request is too large; the maximum is {MAX_BYTES} bytes"}, 413
            )
        return await answer(request)

    @app.exception_handler(RequestValidationError)
    async def refuse_other_shapes(request: HTTPRequest, error: RequestValidationError) -> Any:
        # Without the rows, which FastAPI would include completely: they are large, and may be confidential.
        reasons = jsonable_encoder(error.errors()[:MAX_REASONS], exclude={"input"})
        return JSONResponse({"detail": reasons}, 422)

    @app.get("/health")
    def health() -> dict[str, str]:
        return {"status": "ok", "bundle": bundle.id}

    @app.post("/predict")
    def predict(request: Rows) -> Predictions:
        try:
            typed, broken = bundle.check(pd.DataFrame(request.rows, dtype="object"))
        except UserError as error:
            raise HTTPException(422, str(error)) from None
        if len(broken):
            what = [
                f"row {row}: {broken_rule(one.column, one.check, one.failure_case)}"
                for row, one in broken.head(MAX_REASONS).iterrows()
            ]
            raise HTTPException(422, "; ".join(what))
        predictions = bundle.answer(typed).to_dict("records")
        return Predictions(bundle=bundle.id, predictions=[_nested(one) for one in predictions])

    return app


def _nested(answer: dict[Any, Any]) -> dict[str, Any]:
    """Collect the probabilities of the classes of a prediction in a nested object."""
    plain = {name: value for name, value in answer.items() if not name.startswith(PROBABILITY)}
    classes = {
        name.removeprefix(PROBABILITY): value for name, value in answer.items() if name not in plain
    }
    return plain | ({"probabilities": classes} if classes else {})


@plain_errors("serve")
def main(arguments: Sequence[str] | None = None) -> None:
    """Serve the bundle until interrupted."""
    cli = parser("serve", __doc__)
    cli.add_argument("--bundle", type=Path, default=BUNDLE, help="default: %(default)s")
    cli.add_argument(
        "--host", default="127.0.0.1", help="address to listen on (default: %(default)s)"
    )
    cli.add_argument("--port", type=integer(0, 65535), default=8000, help="default: %(default)s")
    options = cli.parse_args(arguments)
    import uvicorn

    uvicorn.run(
        create_app(options.bundle),
        host=options.host,
        port=options.port,
        log_level=LOGGER.level,
    )
