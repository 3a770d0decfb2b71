"""Predictions of rows, and the decisions made from them: labels by a fixed threshold, intervals of numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from pedigree.base.json_file import JsonFile
from pedigree.base.paths import THRESHOLD
from pedigree.base.problem import ThresholdRule
from pedigree.base.settings import as_dict

PROBABILITY = "probability:"  # before the name of a class, as a column's name


@dataclass(frozen=True)
class Threshold:
    """The probability from which on the positive one of two classes is decided.

    Parameters
    ----------
    value : float
    costs : dict or None
        What a mistake costs, by ``false_positive`` and ``false_negative``, where the problem has costs.
    """

    value: float
    costs: dict[str, float] | None = None


class ChosenThreshold(JsonFile):
    """How `evaluate` chose the threshold: all is None where the most probable class is decided.

    Its keys are the rule (`asked`), the threshold (`value`), what the rule optimizes (`criterion`), what that comes
    to (`at_value`), and the fraction of rows that are decided positive (`acted_on`).
    """

    place = THRESHOLD
    stage = "evaluate"

    asked: ThresholdRule | None
    value: float | None
    criterion: str | None = None
    at_value: float | None = None
    acted_on: float | None = None

    @property
    def threshold(self) -> Threshold | None:
        """The threshold with the costs of the rule; None where the most probable class is decided."""
        if self.value is None:
            return None
        return Threshold(self.value, as_dict(self.asked.costs) if self.asked else None)


@dataclass(frozen=True, eq=False)  # arrays have no single boolean for ==
class PredictedRows:
    """Predictions of rows; indexed like an array, by rows.

    Parameters
    ----------
    values : ndarray, shape (n, k) or (n,)
        Class probabilities, or numbers.
    threshold : Threshold, optional
        Without one the most probable class is decided.
    interval : ndarray, shape (n, 2), optional
        Low and high end of the prediction interval of each number.
    """

    values: np.ndarray
    threshold: Threshold | None = None
    interval: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, rows: Any) -> PredictedRows:
        interval = None if self.interval is None else self.interval[rows]
        return PredictedRows(self.values[rows], self.threshold, interval)

    @property
    def labels(self) -> np.ndarray:
        """Codes of the decided classes, shape (n,)."""
        if self.threshold is None:
            return np.asarray(self.values.argmax(axis=1))
        return (self.values[:, 1] >= self.threshold.value).astype(int)

    def answers(self, classes: list[str]) -> dict[str, np.ndarray]:
        """Return the predictions with names of classes, as columns of n values.

        Parameters
        ----------
        classes : list of str
            In the order of their codes; empty for numbers.

        Returns
        -------
        dict of str to ndarray
            `label` and `probability:CLASS` of each class, or `value`, with `low` and `high` where
            there are intervals.
        """
        if classes:
            named = {f"{PROBABILITY}{name}": self.values[:, n] for n, name in enumerate(classes)}
            return {"label": np.array(classes, dtype=object)[self.labels], **named}
        if self.interval is None:
            return {"value": self.values}
        return {"value": self.values, "low": self.interval[:, 0], "high": self.interval[:, 1]}


def decided(of: Mapping[str, np.ndarray], model: PredictedRows) -> dict[str, PredictedRows]:
    """Let every predictor decide by the model's threshold, so that only their predictions differ."""
    return {
        who: model if who == "model" else PredictedRows(values, model.threshold)
        for who, values in of.items()
    }
