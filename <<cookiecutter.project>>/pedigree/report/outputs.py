"""The outputs of a run of the pipeline, read from the workspace or from a commit."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import Any, TypeVar

from pedigree.base.files.formulas import unescaped
from pedigree.base.json_file import JsonFile
from pedigree.base.names import UserError
from pedigree.estimators.lineage import Lineage
from pedigree.estimators.signature import Signature
from pedigree.estimators.train_metrics import TrainMetrics
from pedigree.estimators.tuned import TuneReport
from pedigree.report.labels import REFERENCES
from pedigree.scoring.decision import ChosenThreshold
from pedigree.scoring.metrics import METRICS
from pedigree.scoring.results import (
    LeakageMetrics,
    Score,
    ValidationMetrics,
    VerdictMetrics,
    WeakSlice,
)

Row = dict[str, Any]
File = TypeVar("File", bound=JsonFile)


@dataclass(frozen=True)
class RunOutputs:
    """The outputs of one run.

    Parameters
    ----------
    problem : dict
        The settings of `problem`.
    read : callable
        Returns the bytes of the file at a path in the project, or None if it does not exist.
    """

    problem: dict[str, Any]
    read: Callable[[str], bytes | None]

    def json(self, path: str) -> dict[str, Any]:
        """Read a JSON file, such as one of your own stage, for your own template; an empty mapping if it is missing."""
        data = self.read(path)
        found: dict[str, Any] = json.loads(data) if data else {}
        return found

    def find(self, kind: type[File]) -> File | None:
        """Read a JSON file by its class; None if it is missing."""
        data = self.read(kind.place.as_posix())
        return kind.parse(data) if data else None

    def require(self, kind: type[File]) -> File:
        """Read a JSON file by its class.

        Raises
        ------
        UserError
            The file is missing.
        """
        found = self.find(kind)
        if found is None:
            raise UserError(f"{kind.place} does not exist; run `dvc repro {kind.stage}`.")
        return found

    def rows(self, path: str, *numbers: str) -> list[Row]:
        """Read a CSV file; no rows if it is missing.

        Parameters
        ----------
        path : str
        *numbers : str
            Path in the project.
            Numeric columns, which are parsed; the others are strings.
        """
        text = (self.read(path) or b"").decode()
        rows = csv.DictReader(io.StringIO(text, newline=""))
        return [
            {name: unescaped(value) for name, value in row.items()}
            | {name: to_float(row[name]) for name in numbers}
            for row in rows
        ]

    @property
    def goal(self) -> str:
        """Return the goal of the problem, or a sentence with the target."""
        return self.problem["goal"].strip() or f"Predict {self.problem['target']}"

    @cached_property
    def verdict(self) -> VerdictMetrics:
        """Return metrics/verdict.json."""
        return self.require(VerdictMetrics)

    @cached_property
    def validation(self) -> ValidationMetrics:
        """Return metrics/evaluate.json."""
        return self.require(ValidationMetrics)

    @cached_property
    def trained(self) -> TrainMetrics:
        """Return metrics/train.json."""
        return self.require(TrainMetrics)

    @cached_property
    def tuned(self) -> TuneReport | None:
        """Return reports/tune.json, if there were trials."""
        found = self.find(TuneReport)
        return found if found and found.trials else None

    @cached_property
    def leakage(self) -> LeakageMetrics | None:
        """Return metrics/leakage.json, if leakage was checked."""
        return self.find(LeakageMetrics)

    @cached_property
    def threshold(self) -> ChosenThreshold:
        """Return models/threshold.json."""
        return self.require(ChosenThreshold)

    @cached_property
    def signature(self) -> Signature:
        """Return models/bundle/signature.json."""
        return self.require(Signature)

    @cached_property
    def lineage(self) -> Lineage:
        """Return models/bundle/lineage.json."""
        return self.require(Lineage)

    @cached_property
    def leaderboard(self) -> list[Row]:
        """Return reports/compare.csv."""
        return self.rows("reports/compare.csv")

    @cached_property
    def reported(self) -> dict[str, Score]:
        """Return the scores of each metric by its name: on the test set if available, else on the validation set."""
        verdict = self.find(VerdictMetrics)
        scores = [*self.validation.metrics, *(verdict.metrics if verdict else ())]
        return {one.metric: one for one in scores}

    def greater_is_better(self, metric: str) -> bool:
        """Return whether higher values of a metric are better."""
        score = self.reported.get(metric)
        if score is None or score.greater_is_better is None:
            return METRICS[metric].greater_is_better
        return score.greater_is_better

    def direction(self, metric: str) -> str:
        """Return a phrase for whether higher or lower values of a metric are better."""
        return "higher is better" if self.greater_is_better(metric) else "lower is better"

    @property
    def headline(self) -> Score:
        """Return the scores of the first metric on the test set."""
        return self.verdict.metrics[0]

    @property
    def remarks(self) -> list[str]:
        """Return how the scores on the test set were measured."""
        return [one for one in self.verdict.about if not one.startswith("0 ")]

    @property
    def worst_slice(self) -> WeakSlice | None:
        """Return the worst slice of the test set if available, else of the validation set."""
        return next((one[0] for _, _, one in self._worst if one), None)

    @property
    def _worst(self) -> Iterator[tuple[str, str, tuple[WeakSlice, ...]]]:
        """Yield each stage that evaluates slices, with its subset and the worst slice."""
        if verdict := self.find(VerdictMetrics):
            yield "verdict", "test", verdict.worst
        yield "evaluate", "validation", self.validation.worst

    def slices(self) -> tuple[str, list[Row]]:
        """Return the subset that has a worst slice, and its slices by that metric, the worst first.

        Slices that are too small for a significance test are left out if there are others.
        """
        for stage, subset, worst in self._worst:
            rows = self.rows(f"reports/{stage}/slices.csv", "value", "low", "high")
            if rows and worst:
                metric = worst[0].metric
                sign = 1 if self.greater_is_better(metric) else -1
                rows = [one for one in rows if one["metric"] == metric and one["value"] is not None]
                tested = [one for one in rows if one["surely_worse"]]
                return subset, sorted(tested or rows, key=lambda one: sign * one["value"])
        return "", []

    def fairness(self) -> tuple[str, list[Row]]:
        """Return the fairness metrics, and the subset on which they were measured."""
        for stage, subset in (("verdict", "test"), ("evaluate", "validation")):
            rows = self.rows(f"reports/{stage}/fairness.csv", "value", "low", "high")
            if rows:
                return subset, rows
        return "", []

    def reference_scores(self, score: Score | None = None) -> dict[str, float]:
        """Return a metric of the champion and the baselines on the test set.

        Parameters
        ----------
        score : Score, optional
            One of the verdict's `metrics`; the first if omitted.

        Returns
        -------
        dict of str to float
            The value of each reference model, in the order of `REFERENCES`.
        """
        score = score or self.headline
        known = {name: score.reference(name) for name in REFERENCES}
        found = {name: value for name, value in known.items() if value is not None}
        for one in self.verdict.comparisons:
            if one.metric == score.metric and one.gain is not None and score.value is not None:
                sign = 1 if self.greater_is_better(one.metric) else -1
                found.setdefault(one.against, score.value - sign * one.gain)
        return {name: found[name] for name in REFERENCES if name in found}


def read_workspace(path: str) -> bytes | None:
    """Read a file of the workspace; None if it is missing."""
    file = Path(path)
    return file.read_bytes() if file.is_file() else None


def to_float(text: str | None) -> float | None:
    """Parse a number of a CSV file; None for other strings."""
    try:
        return float(text or "")
    except ValueError:
        return None


def xy_points(rows: Iterable[Row], x: str, y: str) -> list[tuple[float, float]]:
    """Parse two columns as points; rows without both numbers are left out.

    Parameters
    ----------
    rows : iterable of dict
        Rows of a CSV file.
    x, y : str
        Names of the columns.

    Returns
    -------
    list of (float, float)
    """
    pairs = [(to_float(row[x]), to_float(row[y])) for row in rows]
    return [(a, b) for a, b in pairs if a is not None and b is not None]


def grouped(rows: Iterable[Row], *names: str) -> list[tuple[tuple[str, ...], list[Row]]]:
    """Group consecutive rows that are equal in some columns, in their order."""

    def key(row: Row) -> tuple[str, ...]:
        return tuple(row.get(name, "") for name in names)

    return [(keys, list(group)) for keys, group in groupby(rows, key)]
