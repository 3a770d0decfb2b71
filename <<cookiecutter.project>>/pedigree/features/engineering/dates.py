"""Features of dates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from pedigree.data.dates import date_of
from pedigree.estimators.frames import FrameTransformer, as_frame
from pedigree.features.engineering.steps import ColumnStep, unknown

# Periodic parts, and their number of values (in the longest month and year).
PERIODS = {
    "quarter": 4,
    "month": 12,
    "day": 31,
    "dayofweek": 7,
    "dayofyear": 366,
    "hour": 24,
    "minute": 60,
    "second": 60,
}
PARTS = (*PERIODS, "year")
UNITS = ("days", "hours", "minutes", "seconds")


class DateParts(ColumnStep):
    """Convert dates to numbers such as month or day of the week.

    Parameters
    ----------
    columns : list of str or None
        Date columns; None = all.
    parts : list of str
        Attributes of pandas' `dt` accessor, of `PARTS`.
    cyclic : bool
        Encode each periodic part as the sine and cosine of its position on a circle, on which December is
        next to January. Linear models require it; trees can use the number itself.
    """

    def __init__(
        self,
        columns: Sequence[str] | None = None,
        parts: Sequence[str] = ("month", "day"),
        cyclic: bool = False,
    ) -> None:
        self.columns = columns
        self.parts = parts
        self.cyclic = cyclic

    def mistakes(self) -> Iterator[str]:
        """Find unknown parts."""
        yield from unknown("part", self.parts, PARTS)

    def fit(self, X: pd.DataFrame, y: object = None) -> DateParts:
        """Find the date columns."""
        X = as_frame(self, X, reset=True)
        self.columns_ = date_columns(X) if self.columns is None else self.columns
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """Add a column, or a sine and a cosine, for each part of each date."""
        check_is_fitted(self)
        X = as_frame(self, X)
        new: dict[str, pd.Series] = {}
        for column in self.columns_:
            for part in self.parts:
                name, values = f"{column}_{part}", getattr(X[column].dt, part).astype("float64")
                if self.cyclic and part in PERIODS:
                    angle = 2 * np.pi * values / PERIODS[part]
                    new |= {f"{name}_sin": np.sin(angle), f"{name}_cos": np.cos(angle)}
                else:
                    new[name] = values
        return X.assign(**new)


class Durations(ColumnStep):
    """Measure the time between two dates of a row, or since a date that is always the same.

    Parameters
    ----------
    pairs : list of [start, end]
        Date columns.
    columns : list of str or None
        Date columns that are measured from `since`; None = all.
    since : str or None
        A date such as 2020-01-31; None = only the pairs are measured. It is a setting, because with
        "today" the same row would have other features tomorrow.
    unit : {"days", "hours", "minutes", "seconds"}
    """

    COLUMN_SETTINGS = ("pairs", "columns")

    def __init__(
        self,
        pairs: Sequence[Sequence[str]] = (),
        columns: Sequence[str] | None = None,
        since: str | None = None,
        unit: str = "days",
    ) -> None:
        self.pairs = pairs
        self.columns = columns
        self.since = since
        self.unit = unit

    def mistakes(self) -> Iterator[str]:
        """Find invalid dates, unknown units, and settings that measure nothing."""
        yield from unknown("unit", [self.unit], UNITS)
        if not self.pairs and self.since is None:
            yield "measures nothing; set pairs of date columns, or a date as since."
        if self.since is not None and date_of(self.since) is None:
            yield f"since: '{self.since}' is not a date; write it like 2020-01-31."

    def fit(self, X: pd.DataFrame, y: object = None) -> Durations:
        """Find the date columns."""
        X = as_frame(self, X, reset=True)
        self.columns_ = date_columns(X) if self.columns is None else self.columns
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """Add a column for each duration; negative if the end is before the start."""
        check_is_fitted(self)
        X = as_frame(self, X)
        unit = pd.Timedelta(1, unit=self.unit)
        new = {
            f"{end}_minus_{start}_{self.unit}": (X[end] - X[start]) / unit
            for start, end in self.pairs
        }
        if self.since is not None:
            start = date_of(self.since)
            new |= {f"{c}_{self.unit}_since": (X[c] - start) / unit for c in self.columns_}
        return X.assign(**new)


class DropDates(FrameTransformer):
    """Drop date columns: only their parts are features, since a moment never occurs again."""

    def fit(self, X: pd.DataFrame, y: object = None) -> DropDates:
        """Find the date columns."""
        X = as_frame(self, X, reset=True)
        self.columns_ = date_columns(X)
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """Return the other columns."""
        check_is_fitted(self)
        X = as_frame(self, X)
        return X.drop(columns=self.columns_)


def date_columns(X: pd.DataFrame) -> list[str]:
    """List the date columns."""
    return list(X.select_dtypes("datetime").columns)
