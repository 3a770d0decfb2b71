"""How sure a score is: bootstrap intervals of metrics, and of paired differences between predictors.

A resample says how often each row was drawn. With these counts as weights of the rows, a metric's
formula scores hundreds of resamples at once: no row is copied, and what has to be sorted is sorted once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipeline.core.model.decision import Prediction
from pipeline.core.model.metrics import (
    METRICS,
    covered,
    gain,
    price,
    score,
    widths,
)

Formula = Callable[[np.ndarray], np.ndarray]  # of weights, shape (n, b), to scores, shape (b,)
CHUNK = 300_000  # weights held at once: few enough for a cache of the processor


@dataclass(frozen=True)
class Scores:
    """Scores of several predictors on the same rows, and on the same resamples of them.

    Parameters
    ----------
    values : dict of str to dict of str to float
        By metric and predictor, on all rows.
    draws : dict of str to dict of str to ndarray, shape (resamples,)
        Likewise, on each resample.
    confidence : float
        Coverage of the intervals, in (0, 1).
    """

    values: dict[str, dict[str, float]]
    draws: dict[str, dict[str, np.ndarray]]
    confidence: float

    def interval(self, metric: str, who: str = "model") -> np.ndarray:
        """Return the percentile interval [low, high] of a predictor's score (Efron 1979)."""
        return self._percentiles(self.draws[metric][who])

    def half_width(self, metric: str) -> float:
        """Return half of the interval's width: how far the model's score may be off, about."""
        return float(np.diff(self.interval(metric))[0] / 2)

    def better(self, metric: str, against: str) -> dict[str, Any]:
        """Return how much better the model is than another predictor, in the metric's units.

        Both are scored on the same resamples: what makes rows easy or hard for both does not widen
        the interval, which it would were each interval looked at by itself.
        """
        value, draws = self.values[metric], self.draws[metric]
        return {
            "gain": gain(metric, value["model"], value[against]),
            "interval": self._percentiles(gain(metric, draws["model"], draws[against])),
        }

    def table(self) -> list[dict[str, Any]]:
        """List the model's metrics, each with its interval and the others' values."""
        return [
            {"metric": name, "value": said["model"], "interval": self.interval(name)}
            | {who: value for who, value in said.items() if who != "model"}
            for name, said in self.values.items()
        ]

    def comparisons(self) -> list[dict[str, Any]]:
        """List by how much the model is better than each other predictor (see `better`)."""
        return [
            {"against": who, "metric": name, **self.better(name, who)}
            for name, said in self.values.items()
            for who in said
            if who != "model" and METRICS[name].needs != "interval"  # the others have none
        ]

    def _percentiles(self, draws: np.ndarray) -> np.ndarray:
        """Leave out resamples that do not allow the metric; none may be left."""
        known = draws[~np.isnan(draws)]
        tail = (1 - self.confidence) / 2
        return np.quantile(known, [tail, 1 - tail]) if len(known) else np.full(2, np.nan)


def bootstrap(
    names: Sequence[str],
    truth: np.ndarray,
    predictions: Mapping[str, Prediction | np.ndarray],
    *,
    groups: np.ndarray | None,
    resamples: int,
    confidence: float,
    seed: int,
) -> Scores:
    """Score predictors on all rows and on resamples that are the same for all.

    Parameters
    ----------
    names : sequence of str
        Metrics.
    truth : ndarray, shape (n,)
        Class codes, or numbers.
    predictions : mapping of str to Prediction, or ndarray of shape (n, k) or (n,)
        By predictor, as in `score`.
    groups : ndarray, shape (n,), or None
        Rows of one group are drawn together, since they do not vary on their own (cluster bootstrap).
    resamples : int
    confidence : float
        Coverage, in (0, 1).
    seed : int
    """
    random = np.random.default_rng(seed)
    clusters = cluster(groups, len(truth))
    pairs = [(name, who) for name in names for who in predictions]
    formulas = [formula(name, truth, predictions[who]) for name, who in pairs]
    chunks = [
        [one(weights) for one in formulas] for weights in times_drawn(clusters, resamples, random)
    ]
    draws: dict[str, dict[str, np.ndarray]] = {name: {} for name in names}
    for (name, who), parts in zip(pairs, zip(*chunks, strict=True), strict=True):
        draws[name][who] = np.concatenate(parts)
    values = {n: {who: score(n, truth, p) for who, p in predictions.items()} for n in names}
    return Scores(values, draws, confidence)


