"""What each section of the settings may hold: names, types, ranges.

A typo in a key or a value out of range is found here. The arguments of a tool (a mapping with a
`_target_`) are checked against the tool's own signature in ``checks``.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Share = Annotated[float, Field(gt=0, lt=1)]
Count = Annotated[int, Field(ge=1)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]
ClassWeight = Literal["balanced"] | None


class Section(BaseModel):
    """Settings with these keys and no others."""

    model_config = ConfigDict(extra="forbid")


class Tool(BaseModel):
    """A tool: the dotted name of a class or function, and its arguments."""

    model_config = ConfigDict(extra="allow")
    target: str = Field(alias="_target_", min_length=3, pattern=r"^[\w.]+\.\w+$")


class OptionalTool(BaseModel):
    """A tool, or none where `_target_` is null."""

    model_config = ConfigDict(extra="allow")
    target: str | None = Field(alias="_target_")


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

    chooser: Tool | None
    identifier_share: float = Field(gt=0, le=1)
    stability_folds: int = Field(ge=0)

    @model_validator(mode="after")
    def folds_can_differ(self) -> Select:
        """Demand two folds or none."""
        if self.stability_folds == 1:
            raise ValueError("stability_folds needs at least 2 folds, or 0 for none")
        return self


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
    fit: dict[str, Any] = {}


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
    seed: Seed | None = None
    by_kind: dict[str, Any] | None = None


class Train(Section):
    """conf/train/."""

    calibration: Calibration
    early_stopping: bool
    baseline: Model
    curves: Tool | None


class Bootstrap(Section):
    """How sure a score is."""

    resamples: int = Field(ge=100)
    confidence: Share
    seed: Seed


class Slices(Section):
    """How rows are cut into slices."""

    columns: Count
    bins: int = Field(ge=2)
    levels: int = Field(ge=2)
    min_rows: int = Field(ge=5)


class Evaluate(Bootstrap):
    """conf/evaluate/."""

    calibration_bins: int = Field(ge=2)
    slices: Slices


class Method(Tool):
    """conf/explain/method/; each takes some of these."""

    algorithm: Literal["auto", "native", "tree", "linear", "permutation", "kernel"] | None = None
    rows: Count | None = None
    interaction_rows: int | None = Field(default=None, ge=0)
    background: Count | None = None
    draws: Count | None = None
    samples: int | None = Field(default=None, ge=10)
    kernel_width: float | None = Field(default=None, gt=0)
    repeats: Count | None = None
    points: int | None = Field(default=None, ge=2)
    predictions: Count | None = None
    seed: Seed | None = None


class Explain(Section):
    """conf/explain/."""

    methods: dict[Annotated[str, Field(pattern=r"^\w+$")], Method] = Field(min_length=1)
    top: Count
    single_rows: Count
    seed: Seed


class Leakage(Section):
    """conf/leakage/."""

    identifiers: str = ""
    checks: dict[Annotated[str, Field(pattern=r"^\w+$")], Tool]


class Verdict(Bootstrap):
    """conf/verdict/."""


class Package(Section):
    """conf/package/."""

    export: OptionalTool
    max_megabytes: float = Field(gt=0)


class Monitor(Section):
    """conf/monitor/."""

    alpha: Share
    min_effect: float = Field(ge=0, le=1)
    max_drifted_share: float = Field(ge=0, le=1)
    min_labelled: Count
    max_loss: float = Field(ge=0)
    resamples: int = Field(ge=100)
    seed: Seed


class ReportPage(Section):
    """conf/report/."""

    most: Count


class Tracker(Tool):
    """A tracker of conf/track/; an address would be taken for the name of a variable."""

    uri_env: str | None = Field(default=None, pattern=r"^\w+$")


class Track(Section):
    """conf/track/."""

    tracker: Tracker | None


class Settings(Section):
    """All of params.yaml."""

    problem: Problem
    collect: Collect
    load: Load
    profile: Profile
    clean: Steps
    split: Split
    engineer: Steps
    select: Select
    compare: Compare
    model: Model | Best
    tune: Tune
    train: Train
    evaluate: Evaluate
    explain: Explain
    leakage: Leakage
    verdict: Verdict
    package: Package
    monitor: Monitor
    report: ReportPage
    track: Track
    seed: Seed
    threads: Count
