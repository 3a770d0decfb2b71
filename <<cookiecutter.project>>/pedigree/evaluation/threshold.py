"""The decision threshold: the probability of the positive class from which on it is decided."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from pedigree.scoring.decision import ChosenThreshold
from pedigree.scoring.metrics import METRICS, Metric, gain, score

NOBODY = 1.000001  # above every probability
SHOWN = 200  # thresholds of the curve, and candidates when a metric is maximised
# The curve's criterion without a rule in the problem.
UNASKED: Mapping[str, Any] = {"metric": "f1"}


def choose_threshold(
    rule: Mapping[str, Any] | None,
    truth: np.ndarray,
    probability: np.ndarray,
    metrics: Mapping[str, Metric] = METRICS,
) -> tuple[ChosenThreshold, list[dict[str, Any]]]:
    """Choose the best threshold by the rule of the problem.

    Parameters
    ----------
    rule : mapping or None
        ``{"metric": name}``, a metric of labels, is optimised; the mean of ``{"costs": {"false_positive": a,
        "false_negative": b}}`` is minimised; ``{"capacity": fraction or count}`` of these rows is not exceeded, and
        used as far as ties allow. None: the most probable class is decided.
    truth, probability : ndarray, shape (n,)
        1 for the positive class, and its probability.
    metrics : mapping of str to Metric
        The metrics that `asked` may name.

    Returns
    -------
    chosen : ChosenThreshold
        Its `value` is None if nothing is asked.
    curve : list of dict
        For each threshold: threshold, criterion, value, acted_on, precision, recall, chosen.

    Notes
    -----
    For calibrated probabilities the least mean cost is at a / (a + b) (Elkan 2001, "The foundations of
    cost-sensitive learning"); here it is searched on the rows, which is also valid for other probabilities.
    """
    wanted: dict[str, Any] = {key: one for key, one in (rule or UNASKED).items() if one is not None}
    (kind,) = wanted
    thresholds = candidates(probability)
    if kind == "metric":
        thresholds = thin(thresholds)
    counts = confusions(thresholds, truth, probability)
    _, fp, fn, tp = counts.T
    acted = (tp + fp) / len(truth)
    with np.errstate(invalid="ignore"):
        recall, precision = tp / (tp + fn), tp / (tp + fp)
    if kind == "costs":
        costs = wanted["costs"]
        criterion = "cost"
        values = (fp * costs["false_positive"] + fn * costs["false_negative"]) / len(truth)
        best = middle(values == values.min())
    elif kind == "capacity":
        criterion, values = "recall", recall
        share = wanted["capacity"] / (len(truth) if wanted["capacity"] >= 1 else 1)
        best = int(np.argmax(acted <= share))  # the lowest threshold that does not exceed it
    else:
        criterion = wanted["metric"]
        values = np.array([by_counts(metrics[criterion], one) for one in counts])
        goodness = gain(metrics[criterion], values, 0.0)
        best = middle(goodness == np.nanmax(goodness))
    chosen = {
        "asked": rule,
        "value": thresholds[best] if rule else None,
        "criterion": criterion if rule else None,
        "at_value": values[best] if rule else None,
        "acted_on": acted[best] if rule else None,
    }
    shown = thin(np.arange(len(thresholds)), best)
    curve = [
        {
            "threshold": thresholds[i],
            "criterion": criterion,
            "value": values[i],
            "acted_on": acted[i],
            "precision": precision[i],
            "recall": recall[i],
            "chosen": int(bool(rule) and i == best),
        }
        for i in shown
    ]
    return ChosenThreshold.model_validate(chosen), curve


def candidates(probability: np.ndarray) -> np.ndarray:
    """Return one threshold for each possible decision, ascending: all rows, between two probabilities, none.

    They have nine digits, as in the file, so that a threshold that is read back decides the same.
    """
    known = np.unique(probability)
    between = (known[1:] + known[:-1]) / 2
    none = 1.0 if known[-1] < 1 else NOBODY
    return np.unique([float(f"{one:.9g}") for one in (0.0, *between, none)])


def thin(values: np.ndarray, *kept: int) -> np.ndarray:
    """Return about `SHOWN` values at equal distances, with the first, the last, and those at the positions `kept`."""
    places = np.linspace(0, len(values) - 1, min(SHOWN, len(values))).round().astype(int)
    return np.asarray(values[np.unique([*places, *kept])])


def confusions(thresholds: np.ndarray, truth: np.ndarray, probability: np.ndarray) -> np.ndarray:
    """Count true negatives, false positives, false negatives and true positives.

    Parameters
    ----------
    thresholds : ndarray, shape (t,)
    truth, probability : ndarray, shape (n,)
        1 for the positive class, and its probability.

    Returns
    -------
    ndarray of int, shape (t, 4)
    """
    hits, others = (np.sort(probability[truth == code]) for code in (1, 0))
    fn = np.searchsorted(hits, thresholds, side="left")
    tn = np.searchsorted(others, thresholds, side="left")
    return np.column_stack([tn, len(others) - tn, fn, len(hits) - fn])


def by_counts(metric: Metric, counts: np.ndarray) -> float:
    """Return a metric of labels, from the counts of a confusion matrix."""
    truth, guess = np.repeat([0, 0, 1, 1], counts), np.repeat([0, 1, 0, 1], counts)
    return score(metric, truth, np.eye(2)[guess])


def middle(best: np.ndarray) -> int:
    """Return the middle position of those that are equally good: later rows fall on either side of it."""
    places = np.flatnonzero(best)
    return int(places[len(places) // 2])
