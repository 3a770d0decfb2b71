"""Metrics of many resamples at once: for each metric a formula of how often each row was drawn.

With these counts as weights no row is copied, and sorting is done once. Each formula equals
scikit-learn's metric on the rows of a resample, up to rounding errors; a test checks this.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from pedigree.scoring.decision import PredictedRows
from pedigree.scoring.metrics import Metric, as_metric, score

Formula = Callable[[np.ndarray], np.ndarray]  # of weights, shape (n, b), to scores, shape (b,)


def formula(
    metric: str | Metric, truth: np.ndarray, prediction: PredictedRows | np.ndarray
) -> Formula:
    """Return a function that scores many resamples at once, each as `score` does with its rows.

    Parameters
    ----------
    metric : str or Metric
        A key of `METRICS`, or one of `pedigree.scoring.custom.known`.
    truth : ndarray, shape (n,)
        Class codes, or numbers.
    prediction : PredictedRows, or ndarray of shape (n, k) or (n,)
        Class probabilities, or numbers.

    Returns
    -------
    callable
        Takes how often each row is in each resample, shape (n, b); returns scores of shape (b,).
    """
    given = prediction if isinstance(prediction, PredictedRows) else PredictedRows(prediction)
    metric = as_metric(metric)
    if metric.name in FORMULAS:
        return FORMULAS[metric.name](truth, given if metric.needs == "label" else given.values)
    if callable(metric.function) and np.ndim(each := metric.function(truth, given)) == 1:
        return _mean(each)

    def one_by_one(weights: np.ndarray) -> np.ndarray:
        parts = (np.repeat(np.arange(len(truth)), one.astype(int)) for one in weights.T)
        return np.array([score(metric, truth[rows], given[rows]) for rows in parts])

    return one_by_one


def _ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """Divide; 0 where the divisor is 0, as in scikit-learn."""
    return np.asarray(np.divide(above, below, out=np.zeros_like(above), where=below != 0))


def _mean(losses: np.ndarray) -> Formula:
    return lambda weights: losses @ weights / weights.sum(axis=0)


def _surprise(truth: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    eps = np.finfo(float).eps
    return np.asarray(-np.log(np.clip(predicted[np.arange(len(truth)), truth], eps, 1 - eps)))


def _relative(truth: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    return np.asarray(np.abs(truth - predicted) / np.maximum(np.abs(truth), np.finfo(float).eps))


def _rmse(truth: np.ndarray, predicted: np.ndarray) -> Formula:
    mean = _mean((truth - predicted) ** 2)
    return lambda weights: np.sqrt(mean(weights))


def _r2(truth: np.ndarray, predicted: np.ndarray) -> Formula:
    centred = truth - truth.mean()  # so that large squares do not cancel out
    parts = np.array([np.ones(len(truth)), centred, centred**2, (truth - predicted) ** 2])

    def r2(weights: np.ndarray) -> np.ndarray:
        n, total, squares, error = parts @ weights
        spread = squares - total**2 / n
        varies = spread > 1e-12 * squares
        with np.errstate(divide="ignore", invalid="ignore"):
            found = np.where(varies, 1 - error / spread, np.where(error == 0, 1.0, 0.0))
        return np.where(n < 2, np.nan, found)

    return r2


def _median_error(truth: np.ndarray, predicted: np.ndarray) -> Formula:
    errors = np.abs(truth - predicted)
    order = np.argsort(errors, kind="stable")
    errors = errors[order]

    def median(weights: np.ndarray) -> np.ndarray:
        reached = np.cumsum(weights[order], axis=0)
        middle = ((reached[-1] - 1) // 2, reached[-1] // 2)
        low, high = (errors[(reached <= place).sum(axis=0)] for place in middle)
        return np.asarray((low + high) / 2)

    return median


def _counted(compute: Callable[..., np.ndarray]) -> Callable[[np.ndarray, PredictedRows], Formula]:
    """Make a formula of each class's hits, rows and predictions, each of shape (k, b)."""

    def prepare(truth: np.ndarray, predicted: PredictedRows) -> Formula:
        codes, guess = np.arange(predicted.values.shape[1])[:, None], predicted.labels
        actual, guessed = truth == codes, guess == codes
        counts = np.concatenate([actual & guessed, actual, guessed]).astype(float)
        return lambda weights: compute(*np.split(counts @ weights, 3))

    return prepare


def _f1_macro(hits: np.ndarray, actual: np.ndarray, guessed: np.ndarray) -> np.ndarray:
    present = (actual + guessed > 0).sum(axis=0)
    return np.asarray(_ratio(2 * hits, actual + guessed).sum(axis=0) / present)


