"""What a side's rows say of where a model is weak: its slices, and fairness between protected groups."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.core.base.paths import SPLIT
from pipeline.core.base.stage import say
from pipeline.core.base.tables import read_table, write_rows
from pipeline.core.model import fairness, slices
from pipeline.core.model.cuts import learn

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from pipeline.core.model.decision import Prediction
    from pipeline.core.model.predictions import Predictions


@dataclass(frozen=True)
class Weakness:
    """Where a model is weak.

    Parameters
    ----------
    metric : str
        By which slices are compared.
    slices, fairness : list of dict
        See `slices.slice_scores` and `fairness.fairness`.
    worst : dict or None
        See `slices.worst`.
    """

    metric: str
    slices: list[dict[str, Any]]
    fairness: list[dict[str, Any]]
    worst: dict[str, Any] | None

    def write(self, folder: Path) -> None:
        """Write both tables, and say what stands out."""
        write_rows(self.slices, folder / "slices.csv", slices.COLUMNS)
        write_rows(self.fairness, folder / "fairness.csv", fairness.COLUMNS)
        if self.worst:
            sure = "surely worse than" if self.worst["surely_worse"] else "not surely worse than"
            where = f"{self.worst['column']} {self.worst['slice']}, {self.worst['rows']} rows"
            say(f"worst slice {self.metric} {self.worst['value']:.4g} ({where}; {sure} all rows)")

    def told(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return what DVC shows of the worst slice, and what is told of it in full."""
        value = self.worst["value"] if self.worst else None
        return {"worst_slice": value}, {"worst": [self.worst] if self.worst else []}


def weakness(
    found: Predictions,
    prediction: Prediction,
    problem: DictConfig,
    cut: DictConfig,
    bootstrap: DictConfig,
) -> Weakness:
    """Look for weak slices and unfair differences among predicted rows.

    Parameters
    ----------
    found : Predictions
        Of a side, with its cleaned rows.
    prediction : Prediction
        The model's, with its threshold.
    problem : DictConfig
        With `metrics`, `slices`, `protected`, `target` and `exclude`.
    cut : DictConfig
        `evaluate.slices`.
    bootstrap : DictConfig
        With `resamples`, `confidence` and `seed`.

    Raises
    ------
    UserError
        A named column is not there.
    """
    cuts = learn(read_table(SPLIT / "train"), problem, cut)
    protected = {name: cuts[name] for name in problem.protected}
    known: dict[str, Any] = {name: bootstrap[name] for name in ("resamples", "confidence", "seed")}
    known |= {"groups": found.group, "min_rows": cut.min_rows}
    metrics = [slices.STANDS_IN.get(name, name) for name in problem.metrics]
    table = slices.slice_scores(metrics, found.truth, prediction, found.rows, cuts, **known)
    return Weakness(
        metrics[0],
        table,
        fairness.fairness(found.truth, prediction, found.classes, found.rows, protected, **known),
        slices.worst(table, metrics[0]),
    )
