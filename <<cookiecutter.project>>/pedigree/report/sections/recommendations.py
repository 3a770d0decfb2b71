"""Recommendations for what to do next; each one follows from a number that the run has measured."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from pedigree.data.records import LoadMetrics
from pedigree.report.labels import reference_label
from pedigree.report.outputs import RunOutputs, to_float
from pedigree.report.page.rendering import PagePart, jinja_environment, rendered
from pedigree.scoring.results import MonitorMetrics

# recommendations.j2 has a macro for the finding of each kind, and a sentence for its remedy.
Kind = Literal[
    "missed_criterion",
    "narrow_criterion",
    "timed_criterion",
    "not_better",
    "leakage",
    "weak_slice",
    "optimistic_validation",
    "rejected_rows",
    "behind_winner",
    "no_better_settings",
    "retrain",
    "no_batch",
    "accepted",
    "servable",
]
KINDS: tuple[Kind, ...] = get_args(Kind)
STRONGER = "dvc exp run -S experiment=best"
# The remedy for a missed criterion; for other criteria, a stronger model.
REMEDIES = {
    "gap_to_validation": "dvc exp run -S model=linear",
    "leakage_findings": "dvc repro leakage",
    "model_megabytes": "dvc exp run -S model=linear",
    "ece": "dvc exp run -S train/calibration=isotonic",
    "coverage": "dvc exp run -S train/calibration=conformal",
}


@dataclass(frozen=True)
class Recommendation:
    """A finding, and the command for the first step of its remedy.

    Parameters
    ----------
    kind : Kind
    command : str
    values : dict
        Values that the macro of the kind prints.
    is_warning : bool
        Whether the finding is a warning, with which an accepted model is accepted with reservations.
    remedy : str
        Key of the sentence about the remedy; the kind if empty.
    """

    kind: Kind
    command: str
    values: dict[str, Any]
    is_warning: bool = False
    remedy: str = ""


@dataclass(frozen=True, kw_only=True)
class NextStepsSection(PagePart):
    """The section with the recommendations."""

    recommendations: Sequence[Recommendation]
    template: str = "pedigree/report/sections/next_steps.html.j2"


def finding(one: Recommendation) -> str:
    """Return the finding as plain text."""
    env = jinja_environment(escape=False)
    macros = rendered(env, "pedigree/report/sections/recommendations.j2", {})
    return str(getattr(macros, one.kind)(one.values))


def next_steps(recommendations: Sequence[Recommendation]) -> NextStepsSection:
    """Return the section that lists the recommendations."""
    return NextStepsSection(recommendations=recommendations)


def recommend(outputs: RunOutputs) -> list[Recommendation]:
    """Derive recommendations; warnings come first."""
    found = [
        *_from_criteria(outputs),
        *_from_comparisons(outputs),
        *_from_rows(outputs),
        *_from_search(outputs),
        *_from_batches(outputs),
    ]
    if outputs.verdict.accepted and not any(one.is_warning for one in found):
        found.append(Recommendation("accepted", "python -m pedigree promote", {}))
        found.append(Recommendation("servable", "python -m pedigree serve", {}))
    return sorted(found, key=lambda one: not one.is_warning)


def _from_criteria(outputs: RunOutputs) -> Iterator[Recommendation]:
    """Check the success criteria: missed, met by less than the uncertainty, or still to be measured."""
    scores = {one.metric: one for one in outputs.verdict.metrics}
    for one in outputs.verdict.criteria:
        name = one.criterion
        if one.met is None:
            yield Recommendation("timed_criterion", "python -m pedigree check", vars(one))
        elif not one.met:
            remedy = name if name in REMEDIES else "stronger"
            command = REMEDIES.get(name, STRONGER)
            yield Recommendation("missed_criterion", command, vars(one), True, remedy)
        elif (name in scores, one.judged, one.rows) == (True, "value", "all"):
            ends = scores[name].interval
            if not all(end is None or one.meets(end) for end in ends):
                values = vars(one) | {"interval": ends}
                yield Recommendation(
                    "narrow_criterion", "dvc exp run -S split.test=0.3", values, True
                )


def _from_comparisons(outputs: RunOutputs) -> Iterator[Recommendation]:
    """Check the comparisons with champion and baselines on the test set."""
    for one in outputs.verdict.comparisons:
        low, high = one.interval
        itself = one.against == "champion" and low == high == 0  # it has been promoted
        if (
            one.metric != outputs.headline.metric
            or low is None
            or high is None
            or low > 0
            or itself
        ):
            continue
        values = vars(one) | {"name": reference_label(one.against), "worse": high < 0}
        simple = one.against == "linear"
        if simple and outputs.trained.model == "linear":
            continue
        command = "dvc exp run -S model=linear" if simple else STRONGER
        remedy = "simpler" if simple else "stronger"
        yield Recommendation("not_better", command, values, high < 0 or not simple, remedy)


def _from_rows(outputs: RunOutputs) -> Iterator[Recommendation]:
    """Check leakage, the worst slice, the difference of test and validation, and rejected rows."""
    for one in outputs.rows("reports/leakage.csv"):
        if one["found"] == "yes":
            values = {"check": one["check"].replace("_", " "), "text": one["says"].rstrip(".")}
            yield Recommendation("leakage", "dvc repro", values, True)
    worst = outputs.worst_slice
    if worst and worst.surely_worse:
        yield Recommendation("weak_slice", "dvc repro", vars(worst), True)
    first = outputs.headline
    validation, (low, high) = first.validation, first.interval
    if validation is not None and low is not None and high is not None:
        higher = outputs.greater_is_better(first.metric)
        if validation > high if higher else validation < low:
            yield Recommendation("optimistic_validation", "dvc exp run -S tune=off", vars(first))
    if rejected := outputs.require(LoadMetrics).rejected:
        values = {"rows": rejected}
        yield Recommendation("rejected_rows", "python -m pedigree contract validate", values)


def _from_search(outputs: RunOutputs) -> Iterator[Recommendation]:
    """Check the leaderboard and the search for hyperparameters."""
    board, model, tuned = outputs.leaderboard, outputs.trained.model, outputs.tuned
    own = next((one for one in board if one["model"] == model), None)
    if own and (to_float(own["behind_low"]) or 0) > 0:
        values = {"model": model, "winner": board[0]["model"]}
        yield Recommendation("behind_winner", f"dvc exp run -S model={values['winner']}", values)
    if tuned and tuned.adopted is False:
        command = f"dvc exp run -S tune.trials={4 * tuned.trials}"
        yield Recommendation("no_better_settings", command, {"trials": tuned.trials})


def _from_batches(outputs: RunOutputs) -> Iterator[Recommendation]:
    """Check later batches."""
    monitor = outputs.find(MonitorMetrics)
    if monitor and monitor.retrain:
        yield Recommendation("retrain", "dvc repro", {"reasons": monitor.reasons}, True)
    elif not monitor or not monitor.rows:
        yield Recommendation("no_batch", "dvc repro monitor", {})
