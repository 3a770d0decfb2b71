"""Stability of feature selection over folds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pedigree.features.selection.selecting import columns_to_drop

if TYPE_CHECKING:
    from pedigree.folds.folding import FoldScheme


def selected_by_fold(
    selector: Any, X: pd.DataFrame, y: np.ndarray, scheme: FoldScheme, n: int
) -> pd.DataFrame:
    """Apply a selector to the training set of each fold.

    Parameters
    ----------
    selector : object
        A selector of `sklearn.feature_selection`, or one like it.
    X, y : DataFrame of shape (rows, q), ndarray of shape (rows,)
    scheme : FoldScheme
        Divides the rows into folds, see `pedigree.training.data.scheme_of`.
    n : int
        Number of folds.

    Returns
    -------
    DataFrame of bool, shape (folds, q)
        Whether each feature was selected.
    """
    kept = []
    for train, _ in scheme(n):
        gone = columns_to_drop(selector, X.iloc[train], y[train], scheme.of(train))
        kept.append([name not in gone for name in X])
    return pd.DataFrame(kept, columns=X.columns)


def nogueira(chosen: np.ndarray) -> float:
    """Compute the stability of feature selection (Nogueira, Sechidis and Brown 2018, JMLR 18:174, eq. 4).

    It is 1 if all folds select the same features, and near 0 if they agree no more than by chance; the
    paper calls more than 0.75 excellent and less than 0.4 poor. Since folds have most of their rows in common,
    the value is optimistic.

    Parameters
    ----------
    chosen : ndarray of bool, shape (folds, features)

    Returns
    -------
    float
        Also 1 if all folds select all features or none, for which the formula is undefined.
    """
    fraction = chosen.mean(axis=0)
    overall = fraction.mean()
    by_chance = overall * (1 - overall)
    if by_chance == 0:
        return 1.0
    variance = chosen.var(axis=0, ddof=1).mean() if len(chosen) > 1 else float("nan")
    return float(1 - variance / by_chance)
