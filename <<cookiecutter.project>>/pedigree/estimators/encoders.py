"""Encoders and imputers that no library offers in the form the models need."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
from sklearn.utils.validation import check_is_fitted

from pedigree.estimators.frames import FrameTransformer, as_frame

if TYPE_CHECKING:
    from sklearn.impute import IterativeImputer

MISSING = "(missing)"
OTHER = "(other)"


class NativeCategories(FrameTransformer):
    """Convert strings to pandas categories without missing values, for libraries that take them.

    CatBoost refuses missing categories, scikit-learn's boosting more than 255 categories.

    Parameters
    ----------
    max_categories : int
        Number of the most frequent categories that are kept; others become "(other)".
    """

    def __init__(self, max_categories: int = 250) -> None:
        self.max_categories = max_categories

    def fit(self, X: pd.DataFrame, y: object = None) -> NativeCategories:
        """Learn each column's categories, the most frequent first, equals in alphabetical order."""
        X = as_frame(self, X, reset=True)
        self.feature_names_in_ = list(X.columns)
        self.categories_ = {}
        for name in X:
            counts = as_strings(X[name]).value_counts().sort_index()
            frequent = counts.sort_values(ascending=False, kind="stable").index[
                : self.max_categories
            ]
            self.categories_[str(name)] = sorted({*frequent, MISSING, OTHER})
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """Return the columns as categories; unknown ones become "(other)"."""
        check_is_fitted(self)
        X = as_frame(self, X)
        out = {}
        for name, known in self.categories_.items():
            values = as_strings(X[name])
            out[name] = pd.Categorical(values.where(values.isin(known), OTHER), categories=known)
        return pd.DataFrame(out, index=X.index)

    def get_feature_names_out(self, input_features: object = None) -> list[str]:
        """Return the names of the columns, which stay as they are."""
        return self.feature_names_in_


def as_strings(values: pd.Series) -> pd.Series:
    """Convert values to strings; a missing value becomes "(missing)"."""
    return values.astype("str").where(values.notna(), MISSING)


def iterative_imputer(max_iter: int, random_state: int, add_indicator: bool) -> IterativeImputer:
    """Make scikit-learn's iterative imputer, which is available only after an experimental import.

    Parameters
    ----------
    max_iter, random_state : int
    add_indicator : bool
        Add a column for each feature with missing values.
    """
    from sklearn.experimental import enable_iterative_imputer  # noqa: F401
    from sklearn.impute import IterativeImputer

    return IterativeImputer(
        max_iter=max_iter, random_state=random_state, add_indicator=add_indicator
    )
