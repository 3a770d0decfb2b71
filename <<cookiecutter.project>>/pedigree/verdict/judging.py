"""The verdict itself: the success criteria, and notes for the reader of the scores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pedigree.base.paths import CHAMPION
from pedigree.evaluation.bootstrap import ResampledScores, cluster
from pedigree.evaluation.evaluation import Evaluation
from pedigree.evaluation.weakness import Weakness
from pedigree.scoring.results import JudgedCriterion, ValidationMetrics, VerdictMetrics
from pedigree.verdict.criteria import Case, judge

if TYPE_CHECKING:
    from pedigree.verdict.settings import VerdictProblem


@dataclass(frozen=True)
class Verdict:
    """Whether a model is accepted, and why.

    Parameters
    ----------
    case : Case
        What was judged.
    criteria : list of JudgedCriterion
        A line for each limit, see `judge`.
    notes : list of str
        How the scores were measured, and their limits.
    """

    case: Case
    criteria: list[JudgedCriterion]
    notes: list[str]

    @property
    def accepted(self) -> bool:
        """Whether no criterion is missed."""
        return all(one.met is not False for one in self.criteria)

    def as_metrics(self) -> VerdictMetrics:
        """Return what metrics/verdict.json contains; DVC's tables show its numbers and leave lists alone."""
        first, scores, worst = self.case.metric, self.case.scores, self.case.weak.worst()
        validation = self.case.validation.scores
        return VerdictMetrics.model_validate(
            {
                "accepted": self.accepted,
                "test": {
                    first: scores.values[first]["model"],
                    f"{first}_half_width": scores.half_width(first),
                    "worst_slice": worst[0].value if worst else None,
                },
                "criteria": self.criteria,
                "metrics": [
                    one | {"validation": validation.get(one["metric"])} for one in scores.table()
                ],
                "comparisons": scores.comparisons(),
                "worst": worst,
                "about": self.notes,
            }
        )


def judge_model(
    evaluation: Evaluation, scores: ResampledScores, weak: Weakness, problem: VerdictProblem
) -> Verdict:
    """Judge a model by the success criteria of the problem.

    Parameters
    ----------
    evaluation : Evaluation
        Of the test rows.
    scores, weak : ResampledResampledScores, Weakness
        Measured of it; `scores` with every metric that the criteria name.
    problem : VerdictProblem
        With `metrics` and `criteria`.

    Examples
    --------
    >>> from pedigree import judge_model, predict_test
    >>> from pedigree.settings import read_settings
    >>> settings = read_settings("verdict")
    >>> evaluation = predict_test(settings.problem)
    >>> scores = evaluation.bootstrap(settings.problem.metrics, settings.verdict)
    >>> weak = evaluation.weak_slices(settings.problem, settings.evaluate.slices, settings.verdict)
    >>> judge_model(evaluation, scores, weak, settings.problem).accepted
    True
    """
    validation = ValidationMetrics.read()
    case = Case(problem.metrics[0], scores, validation, CHAMPION.exists(), weak)
    criteria = judge(case, problem.criteria)
    group = evaluation.predictions.group
    by_group = " of groups" if group is not None else ""
    notes = [
        *evaluation.notes,
        f"{scores.confidence:.0%} percentile bootstrap, {scores.resamples:,} resamples{by_group}",
        *unseen(scores, cluster(group, len(evaluation.y)).max() + 1),
        *([] if criteria else ["no success criteria in conf/problem, so none is missed"]),
    ]
    return Verdict(case, criteria, notes)


def unseen(scores: ResampledScores, n: int) -> list[str]:
    """Note the uncertainty of perfect scores: no resample contains an error that the rows do not contain.

    An error in a fraction p of such rows is absent from n independent ones with probability (1 - p)^n
    (the rule of three: Hanley and Lippman-Hand 1983, doi:10.1001/jama.1983.03330370053031).

    Parameters
    ----------
    scores : ResampledScores
    n : int
        Independent rows, or groups of rows.
    """
    perfect = [
        name
        for name, by_predictor in scores.values.items()
        if scores.metrics[name].greater_is_better and by_predictor["model"] == 1
    ]
    if not perfect:
        return []
    rate = 1 - (1 - scores.confidence) ** (1 / n)
    return [
        f"{', '.join(perfect)}: no errors, so the interval has no width; {n:,} rows or groups without errors are "
        f"consistent with an error rate of up to {rate:.1%} ({scores.confidence:.0%} confidence)"
    ]
