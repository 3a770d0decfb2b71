"""Scores of each slice of the rows, with their intervals, compared with the score on all rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from pedigree.evaluation.bootstrap import cluster, times_drawn
from pedigree.scoring.formulas import formula
from pedigree.scoring.metrics import Metric, as_metric, gain, score

if TYPE_CHECKING:
    import pandas as pd

    from pedigree.evaluation.bins import Binning
    from pedigree.scoring.decision import PredictedRows

COLUMNS = ("column", "slice", "rows", "metric", "value", "low", "high", "surely_worse")
# Metrics that cannot be compared between slices, and their substitutes: R2 measures errors relative to a
# slice's own variance, the baseline of average precision is its fraction of positives, and ECE grows as
# the number of rows falls.
STANDS_IN = {"r2": "rmse", "average_precision": "roc_auc", "ece": "log_loss"}
# Means over rows, beside the metrics with a value for each row; all other metrics of classes compare classes.
OF_ROWS = ("accuracy", "brier", "log_loss")
# Minimum rows (or groups, or rows of a class where classes are compared) for resampling; the rule for
# cells of a contingency table (Cochran 1954).
LEAST = 5
MANY = 50  # groups of which a resample almost surely has one: it has none with a probability of exp(-50)


@dataclass(frozen=True)
class Part:
    """A slice: the positions of its rows, the number of its groups, and its metric."""

    column: str
    slice: str
    rows: np.ndarray
    units: int
    metric: Metric


def slice_scores(
    metrics: Sequence[str | Metric],
    truth: np.ndarray,
    prediction: PredictedRows,
    rows: pd.DataFrame,
    cuts: Mapping[str, Binning],
    *,
    groups: np.ndarray | None,
    min_rows: int,
    resamples: int,
    confidence: float,
    seed: int,
) -> list[dict[str, Any]]:
    """Score every slice, and mark those that are significantly worse than all rows together.

    Each slice is scored by the first of the metrics that its rows allow: a ROC curve requires enough rows
    of both classes. Its difference from all rows is tested on the same resamples of both (one-sided
    bootstrap t test), with Holm's correction (1979) over the slices, since the worst of many is bad by
    chance alone.

    Parameters
    ----------
    metrics : sequence of str or Metric
        In the order of preference.
    truth : ndarray, shape (n,)
        Class codes, or numbers.
    prediction : PredictedRows
    rows : DataFrame, shape (n, p)
        The same rows, cleaned.
    cuts : mapping of str to Binning
    groups : ndarray, shape (n,), or None
        Rows of a group are drawn together.
    min_rows : int
        Minimum rows of a slice that is judged; smaller slices only have a value and an interval.
    resamples : int
    confidence : float
        Coverage of the intervals, in (0, 1), and confidence of `surely_worse`.
    seed : int

    Returns
    -------
    list of dict
        With the keys `COLUMNS`; `surely_worse` is "yes", "no" or, if the slice is not judged, None.
    """
    clusters = cluster(groups, len(truth))
    parts = _parts([as_metric(one) for one in metrics], truth, prediction, rows, cuts, clusters)
    every = np.arange(len(truth))
    known: dict[Any, Part] = {p.metric: Part("", "", every, len(every), p.metric) for p in parts}
    known |= {i: part for i, part in enumerate(parts) if part.units >= LEAST}
    draws = _draw(known, truth, prediction, clusters, resamples, seed)
    table: list[dict[str, Any]] = []
    chances = {}
    for i, part in enumerate(parts):
        value = score(part.metric, truth[part.rows], prediction[part.rows])
        line = (part.column, part.slice, len(part.rows), part.metric.name, value, None, None, None)
        table.append(dict(zip(COLUMNS, line, strict=True)))
        if i in draws and np.isfinite(draws[i]).any():
            table[i]["low"], table[i]["high"] = percentiles(draws[i], confidence)
            others = len(truth) - len(part.rows)
            if len(part.rows) >= min_rows and others:
                lead = gain(part.metric, value, score(part.metric, truth, prediction))
                leads = gain(part.metric, draws[i], draws[part.metric])
                # A slice of nearly all rows cannot be judged by the few rows outside of it.
                chances[i] = _chance(lead, leads, part.units) if others >= min_rows else 1.0
    for i, chance in _holm(chances).items():
        table[i]["surely_worse"] = "yes" if chance < 1 - confidence else "no"
    return table


def percentiles(draws: np.ndarray, confidence: float) -> tuple[float, float] | tuple[None, None]:
    """Return the interval of resampled values; none if all are the same.

    If every row is predicted correctly, so is every resample, which does not make the score certain.
    """
    known = draws[np.isfinite(draws)]
    if not len(known) or np.ptp(known) == 0:
        return None, None
    low, high = np.quantile(known, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)


def worst(table: Sequence[Mapping[str, Any]], metric: str | Metric) -> Mapping[str, Any] | None:
    """Return the line of the judged slice with the worst value of a metric; None if no slice is judged by it."""
    metric = as_metric(metric)
    judged = [one for one in table if one["surely_worse"] and one["metric"] == metric.name]
    return min(judged, key=lambda one: gain(metric, one["value"], 0.0), default=None)


def _parts(
    metrics: Sequence[Metric],
    truth: np.ndarray,
    prediction: PredictedRows,
    rows: pd.DataFrame,
    cuts: Mapping[str, Binning],
    clusters: np.ndarray,
) -> list[Part]:
    """List the slices with at least one row."""
    parts = []
    for column, cut in cuts.items():
        codes = cut.codes(rows)
        for code, name in enumerate(cut.names):
            found = np.flatnonzero(codes == code)
            if len(found):
                fitting = [one for one in metrics if _allows(one, truth[found], prediction[found])]
                units = len(np.unique(clusters[found]))
                parts.append(Part(column, name, found, units, [*fitting, metrics[0]][0]))
    return parts


def _allows(metric: Metric, truth: np.ndarray, prediction: PredictedRows) -> bool:
    """Return whether a metric on these rows is comparable with its value on others."""
    if prediction.values.ndim == 1 or metric.name in OF_ROWS:
        return True
    if callable(metric.function) and np.ndim(metric.function(truth, prediction)) == 1:
        return True
    return bool(np.bincount(truth, minlength=prediction.values.shape[1]).min() >= LEAST)


def _draw(
    parts: Mapping[Any, Part],
    truth: np.ndarray,
    prediction: PredictedRows,
    clusters: np.ndarray,
    resamples: int,
    seed: int,
) -> dict[Any, np.ndarray]:
    """Score parts on the same resamples of all rows; NaN if a resample does not allow the metric."""
    formulas = {
        key: formula(part.metric, truth[part.rows], prediction[part.rows])
        for key, part in parts.items()
    }
    draws: dict[Any, list[np.ndarray]] = {key: [] for key in parts}
    for times in times_drawn(clusters, resamples, np.random.default_rng(seed)):
        for key, part in parts.items():
            own = times[part.rows]
            found = np.full(own.shape[1], np.nan)
            present = own.any(axis=0) if part.units < MANY else slice(None)
            found[present] = formulas[key](own[:, present])
            draws[key].append(found)
    return {key: np.concatenate(found) for key, found in draws.items()}


def _chance(lead: float, leads: np.ndarray, units: int) -> float:
    """Return the p value of the hypothesis that a slice is not worse than all rows."""
    from scipy.special import stdtr  # Student's t; scipy.stats takes a second to import

    spread = np.nanstd(leads, ddof=1)
    return float(stdtr(units - 1, lead / spread)) if spread > 0 else 1.0


def _holm(chances: Mapping[int, float]) -> dict[int, float]:
    """Correct p values for multiple testing."""
    corrected, least = {}, 0.0
    for rank, key in enumerate(sorted(chances, key=lambda key: chances[key])):
        least = max(least, min(1.0, (len(chances) - rank) * chances[key]))
        corrected[key] = least
    return corrected
