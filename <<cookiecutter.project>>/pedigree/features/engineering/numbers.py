"""Combinations of numbers in a row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from pedigree.estimators.frames import as_frame
from pedigree.features.engineering.steps import ColumnStep, unknown

OPERATIONS = {
    "product": ("times", pd.Series.mul),
    "sum": ("plus", pd.Series.add),
    "difference": ("minus", pd.Series.sub),
}


class Ratios(ColumnStep):
    """Divide one column by another.

    Parameters
    ----------
    pairs : list of [numerator, denominator]
    """

    COLUMN_SETTINGS = ("pairs",)

    def __init__(self, pairs: Sequence[Sequence[str]]) -> None:
        self.pairs = pairs

    def fit(self, X: pd.DataFrame, y: object = None) -> Ratios:
        """Record the column names; ratios need no fit."""
        as_frame(self, X, reset=True)
        self.fitted_ = True
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """Add a column for each pair; division by zero gives a missing value."""
        check_is_fitted(self)
        X = as_frame(self, X)
        return X.assign(**{f"{a}_per_{b}": X[a] / X[b].replace(0, np.nan) for a, b in self.pairs})


class Interactions(ColumnStep):
    """Multiply, add or subtract pairs of columns.

    Parameters
    ----------
    pairs : list of [first, second]
    operations : list of {"product", "sum", "difference"}
    """

    COLUMN_SETTINGS = ("pairs",)

    def __init__(
        self, pairs: Sequence[Sequence[str]], operations: Sequence[str] = ("product",)
    ) -> None:
        self.pairs = pairs
        self.operations = operations

    def mistakes(self) -> Iterator[str]:
        """Find unknown operations."""
        yield from unknown("operation", self.operations, list(OPERATIONS))

    def fit(self, X: pd.DataFrame, y: object = None) -> Interactions:
        """Record the column names; interactions need no fit."""
        as_frame(self, X, reset=True)
        self.fitted_ = True
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """Add a column for each pair and operation."""
        check_is_fitted(self)
        X = as_frame(self, X)
        new = {}
        for operation in self.operations:
            word, compute = OPERATIONS[operation]
            for a, b in self.pairs:
                new[f"{a}_{word}_{b}"] = compute(X[a].astype("float64"), X[b].astype("float64"))
        return X.assign(**new)
