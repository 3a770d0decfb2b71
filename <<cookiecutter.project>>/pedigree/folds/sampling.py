"""How training rows are drawn at random: some of them, some set aside, or folds."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
from sklearn.model_selection import GroupKFold, KFold, StratifiedGroupKFold, StratifiedKFold

FEW = 10  # rows of a class, or in all, that are left to learn from where there are as many
WATCHED = 5  # one row of so many is watched, about what the split holds out for validation


def some(y: np.ndarray, share: float, classify: bool, seed: int) -> np.ndarray:
    """Draw a share of the rows, of each class alike; returns their positions, in order.

    Parameters
    ----------
    y : ndarray, shape (n,)
        Class codes, or numbers.
    share : float
        In (0, 1].
    classify : bool
    seed : int
    """
    random = np.random.default_rng(seed)
    kinds = y if classify else np.zeros(len(y))
    kept = []
    for kind in np.unique(kinds):
        members = np.flatnonzero(kinds == kind)
        kept.append(random.permutation(members)[: max(FEW, math.ceil(share * len(members)))])
    return np.sort(np.concatenate(kept))


def splitter(n: int, classify: bool, seed: int, grouped: bool = False) -> Any:
    """Return scikit-learn's splitter into n folds that keep classes in proportion and groups whole."""
    if grouped:
        kind = StratifiedGroupKFold if classify else GroupKFold
    else:
        kind = StratifiedKFold if classify else KFold
    return kind(n_splits=n, shuffle=True, random_state=seed)


def set_aside(
    y: np.ndarray, groups: np.ndarray | None, classify: bool, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Cut training rows into those that a model learns from and those that it watches, to stop in time.

    Of each class alike, and no group on both sides; what is the last of its class is learned from.

    Parameters
    ----------
    y : ndarray, shape (n,)
        Class codes, or numbers.
    groups : ndarray, shape (n,), or None
        Rows that stay together.
    classify : bool
    seed : int

    Returns
    -------
    ndarray, ndarray
        Positions; none are watched where there are too few rows or groups to cut.
    """
    units = len(y) if groups is None else len(np.unique(groups))
    if units < 2 * WATCHED:
        return np.arange(len(y)), np.arange(0)
    alike = classify and (groups is not None or np.bincount(y).max() >= WATCHED)
    scheme = splitter(WATCHED, alike, seed, groups is not None)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The least populated class")
        kept, aside = next(scheme.split(y, y if classify else None, groups))
    if classify:
        last = ~np.isin(y[aside], y[kept])
        kept, aside = np.sort(np.concatenate([kept, aside[last]])), aside[~last]
    return kept, aside
