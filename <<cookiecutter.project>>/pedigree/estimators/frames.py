"""Transformers of data frames, which also take arrays like other estimators of scikit-learn."""

from __future__ import annotations

from typing import Any

import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import validate_data


def as_frame(estimator: BaseEstimator, X: Any, *, reset: bool = False) -> pd.DataFrame:
    """Return rows as a data frame; a data frame is left as it is, since its columns are found by their names.

    Parameters
    ----------
    estimator : BaseEstimator
        The estimator that takes the rows; it stores the number of columns of an array.
    X : DataFrame, or array-like of shape (n, p)
        The columns of an array are named as scikit-learn names them: x0, x1 and so on.
    reset : bool
        Whether the estimator is being fitted.

    Raises
    ------
    ValueError, TypeError
        An array is not a table of numbers, or has another number of columns than the fitted one.
    """
    if isinstance(X, pd.DataFrame):
        return X
    values = validate_data(estimator, X, reset=reset, ensure_all_finite=False)
    return pd.DataFrame(values, columns=[f"x{i}" for i in range(values.shape[1])])


class FrameTransformer(TransformerMixin, BaseEstimator):
    """A transformer whose input and output are data frames, with columns of any type and missing values."""

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = []  # each column has a type of its own
        return tags
