"""Dates: the one place where a string becomes a date, independently of the clock."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

ISO = "ISO8601"
DTYPE = "datetime64[ns]"
BOUNDS = ("ge", "gt", "le", "lt", "eq", "ne")  # rules of a contract that compare with one value


def to_dates(values: pd.Series, form: str = ISO) -> pd.Series:
    """Convert strings to dates; whatever is no date, or outside of what the type holds, becomes missing.

    A date contains a digit. Without this rule, pandas reads `now` and `today` as the time of the run.

    Parameters
    ----------
    values : Series
        Strings, or dates already.
    form : str
        ISO8601, or strptime's directives.

    Returns
    -------
    Series
        Of type ``datetime64[ns]``; times with an offset are converted to UTC.
    """
    import pandas as pd

    if values.dtype.kind not in "iufbM":
        values = values.where(values.astype("str").str.contains("[0-9]", regex=True))
    dates = pd.to_datetime(values, errors="coerce", format=form, utc=True).dt.tz_localize(None)
    return dates.where(dates.between(pd.Timestamp.min, pd.Timestamp.max)).astype(DTYPE)


def date_of(value: object) -> pd.Timestamp | None:
    """Convert one value in ISO 8601, such as a setting, to a date; None if it is none."""
    import pandas as pd

    found = to_dates(pd.Series([str(value)], dtype="str")).iloc[0]
    return None if pd.isna(found) else found


def wrong_dates(contract: Mapping[str, Any]) -> Iterator[str]:
    """Find rules that compare a date column of a contract with a string that is no date, such as `today`.

    Yields
    ------
    str
        A sentence for each rule, that follows the name of the file.
    """
    for name, column in contract["columns"].items():
        if not isinstance(column, Mapping) or column.get("dtype") != DTYPE:
            continue
        for key, value in _compared(column):
            if isinstance(value, str) and date_of(value) is None:
                yield f"columns.{name}.{key}: {value!r:.50} is not a date; write it like '2020-01-31'."
            elif isinstance(value, date):  # pandas compares dates with strings, but not with these
                yield f"columns.{name}.{key}: {value} has to be in quotes, like '2020-01-31'."


def _compared(column: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the values with which the rules of a column compare."""
    for key in BOUNDS:
        yield key, column.get(key)
    for key in ("isin", "notin"):
        for value in column.get(key) or ():
            yield key, value
    between = column.get("in_range")
    if isinstance(between, Mapping):
        for key in ("min_value", "max_value"):
            yield f"in_range.{key}", between.get(key)
