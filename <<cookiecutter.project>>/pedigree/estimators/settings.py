"""The section `model` of the settings: a family of models, and the leaderboard's winner."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from pedigree.base.section import ClassWeight, Number, OptionalTool, Section, Tool


class Dimension(Section):
    """A hyperparameter of a search space."""

    type: Literal["int", "float", "choice"]
    low: Number = 0
    high: Number = 0
    log: bool = False
    choices: list[Any] = Field(default=[])

    @model_validator(mode="after")
    def range_fits_type(self) -> Dimension:
        """Require choices for a choice, and low < high for a number."""
        if self.type == "choice":
            if not self.choices:
                raise ValueError("type choice requires choices")
        elif not {"low", "high"} <= self.model_fields_set or not self.low < self.high:
            raise ValueError(f"type {self.type} requires low < high")
        elif self.log and self.low <= 0:
            raise ValueError("log requires low > 0")
        return self


class EarlyStopping(Section):
    """How a library takes an evaluation set for early stopping."""

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
    monotone: Monotone | None = None  # if the library supports it
    categorical_argument: str | None
    early_stopping: EarlyStopping | None
    bagging: Tool | None = None  # if the library can sum models
    search_space: dict[str, Dimension]
    by_kind: dict[str, Any] | None = None
    space_by_kind: dict[str, Any] | None = None


class Best(Section):
    """conf/model/best.yaml."""

    name: Literal["best"]
    estimator: None
