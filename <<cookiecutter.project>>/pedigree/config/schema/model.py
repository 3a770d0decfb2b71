"""Sections that say which models there are, and how they are compared, tuned and trained."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from pedigree.config.schema.base import ClassWeight, Count, OptionalTool, Section, Seed, Tool


class Dimension(Section):
    """A hyperparameter of a search space."""

    type: Literal["int", "float", "choice"]
    low: float | None = None
    high: float | None = None
    log: bool = False
    choices: list[Any] | None = None

    @model_validator(mode="after")
    def range_fits_type(self) -> Dimension:
        """Demand choices for a choice, and low < high for a number."""
        if self.type == "choice":
            if not self.choices:
                raise ValueError("type choice needs choices")
        elif self.low is None or self.high is None or not self.low < self.high:
            raise ValueError(f"type {self.type} needs low < high")
        elif self.log and self.low <= 0:
            raise ValueError("log needs low > 0")
        return self


class EarlyStopping(Section):
    """How a library watches rows while it fits."""

    rows: Literal["eval_set", "eval_X", "X_val"]
    settings: dict[str, Any]
    fit: dict[str, Any] = Field(default={})


class Monotone(Section):
    """Features with which the prediction may only rise or only fall."""

    argument: str
    features: dict[str, Literal[-1, 1]]


class Model(Section):
    """conf/model/."""

    name: str
    estimator: Tool
    estimators: dict[str, Model] | None = None  # an ensemble's members
    encoder: Tool
    imputer: OptionalTool
    scaler: OptionalTool
    sampler: OptionalTool
    class_weight: ClassWeight
    monotone: Monotone | None = None  # where the library has it
    categorical_argument: str | None
    early_stopping: EarlyStopping | None
    bagging: Tool | None = None  # where the library can add models up
    search_space: dict[str, Dimension]
    by_kind: dict[str, Any] | None = None
    space_by_kind: dict[str, Any] | None = None


class Best(Section):
    """conf/model/best.yaml."""

    name: Literal["best"]
    estimator: None


class Compare(Section):
    """conf/compare/."""

    models: dict[str, Model] = Field(min_length=1)
    folds: int = Field(ge=2)
    repeats: Count
    rows: Count | None
    method: Tool


class Tune(Tool):
    """conf/tune/; `off` has no budget."""

    trials: Count | None = None
    seconds: float | None = Field(default=None, gt=0)
    folds: int | None = Field(default=None, ge=2)
    rows: Count | None = None
    confidence: float | None = Field(default=None, ge=0, lt=1)
    points: int | None = Field(default=None, ge=2)  # of `grid`
    candidates: int | None = Field(default=None, ge=2)  # of `halving`
    factor: int | None = Field(default=None, ge=2)
    startup: Count | None = None  # of `hyperopt`
    workers: Count | None = None  # of `ray`
    object_store_megabytes: int | None = Field(default=None, ge=80)

    @model_validator(mode="after")
    def budget_is_whole(self) -> Tune:
        """Demand all that a search needs, or nothing of it."""
        needed = (self.trials, self.seconds, self.folds, self.confidence)
        if len({one is None for one in needed}) > 1:
            raise ValueError("a search needs trials, seconds, folds and confidence")
        return self


class Calibration(Section):
    """conf/train/calibration/."""

    calibrator: OptionalTool
    folds: int | None = Field(default=None, ge=2)
    rows: Count | None = None
    seed: Seed | None = None
    by_kind: dict[str, Any] | None = None


class Train(Section):
    """conf/train/."""

    calibration: Calibration
    early_stopping: bool
    baseline: Model
    curves: Tool | None
