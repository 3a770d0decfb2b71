"""Numbers far from the others."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from sklearn.utils.validation import check_is_fitted

from pipeline.engineer.steps import ColumnStep


class ClipOutliers(ColumnStep):
    """Move numbers far outside of the quartiles to the fence (Tukey, Exploratory Data Analysis, 1977).

    Parameters
    ----------
    columns : list of str or None
        Numbers; None = all.
    reach : float
        Interquartile ranges between a quartile and the fence.
    """

    def __init__(self, columns: Sequence[str] | None = None, reach: float = 3.0) -> None:
        self.columns = columns
        self.reach = reach

    def fit(self, X: pd.DataFrame, y: object = None) -> ClipOutliers:
        """Compute the fences; a column whose quartiles are one value gets none."""
        names = X.select_dtypes("number").columns if self.columns is None else self.columns
        self.fences_: dict[str, list[float]] = {}
        for name in names:
            low, high = X[name].quantile([0.25, 0.75])
            if high > low:
                reach = self.reach * (high - low)
                self.fences_[str(name)] = [float(low - reach), float(high + reach)]
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """Clip to the fences."""
        check_is_fitted(self)
        return X.assign(
            **{name: X[name].astype("float64").clip(*fence) for name, fence in self.fences_.items()}
        )
