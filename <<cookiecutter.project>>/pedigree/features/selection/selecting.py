"""Applying a scikit-learn selector to columns of any type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
from sklearn.base import clone

if TYPE_CHECKING:
    import numpy as np

    from pedigree.folds.folding import FoldScheme


def columns_to_drop(
    selector: Any, X: pd.DataFrame, y: np.ndarray, scheme: FoldScheme | None
) -> dict[str, str]:
    """Fit a selector, and return the columns to drop.

    Parameters
    ----------
    selector : object or None
        An unfitted selector of `sklearn.feature_selection`, or one like it. An integer `cv` is replaced by
        folds that follow the split.
    X, y : DataFrame of shape (n, p), ndarray of shape (n,)
    scheme : FoldScheme or None
        Divides the rows into folds for `cv`.

    Returns
    -------
    dict of str to str
        Column to reason: of the selector's attribute `reasons_`, or a general one.
    """
    if selector is None or X.empty:
        return {}
    selector = clone(selector)
    if scheme is not None and isinstance(getattr(selector, "cv", None), int):
        selector.set_params(cv=scheme(selector.cv))
    support = selector.fit(encode_ordinal(X), y).get_support()
    reasons = getattr(selector, "reasons_", {})
    return {
        str(name): reasons.get(name, f"not chosen by {type(selector).__name__}")
        for name, stays in zip(X, support, strict=True)
        if not stays
    }


def encode_ordinal(X: pd.DataFrame) -> pd.DataFrame:
    """Encode strings as integers in alphabetical order (missing: -1), and impute numbers with medians."""
    numbers = {}
    for name in X:
        values = X[name]
        if pd.api.types.is_numeric_dtype(values) or pd.api.types.is_bool_dtype(values):
            values = values.astype("float64")
            numbers[name] = values.fillna(values.median() if values.notna().any() else 0.0)
        else:
            numbers[name] = pd.Series(pd.Categorical(values).codes, index=X.index, dtype="int64")
    return pd.DataFrame(numbers, index=X.index)
