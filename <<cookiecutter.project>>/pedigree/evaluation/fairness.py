"""Fairness between the groups of a protected column: differences between its decisions, and between its errors.

The definitions are fairlearn's (Weerts and others 2023), with which a test compares the figures. Its own
bootstrap does not support groups of rows, and takes a minute where ratios of weighted sums take a moment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from pedigree.base.stage import say
from pedigree.evaluation.bootstrap import cluster, times_drawn
from pedigree.evaluation.slices import LEAST, percentiles

if TYPE_CHECKING:
    import pandas as pd

    from pedigree.evaluation.bins import Binning
    from pedigree.scoring.decision import PredictedRows

COLUMNS = ("column", "measure", "value", "low", "high")
# The names for `problem.criteria`: each is the greatest difference over the protected columns.
DIFFERENCES = {
    "classification": ("demographic_parity_difference", "equalized_odds_difference"),
    "regression": (
        "mean_prediction_difference",
        "mean_error_difference",
        "mean_absolute_error_difference",
    ),
}
MOST_CLASSES = 20  # only the most frequent of several classes are compared


def fairness(
    truth: np.ndarray,
    prediction: PredictedRows,
    classes: Sequence[str],
    rows: pd.DataFrame,
    cuts: Mapping[str, Binning],
    *,
    groups: np.ndarray | None,
    min_rows: int,
    resamples: int,
    confidence: float,
    seed: int,
) -> list[dict[str, Any]]:
    """Measure the differences between the groups of each protected column.

    Of two classes, rates of the positive one are compared; of more, each class against the rest. A
    difference is never negative, so that chance alone makes it positive.

    Parameters
    ----------
    truth : ndarray, shape (n,)
        Class codes, or numbers.
    prediction : PredictedRows
        Decided by its threshold.
    classes : sequence of str
        Names of the k classes; empty for regression.
    rows : DataFrame, shape (n, p)
        The same rows, cleaned.
    cuts : mapping of str to Binning
        Of the protected columns.
    groups : ndarray, shape (n,), or None
        Rows of a group are drawn together.
    min_rows : int
        Smaller groups of a protected column are left out.
    resamples : int
    confidence : float
        Coverage of the intervals, in (0, 1).
    seed : int

    Returns
    -------
    list of dict
        With the keys `COLUMNS`. A measure of one class of several, or of one group, is named
        ``measure[class]`` or ``measure[group]``.
    """
    clusters = cluster(groups, len(truth))
    table = []
    for column, cut in cuts.items():
        members = _members(cut, cut.codes(rows), min_rows)
        for measure in _measures(truth, prediction, classes, members) if members else ():
            values = measure(np.ones((len(truth), 1)))
            draws: dict[str, list[np.ndarray]] = {name: [] for name in values}
            for times in times_drawn(clusters, resamples, np.random.default_rng(seed)):
                for name, drawn in measure(times).items():
                    draws[name].append(drawn)
            for name, value in values.items():
                low, high = percentiles(np.concatenate(draws[name]), confidence)
                line = (column, name, float(value[0]), low, high)
                table.append(dict(zip(COLUMNS, line, strict=True)))
    return table


def largest(table: Sequence[Mapping[str, Any]], name: str) -> Mapping[str, Any] | None:
    """Return the line with the greatest value of a difference, over all columns and classes; None without one."""
    lines = [one for one in table if one["measure"].partition("[")[0] == name]
    known = [one for one in lines if np.isfinite(one["value"])]
    return max(known, key=lambda one: one["value"], default=None)


def _members(cut: Binning, codes: np.ndarray, min_rows: int) -> dict[str, np.ndarray]:
    """Return which rows belong to each group that is large enough; empty for fewer than two groups."""
    found = {name: codes == code for code, name in enumerate(cut.names)}
    kept = {name: own for name, own in found.items() if own.sum() >= min_rows}
    small = [name for name, own in found.items() if 0 < own.sum() < min_rows]
    if small:
        say(f"fairness of {cut.column}: {', '.join(small)} left out (fewer than {min_rows} rows)")
    if len(kept) < 2:
        say(f"fairness of {cut.column}: not measured, since fewer than two groups are left")
        return {}
    return kept


def _measures(
    truth: np.ndarray,
    prediction: PredictedRows,
    classes: Sequence[str],
    members: Mapping[str, np.ndarray],
) -> Iterator[Callable[[np.ndarray], dict[str, np.ndarray]]]:
    """Yield functions of weights, shape (n, b), that return measures by name, each of shape (b,)."""
    every = np.ones(len(truth), dtype=bool)
    if not classes:
        predicted, error = prediction.values, prediction.values - truth
        values = {
            "mean_prediction": predicted,
            "mean_error": error,
            "mean_absolute_error": abs(error),
        }
        yield _measure({name: (each, every) for name, each in values.items()}, members, "")
        return
    counts = np.bincount(truth, minlength=len(classes))
    codes = [1] if len(classes) == 2 else sorted(np.argsort(-counts, kind="stable")[:MOST_CLASSES])
    for code in codes:
        true, predicted = truth == code, prediction.labels == code
        rates = {
            "selection_rate": (predicted, every),
            "true_positive_rate": (predicted, true),
            "false_positive_rate": (predicted, ~true),
        }
        yield _measure(rates, members, "" if len(classes) == 2 else f"[{classes[code]}]")


def _measure(
    means: Mapping[str, tuple[np.ndarray, np.ndarray]], members: Mapping[str, np.ndarray], of: str
) -> Callable[[np.ndarray], dict[str, np.ndarray]]:
    """Measure means of values, each over some rows, in each group."""
    own = np.array([[among & group for group in members.values()] for _, among in means.values()])
    parts = np.array([predicted for predicted, _ in means.values()], dtype=float)[:, None] * own
    few = own.sum(axis=2) < LEAST
    own = own.astype(float)

    def measure(times: np.ndarray) -> dict[str, np.ndarray]:
        with np.errstate(invalid="ignore", divide="ignore"):  # a resample without such rows
            found = np.where(few[:, :, None], np.nan, (parts @ times) / (own @ times))
            low, high = np.fmin.reduce(found, axis=1), np.fmax.reduce(found, axis=1)
            gap = np.where(np.isfinite(found).sum(axis=1) > 1, high - low, np.nan)
            ratio = np.where(np.isfinite(gap[0]), low[0] / high[0], np.nan)
        if "selection_rate" not in means:
            named = {f"{name}_difference": one for name, one in zip(means, gap, strict=True)}
        else:
            named = {
                "demographic_parity_difference": gap[0],
                "demographic_parity_ratio": ratio,
                "equalized_odds_difference": np.maximum(gap[1], gap[2]),
            }
        named = {f"{name}{of}": one for name, one in named.items()}
        if not of:
            for name, each in zip(means, found, strict=True):
                named |= {f"{name}[{group}]": x for group, x in zip(members, each, strict=True)}
        return named

    return measure
