"""The training rows cut into folds, as the settings say; shared by `compare` and `tune`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from pipeline.core.base.paths import ENGINEER, SELECT, SPLIT
from pipeline.core.base.tables import read_json, read_table
from pipeline.core.data.target import encode, features, group_key
from pipeline.core.model import artifact
from pipeline.core.model.modelling import Fold, folds

if TYPE_CHECKING:
    from omegaconf import DictConfig


def training_folds(
    settings: DictConfig, n: int, repeats: int, seed: int
) -> tuple[list[Fold], list[str]]:
    """Cut data/split/train/ into folds that follow the split.

    Parameters
    ----------
    settings : DictConfig
        With `problem` and `split.name`.
    n, repeats, seed : int
        As in `pipeline.core.model.modelling.folds`.

    Returns
    -------
    folds : list of Fold
        Features made anew inside each fold.
    classes : list of str
        Class names in the order of their codes; empty for regression.
    """
    rows = read_table(SPLIT / "train")
    problem, method = settings.problem, settings.split.name
    target = read_json(SPLIT / "target.json")
    y = encode(rows[problem.target], target["classes"])
    cut = folds(
        features(rows, problem),
        y,
        [artifact.load(ENGINEER), artifact.load(SELECT)],
        classify=bool(target["classes"]),
        groups=group_key(rows, problem) if method == "group" else None,
        when=rows[problem.time] if method == "time" else None,
        n=n,
        repeats=repeats,
        seed=seed,
    )
    return list(cut), target["classes"]


def mean_and_spread(values: list[float]) -> tuple[float, float]:
    """Return the mean over folds and the standard deviation between them (NaN left out)."""
    return float(np.nanmean(values)), float(np.nanstd(values, ddof=1)) if len(values) > 1 else 0.0


def interval_of_gain(gains: Sequence[float], cut: Sequence[Fold], confidence: float) -> list[float]:
    """Return the interval of a mean gain over folds: the corrected resampled t interval.

    Folds share most of their training rows, so that their scores vary together, and the plain interval
    would be too narrow. The variance is corrected for it by the ratio of held-out to training rows
    (Nadeau and Bengio 2003, doi:10.1023/A:1024068626366).

    Parameters
    ----------
    gains : sequence of float
        Of one model over another, fold by fold (NaN left out).
    cut : sequence of Fold
    confidence : float
        Coverage, in (0, 1).

    Returns
    -------
    list of float
        Low and high; both NaN where fewer than two folds tell.
    """
    from scipy import stats

    known = np.asarray(gains)[np.isfinite(gains)]
    if len(known) < 2:
        return [float("nan")] * 2
    ratio = np.mean([len(fold.y_held_out) / len(fold.y) for fold in cut])
    error = np.sqrt((1 / len(known) + ratio) * known.var(ddof=1))
    reach = stats.t.ppf((1 + confidence) / 2, len(known) - 1) * error
    return [float(known.mean() - reach), float(known.mean() + reach)]