def _balanced(hits: np.ndarray, actual: np.ndarray, guessed: np.ndarray) -> np.ndarray:
    return np.asarray(_ratio(hits, actual).sum(axis=0) / (actual > 0).sum(axis=0))


def _matthews(hits: np.ndarray, actual: np.ndarray, guessed: np.ndarray) -> np.ndarray:
    """Gorodkin (2004), equation 8: the correlation of true and predicted classes over k classes."""
    n = actual.sum(axis=0)
    above = hits.sum(axis=0) * n - (actual * guessed).sum(axis=0)
    below = (n**2 - (actual**2).sum(axis=0)) * (n**2 - (guessed**2).sum(axis=0))
    return _ratio(above, np.sqrt(below))


def _ranking(hit: np.ndarray, probability: np.ndarray) -> tuple[np.ndarray, ...]:
    """Sort hits and other rows by falling probability.

    Returns
    -------
    hits, others : ndarray of int
        Their positions.
    ahead, level, reached : ndarray of int, shape of `hits`
        How many others are more probable than each hit, or at least as much; and how many hits are.
    """
    order = np.argsort(-probability, kind="stable")
    hits, others = order[hit[order]], order[~hit[order]]
    fall, rest = -probability[hits], -probability[others]
    ahead, level = (np.searchsorted(rest, fall, side) for side in ("left", "right"))
    return hits, others, ahead, level, np.searchsorted(fall, fall, "right")


def _sums(weights: np.ndarray) -> np.ndarray:
    """Add up from 0 on, shape (n + 1, b)."""
    sums = np.zeros((len(weights) + 1, weights.shape[1]))
    np.cumsum(weights, axis=0, out=sums[1:])
    return sums


def _area(hit: np.ndarray, probability: np.ndarray) -> Formula:
    """Return the fraction of pairs of a hit and another row that are ranked correctly; ties count half."""
    hits, others, ahead, level, _ = _ranking(hit, probability)

    def area(weights: np.ndarray) -> np.ndarray:
        drawn, sums = weights[hits], _sums(weights[others])
        pairs = drawn.sum(axis=0) * sums[-1]
        wrong = np.einsum("ij,ij->j", drawn, sums[ahead] + sums[level]) / 2
        return np.where(pairs > 0, _ratio(pairs - wrong, pairs), np.nan)

    return area


def _roc_auc(truth: np.ndarray, predicted: np.ndarray) -> Formula:
    # Of several classes, each against the rest.
    codes = [1] if predicted.shape[1] == 2 else range(predicted.shape[1])
    areas = [_area(truth == code, predicted[:, code]) for code in codes]
    return lambda weights: np.mean([area(weights) for area in areas], axis=0)


def _average_precision(truth: np.ndarray, predicted: np.ndarray) -> Formula:
    hits, others, _, level, reached = _ranking(truth == 1, predicted[:, 1])

    def average_precision(weights: np.ndarray) -> np.ndarray:
        drawn = weights[hits]
        found = _sums(drawn)[reached]
        precision = _ratio(found, found + _sums(weights[others])[level])
        return _ratio(np.einsum("ij,ij->j", drawn, precision), drawn.sum(axis=0))

    return average_precision


# A metric that gives a value for each row is their weighted mean; any other without a formula is scored resample by resample.
FORMULAS: dict[str, Callable[[np.ndarray, Any], Formula]] = {
    "roc_auc": _roc_auc,
    "average_precision": _average_precision,
    "brier": lambda truth, predicted: _mean((predicted[:, 1] - truth) ** 2),
    "log_loss": lambda truth, predicted: _mean(_surprise(truth, predicted)),
    "f1": _counted(lambda hits, actual, guessed: _ratio(2 * hits, actual + guessed)[1]),
    "precision": _counted(lambda hits, actual, guessed: _ratio(hits, guessed)[1]),
    "recall": _counted(lambda hits, actual, guessed: _ratio(hits, actual)[1]),
    "f1_macro": _counted(_f1_macro),
    "accuracy": lambda truth, predicted: _mean(predicted.labels == truth),
    "balanced_accuracy": _counted(_balanced),
    "matthews": _counted(_matthews),
    "rmse": _rmse,
    "mae": lambda truth, predicted: _mean(np.abs(truth - predicted)),
    "mape": lambda truth, predicted: _mean(_relative(truth, predicted)),
    "median_absolute_error": _median_error,
    "r2": _r2,
}
