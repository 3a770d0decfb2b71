"""The transformers: pandas in, pandas out, fitted on the training rows only."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from pipeline.core.data.target import row_key


class ColumnStep(TransformerMixin, BaseEstimator):
    """A transformer that names columns in its settings.

    The same settings serve every question: where a named column is the target of one, `without`
    leaves it out.
    """

    COLUMN_SETTINGS: tuple[str, ...] = ("columns",)

    def named_columns(self) -> set[str]:
        """Return every column that the settings name."""
        return {
            name
            for setting in self.COLUMN_SETTINGS
            for name in np.ravel(getattr(self, setting) or [])
        }

    def without(self, hidden: set[str]) -> ColumnStep:
        """Leave out the columns (or the pairs with a column) that the model may not see."""
        for setting in self.COLUMN_SETTINGS:
            named = getattr(self, setting)
            if named is not None:
                setattr(self, setting, [item for item in named if not hidden & set(np.ravel(item))])
        return self


class DateParts(ColumnStep):
    """Turn dates into numbers such as month or day of the week.

    Parameters
    ----------
    columns : list of str or None
        Date columns; None = all.
    parts : list of str
        Attributes of pandas' `dt` accessor.
    """

    def __init__(
        self, columns: Sequence[str] | None = None, parts: Sequence[str] = ("month", "day")
    ) -> None:
        self.columns = columns
        self.parts = parts

    def fit(self, X: pd.DataFrame, y: object = None) -> DateParts:
        """Find the date columns."""
        self.columns_ = (
            list(X.select_dtypes("datetime").columns) if self.columns is None else self.columns
        )
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """Add a column for each part of each date."""
        check_is_fitted(self)
        new = {
            f"{c}_{part}": getattr(X[c].dt, part).astype("float64")
            for c in self.columns_
            for part in self.parts
        }
        return X.assign(**new)


class DropDates(TransformerMixin, BaseEstimator):
    """Drop raw dates: their parts are features, a moment that never returns is none."""

    def fit(self, X: pd.DataFrame, y: object = None) -> DropDates:
        """Find the date columns."""
        self.columns_ = list(X.select_dtypes("datetime").columns)
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """Return the other columns."""
        check_is_fitted(self)
        return X.drop(columns=self.columns_)


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
        """Learn nothing; a ratio looks at one row."""
        self.fitted_ = True
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """Add a column for each pair; division by zero gives a missing value."""
        check_is_fitted(self)
        return X.assign(**{f"{a}_per_{b}": X[a] / X[b].replace(0, np.nan) for a, b in self.pairs})


class GroupStatistics(ColumnStep):
    """Add a statistic of a row's group, and the row's difference from it.

    Parameters
    ----------
    by : list of str
        Columns that make the groups.
    columns : list of str
        Numbers to describe.
    statistics : list of str
        Names of pandas' aggregations that keep the unit, such as mean, median, min or max.

    Notes
    -----
    Groups that the fitted rows do not know get the statistic of all of them.
    """

    COLUMN_SETTINGS = ("by", "columns")

    def __init__(
        self, by: Sequence[str], columns: Sequence[str], statistics: Sequence[str] = ("mean",)
    ) -> None:
        self.by = by
        self.columns = columns
        self.statistics = statistics

    def fit(self, X: pd.DataFrame, y: object = None) -> GroupStatistics:
        """Compute the statistics of each group."""
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


class RareCategories(TransformerMixin, BaseEstimator):
    """Gather rare texts in one category.

    Parameters
    ----------
    min_share : float
        Share of the fitted rows, in [0, 1), below which a text is rare.

    Notes
    -----
    A column in which every text is rare (names, comments) is left as it is, for `select` to judge.
    """

    RARE = "(rare)"

    def __init__(self, min_share: float = 0.01) -> None:
        self.min_share = min_share

    def named_columns(self) -> set[str]:
        """Return no column: every text is treated."""
        return set()

    def without(self, hidden: set[str]) -> RareCategories:
        """Return itself: hidden columns do not reach it."""
        return self

    def fit(self, X: pd.DataFrame, y: object = None) -> RareCategories:
        """Learn the frequent texts of each column."""
        self.frequent_: dict[str, list[str]] = {}
        for name in X.select_dtypes(exclude=["number", "bool", "boolean", "datetime"]):
            shares = X[name].value_counts(normalize=True)
            frequent = sorted(shares.index[shares >= self.min_share])
            if frequent:
                self.frequent_[str(name)] = frequent
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """Replace what was not frequent."""
        check_is_fitted(self)
        return X.assign(
            **{
                name: X[name].where(X[name].isin(kept) | X[name].isna(), self.RARE)
                for name, kept in self.frequent_.items()
            }
        )
