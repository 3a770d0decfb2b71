"""Scores of two runs on the rows that both have predicted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from pedigree.evaluation.bootstrap import bootstrap
from pedigree.lineage.runs.runs import Run
from pedigree.scoring.custom import problem_metrics
from pedigree.scoring.decision import PredictedRows
from pedigree.scoring.metrics import DECIDED
from pedigree.scoring.predictions import PredictionTable

# Experiments are compared on the validation set; the test set is only used for the verdict.
SUBSETS = {"validation": "evaluate", "test": "verdict"}


@dataclass(frozen=True)
class Pair:
    """The gain of a run over the first one.

    Parameters
    ----------
    subset : str
    other : Run
    rows : int
        Number of rows that both have predicted.
    gains : list of dict
        metric, reference, value, gain, interval; the first metric first. Empty without common rows.
    """

    subset: str
    other: Run
    rows: int
    gains: list[dict[str, Any]]


def pair(subset: str, first: Run, other: Run) -> Pair:
    """Compare two runs on the rows of a subset that both have predicted.

    Rows are identified by their values, so a row that cleaning has changed is a different row.

    Parameters
    ----------
    subset : {"validation", "test"}
    first, other : Run

    Returns
    -------
    Pair
        Without gains if the runs have predicted no row in common.
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
        [one for one in problem_metrics(first.settings["problem"]) if one.name not in DECIDED],
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


def _decided(
    run: Run, found: PredictionTable, rows: np.ndarray, classes: list[str]
) -> PredictedRows:
    """Return a run's predictions of some rows, decided by its own threshold; columns as in `classes`."""
    values = found.of["model"][rows]
    if classes:  # a class that the run did not train on has probability 0
        at = {name: place for place, name in enumerate(found.classes)}
        empty = np.zeros(len(rows))
        values = np.column_stack([values[:, at[c]] if c in at else empty for c in classes])
    threshold = run.outputs.threshold.threshold
    return PredictedRows(values, threshold)
