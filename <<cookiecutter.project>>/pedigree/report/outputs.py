"""The outputs of a run of the pipeline, read from the workspace or from a commit."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import Any

from pedigree.report.labels import REFERENCES
from pedigree.scoring.metrics import METRICS

Row = dict[str, Any]


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
        """Read a JSON file; an empty mapping if it is missing."""
        data = self.read(path)
        found: dict[str, Any] = json.loads(data) if data else {}
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
        return [row | {name: to_float(row[name]) for name in numbers} for row in rows]

    @property
    def goal(self) -> str:
        """Return the goal of the problem, or a sentence with the target."""
        return self.problem["goal"].strip() or f"Predict {self.problem['target']}"

    @cached_property
    def verdict(self) -> dict[str, Any]:
        """Return metrics/verdict.json."""
        return self.json("metrics/verdict.json")

    @cached_property
    def validation(self) -> dict[str, Any]:
        """Return metrics/evaluate.json."""
        return self.json("metrics/evaluate.json")

    @cached_property
    def trained(self) -> dict[str, Any]:
        """Return metrics/train.json."""
        return self.json("metrics/train.json")

    @cached_property
    def tuned(self) -> dict[str, Any]:
        """Return reports/tune.json."""
        return self.json("reports/tune.json")

    @cached_property
    def leakage(self) -> dict[str, Any]:
        """Return metrics/leakage.json."""
        return self.json("metrics/leakage.json")

    @cached_property
    def threshold(self) -> dict[str, Any]:
        """Return models/threshold.json."""
        return self.json("models/threshold.json")

    @cached_property
    def signature(self) -> dict[str, Any]:
        """Return models/bundle/signature.json."""
        return self.json("models/bundle/signature.json")

    @cached_property
    def lineage(self) -> dict[str, Any]:
        """Return models/bundle/lineage.json."""
        return self.json("models/bundle/lineage.json")

    @cached_property
    def leaderboard(self) -> list[Row]:
        """Return reports/compare.csv."""
        return self.rows("reports/compare.csv")

    @cached_property
    def reported(self) -> dict[str, dict[str, Any]]:
        """Return the scores of each metric by its name: on the test set if available, else on the validation set."""
        scores = [*self.validation.get("metrics", ()), *self.verdict.get("metrics", ())]
        return {one["metric"]: one for one in scores}

    def greater_is_better(self, metric: str) -> bool:
        """Return whether higher values of a metric are better."""
        recorded = self.reported.get(metric, {}).get(
            "greater_is_better"
        )  # earlier versions did not record it
        return METRICS[metric].greater_is_better if recorded is None else recorded

    def direction(self, metric: str) -> str:
        """Return a phrase for whether higher or lower values of a metric are better."""
        return "higher is better" if self.greater_is_better(metric) else "lower is better"

    @property
    def headline(self) -> dict[str, Any]:
        """Return the scores of the first metric on the test set."""
        first: dict[str, Any] = self.verdict["metrics"][0]
        return first

    @property
    def remarks(self) -> list[str]:
        """Return how the scores on the test set were measured."""
        return [one for one in self.verdict["about"] if not one.startswith("0 ")]

    @property
    def worst_slice(self) -> dict[str, Any] | None:
        """Return the worst slice of the test set if available, else of the validation set."""
        for scores in (self.verdict, self.validation):
            if scores.get("worst"):
                worst: dict[str, Any] = scores["worst"][0]
                return worst
        return None

    def slices(self) -> tuple[str, list[Row]]:
        """Return the subset that has a worst slice, and its slices by that metric, the worst first.

        Slices that are too small for a significance test are left out if there are others.
        """
        for stage, subset in (("verdict", "test"), ("evaluate", "validation")):
            rows = self.rows(f"reports/{stage}/slices.csv", "value", "low", "high")
            worst = self.json(f"metrics/{stage}.json").get("worst")
            if rows and worst:
                metric = worst[0]["metric"]
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

    def reference_scores(self, entry: dict[str, Any] | None = None) -> dict[str, float]:
        """Return a metric of the champion and the baselines on the test set.

        Parameters
        ----------
        entry : dict, optional
            One of the verdict's `metrics`; the first if omitted.

        Returns
        -------
        dict of str to float
            The value of each reference model, in the order of `REFERENCES`.
        """
        entry = entry or self.headline
        found = {name: entry[name] for name in REFERENCES if entry.get(name) is not None}
        for one in self.verdict.get("comparisons", ()):
            if (one["metric"], one["gain"] is None) == (entry["metric"], False):
                sign = 1 if self.greater_is_better(one["metric"]) else -1
                found.setdefault(one["against"], entry["value"] - sign * one["gain"])
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