def formula(name: str, truth: np.ndarray, prediction: Prediction | np.ndarray) -> Formula:
    """Return what scores resamples at once, each as `score` does with its rows.

    Parameters
    ----------
    name, truth, prediction
        As in `score`.

    Returns
    -------
    callable
        Takes how often each row stands in each resample, shape (n, b); returns scores of shape (b,).
    """
    given = prediction if isinstance(prediction, Prediction) else Prediction(prediction)
    if name in FORMULAS:
        decides = METRICS[name].needs in ("label", "costs", "interval")
        return FORMULAS[name](truth, given if decides else given.values)

    def one_by_one(weights: np.ndarray) -> np.ndarray:
        parts = (np.repeat(np.arange(len(truth)), one.astype(int)) for one in weights.T)
        return np.array([score(name, truth[rows], given[rows]) for rows in parts])

    return one_by_one


def cluster(groups: np.ndarray | None, n: int) -> np.ndarray:
    """Return which cluster each of n rows belongs to, as codes from 0 on: its group, or itself alone."""
    return np.arange(n) if groups is None else np.unique(groups, return_inverse=True)[1]


def times_drawn(
    clusters: np.ndarray, resamples: int, random: np.random.Generator
) -> Iterator[np.ndarray]:
    """Draw whole clusters with replacement; yield how often each row is drawn, shape (n, b), b at a time."""
    many = int(clusters.max()) + 1
    size = max(1, CHUNK // len(clusters))
    for start in range(0, resamples, size):
        counts = np.array(
            [
                np.bincount(random.integers(many, size=many), minlength=many)
                for _ in range(start, min(start + size, resamples))
            ],
            dtype=float,
        )
        yield counts.T[clusters]


# --- formulas: truth, prediction -> a function of weights ------------------------------------------


def _ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """Divide; 0 where there is nothing to divide by, as scikit-learn has it."""
    return np.divide(above, below, out=np.zeros_like(above), where=below != 0)


def _mean(losses: np.ndarray) -> Formula:
    return lambda weights: losses @ weights / weights.sum(axis=0)


def _surprise(truth: np.ndarray, said: np.ndarray) -> np.ndarray:
    eps = np.finfo(float).eps
    return -np.log(np.clip(said[np.arange(len(truth)), truth], eps, 1 - eps))


def _relative(truth: np.ndarray, said: np.ndarray) -> np.ndarray:
    return np.abs(truth - said) / np.maximum(np.abs(truth), np.finfo(float).eps)


def _rmse(truth: np.ndarray, said: np.ndarray) -> Formula:
    mean = _mean((truth - said) ** 2)
    return lambda weights: np.sqrt(mean(weights))


def _r2(truth: np.ndarray, said: np.ndarray) -> Formula:
    centred = truth - truth.mean()  # lest large squares cancel out
    parts = np.array([np.ones(len(truth)), centred, centred**2, (truth - said) ** 2])

    def r2(weights: np.ndarray) -> np.ndarray:
        n, total, squares, error = parts @ weights
        spread = squares - total**2 / n
        varies = spread > 1e-12 * squares
        with np.errstate(divide="ignore", invalid="ignore"):
            found = np.where(varies, 1 - error / spread, np.where(error == 0, 1.0, 0.0))
        return np.where(n < 2, np.nan, found)

    return r2


def _median_error(truth: np.ndarray, said: np.ndarray) -> Formula:
    errors = np.abs(truth - said)
    order = np.argsort(errors, kind="stable")
    errors = errors[order]

    def median(weights: np.ndarray) -> np.ndarray:
        reached = np.cumsum(weights[order], axis=0)
        middle = ((reached[-1] - 1) // 2, reached[-1] // 2)
        low, high = (errors[(reached <= place).sum(axis=0)] for place in middle)
        return (low + high) / 2

    return median


def _counted(compute: Callable[..., np.ndarray]) -> Callable[[np.ndarray, Prediction], Formula]:
    """Make a formula of each class's hits, rows and guesses, each of shape (k, b)."""

    def prepare(truth: np.ndarray, said: Prediction) -> Formula:
        codes, guess = np.arange(said.values.shape[1])[:, None], said.labels
        actual, guessed = truth == codes, guess == codes
        counts = np.concatenate([actual & guessed, actual, guessed]).astype(float)
        return lambda weights: compute(*np.split(counts @ weights, 3))

    return prepare


def _f1_macro(hits: np.ndarray, actual: np.ndarray, guessed: np.ndarray) -> np.ndarray:
    present = (actual + guessed > 0).sum(axis=0)
    return _ratio(2 * hits, actual + guessed).sum(axis=0) / present


def _balanced(hits: np.ndarray, actual: np.ndarray, guessed: np.ndarray) -> np.ndarray:
    return _ratio(hits, actual).sum(axis=0) / (actual > 0).sum(axis=0)


def _matthews(hits: np.ndarray, actual: np.ndarray, guessed: np.ndarray) -> np.ndarray:
    """Gorodkin (2004), equation 8: the correlation of truth and guess over k classes."""
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
    """Of all pairs, a hit and another, the share that is ranked rightly; ties count half."""
    hits, others, ahead, level, _ = _ranking(hit, probability)

    def area(weights: np.ndarray) -> np.ndarray:
        drawn, sums = weights[hits], _sums(weights[others])
        pairs = drawn.sum(axis=0) * sums[-1]
        wrong = np.einsum("ij,ij->j", drawn, sums[ahead] + sums[level]) / 2
        return np.where(pairs > 0, _ratio(pairs - wrong, pairs), np.nan)

    return area


def _roc_auc(truth: np.ndarray, said: np.ndarray) -> Formula:
    codes = [1] if said.shape[1] == 2 else range(said.shape[1])  # of several, each against the rest
    areas = [_area(truth == code, said[:, code]) for code in codes]
    return lambda weights: np.mean([area(weights) for area in areas], axis=0)


def _average_precision(truth: np.ndarray, said: np.ndarray) -> Formula:
    hits, others, _, level, reached = _ranking(truth == 1, said[:, 1])

    def average_precision(weights: np.ndarray) -> np.ndarray:
        drawn = weights[hits]
        found = _sums(drawn)[reached]
        precision = _ratio(found, found + _sums(weights[others])[level])
        return _ratio(np.einsum("ij,ij->j", drawn, precision), drawn.sum(axis=0))

    return average_precision


# A metric that has no formula here is scored resample by resample.
FORMULAS: dict[str, Callable[[np.ndarray, Any], Formula]] = {
    "roc_auc": _roc_auc,
    "average_precision": _average_precision,
    "brier": lambda truth, said: _mean((said[:, 1] - truth) ** 2),
    "log_loss": lambda truth, said: _mean(_surprise(truth, said)),
    "f1": _counted(lambda hits, actual, guessed: _ratio(2 * hits, actual + guessed)[1]),
    "precision": _counted(lambda hits, actual, guessed: _ratio(hits, guessed)[1]),
    "recall": _counted(lambda hits, actual, guessed: _ratio(hits, actual)[1]),
    "f1_macro": _counted(_f1_macro),
    "accuracy": lambda truth, said: _mean(said.labels == truth),
    "balanced_accuracy": _counted(_balanced),
    "matthews": _counted(_matthews),
    "rmse": _rmse,
    "mae": lambda truth, said: _mean(np.abs(truth - said)),
    "mape": lambda truth, said: _mean(_relative(truth, said)),
    "median_absolute_error": _median_error,
    "r2": _r2,
    "cost": lambda truth, said: _mean(price(truth, said)),
    "coverage": lambda truth, said: _mean(covered(truth, said)),
    "interval_width": lambda truth, said: _mean(widths(truth, said)),
}
