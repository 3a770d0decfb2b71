"""Settings of `train`."""

from __future__ import annotations

from typing import Any

from pydantic import Field, model_validator

from pedigree.base.problem import GroupedColumns
from pedigree.base.section import Count, Excerpt, OptionalTool, Section, Seed, Tool
from pedigree.estimators.settings import Best, Model
from pedigree.folds.settings import SplitName


class Calibration(Section):
    """conf/train/calibration/."""

    calibrator: OptionalTool
    folds: int = Field(default=2, ge=2)
    rows: Count | None = None
    seed: Seed = 0
    by_kind: dict[str, Any] | None = None

    @model_validator(mode="after")
    def folds_are_given(self) -> Calibration:
        """Require folds and their seed for a calibrator."""
        if self.calibrator.target and not {"folds", "seed"} <= self.model_fields_set:
            raise ValueError("a calibrator requires folds and seed")
        return self


class Train(Section):
    """conf/train/."""

    calibration: Calibration
    early_stopping: bool
    baseline: Model
    curves: Tool | None


class Stopping(Excerpt):
    """Whether training stops early."""

    early_stopping: bool


class TrainSettings(Excerpt):
    """All settings of the stage `train`."""

    train: Train
    model: Model | Best
    problem: GroupedColumns
    split: SplitName
