"""Scores of two runs on the rows that both have predicted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from pedigree.evaluation.bootstrap import bootstrap
from pedigree.lineage.runs.runs import Run
from pedigree.scoring.custom import listed
from pedigree.scoring.decision import Prediction
from pedigree.scoring.metrics import DECIDED
from pedigree.scoring.predictions import Predictions

# Validation is what experiments are compared on; the test rows are looked at last.
SUBSETS = {"validation": "evaluate", "test": "verdict"}


@dataclass(frozen=True)
class Pair:
    """How much better a run is than the first.

    Parameters
    ----------
    subset : str
    other : Run
    rows : int
        That both have predicted.
    gains : list of dict
        metric, reference, value, gain, interval; the first metric first. Empty without common rows.
    """

    subset: str
    other: Run
    rows: int
    gains: list[dict[str, Any]]


def pair(subset: str, first: Run, other: Run) -> Pair:
    """Compare two runs on the rows of a subset that both have predicted.

    Rows are identified by their values, so a row that cleaning has changed is another one.

    Parameters
    ----------
    subset : {"validation", "test"}
    first, other : Run
    """
    one, two = first.predictions(subset), other.predictions(subset)
    known = {name: place for place, name in enumerate(two.row)}
    mine = np.array([place for place, name in enumerate(one.row) if name in known], dtype=int)
    theirs = np.array([known[one.row[place]] for place in mine], dtype=int)
    if not len(mine):
        return Pair(subset, other, 0, [])
    truth = one.truth[mine]
    predictions = {
        "reference": _decided(first, one, mine, one.classes),
        "model": _decided(other, two, theirs, one.classes),
    }
    options = first.settings[SUBSETS[subset]]
    scores = bootstrap(
        [one for one in listed(first.settings["problem"]) if one.name not in DECIDED],
        truth,
        predictions,
        groups=None if one.group is None else one.group[mine],
        resamples=options["resamples"],
        confidence=options["confidence"],
        seed=options["seed"],
    )
    gains = [
        {
            "metric": name,
            "reference": values["reference"],
            "value": values["model"],
            **scores.better(name, "reference"),
        }
        for name, values in scores.values.items()
    ]
    return Pair(subset, other, len(mine), gains)


def _decided(run: Run, found: Predictions, rows: np.ndarray, classes: list[str]) -> Prediction:
    """Return a run's own predictions of some rows, decided by its own threshold; columns as in `classes`."""
    values = found.of["model"][rows]
    if classes:  # a class that the run does not know has no probability
        at = {name: place for place, name in enumerate(found.classes)}
        empty = np.zeros(len(rows))
        values = np.column_stack([values[:, at[c]] if c in at else empty for c in classes])
    threshold = run.outputs.threshold.threshold
    return Prediction(values, threshold)
