"""Outliers: values far from those of the training set, and how they are handled.

No row is dropped here, since the model must predict every row that it gets. To leave outliers out of the
training rows, use `pedigree.features.outlier_limits.DropOutliers`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from pedigree.base.names import UserError
from pedigree.estimators.frames import as_frame
from pedigree.features.engineering.steps import ColumnStep
from pedigree.features.outlier_limits import METHODS, compute_limits

ACTIONS = ("clip", "missing", "flag")


class Outliers(ColumnStep):
    """Handle numbers far from those of the training set, column by column.

    Parameters
    ----------
    columns : list of str or None
        Numeric columns; None = all.
    method : {"iqr", "quantile", "z_score"}
        Limits are a number of interquartile ranges beyond the quartiles, quantiles, or a number of standard
        deviations from the mean (`pedigree.features.outlier_limits.compute_limits`).
    threshold : float
        That number, or the fraction of rows beyond each quantile.
    action : {"clip", "missing", "flag"}
        Clip the value to the limit, set it to missing (for the model's imputer), or add a column (1 =
        outlier).
    """

    def __init__(
        self,
        columns: Sequence[str] | None = None,
        method: Literal["iqr", "quantile", "z_score"] = "iqr",
        threshold: float = 3.0,
        action: Literal["clip", "missing", "flag"] = "clip",
    ) -> None:
        self.columns = columns
        self.method = method
        self.threshold = threshold
        self.action = action

    def mistakes(self) -> Iterator[str]:
        """Find mistakes in the settings."""
        if self.method not in METHODS:
            yield f"Outliers has no method '{self.method}'; choose from {', '.join(METHODS)}."
        if self.action not in ACTIONS:
            yield f"Outliers has no action '{self.action}'; choose from {', '.join(ACTIONS)}."
        if self.method == "quantile" and not 0 < self.threshold < 0.5:
            yield f"with method quantile, `threshold` is the fraction of rows at each end, such as 0.01; it is {self.threshold:g}."

    def fit(self, X: pd.DataFrame, y: object = None) -> Outliers:
        """Compute the limits of each column.

        Raises
        ------
        UserError
            The settings are wrong.
        """
        X = as_frame(self, X, reset=True)
        for mistake in self.mistakes():
            raise UserError(f"engineer: {mistake}")
        self.limits_: dict[str, list[float]] = {}
        for name in _numbers(X, self.columns):
            if ends := compute_limits(X[name].astype("float64"), self.method, self.threshold):
                self.limits_[name] = ends
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """Apply the action to values beyond the limits."""
        check_is_fitted(self)
        X = as_frame(self, X)
        made = {}
        for name, (low, high) in self.limits_.items():
            values = X[name].astype("float64")
            if self.action == "clip":
                made[name] = values.clip(low, high)
            elif self.action == "missing":
                made[name] = values.where(values.between(low, high))
            else:
                made[f"{name}_is_outlier"] = ((values < low) | (values > high)).astype("float64")
        return X.assign(**made)


class IsolationForest(ColumnStep):
    """Flag rows that differ from the training rows in several columns at once (Liu, Ting and Zhou 2008).

    Adds `outlier_score` (higher for rows that are easier to isolate) and `is_outlier` (1 = yes). No single
    value makes such a row an outlier, so no value is changed.

    Parameters
    ----------
    columns : list of str or None
        Numeric columns; None = all. Missing values are replaced by the training rows' median.
    contamination : float
        Fraction of the training rows that are outliers, in (0, 0.5].
    n_estimators : int
        Number of trees.
    random_state : int
    """

    def __init__(
        self,
        columns: Sequence[str] | None = None,
        contamination: float = 0.01,
        n_estimators: int = 100,
        random_state: int = 0,
    ) -> None:
        self.columns = columns
        self.contamination = contamination
        self.n_estimators = n_estimators
        self.random_state = random_state

    def fit(self, X: pd.DataFrame, y: object = None) -> IsolationForest:
        """Fit the trees."""
        X = as_frame(self, X, reset=True)
        from sklearn import ensemble

        medians = X[_numbers(X, self.columns)].astype("float64").median().dropna()
        self.medians_ = {str(name): float(value) for name, value in medians.items()}
        self.forest_ = ensemble.IsolationForest(
            n_estimators=self.n_estimators,
            contamination=self.contamination,
            random_state=self.random_state,
        ).fit(self._filled(X))
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """Add the score and the flag."""
        check_is_fitted(self)
        X = as_frame(self, X)
        scores = self.forest_.score_samples(self._filled(X))
        flags = (scores < self.forest_.offset_).astype("float64")
        return X.assign(outlier_score=-scores, is_outlier=flags)

    def _filled(self, X: pd.DataFrame) -> np.ndarray:
        return np.asarray(X[list(self.medians_)].astype("float64").fillna(self.medians_))


def _numbers(X: pd.DataFrame, columns: Sequence[str] | None) -> list[str]:
    return list(X.select_dtypes("number").columns if columns is None else columns)
