"""A fold's training rows: fewer of them, to save time, or some set aside, to watch while a model learns."""

from __future__ import annotations

import math
import warnings
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from sklearn.model_selection import GroupKFold, KFold, StratifiedGroupKFold, StratifiedKFold

if TYPE_CHECKING:
    from pipeline.core.model.folding import Fold

FEW = 10  # rows of a class, or in all, that are left to learn from where there are as many
WATCHED = 5  # one row of so many is watched, about what the split holds out for validation


def thinned(fold: Fold, share: float, classify: bool, seed: int) -> Fold:
    """Keep a share of a fold's training rows, of each class alike.

    Parameters
    ----------
    fold : Fold
    share : float
        In (0, 1].
    classify : bool
    seed : int
    """
    random = np.random.default_rng(seed)
    kinds = fold.y if classify else np.zeros(len(fold.y))
    kept = []
    for kind in np.unique(kinds):
        members = np.flatnonzero(kinds == kind)
        kept.append(random.permutation(members)[: max(FEW, math.ceil(share * len(members)))])
    order = np.sort(np.concatenate(kept))
    groups = None if fold.groups is None else fold.groups[order]
    kept_rows = {"X": fold.X.iloc[order], "y": fold.y[order], "rows": fold.rows[order]}
    return replace(fold, **kept_rows, groups=groups)


def at_most(rows: int | None, cut: list[Fold], classify: bool, seed: int) -> list[Fold]:
    """Thin the folds that have more training rows than so many; None leaves them as they are."""
    if rows is None:
        return cut
    return [
        thinned(fold, rows / len(fold.y), classify, seed) if len(fold.y) > rows else fold
        for fold in cut
    ]


def set_aside(
    y: np.ndarray, groups: np.ndarray | None, classify: bool, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Cut training rows into those that a model learns from and those that it watches, to stop in time.

    Of each class alike, and no group on both sides; what is the last of its class is learnt from.

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
    if groups is None:
        kind = StratifiedKFold if classify and np.bincount(y).max() >= WATCHED else KFold
    else:
        kind = StratifiedGroupKFold if classify else GroupKFold
    scheme = kind(n_splits=WATCHED, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The least populated class")
        kept, aside = next(scheme.split(y, y if classify else None, groups))
    if classify:
        last = ~np.isin(y[aside], y[kept])
        kept, aside = np.sort(np.concatenate([kept, aside[last]])), aside[~last]
    return kept, aside
