"""What every server of the bundle does with a request: limits, refusals, predictions, health; without a web framework.

An adapter passes the bytes of a request as they arrive, and returns the prediction, or the status and sentence of the
refusal, in the form of its protocol.
"""

from __future__ import annotations

import math
import traceback
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from pedigree.base.logs import LOGGER
from pedigree.base.names import UserError
from pedigree.base.paths import BUNDLE
from pedigree.data.rules import broken_rule
from pedigree.prediction.bundle import BrokenBundle, Bundle
from pedigree.scoring.decision import PROBABILITY
from pedigree.serving.decoding import RowDecoder
from pedigree.serving.refusals import Body, Refusal

MAX_REASONS = 10  # violations that a refusal lists
NEAR = 1e-6  # relative difference of predictions on different machines


@dataclass(frozen=True)
class Answer:
    """A prediction for each row of a request, and the id of the bundle that made them."""

    bundle: str
    predictions: list[dict[str, Any]]


class Service:
    """Predictions of a bundle for requests.

    Parameters
    ----------
    bundle : Bundle
        Verified and loaded.

    Examples
    --------
    >>> from pedigree import Bundle
    >>> from pedigree.serving.core import Refusal, Service
    >>> service = Service(Bundle.load())
    >>> try:
    ...     service.predict([b'{"rows": [', b'{"isle": "Dream"}]}'])
    ... except Refusal as refusal:
    ...     print(refusal.status, refusal.detail)
    422 unknown column 'isle'; did you mean 'island'?
    """

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        self.decoder = RowDecoder.of(bundle)

    @classmethod
    def load(
        cls, folder: Path = BUNDLE, expect: str | None = None, signed_by: Path | None = None
    ) -> Service:
        """Verify and load the bundle of a folder; for the parameters see `Bundle.load`."""
        return cls(Bundle.load(folder, expect, signed_by))

    def predict(self, chunks: Iterable[bytes]) -> Answer:
        """Predict the rows of a request.

        Parameters
        ----------
        chunks : iterable of bytes
            The body, as it arrives: `{"rows": [{...}, ...]}`.

        Raises
        ------
        Refusal
            The body is too large, is not JSON, or its rows are not what the model takes; or the model does not work.
        """
        rows = self.decoder.decode(bytes(Body(chunks)))
        try:
            predictions = self._predictions(rows)
        except Refusal:
            raise
        except Exception as error:
            if isinstance(error, UserError) and not isinstance(error, BrokenBundle):
                raise Refusal(422, str(error)) from None
            # Of a library of the model, which checks values in its own way. Its text may contain what the client sent.
            kind = _log(error.__cause__ or error)
            self.self_test()
            raise Refusal(422, f"the model cannot predict these rows ({kind})") from None
        for number, one in enumerate(predictions):
            if not all(math.isfinite(value) for value in _numbers(one)):
                raise Refusal(422, f"row {number}: its prediction is not a finite number")
        return Answer(self.bundle.id, [_nested(one) for one in predictions])

    def self_test(self) -> None:
        """Predict the example row of the bundle, and compare the result with that of the stage `package`.

        Raises
        ------
        Refusal
            503: the model does not work here. A bundle without an example always passes.
        """
        example = self.bundle.signature.example
        if example is None:
            return
        try:
            (found,) = self._predictions([example.row])
        except Exception as error:
            LOGGER.error("serve: self-test: %s: %s", type(error).__name__, error)
            raise Refusal(
                503, "the model does not work: it fails on the bundle's example"
            ) from None
        if not _agree(found, example.prediction):
            raise Refusal(
                503, "the model does not work: the bundle's example has another prediction"
            )

    def _predictions(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Predict decoded rows; those that violate the contract are refused."""
        frame, lacking = _table(rows)
        typed, broken = self.bundle.check(frame)
        if len(broken):
            what = [
                f"row {row}: {broken_rule(one.column, one.check, one.failure_case)}"
                for row, one in broken.iterrows()
                if row not in lacking.get(one.column, ())
            ]
            raise Refusal(422, "; ".join(what[:MAX_REASONS]))
        masked = {name: typed[name].mask(typed.index.isin(of)) for name, of in lacking.items()}
        answers = self.bundle.answer(typed.assign(**masked)).to_dict("records")
        return [{str(name): value for name, value in one.items()} for one in answers]


def _log(error: BaseException) -> str:
    """Log the kind and the place of an error; return the kind."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    kind = type(error).__name__
    LOGGER.warning("serve: %s at %s:%s", kind, Path(place.filename).name, place.lineno)
    return kind


def _table(rows: list[dict[str, Any]]) -> tuple[pd.DataFrame, dict[str, set[int]]]:
    """Make a table of rows, and say in which rows each column is absent.

    There, the table has the value of another row, so that the contract, which may forbid missing values, is checked
    for what was sent: a row is accepted or refused whatever the other rows have.
    """
    names = dict.fromkeys(name for row in rows for name in row)
    columns, lacking = {}, {}
    for name in names:
        absent = {number for number, row in enumerate(rows) if name not in row}
        if absent:
            lacking[name] = absent
        spare = next(row[name] for row in rows if name in row)
        columns[name] = pd.Series([row.get(name, spare) for row in rows], dtype="object")
    return pd.DataFrame(columns, index=pd.RangeIndex(len(rows))), lacking


def _nested(answer: dict[str, Any]) -> dict[str, Any]:
    """Collect the probabilities of the classes of a prediction in a nested object."""
    plain = {name: value for name, value in answer.items() if not name.startswith(PROBABILITY)}
    classes = {
        name.removeprefix(PROBABILITY): value for name, value in answer.items() if name not in plain
    }
    return plain | ({"probabilities": classes} if classes else {})


def _numbers(answer: dict[str, Any]) -> list[float]:
    return [value for value in answer.values() if not isinstance(value, str)]


def _agree(found: dict[str, Any], expected: dict[str, Any]) -> bool:
    """Return whether two predictions are equal but for rounding."""
    return found.keys() == expected.keys() and all(
        value == expected[name]
        if isinstance(value, str)
        else math.isclose(value, expected[name], rel_tol=NEAR, abs_tol=NEAR)
        for name, value in found.items()
    )
