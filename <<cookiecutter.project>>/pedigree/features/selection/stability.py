"""How stable a choice of features is: whether other training rows would have led to the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pedigree.features.selection.choosing import choose

if TYPE_CHECKING:
    from pedigree.folds.folding import FoldScheme


def choices(chooser: Any, X: pd.DataFrame, y: np.ndarray, cut: FoldScheme, n: int) -> pd.DataFrame:
    """Let a chooser choose anew on the training part of each fold.

    Parameters
    ----------
    chooser : object
        A selector of `sklearn.feature_selection`, or one like it.
    X, y : DataFrame of shape (rows, q), ndarray of shape (rows,)
    cut : callable
        As made by `pedigree.training.data.scheme_of`.
    n : int
        Folds.

    Returns
    -------
    DataFrame of bool, shape (folds, q)
        For each of the features among which the chooser chose, whether it was kept.
    """
    kept = []
    for train, _ in cut(n):
        gone = choose(chooser, X.iloc[train], y[train], cut.of(train))
        kept.append([name not in gone for name in X])
    return pd.DataFrame(kept, columns=X.columns)


def nogueira(chosen: np.ndarray) -> float:
    """Measure the stability of a choice (Nogueira, Sechidis and Brown 2018, JMLR 18:174, eq. 4).

    It is 1 where every round keeps the same features, near 0 where rounds agree no more than by
    chance, whatever the number kept; the paper calls more than 0.75 excellent and less than 0.4
    poor. Folds share most of their rows, so that it flatters somewhat.

    Parameters
    ----------
    chosen : ndarray of bool, shape (rounds, features)

    Returns
    -------
    float
        Also 1 where every round keeps all features or none, which the formula leaves open.
    """
    share = chosen.mean(axis=0)
    overall = share.mean()
    by_chance = overall * (1 - overall)
    if by_chance == 0:
        return 1.0
    variance = chosen.var(axis=0, ddof=1).mean() if len(chosen) > 1 else float("nan")
    return float(1 - variance / by_chance)
