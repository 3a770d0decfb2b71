"""Checks of the training rows of estimators."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator, is_classifier
from sklearn.utils import assert_all_finite, check_consistent_length, column_or_1d
from sklearn.utils.multiclass import check_classification_targets

from pedigree.estimators.frames import as_frame

if TYPE_CHECKING:
    import pandas as pd


def training_rows(
    estimator: BaseEstimator, X: Any, y: Any, sample_weight: Any = None
) -> tuple[pd.DataFrame, np.ndarray, np.ndarray | None]:
    """Return features as a data frame, target and weights as arrays of shape (n,).

    Parameters
    ----------
    estimator : BaseEstimator
        The estimator that is fitted.
    X : DataFrame, or array-like of shape (n, p)
    y : array-like, shape (n,)
    sample_weight : array-like, shape (n,), optional

    Raises
    ------
    ValueError, TypeError
        Their numbers of rows differ, a target is missing or is a number where a class is expected, or every
        weight is zero.
    """
    X = as_frame(estimator, X, reset=True)
    if y is None:
        raise ValueError(
            f"{type(estimator).__name__} requires y to be passed, but the target y is None."
        )
    y = column_or_1d(y, warn=True)
    if is_classifier(estimator):
        check_classification_targets(y)
    assert_all_finite(y, input_name="y")
    if sample_weight is not None:
        sample_weight = column_or_1d(sample_weight)
        if not sample_weight.any():
            raise ValueError("Every sample weight is zero; give at least one row a weight.")
    check_consistent_length(X, y, sample_weight)
    return X, y, sample_weight
