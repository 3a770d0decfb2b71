"""What stages find of the model: metrics/evaluate.json, metrics/leakage.json, metrics/verdict.json, metrics/monitor.json."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from pedigree.base.json_file import Entry, JsonFile
from pedigree.base.names import UserError
from pedigree.base.paths import METRICS
from pedigree.base.section import Number

Interval = tuple[float | None, float | None]


class Score(Entry):
    """The model's score by a metric, with its interval, and those of the others on the same rows."""

    metric: str
    greater_is_better: bool | None = None  # not recorded by earlier versions
    meaning: str = ""  # of a custom metric
    value: float | None
    interval: Interval
    linear: float | None = None
    dummy: float | None = None
    champion: float | None = None
    validation: float | None = None  # of a score on the test rows: the one on the validation rows

    def reference(self, name: str) -> float | None:
        """Return the score of another model: `linear`, `dummy` or `champion`."""
        found: float | None = getattr(self, name)
        return found


class BatchScore(Entry):
    """The score of a bundle on the labelled rows of a batch, and the one on the validation rows."""

    labelled: int
    metric: str
    greater_is_better: bool
    meaning: str = ""
    value: float | None
    interval: Interval
    validation: float | None

    @property
    def best(self) -> float | None:
        """The better end of the interval."""
        return self.interval[1 if self.greater_is_better else 0]


class Comparison(Entry):
    """How much better the model is than another one by a metric, on the same rows."""

    against: str
    metric: str
    gain: float | None
    interval: Interval


class WeakSlice(Entry):
    """The slice on which the model is worst."""

    column: str
    slice: str
    rows: int
    metric: str
    value: float | None
    interval: Interval
    surely_worse: bool


class JudgedCriterion(Entry):
    """A limit of a success criterion; of what the clock measures, `value` and `met` are None."""

    criterion: str
    value: float | None
    at_least: Number | None = None
    at_most: Number | None = None
    met: bool | None
    judged: Literal["value", "lower", "upper"] = "value"
    rows: Literal["all", "worst_slice"] = "all"

    @model_validator(mode="after")
    def has_a_limit(self) -> Self:
        """Require a limit."""
        if self.at_least is None and self.at_most is None:
            raise ValueError("needs at_least or at_most")
        return self

    @property
    def limit(self) -> float:
        """The one limit that is given."""
        return next(one for one in (self.at_least, self.at_most) if one is not None)

    def meets(self, value: float) -> bool:
        """Return whether a value keeps to the limit."""
        return value <= self.limit if self.at_least is None else value >= self.limit


class ValidationMetrics(JsonFile):
    """The scores on the validation rows; those by metric, as DVC's tables show them, are further keys."""

    place = METRICS / "evaluate.json"
    stage = "evaluate"

    worst_slice: float | None = None
    worst: tuple[WeakSlice, ...] = ()
    metrics: tuple[Score, ...]
    comparisons: tuple[Comparison, ...] = ()

    @property
    def scores(self) -> dict[str, float | None]:
        """Each metric's value and half width, and those without an interval, by name."""
        return dict(self.model_extra or {})

    def score(self, metric: str) -> float | None:
        """Return the value of a metric.

        Raises
        ------
        UserError
            It was not measured.
        """
        if metric not in self.scores:
            raise UserError(f"{self.place} has no '{metric}'; run `dvc repro {self.stage}`.")
        return self.scores[metric]


class LeakageMetrics(JsonFile):
    """How many signs of leakage were found by how many checks, and by which."""

    place = METRICS / "leakage.json"
    stage = "leakage"

    findings: int
    checks: int
    found_by: tuple[str, ...] = ()


class VerdictMetrics(JsonFile):
    """The scores on the test rows, and whether they meet the success criteria."""

    place = METRICS / "verdict.json"
    stage = "verdict"

    accepted: bool
    test: dict[str, float | None] = Field(default_factory=dict)  # as DVC's tables show them
    criteria: tuple[JudgedCriterion, ...]
    metrics: tuple[Score, ...]
    comparisons: tuple[Comparison, ...] = ()
    worst: tuple[WeakSlice, ...] = ()
    about: tuple[str, ...]


class MonitorMetrics(JsonFile):
    """Whether to train again and why; without a later batch, nothing after `rows` is known.

    Parameters
    ----------
    retrain : bool
    reasons : tuple of str
    rows, rejected : int
        Rows of the batch that honour the contract, and those that do not.
    drifted_columns : int
        Of those that the model needs.
    performance : BatchScore or None
        None where too few rows have a label.
    """

    place = METRICS / "monitor.json"
    stage = "monitor"

    retrain: bool
    reasons: tuple[str, ...]
    rows: int
    rejected: int = 0
    drifted_columns: int = 0
    performance: BatchScore | None = None
