"""Let a selector of scikit-learn choose among columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
from sklearn.base import clone

if TYPE_CHECKING:
    import numpy as np

    from pedigree.folds.folding import FoldScheme


def choose(chooser: Any, X: pd.DataFrame, y: np.ndarray, cut: FoldScheme | None) -> dict[str, str]:
    """Let an unfitted chooser choose; return the columns that go, each with the reason.

    A number of folds that it names as `cv` becomes folds that follow the split. It may tell its
    reasons as `reasons_`, by column.
    """
    if chooser is None or X.empty:
        return {}
    chooser = clone(chooser)
    if cut is not None and isinstance(getattr(chooser, "cv", None), int):
        chooser.set_params(cv=cut(chooser.cv))
    support = chooser.fit(as_numbers(X), y).get_support()
    reasons = getattr(chooser, "reasons_", {})
    return {
        str(name): reasons.get(name, f"not chosen by {type(chooser).__name__}")
        for name, stays in zip(X, support, strict=True)
        if not stays
    }


def as_numbers(X: pd.DataFrame) -> pd.DataFrame:
    """Code texts by alphabetical order (whole numbers; -1: missing) and fill gaps in numbers with medians."""
    numbers = {}
    for name in X:
        values = X[name]
        if pd.api.types.is_numeric_dtype(values) or pd.api.types.is_bool_dtype(values):
            values = values.astype("float64")
            numbers[name] = values.fillna(values.median() if values.notna().any() else 0.0)
        else:
            numbers[name] = pd.Series(pd.Categorical(values).codes, index=X.index, dtype="int64")
    return pd.DataFrame(numbers, index=X.index)
