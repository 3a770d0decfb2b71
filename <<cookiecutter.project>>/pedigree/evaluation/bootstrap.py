"""Bootstrap intervals of metrics, and of paired differences between predictors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pedigree.scoring.decision import PredictedRows
from pedigree.scoring.formulas import formula
from pedigree.scoring.metrics import Metric, as_metric, gain, score

CHUNK = 300_000  # weights in memory at once, few enough for a processor's cache


@dataclass(frozen=True)
class ResampledScores:
    """Scores of several predictors on the same rows, and on the same resamples of them.

    Parameters
    ----------
    metrics : dict of str to Metric
        By name.
    values : dict of str to dict of str to float
        By metric and predictor, on all rows.
    draws : dict of str to dict of str to ndarray, shape (resamples,)
        By metric and predictor, on each resample.
    confidence : float
        Coverage of the intervals, in (0, 1).
    """

    metrics: dict[str, Metric]
    values: dict[str, dict[str, float]]
    draws: dict[str, dict[str, np.ndarray]]
    confidence: float

    @property
    def resamples(self) -> int:
        """Number of resamples."""
        return len(next(iter(next(iter(self.draws.values())).values())))

    def interval(self, metric: str, who: str = "model") -> np.ndarray:
        """Return the percentile interval [low, high] of a predictor's score (Efron 1979)."""
        return self._percentiles(self.draws[metric][who])

    def half_width(self, metric: str) -> float:
        """Return half of the width of the model's interval."""
        return float(np.diff(self.interval(metric))[0] / 2)

    def better(self, metric: str, against: str) -> dict[str, Any]:
        """Return by how much the model is better than another predictor, in the metric's units.

        Both are scored on the same resamples, so rows that are easy or hard for both do not widen the
        interval.
        """
        value, draws, by = self.values[metric], self.draws[metric], self.metrics[metric]
        return {
            "gain": gain(by, value["model"], value[against]),
            "interval": self._percentiles(gain(by, draws["model"], draws[against])),
        }

    def table(self) -> list[dict[str, Any]]:
        """List the model's metrics, each with its properties, its interval and the other predictors' values."""
        table = []
        for name, scores in self.values.items():
            metric = self.metrics[name]
            about = {"metric": name, "greater_is_better": metric.greater_is_better}
            about |= {"meaning": metric.meaning} if metric.meaning else {}
            others = {who: value for who, value in scores.items() if who != "model"}
            table.append(
                about | {"value": scores["model"], "interval": self.interval(name)} | others
            )
        return table

    def flat(self) -> dict[str, float]:
        """Return the model's score and half width by metric, as DVC's tables show them."""
        flat: dict[str, float] = {}
        for name, values in self.values.items():
            flat |= {name: values["model"], f"{name}_half_width": self.half_width(name)}
        return flat

    def lines(self) -> Iterator[str]:
        """Yield a line for people per metric: the model's score with its spread, the others' in brackets."""
        for name, values in self.values.items():
            others = [f"{who} {value:.4g}" for who, value in values.items() if who != "model"]
            beside = f" ({', '.join(others)})" if not np.isnan(values["linear"]) else ""
            yield f"{name} {values['model']:.4g} ± {self.half_width(name):.2g}{beside}"

    def comparisons(self) -> list[dict[str, Any]]:
        """List by how much the model is better than each other predictor (see `better`)."""
        return [
            {"against": who, "metric": name, **self.better(name, who)}
            for name, scores in self.values.items()
            for who in scores
            if who != "model"
            and self.metrics[name].needs != "interval"  # the others have no intervals
        ]

    def _percentiles(self, draws: np.ndarray) -> np.ndarray:
        """Return the percentiles of the resamples that allow the metric; NaN without any."""
        known = draws[~np.isnan(draws)]
        tail = (1 - self.confidence) / 2
        return np.quantile(known, [tail, 1 - tail]) if len(known) else np.full(2, np.nan)


def bootstrap(
    metrics: Sequence[str | Metric],
    truth: np.ndarray,
    predictions: Mapping[str, PredictedRows | np.ndarray],
    *,
    groups: np.ndarray | None,
    resamples: int,
    confidence: float,
    seed: int,
) -> ResampledScores:
    """Score predictors on all rows and on resamples that are the same for all.

    Parameters
    ----------
    metrics : sequence of str or Metric
        Keys of `METRICS`, or metrics of `pedigree.scoring.custom.known`.
    truth : ndarray, shape (n,)
        Class codes, or numbers.
    predictions : mapping of str to PredictedRows, or ndarray of shape (n, k) or (n,)
        By predictor, class probabilities or numbers.
    groups : ndarray, shape (n,), or None
        Rows of a group are drawn together, since they are correlated (cluster bootstrap).
    resamples : int
    confidence : float
        Coverage, in (0, 1).
    seed : int
    """
    random = np.random.default_rng(seed)
    clusters = cluster(groups, len(truth))
    named = {metric.name: metric for metric in map(as_metric, metrics)}
    pairs = [(name, who) for name in named for who in predictions]
    formulas = [formula(named[name], truth, predictions[who]) for name, who in pairs]
    chunks = [
        [one(weights) for one in formulas] for weights in times_drawn(clusters, resamples, random)
    ]
    draws: dict[str, dict[str, np.ndarray]] = {name: {} for name in named}
    for (name, who), parts in zip(pairs, zip(*chunks, strict=True), strict=True):
        draws[name][who] = np.concatenate(parts)
    values = {
        name: {who: score(metric, truth, predicted) for who, predicted in predictions.items()}
        for name, metric in named.items()
    }
    return ResampledScores(named, values, draws, confidence)


def cluster(groups: np.ndarray | None, n: int) -> np.ndarray:
    """Return the cluster of each of n rows, as codes from 0 on: its group, or the row itself."""
    return np.arange(n) if groups is None else np.unique(groups, return_inverse=True)[1]


def times_drawn(
    clusters: np.ndarray, resamples: int, random: np.random.Generator
) -> Iterator[np.ndarray]:
    """Draw whole clusters with replacement.

    Parameters
    ----------
    clusters : ndarray of int, shape (n,)
        Of `cluster`.
    resamples : int
    random : Generator

    Yields
    ------
    ndarray, shape (n, b)
        How often each row is drawn in each resample, in chunks of b resamples.
    """
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
