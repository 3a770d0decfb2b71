"""The training rows cut into folds, as the settings say; shared by `select`, `compare` and `tune`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from pipeline.core.base.paths import ENGINEER, SELECT, SPLIT
from pipeline.core.base.tables import read_json, read_table
from pipeline.core.data.target import encode, features, group_key
from pipeline.core.model import artifact
from pipeline.core.model.modelling import Cut, Fold, folds

if TYPE_CHECKING:
    import pandas as pd
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
    problem = settings.problem
    target = read_json(SPLIT / "target.json")
    y = encode(rows[problem.target], target["classes"])
    cut = cutter(settings, rows, y, bool(target["classes"]), seed)
    transformers = [artifact.load(ENGINEER), artifact.load(SELECT)]
    made = folds(
        features(rows, problem), transformers=transformers, n=n, repeats=repeats, **vars(cut)
    )
    return list(made), target["classes"]


def cutter(
    settings: DictConfig, rows: pd.DataFrame, y: np.ndarray, classify: bool, seed: int
) -> Cut:
    """Tell how the split's rows are cut into folds: in proportion of the classes, by group, or by time.

    Parameters
    ----------
    settings : DictConfig
        With `problem` and `split.name`.
    rows, y : DataFrame of shape (n, p), ndarray of shape (n,)
        Of a side of the split, with their coded answers.
    classify : bool
    seed : int
    """
    problem, method = settings.problem, settings.split.name
    groups = group_key(rows, problem) if method == "group" else None
    return Cut(y, classify, groups, rows[problem.time] if method == "time" else None, seed)


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
