"""Results in sentences: the same on the page and in the model card."""

from __future__ import annotations

from typing import Any

from pedigree.report.elements import interval, number
from pedigree.report.facts import Facts
from pedigree.scoring.metrics import METRICS

# What a metric means to people who do not compute any.
MEANING = {
    "roc_auc": "how often one that is of the class is ranked above one that is not: 0.5 is guessing, 1 is perfect",
    "average_precision": "precision, averaged over all degrees of recall: guessing gives the share of the class, 1 is perfect",
    "brier": "mean squared error of the probability: 0 is perfect",
    "log_loss": "how surprised one is by the answers after hearing the probabilities: 0 is perfect",
    "f1": "harmonic mean of precision and recall: 1 is perfect",
    "precision": "share of the rows named positive that are",
    "recall": "share of the positive rows that are found",
    "f1_macro": "precision and recall in one number, each class counting alike: 1 is perfect",
    "accuracy": "share of the rows that are predicted right",
    "balanced_accuracy": "share of the rows that are predicted right, each class counting alike",
    "matthews": "correlation of answer and prediction: 0 is guessing, 1 is perfect",
    "rmse": "typical size of an error, large ones counting more: 0 is perfect",
    "mae": "mean size of an error: 0 is perfect",
    "mape": "mean size of an error as a share of the answer: 0 is perfect",
    "median_absolute_error": "half of the errors are smaller: 0 is perfect",
    "ece": "how far probabilities are from shares, on average: 0 is perfect",
    "cost": "mean cost of a decision, in the units of problem.threshold.costs",
    "coverage": "share of the answers that lie in their prediction interval",
    "interval_width": "mean width of the prediction intervals, in the units of the answer",
    "r2": "share of the answers' variance that is explained: 0 is guessing the mean, 1 is perfect",
}
AGAINST = {"champion": "the model in use", "linear": "a linear model", "dummy": "guessing (dummy)"}


def outcome(facts: Facts) -> str:
    """Say in a sentence whether the model does what was asked."""
    criteria = facts.verdict["criteria"]
    judged = [one for one in criteria if one["met"] is not None]
    met = sum(one["met"] for one in judged)
    which = f"all {met}" if met == len(judged) else f"{met} of {len(judged)}"
    which = "its only" if met == len(judged) == 1 else which
    plural = "criterion" if len(judged) == 1 else "criteria"
    said = (
        f"The model ({facts.trained['model']}) meets {which} success {plural}"
        if judged
        else (f"No success criterion was judged of the model ({facts.trained['model']})")
    )
    first, others = facts.headline, rivals(facts)
    against = f", where {AGAINST[others[0][0]]} has {number(others[0][1])}" if others else ""
    return (
        f"{said}. On {facts.verdict['about'][0]} that it had never seen, its {first['metric']} is "
        f"{number(first['value'])} ({interval(*first['interval'])}){against}."
    )


def rivals(facts: Facts, entry: dict[str, Any] | None = None) -> list[tuple[str, float]]:
    """Return who else was measured by a metric (the first one) on the test rows, and the values."""
    entry = entry or facts.headline
    found = {who: entry[who] for who in AGAINST if entry.get(who) is not None}
    for one in facts.verdict.get("comparisons", ()):
        if (
            one["metric"] == entry["metric"]
            and one["gain"] is not None
            and one["against"] in AGAINST
        ):
            sign = 1 if METRICS[one["metric"]].greater_is_better else -1
            found.setdefault(one["against"], entry["value"] - sign * one["gain"])
    return [(who, found[who]) for who in AGAINST if who in found]


def surely(low: float | None, high: float | None) -> str:
    """Say what the interval of a gain tells."""
    if low is None or high is None:
        return "not known"
    return "better" if low > 0 else "worse" if high < 0 else "no sure difference"


def asked(criterion: dict[str, Any]) -> str:
    """Say what a criterion asks."""
    kind = "at_least" if "at_least" in criterion else "at_most"
    end = {"lower": ", lower end of the interval", "upper": ", upper end of the interval"}
    rows = ", on the worst slice" if criterion.get("rows") == "worst_slice" else ""
    limit = number(float(criterion[kind]))
    return f"{kind.replace('_', ' ')} {limit}{end.get(criterion.get('judged', ''), '')}{rows}"


def better_is(metric: str) -> str:
    """Say which way a metric is better."""
    return "higher is better" if METRICS[metric].greater_is_better else "lower is better"


def decided(facts: Facts, signature: dict[str, Any]) -> list[str]:
    """Say what becomes of the model's probabilities or numbers.

    Parameters
    ----------
    facts : Facts
    signature : dict
        Of the bundle.
    """
    made, classes = signature["calibration"], signature["target"]["classes"]
    if not classes:
        if not made:
            return ["Intervals: none"]
        return [
            f"Intervals: {signature['target']['name']} ± {number(made['half_width'])}, for {made['confidence']:.0%} of rows "
            f"(conformal, {made['rows']} out-of-fold residuals of training rows)"
        ]
    said = ["Probabilities: as the model gives them", "Decision: the most probable class"]
    if made:
        said[0] = (
            f"Probabilities: calibrated ({made['method']}, {made['rows']} out-of-fold predictions of training rows); "
            "explanations are of the model before"
        )
    chosen = facts.threshold
    if chosen["value"] is not None:
        ((kind, wanted),) = ((k, one) for k, one in chosen["asked"].items() if one is not None)
        prices = wanted.items() if kind == "costs" else ()
        asked_for = ", ".join(f"{name} {number(one)}" for name, one in prices) or wanted
        said[1] = (
            f"Decision: {classes[1]} from a probability of {number(chosen['value'])} on, chosen on the validation rows by {kind} "
            f"({asked_for}): {chosen['criterion']} {number(chosen['at_value'])}, {chosen['acted_on']:.1%} of the rows"
        )
    return said


def leaks(facts: Facts) -> str:
    """Say what the checks for leakage have found."""
    if not facts.leakage.get("checks"):
        return "It was not looked for leakage."
    findings, checks = facts.leakage["findings"], facts.leakage["checks"]
    said = "Nothing was found" if not findings else f"{findings} finding" + "s" * (findings > 1)
    return f"{said} in {checks} checks of whether the model could know what it should not."


def weakest(facts: Facts) -> str:
    """Say on which part of the rows the model does worst."""
    worst = facts.worst
    if not worst:
        return "The model was not judged on parts of the rows."
    low, high = worst["interval"]
    sure = "" if worst["surely_worse"] else "not "
    return (
        f"It does worst where {worst['column']} is {worst['slice']}: {worst['metric']} {number(worst['value'])} "
        f"({interval(low, high)}, {worst['rows']:,} rows), {sure}surely worse than on all rows."
    )
