"""What a run of the pipeline left behind, read from wherever it lies: the workspace or a commit."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from pedigree.scoring.metrics import METRICS

Row = dict[str, str]


@dataclass(frozen=True)
class Facts:
    """The outputs of one run.

    Parameters
    ----------
    problem : dict
        The settings of `problem`.
    read : callable
        Takes a path in the project and returns the file's bytes, or None if it is not there.
    """

    problem: dict[str, Any]
    read: Callable[[str], bytes | None]

    def json(self, path: str) -> Any:
        """Read a JSON file; an empty mapping if it is not there."""
        data = self.read(path)
        return json.loads(data) if data else {}

    def rows(self, path: str) -> list[Row]:
        """Read a CSV file; no rows if it is not there."""
        text = (self.read(path) or b"").decode()
        return list(csv.DictReader(io.StringIO(text, newline="")))

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
    def lineage(self) -> dict[str, Any]:
        """Return what the bundle was made from."""
        return self.json("models/bundle/lineage.json")

    @cached_property
    def board(self) -> list[Row]:
        """Return the leaderboard."""
        return self.rows("reports/compare.csv")

    @property
    def headline(self) -> dict[str, Any]:
        """Return the first metric on the test rows."""
        return self.verdict["metrics"][0]

    @property
    def worst(self) -> dict[str, Any] | None:
        """Return the worst slice of the test rows, or else of the validation rows."""
        for judged in (self.verdict, self.validation):
            if judged.get("worst"):
                return judged["worst"][0]
        return None

    def slices(self) -> tuple[str, list[Row]]:
        """Return the side whose slices were judged, and those by the worst one's metric, the worst first."""
        for stage, side in (("verdict", "test"), ("evaluate", "validation")):
            rows = self.rows(f"reports/{stage}/slices.csv")
            worst = self.json(f"metrics/{stage}.json").get("worst")
            if rows and worst:
                metric = worst[0]["metric"]
                sign = 1 if METRICS[metric].greater_is_better else -1
                rows = [one for one in rows if one["metric"] == metric and one["value"]]
                judged = [one for one in rows if one["surely_worse"]]  # small ones are not
                return side, sorted(judged or rows, key=lambda one: sign * float(one["value"]))
        return "", []


def here(path: str) -> bytes | None:
    """Read a file of the workspace."""
    file = Path(path)
    return file.read_bytes() if file.is_file() else None


def parsed(text: str | None) -> float | None:
    """Read a number of a CSV file; None where there is none."""
    try:
        return float(text or "")
    except ValueError:
        return None
