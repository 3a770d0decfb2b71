"""Classifying columns by their values and names."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pedigree.adopting.scan import Facts, Scan
from pedigree.data.engine import EXACT, infer, parse

if TYPE_CHECKING:
    import pandas as pd

# A column is one of names if nearly each row has another value. Nearly: a few rows may be copies.
IDENTIFIER_FRACTION = 0.95
ID_NAME = re.compile(
    r"(^|_)(id|ids|uuid|guid|index|row|nr|no|number|key)($|_)|^(column|unnamed_\d+)$"
)
GROUP_NAME = re.compile(r"(^|_)(id|uuid|guid)$")
TIME_NAME = re.compile(
    r"(^|_)(date|datetime|time|timestamp|at|on|day|month|created|observed|datum|fecha)($|_)"
)
# Dates of a person or a contract, which say nothing of when a row came to be.
OTHER_TIME = re.compile(r"birth|born|dob|geburt|expir|due|valid|until")
BOOLEANS = [{"true", "false"}, {"yes", "no"}, {"y", "n"}, {"t", "f"}]
TEXT_WORDS = 4  # words of the average value from which on a column is free text
FEW_VALUES = 30  # a text with fewer different values is a category, however many words it has
# Spellings of dates, day first where a date could be read both ways, as most of the world writes.
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
        In snake_case, and as the source spells it.
    kind : str
        number, category, boolean, date, text, identifier, constant, empty, group or time.
    dtype : str
        As contracts name it.
    why : str
        What was seen, for people.
    date_format : str, optional
        How the source writes its dates, where that is not ISO 8601.
    """

    name: str
    source_name: str
    kind: str
    dtype: str
    why: str
    date_format: str | None = None
    suspect: str | None = None  # how it gives the target away
    left_out: str | None = None  # the reason why no model sees it


def classify_columns(scan: Scan) -> list[ColumnDecision]:
    """Classify each column; the target and leaks are found later (see `problem`)."""
    return [_classify_column(name, facts, scan) for name, facts in scan.columns.items()]


def _classify_column(name: str, facts: Facts, scan: Scan) -> ColumnDecision:
    present = scan.sample[name].dropna()
    gaps = f", {facts.missing / scan.rows:.1%} missing" if facts.missing else ""

    def decided(kind: str, dtype: str, why: str, **more: str | None) -> ColumnDecision:
        return ColumnDecision(name, facts.source_name, kind, dtype, why + gaps, **more)

    if facts.missing == scan.rows:
        why = "holds no value"
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
        values = to_dates(present, date_format)
        span = f"{values.min():%Y-%m-%d} to {values.max():%Y-%m-%d}"
        format_note = f", written as {date_format}" if date_format else ""
        return decided("date", dtype, f"{span}{format_note}", date_format=date_format)
    if dtype in ("int64", "float64"):
        if dtype == "int64" and unique and (ID_NAME.search(name) or _counts_up(present)):
            why = "a whole number of its own in each row"
            return decided("identifier", dtype, why, left_out=why)
        if _is_group(name, distinct, len(present)):
            return _group(decided, dtype, distinct, present)
        return decided("number", dtype, f"{facts.low:.6g} to {facts.high:.6g}")
    if dtype == "boolean":
        return decided("boolean", dtype, "two values that mean yes and no")
    if _is_group(name, distinct, len(present)):
        return _group(decided, dtype, distinct, present)
    words = present.head(1000).astype("str").str.split().str.len().mean()
    if words >= TEXT_WORDS and distinct > FEW_VALUES:
        why = f"free text, {words:.0f} words on average"
        return decided(
            "text", dtype, why, left_out=f"{why}; add a step to conf/engineer/ that reads it"
        )
    if unique:
        why = "a name of its own in each row"
        return decided("identifier", dtype, why, left_out=why)
    shown = ", ".join(map(str, present.value_counts().index[:3]))
    why = f"{distinct} values: {shown:.60}{', ...' if distinct > 3 else ''}"
    return decided("category", dtype, why + _mostly(present.head(1000)))


def _mostly(texts: pd.Series) -> str:
    """Return a note if most of a category's values are numbers or dates."""
    for dtype, kinds in (("float64", "numbers"), ("datetime64[ns]", "dates")):
        fits = parse(texts, dtype).notna()
        if fits.mean() > 0.5:
            odd = texts[~fits].iloc[0]
            return f"; {fits.mean():.0%} are {kinds}, not {odd!r:.30}: a step in conf/clean/ can fix that"
    return ""


def _group(
    decided: Callable[..., ColumnDecision], dtype: str, distinct: int, present: pd.Series
) -> ColumnDecision:
    each = len(present) / distinct
    why = f"names {distinct} groups of {each:.1f} rows"
    return decided(
        "group", dtype, why, left_out=f"{why}; rows of a group stay in one subset of the split"
    )


def _is_group(name: str, distinct: int, rows: int) -> bool:
    """Return whether a column names groups of rows: an ID that comes back, on average at least once."""
    return bool(GROUP_NAME.search(name)) and 10 < distinct <= rows / 1.5


def _dtype(facts: Facts, present: pd.Series) -> str:
    """Name a column's type, true of all rows where these were asked, else of the sample."""
    if facts.number and facts.low <= facts.high:
        if not facts.whole:
            return "float64"
        # Whole numbers that are too long to be numbers are names.
        return "int64" if max(abs(facts.low), abs(facts.high)) < EXACT else "str"
    if facts.values is not None:
        texts = {str(value).strip().lower() for value in facts.values}
        if texts in BOOLEANS:
            return "boolean"
    return infer(present) if _may_be_date(present) else "str"


def _may_be_date(present: pd.Series) -> bool:
    """Tell in a moment that most texts are none: each date has a digit."""
    first = present.head(100)
    return first.dtype.kind in "bM" or first.astype("str").str.contains(r"\d", regex=True).all()


def _date_format(present: pd.Series) -> str | None:
    """Find the spelling that all values share, if it is one of dates."""
    if not _may_be_date(present):
        return None
    texts = present.astype("str").str.strip()
    for form in DATE_FORMATS:
        if to_dates(texts.head(20), form).notna().all() and to_dates(texts, form).notna().all():
            return form
    return None


def to_dates(texts: pd.Series, form: str | None) -> pd.Series:
    """Parse dates in a spelling of `strptime`, else in ISO 8601; what is none becomes missing."""
    import pandas as pd

    if form is None:
        return parse(texts, "datetime64[ns]")
    return pd.to_datetime(texts, format=form, errors="coerce")


def _counts_up(present: pd.Series) -> bool:
    """Return whether whole numbers count the rows of the sample, in any order of the columns."""
    numbers = parse(present, "int64")
    return bool(numbers.is_monotonic_increasing and numbers.diff().dropna().nunique() == 1)
