"""Success criteria: the quantities that they may limit, how each is measured, and whether it is met."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from pedigree.base.names import did_you_mean
from pedigree.evaluation.bootstrap import ResampledScores
from pedigree.evaluation.fairness import DIFFERENCES
from pedigree.evaluation.slices import STANDS_IN
from pedigree.evaluation.weakness import Weakness
from pedigree.prediction.predictor import PARTS
from pedigree.scoring.metrics import gain
from pedigree.scoring.results import JudgedCriterion, LeakageMetrics, ValidationMetrics

if TYPE_CHECKING:
    from pedigree.base.problem import Criterion


class Measured(NamedTuple):
    """A quantity, and the ends of its interval where it has one."""

    value: float
    lower: float = math.nan
    upper: float = math.nan


@dataclass(frozen=True)
class Case:
    """The scores and rows on which quantities are measured.

    Parameters
    ----------
    metric : str
        The problem's first.
    scores : ResampledScores
        On the test rows, of every metric that is listed or has a criterion.
    validation : ValidationMetrics
        The metrics of `evaluate`.
    champion : bool
        Whether a model is in use, comparable or not.
    weak : Weakness
        Of the test rows.
    """

    metric: str
    scores: ResampledScores
    validation: ValidationMetrics
    champion: bool
    weak: Weakness

    def measure(self, name: str, rows: str = "all") -> Measured | None:
        """Measure a metric or another quantity: NaN if it cannot be measured, None if `pedigree check` measures it."""
        if rows == "worst_slice":
            return Measured(*self.weak.on_worst(self.scores.metrics[name]))
        if name in self.scores.metrics:
            return Measured(self.scores.values[name]["model"], *self.scores.interval(name))
        return QUANTITIES[name].measure(self)

    def gain_over(self, who: str) -> Measured:
        """Return by how much the model is better than another, by the first metric, on the same rows."""
        if who == "champion" and not self.champion:
            return Measured(math.inf, math.inf, math.inf)  # the first model is better than none
        if who not in self.scores.values[self.metric]:
            return Measured(math.nan)
        found = self.scores.better(self.metric, who)
        return Measured(found["gain"], *found["interval"])

    def gap(self) -> Measured:
        """Return by how much the score on the validation rows is better than on the test rows."""
        value = self.scores.values[self.metric]["model"]
        validation = self.validation.score(self.metric)
        return Measured(gain(self.scores.metrics[self.metric], validation, value))


class Quantity(NamedTuple):
    """A quantity that a criterion may name beside the metrics, and whether it has an interval."""

    measure: Callable[[Case], Measured | None]
    has_interval: bool = False


def _fairness(name: str) -> Quantity:
    return Quantity(lambda case: Measured(*case.weak.largest(name)), has_interval=True)


# To add one: a line here, and what it reads among the deps of `verdict`. Measured times would make equal
# runs differ, so `python -m pedigree check` measures them when it runs.
QUANTITIES = {
    "gain_over_dummy": Quantity(lambda case: case.gain_over("dummy"), has_interval=True),
    "gain_over_linear": Quantity(lambda case: case.gain_over("linear"), has_interval=True),
    "gain_over_champion": Quantity(lambda case: case.gain_over("champion"), has_interval=True),
    "gap_to_validation": Quantity(Case.gap),
    "leakage_findings": Quantity(lambda _: Measured(LeakageMetrics.read().findings)),
    "worst_slice": Quantity(
        lambda case: Measured(*case.weak.on_worst(case.weak.metric)), has_interval=True
    ),
    **{name: _fairness(name) for names in DIFFERENCES.values() for name in names},
    "model_megabytes": Quantity(lambda _: Measured(sum(p.stat().st_size for p in PARTS) / 1e6)),
    "latency_ms": Quantity(lambda _: None),  # of a single row
    "training_seconds": Quantity(lambda _: None),
}


def judge(case: Case, criteria: Mapping[str, Criterion]) -> list[JudgedCriterion]:
    """Compare a case with limits.

    Parameters
    ----------
    case : Case
    criteria : mapping of str to Criterion
        By quantity, its limits `at_least` and `at_most` (one or both), which number is `judged` (its
        value, the default, or the lower or upper end of its interval), and on which `rows` (all, the
        default, or the worst slice by this metric).

    Returns
    -------
    list of JudgedCriterion
        One for each limit. A number that could not be computed meets no limit.
    """
    lines: list[JudgedCriterion] = []
    for name, criterion in criteria.items():
        which, rows = criterion.judged, criterion.rows
        found = case.measure(name, rows)
        value = None if found is None else float(getattr(found, which))
        for kind in ("at_least", "at_most"):
            limit = getattr(criterion, kind)
            if limit is None:
                continue
            met = None
            if value is not None:
                met = value >= limit if kind == "at_least" else value <= limit
            line = {"criterion": name, "value": value, kind: limit, "met": met}
            line |= {"judged": which, "rows": rows}
            lines.append(JudgedCriterion.model_validate(line))
    return lines


def wrong_criteria(
    criteria: Mapping[str, Criterion], task: str, metrics: Iterable[str]
) -> Iterator[str]:
    """Find criteria that nothing measures, and ends of intervals that do not exist.

    Parameters
    ----------
    criteria : mapping of str to Criterion
        By quantity, its limits.
    task : str
    metrics : iterable of str
        Names of those that fit it.
    """
    other = "classification" if task == "regression" else "regression"
    known = [*metrics, *(name for name in QUANTITIES if name not in DIFFERENCES[other])]
    for name, criterion in criteria.items():
        which = criterion.judged
        if name not in known:
            yield f"problem.criteria: '{name}' is not a quantity of task {task}; {did_you_mean(name, known)}"
        elif which != "value" and name in QUANTITIES and not QUANTITIES[name].has_interval:
            yield f"problem.criteria.{name}.judged: {name} has no interval, so no {which} end; remove `judged`."
        if criterion.rows == "worst_slice" and name in QUANTITIES:
            yield f"problem.criteria.{name}.rows: {name} is not a metric, and only metrics are measured on slices; remove `rows`."
        elif criterion.rows == "worst_slice" and name in STANDS_IN:
            yield f"problem.criteria.{name}.rows: {name} cannot be compared between slices; use {STANDS_IN[name]}."
