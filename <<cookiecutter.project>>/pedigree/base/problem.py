"""The section `problem` of the settings: what is predicted, how it is scored, and what counts as success."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from pedigree.base.section import ClassWeight, Count, Excerpt, Names, Number, Section, Share, Tool

Task = Literal["binary", "multiclass", "regression"]
Kind = Literal["classification", "regression"]
Label = str | int | float | bool


class Criterion(Section):
    """Limits of a quantity, and which number is compared with them."""

    at_least: Number | None = None
    at_most: Number | None = None
    judged: Literal["value", "lower", "upper"] = "value"
    rows: Literal["all", "worst_slice"] = "all"

    @model_validator(mode="after")
    def one_is_given(self) -> Criterion:
        """Require a limit."""
        if self.at_least is None and self.at_most is None:
            raise ValueError("needs at_least or at_most")
        return self


class Costs(Section):
    """What a mistake costs, in any unit."""

    false_positive: Number = Field(gt=0)
    false_negative: Number = Field(gt=0)


class ThresholdRule(Section):
    """How the decision threshold is chosen."""

    metric: str | None = None
    costs: Costs | None = None
    capacity: Share | Count | None = None

    @model_validator(mode="after")
    def one_is_asked(self) -> ThresholdRule:
        """Require one way."""
        if sum(one is not None for one in (self.metric, self.costs, self.capacity)) != 1:
            raise ValueError("needs one of metric, costs, capacity")
        return self


class Problem(Section):
    """conf/problem/."""

    task: Task
    kind: Kind
    estimator: Literal["Classifier", "Regressor"]
    statistic: Literal["classif", "regression"]
    target_type: Literal["binary", "multiclass", "continuous"]
    metrics: Names = Field(min_length=1)
    custom_metrics: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")], Tool]
    goal: str
    target: str = Field(min_length=1)
    positive: Label | None
    group: Names
    time: str | None
    exclude: dict[str, str]
    slices: Names | None
    protected: Names
    class_weight: ClassWeight
    threshold: ThresholdRule | None
    criteria: dict[str, Criterion]
    test_budget: Count | None


class Columns(Excerpt):
    """Which column is predicted, and which are not features."""

    target: str
    exclude: dict[str, str]


class Grouped(Excerpt):
    """Which rows belong together."""

    group: Names


class Groups(Grouped):
    """Which rows belong together, and when they happened."""

    time: str | None


class GroupedColumns(Columns, Groups):
    """What cross-validation needs of the problem."""


class ListedMetrics(Excerpt):
    """By which metrics models are compared."""

    metrics: Names
    custom_metrics: dict[str, Tool]


class ScoredColumns(GroupedColumns, ListedMetrics):
    """What a leaderboard or a search needs of the problem."""


class Target(Excerpt):
    """What is predicted, and of which kind it is."""

    target: str
    task: Task
    kind: Kind
    positive: Label | None
