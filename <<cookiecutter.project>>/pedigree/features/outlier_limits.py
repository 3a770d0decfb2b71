"""Outliers: limits learned from training rows, and a sampler that leaves such rows out of the fit.

Fixed limits that are known beforehand belong to the cleaning steps (`pedigree.cleaning.limit`). Learned limits would
leak information about the test rows if they were computed before the split. So a value is treated by a fitted
transformer (`pedigree.features.engineering.Outliers`), and a row is dropped inside the fit, where no score uses it.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd

from pedigree.base.names import UserError

METHODS = ("iqr", "quantile", "z_score")


def compute_limits(values: pd.Series, method: str, threshold: float) -> list[float] | None:
    """Compute the limits beyond which a value is an outlier.

    Parameters
    ----------
    values : Series of float
    method : {"iqr", "quantile", "z_score"}
        Quartiles and `threshold` interquartile ranges beyond them (Tukey, Exploratory Data Analysis, 1977); the
        quantiles with a fraction `threshold` of the values beyond each; mean and `threshold` standard deviations.
    threshold : float

    Returns
    -------
    list of float or None
        Lower and upper limit. None if the column has at most two distinct values, or the limits are equal
        because most values are.
    """
    if values.nunique() <= 2:
        return None
    if method == "z_score":
        low, high = (
            values.mean() - threshold * values.std(),
            values.mean() + threshold * values.std(),
        )
    elif method == "quantile":
        low, high = values.quantile([threshold, 1 - threshold])
    else:
        low, high = values.quantile([0.25, 0.75])
        low, high = low - threshold * (high - low), high + threshold * (high - low)
    return [float(low), float(high)] if low < high else None


class DropOutliers:
    """Sampler that drops outliers from the training set.

    Parameters
    ----------
    method : {"iqr", "quantile", "z_score", "isolation_forest"}
        Limits by quartiles, quantiles, or mean and standard deviations, with `threshold` as in `compute_limits`; or rows that
        an isolation forest separates from the others by several columns at once (Liu, Ting and Zhou 2008).
    threshold : float
        Of the method; for isolation_forest, the fraction of rows that are outliers.
    random_state : int
        Seed of the isolation forest.
    """

    def __init__(
        self,
        method: Literal["iqr", "quantile", "z_score", "isolation_forest"] = "iqr",
        threshold: float = 3.0,
        random_state: int = 0,
    ) -> None:
        self.method = method
        self.threshold = threshold
        self.random_state = random_state

    def fit_resample(self, X: pd.DataFrame, y: np.ndarray) -> tuple[pd.DataFrame, np.ndarray]:
        """Return the rows without outliers.

        Parameters
        ----------
        X, y : DataFrame of shape (n, p), ndarray of shape (n,)
            Training rows.

        Raises
        ------
        UserError
            All rows, or all rows of a class, have outliers.
        """
        numbers = X.select_dtypes("number").astype("float64")
        if self.method == "isolation_forest":
            fine = ~isolated(numbers, self.threshold, self.random_state)
        else:
            fine = np.ones(len(X), dtype=bool)
            for name in numbers:
                if ends := compute_limits(numbers[name], self.method, self.threshold):
                    fine &= (numbers[name].between(*ends) | numbers[name].isna()).to_numpy()
        lost = set(np.unique(y)) - set(np.unique(y[fine])) if y.dtype.kind in "iu" else set()
        if lost or not fine.any():
            raise UserError(
                "model.sampler: no training row of a class is left without outliers; raise `threshold`, or lower it "
                "where `method` is quantile or isolation_forest."
            )
        return X[fine], y[fine]


def isolated(numbers: pd.DataFrame, contamination: float, seed: int) -> np.ndarray:
    """Find the rows that an isolation forest separates most easily.

    Parameters
    ----------
    numbers : DataFrame of shape (n, p)
        Missing values are replaced by the median.
    contamination : float
        Fraction of such rows, in (0, 0.5].
    seed : int
        Random seed.

    Returns
    -------
    ndarray of bool, shape (n,)
    """
    from sklearn.ensemble import IsolationForest

    filled = numbers.fillna(numbers.median()).dropna(axis=1).to_numpy()
    forest = IsolationForest(contamination=contamination, random_state=seed)
    return np.asarray(forest.fit_predict(filled) == -1)
