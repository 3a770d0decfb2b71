"""Random samples of the training set: subsamples, evaluation sets for early stopping, and folds."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
from sklearn.model_selection import GroupKFold, KFold, StratifiedGroupKFold, StratifiedKFold

FEW = 10  # minimum sample of a class, or in total
ONE_IN = 5  # the evaluation set is a fifth of the rows, about the size of the validation set


def stratified_sample(y: np.ndarray, fraction: float, classify: bool, seed: int) -> np.ndarray:
    """Draw a fraction of the rows, stratified by class.

    Parameters
    ----------
    y : ndarray, shape (n,)
        Class codes, or numbers.
    fraction : float
        Fraction of rows, in (0, 1].
    classify : bool
        Stratify by class.
    seed : int

    Returns
    -------
    ndarray of int
        Positions in ascending order.
    """
    random = np.random.default_rng(seed)
    kinds = y if classify else np.zeros(len(y))
    kept = []
    for kind in np.unique(kinds):
        members = np.flatnonzero(kinds == kind)
        kept.append(random.permutation(members)[: max(FEW, math.ceil(fraction * len(members)))])
    return np.sort(np.concatenate(kept))


def splitter(n: int, classify: bool, seed: int, grouped: bool = False) -> Any:
    """Return a scikit-learn splitter.

    Parameters
    ----------
    n : int
        Number of folds.
    classify : bool
        Stratify by class.
    seed : int
    grouped : bool
        Keep each group in one fold.

    Returns
    -------
    object
    """
    if grouped:
        kind = StratifiedGroupKFold if classify else GroupKFold
    else:
        kind = StratifiedKFold if classify else KFold
    return kind(n_splits=n, shuffle=True, random_state=seed)


def early_stopping_split(
    y: np.ndarray, groups: np.ndarray | None, classify: bool, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Split training rows into a training and an evaluation set for early stopping.

    Stratified by class, with each group in one of them; classes without a row in the training set are
    moved there.

    Parameters
    ----------
    y : ndarray, shape (n,)
        Class codes, or numbers.
    groups : ndarray, shape (n,), or None
        Rows of a group are in one set.
    classify : bool
        Stratify by class.
    seed : int

    Returns
    -------
    ndarray, ndarray
        Positions; the evaluation set is empty if there are too few rows or groups.
    """
    units = len(y) if groups is None else len(np.unique(groups))
    if units < 2 * ONE_IN:
        return np.arange(len(y)), np.arange(0)
    alike = classify and (groups is not None or np.bincount(y).max() >= ONE_IN)
    scheme = splitter(ONE_IN, alike, seed, groups is not None)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The least populated class")
        kept, aside = next(scheme.split(y, y if classify else None, groups))
    if classify:
        last = ~np.isin(y[aside], y[kept])
        kept, aside = np.sort(np.concatenate([kept, aside[last]])), aside[~last]
    return kept, aside
