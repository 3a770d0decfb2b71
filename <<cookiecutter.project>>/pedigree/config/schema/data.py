"""Sections that say what is asked, and how the data come to training rows."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from pedigree.config.schema.base import ClassWeight, Count, Section, Share, Tool


class Criterion(Section):
    """Limits of a quantity, and which number is held against them."""

    at_least: float | None = None
    at_most: float | None = None
    judged: Literal["value", "lower", "upper"] = "value"
    rows: Literal["all", "worst_slice"] = "all"

    @model_validator(mode="after")
    def one_is_given(self) -> Criterion:
        """Demand a limit."""
        if self.at_least is None and self.at_most is None:
            raise ValueError("needs at_least or at_most")
        return self


class Costs(Section):
    """What a mistake costs, in any unit."""

    false_positive: float = Field(gt=0)
    false_negative: float = Field(gt=0)


class Threshold(Section):
    """How the decision threshold is chosen."""

    metric: str | None = None
    costs: Costs | None = None
    capacity: Share | Count | None = None

    @model_validator(mode="after")
    def one_is_asked(self) -> Threshold:
        """Demand one way."""
        if sum(one is not None for one in (self.metric, self.costs, self.capacity)) != 1:
            raise ValueError("needs one of metric, costs, capacity")
        return self


class Problem(Section):
    """conf/problem/."""

    task: Literal["binary", "multiclass", "regression"]
    kind: Literal["classification", "regression"]
    estimator: Literal["Classifier", "Regressor"]
    statistic: Literal["classif", "regression"]
    target_type: Literal["binary", "multiclass", "continuous"]
    metrics: list[str] = Field(min_length=1)
    custom_metrics: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")], Tool]
    goal: str
    target: str = Field(min_length=1)
    positive: str | int | float | bool | None
    group: list[str]
    time: str | None
    exclude: dict[str, str]
    slices: list[str] | None
    protected: list[str]
    class_weight: ClassWeight
    threshold: Threshold | None
    criteria: dict[str, Criterion]
    test_budget: Count | None


class Collect(Tool):
    """conf/collect/."""

    as_of: str | None
    min_rows: Count
    max_shrink: float = Field(ge=0, le=1)


class Load(Section):
    """conf/load/."""

    contract: str
    missing: list[str]
    max_rejected: int = Field(ge=0)


class Report(Tool):
    """A report of conf/profile/."""

    max_rows: Count


class Profile(Section):
    """conf/profile/."""

    reports: dict[str, Report]


class Steps(Section):
    """conf/clean/ and conf/engineer/."""

    steps: dict[str, Tool]


class Split(Tool):
    """conf/split/."""

    name: Literal["random", "stratified", "group", "time", "hash", "column"]
    validation: Share | None = None  # of all but `column`
    test: Share | None = None

    @model_validator(mode="after")
    def rows_are_left_to_train(self) -> Split:
        """Demand that the shares leave training rows."""
        if self.name == "column":
            return self
        if self.validation is None or self.test is None:
            raise ValueError("needs the shares validation and test")
        if self.validation + self.test >= 1:
            raise ValueError("validation and test together leave no row to train on")
        return self


class Select(Section):
    """conf/select/."""

    selector: Tool | None
    identifier_fraction: float = Field(gt=0, le=1)
    stability_folds: int = Field(ge=0)

    @model_validator(mode="after")
    def folds_can_differ(self) -> Select:
        """Demand two folds or none."""
        if self.stability_folds == 1:
            raise ValueError("stability_folds needs at least 2 folds, or 0 for none")
        return self
