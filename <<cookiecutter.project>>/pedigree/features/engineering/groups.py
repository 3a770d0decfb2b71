"""Features of groups of rows, and rare categories."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd
from sklearn.utils.validation import check_is_fitted

from pedigree.data.target import row_key
from pedigree.estimators.frames import as_frame
from pedigree.features.engineering.steps import ColumnStep, unknown

# Aggregations of pandas. All keep the unit of the column, so that a difference from them is meaningful.
STATISTICS = ("mean", "median", "min", "max", "std", "sum")


class GroupStatistics(ColumnStep):
    """Add a statistic of a row's group, and the row's difference from it.

    Parameters
    ----------
    by : list of str
        Columns that define the groups.
    columns : list of str
        Numeric columns.
    statistics : list of str
        A selection of `STATISTICS`.

    Notes
    -----
    Groups without training rows get the statistic of all training rows.
    """

    COLUMN_SETTINGS = ("by", "columns")

    def __init__(
        self, by: Sequence[str], columns: Sequence[str], statistics: Sequence[str] = ("mean",)
    ) -> None:
        self.by = by
        self.columns = columns
        self.statistics = statistics

    def mistakes(self) -> Iterator[str]:
        """Find unknown statistics."""
        yield from unknown("statistic", self.statistics, STATISTICS)

    def fit(self, X: pd.DataFrame, y: object = None) -> GroupStatistics:
        """Compute the statistics of each group."""
        X = as_frame(self, X, reset=True)
        self.names_ = [
            f"{c}_{s}_by_{'_'.join(self.by)}" for c in self.columns for s in self.statistics
        ]
        wanted = [(c, s) for c in self.columns for s in self.statistics]
        self.overall_ = {
            name: float(X[c].agg(s)) for name, (c, s) in zip(self.names_, wanted, strict=True)
        }
        self.groups_: dict[str, list[float]] = {}
        if self.by:
            grouped = X.groupby(row_key(X, self.by), sort=True)
            table = pd.DataFrame(
                {n: grouped[c].agg(s) for n, (c, s) in zip(self.names_, wanted, strict=True)}
            )
            self.groups_ = {str(key): values.tolist() for key, values in table.iterrows()}
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """Add two columns for each statistic."""
        check_is_fitted(self)
        X = as_frame(self, X)
        if not self.by:
            return X
        keys = row_key(X, self.by)
        new: dict[str, pd.Series] = {}
        for position, name in enumerate(self.names_):
            column = self.columns[position // len(self.statistics)]
            known = {key: values[position] for key, values in self.groups_.items()}
            new[name] = keys.map(known).astype("float64").fillna(self.overall_[name])
            new[f"{column}_minus_{name.removeprefix(f'{column}_')}"] = X[column] - new[name]
        return X.assign(**new)


class RareCategories(ColumnStep):
    """Replace rare categories by one category.

    Parameters
    ----------
    min_fraction : float
        Fraction of the training rows, in [0, 1), below which a category is rare.
    enough_rows : int
        A category with at least so many training rows is never rare, whatever its fraction; 20 is also
        the default of category_encoders (`min_samples_leaf` of its TargetEncoder).

    Notes
    -----
    A column with rare categories only (names, comments) is left unchanged; `select` may drop it.
    """

    RARE = "(rare)"
    COLUMN_SETTINGS = ()

    def __init__(self, min_fraction: float = 0.01, enough_rows: int = 20) -> None:
        self.min_fraction = min_fraction
        self.enough_rows = enough_rows

    def fit(self, X: pd.DataFrame, y: object = None) -> RareCategories:
        """Learn the frequent values of each column."""
        X = as_frame(self, X, reset=True)
        self.frequent_: dict[str, list[str]] = {}
        for name in X.select_dtypes(exclude=["number", "bool", "boolean", "datetime"]):
            rows = X[name].value_counts()
            enough = (rows / rows.sum() >= self.min_fraction) | (rows >= self.enough_rows)
            frequent = sorted(rows.index[enough])
            if frequent:
                self.frequent_[str(name)] = frequent
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """Replace values that are not frequent."""
        check_is_fitted(self)
        X = as_frame(self, X)
        return X.assign(
            **{
                name: X[name].where(X[name].isin(kept) | X[name].isna(), self.RARE)
                for name, kept in self.frequent_.items()
            }
        )
