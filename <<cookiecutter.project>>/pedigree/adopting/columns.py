"""Classifying columns by their values and names."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pedigree.adopting.scan import Facts, Scan
from pedigree.base.names import counted
from pedigree.data.dates import ISO, to_dates
from pedigree.data.engine import EXACT, infer, parse

if TYPE_CHECKING:
    import pandas as pd

# Fraction of distinct values from which on a column is an identifier; below 1, since a few rows may be copies.
IDENTIFIER_FRACTION = 0.95
ID_NAME = re.compile(
    r"(^|_)(id|ids|uuid|guid|index|row|nr|no|number|key)($|_)|^(column|unnamed_\d+)$"
)
GROUP_NAME = re.compile(r"(^|_)(id|uuid|guid)$")
TIME_NAME = re.compile(
    r"(^|_)(date|datetime|time|timestamp|at|on|day|month|created|observed|datum|fecha)($|_)"
)
# Dates of a person or a contract, which are not the time at which a row was observed.
OTHER_TIME = re.compile(r"birth|born|dob|geburt|expir|due|valid|until")
BOOLEANS = [{"true", "false"}, {"yes", "no"}, {"y", "n"}, {"t", "f"}]
TEXT_WORDS = 4  # average number of words from which on a column is free text
FEW_VALUES = 30  # strings with fewer distinct values are categories, however many words they have
# Formats of dates; of two formats that fit, the one with the day first is preferred, as in most countries.
DATE_FORMATS = [
    date + time
    for time in ("", " %H:%M:%S", " %H:%M", "T%H:%M:%S")
    for date in (
        *("%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d", "%Y.%m.%d"),
        *("%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%d-%b-%Y"),
    )
]


@dataclass
class ColumnDecision:
    """A decision about a column.

    Parameters
    ----------
    name, source_name : str
        In snake_case, and as in the source.
    kind : str
        number, category, boolean, date, text, identifier, constant, empty, group or time.
    dtype : str
        As in contracts.
    why : str
        The observation behind the decision, for people.
    date_format : str, optional
        Format of the source's dates, if it is not ISO 8601.
    """

    name: str
    source_name: str
    kind: str
    dtype: str
    why: str
    date_format: str | None = None
    suspect: str | None = None  # how it may leak the target
    left_out: str | None = None  # why it is not a feature


def classify_columns(scan: Scan) -> list[ColumnDecision]:
    """Classify each column; `problem` later finds the target and leaks."""
    return [_classify_column(name, facts, scan) for name, facts in scan.columns.items()]


def _classify_column(name: str, facts: Facts, scan: Scan) -> ColumnDecision:
    present = scan.sample[name].dropna()
    lost = f", {facts.missing / scan.rows:.1%} missing" if facts.missing else ""
    lost += f", {counted(facts.infinite, 'infinite value')}, which `load` rejects" * bool(
        facts.infinite
    )

    def decided(kind: str, dtype: str, why: str, **more: str | None) -> ColumnDecision:
        return ColumnDecision(name, facts.source_name, kind, dtype, why + lost, **more)

    if facts.missing == scan.rows:
        why = "has no values"
        return decided("empty", "str", why, left_out=why)
    if facts.values is not None and len(facts.values) == 1 and not facts.missing:
        why = f"is {next(iter(facts.values))!r:.60} in every row"
        return decided("constant", _dtype(facts, present), why, left_out=why)
    distinct = present.nunique()
    dtype, date_format = _dtype(facts, present), None
    if dtype == "str":
        date_format = _date_format(present)
        dtype = "datetime64[ns]" if date_format else dtype
    unique = distinct >= IDENTIFIER_FRACTION * len(present) and len(present) > 10
    if dtype == "datetime64[ns]":
        values = to_dates(present, date_format or ISO)
        span = f"{values.min():%Y-%m-%d} to {values.max():%Y-%m-%d}"
        format_note = f", written as {date_format}" if date_format else ""
        return decided("date", dtype, f"{span}{format_note}", date_format=date_format)
    if dtype in ("int64", "float64"):
        if dtype == "int64" and unique and (ID_NAME.search(name) or _counts_up(present)):
            why = "a different integer in each row"
            return decided("identifier", dtype, why, left_out=why)
        if _is_group(name, distinct, len(present)):
            return _group(decided, dtype, distinct, present)
        return decided("number", dtype, f"{facts.low:.6g} to {facts.high:.6g}")
    if dtype == "boolean":
        return decided("boolean", dtype, "yes or no")
    if _is_group(name, distinct, len(present)):
        return _group(decided, dtype, distinct, present)
    words = present.head(1000).astype("str").str.split().str.len().mean()
    if words >= TEXT_WORDS and distinct > FEW_VALUES:
        why = f"free text, {words:.0f} words on average"
        return decided(
            "text",
            dtype,
            why,
            left_out=f"{why}; add a step to conf/engineer/ that makes features of it",
        )
    if unique:
        why = "a different string in each row"
        return decided("identifier", dtype, why, left_out=why)
    shown = ", ".join(map(str, present.value_counts().index[:3]))
    why = f"{distinct} values: {shown:.60}{', ...' if distinct > 3 else ''}"
    return decided("category", dtype, why + _mostly(present.head(1000)))


def _mostly(values: pd.Series) -> str:
    """Return a note if most of a category's values are numbers or dates."""
    for dtype, kinds in (("float64", "numbers"), ("datetime64[ns]", "dates")):
        fits = parse(values, dtype).notna()
        if 0.5 < fits.mean() < 1:
            odd = values[~fits].iloc[0]
            return f"; {fits.mean():.0%} are {kinds}, but not {odd!r:.30}; add a step to conf/clean/ to fix it"
    return ""


