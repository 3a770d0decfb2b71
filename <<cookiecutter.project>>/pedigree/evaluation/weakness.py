"""Where a model is weak: its slices, and fairness between protected groups."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pedigree.base.paths import SPLIT
from pedigree.base.stage import say
from pedigree.base.tables import read_table, write_csv
from pedigree.evaluation import fairness, slices
from pedigree.evaluation.bins import learn
from pedigree.scoring.custom import problem_metrics
from pedigree.scoring.metrics import Metric, as_metric
from pedigree.scoring.results import WeakSlice

if TYPE_CHECKING:
    from pedigree.evaluation.settings import Bootstrap, JudgedColumns, Slices
    from pedigree.scoring.decision import PredictedRows
    from pedigree.scoring.predictions import PredictionTable


@dataclass(frozen=True)
class Weakness:
    """Where a model is weak.

    Parameters
    ----------
    metric : Metric
        Compares slices.
    slices, fairness : list of dict
        See `slices.slice_scores` and `fairness.fairness`.
    by : callable
        Takes another metric; returns the slices scored by it.
    """

    metric: Metric
    slices: list[dict[str, Any]]
    fairness: list[dict[str, Any]]
    by: Callable[[Metric], list[dict[str, Any]]]

    def on_worst(self, metric: Metric) -> tuple[float, float, float]:
        """Return a metric of the slice that is worst by it, and its interval; NaN if none is judged."""
        table = self.slices if metric == self.metric else self.by(metric)
        return _ends(slices.worst(table, metric))

    def largest(self, difference: str) -> tuple[float, float, float]:
        """Return the greatest difference between groups, and its interval; NaN if none is measured."""
        return _ends(fairness.largest(self.fairness, difference))

    def write(self, folder: Path) -> None:
        """Write both tables, and print the worst slice."""
        write_csv(self.slices, folder / "slices.csv", slices.COLUMNS)
        write_csv(self.fairness, folder / "fairness.csv", fairness.COLUMNS)
        for one in self.worst():
            sure = "significantly" if one.surely_worse else "not significantly"
            where = f"{one.column} {one.slice}, {one.rows} rows"
            say(
                f"worst slice {self.metric.name} {one.value:.4g} ({where}; {sure} worse than all rows)"
            )

    def worst(self) -> list[WeakSlice]:
        """Return the worst slice, in a list of one; none where no slice is judged."""
        found = slices.worst(self.slices, self.metric)
        if found is None:
            return []
        return [
            WeakSlice(
                column=found["column"],
                slice=found["slice"],
                rows=found["rows"],
                metric=found["metric"],
                value=found["value"],
                interval=(found["low"], found["high"]),
                surely_worse=found["surely_worse"] == "yes",
            )
        ]


def find_weakness(
    found: PredictionTable,
    prediction: PredictedRows,
    problem: JudgedColumns,
    cut: Slices,
    bootstrap: Bootstrap,
) -> Weakness:
    """Find weak slices and unfair differences among predicted rows.

    Parameters
    ----------
    found : PredictionTable
        Of a subset, with its cleaned rows.
    prediction : PredictedRows
        The model's, with its threshold.
    problem : JudgedColumns
        With `metrics`, `custom_metrics`, `slices`, `protected`, `target` and `exclude`.
    cut : Slices
        `evaluate.slices`.
    bootstrap : Bootstrap
        With `resamples`, `confidence` and `seed`.

    Raises
    ------
    UserError
        A column of `problem.slices` or `problem.protected` is missing.
    """
    cuts = learn(read_table(SPLIT / "train"), problem, cut)
    protected = {name: cuts[name] for name in problem.protected}
    known: dict[str, Any] = {
        "resamples": bootstrap.resamples,
        "confidence": bootstrap.confidence,
        "seed": bootstrap.seed,
        "groups": found.group,
        "min_rows": cut.min_rows,
    }
    truth, rows = found.truth, found.rows

    def by(*metrics: Metric) -> list[dict[str, Any]]:
        return slices.slice_scores(metrics, truth, prediction, rows, cuts, **known)

    metrics = [as_metric(slices.STANDS_IN.get(one.name, one)) for one in problem_metrics(problem)]
    fair = fairness.fairness(truth, prediction, found.classes, rows, protected, **known)
    return Weakness(metrics[0], by(*metrics), fair, by)


def _ends(found: Mapping[str, Any] | None) -> tuple[float, float, float]:
    numbers = [found[key] if found else None for key in ("value", "low", "high")]
    value, low, high = (math.nan if number is None else number for number in numbers)
    return value, low, high