def _group(
    decided: Callable[..., ColumnDecision], dtype: str, distinct: int, present: pd.Series
) -> ColumnDecision:
    each = len(present) / distinct
    why = f"identifies {distinct} groups of {each:.1f} rows on average"
    return decided(
        "group", dtype, why, left_out=f"{why}; rows of a group stay in one subset of the split"
    )


def _is_group(name: str, distinct: int, rows: int) -> bool:
    """Return whether a column identifies groups of rows: an ID that occurs more than once on average."""
    return bool(GROUP_NAME.search(name)) and 10 < distinct <= rows / 1.5


def _dtype(facts: Facts, present: pd.Series) -> str:
    """Return a column's type, determined from all rows where the scan kept their values, else from the sample."""
    if facts.number and facts.low <= facts.high:
        if not facts.whole:
            return "float64"
        if max(abs(facts.low), abs(facts.high)) < EXACT:
            return "int64"
        return "str" if facts.digits else "float64"  # integers beyond a float's are identifiers
    if facts.values is not None:
        strings = {str(value).strip().lower() for value in facts.values}
        if strings in BOOLEANS:
            return "boolean"
    return infer(present) if _may_be_date(present) else "str"


def _may_be_date(present: pd.Series) -> bool:
    """Return quickly whether strings may be dates: each date contains a digit."""
    first = present.head(100)
    return first.dtype.kind in "bM" or first.astype("str").str.contains(r"\d", regex=True).all()


def _date_format(present: pd.Series) -> str | None:
    """Return the date format that fits all values, if one does."""
    if not _may_be_date(present):
        return None
    strings = present.astype("str").str.strip()
    for form in DATE_FORMATS:
        if to_dates(strings.head(20), form).notna().all() and to_dates(strings, form).notna().all():
            return form
    return None


def _counts_up(present: pd.Series) -> bool:
    """Return whether integers count the rows of the sample: increasing, by a constant step."""
    numbers = parse(present, "int64")
    return bool(numbers.is_monotonic_increasing and numbers.diff().dropna().nunique() == 1)
