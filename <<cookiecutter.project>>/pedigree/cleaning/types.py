"""Repairs that turn texts into truth values, dates and numbers; what cannot be read becomes missing.

The types and spellings are named, not guessed, so that a single row is typed as the table was.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

import narwhals as nw

from pedigree.base.names import UserError
from pedigree.cleaning.arguments import Column, Columns, DateFormat, Mark, Words
from pedigree.cleaning.text import BLANKS
from pedigree.data.engine import FALSE, TRUE, parse
from pedigree.data.target import labels

if TYPE_CHECKING:
    import pandas as pd

TRUE_WORDS = (*TRUE, "on", "ja", "j", "wahr", "oui", "vrai", "si", "sí", "sì", "sim")
FALSE_WORDS = (*FALSE, "off", "nein", "falsch", "non", "faux", "nao", "não", "falso")

_DAY_FIRST = ("%d/%m/%Y", "%d-%m-%Y", "%d/%m/%y")
_MONTH_FIRST = ("%m/%d/%Y", "%m-%d-%Y", "%m/%d/%y")
# In use wherever either is: year first, dots (only ever day first), months by name.
_EITHER = (
    *("%Y/%m/%d", "%d.%m.%Y", "%d.%m.%y", "%d %B %Y", "%d %b %Y", "%d-%b-%Y"),
    *("%d. %B %Y", "%B %d, %Y", "%b %d, %Y"),
)
SPELLINGS = MappingProxyType(
    {
        order: ("ISO8601", *(day + time for day in days for time in ("", " %H:%M", " %H:%M:%S")))
        for order, days in {
            "day_first": (*_EITHER, *_DAY_FIRST),
            "month_first": (*_EITHER, *_MONTH_FIRST),
        }.items()
    }
)


def fix_types(
    frame: nw.DataFrame[Any],
    columns: Mapping[Column, Literal["float64", "int64", "boolean", "datetime64[ns]", "str"]],
) -> nw.DataFrame[Any]:
    """Give columns another type, as plain spellings of it are read by `load`."""
    rows = frame.to_pandas()
    made = {name: parse(rows[name], dtype) for name, dtype in columns.items()}
    return nw.from_native(rows.assign(**made), eager_only=True)


def parse_booleans(
    frame: nw.DataFrame[Any],
    columns: Columns,
    true_words: Words = TRUE_WORDS,
    false_words: Words = FALSE_WORDS,
) -> nw.DataFrame[Any]:
    """Read truth values.

    Parameters
    ----------
    frame : nw.DataFrame
    columns : sequence of str
    true_words, false_words : sequence of str
        Words for either, in any case.
    """
    no, yes = ({str(word).lower() for word in words} for words in (false_words, true_words))
    if no & yes:
        raise UserError(f"'{min(no & yes)}' stands for both true and false.")
    words = dict.fromkeys(no, False) | dict.fromkeys(yes, True)

    def read(values: pd.Series) -> pd.Series:
        return _texts(values).str.lower().map(words).astype("boolean")

    return _retype(frame, columns, lambda dtype: dtype == nw.Boolean, read)


def parse_dates(
    frame: nw.DataFrame[Any],
    columns: Columns,
    formats: Literal["day_first", "month_first"] | Sequence[DateFormat],
) -> nw.DataFrame[Any]:
    """Read dates that are spelt in several ways.

    Parameters
    ----------
    frame : nw.DataFrame
    columns : sequence of str
    formats : {"day_first", "month_first"} or sequence of str
        Formats that are tried in this order, in strptime's directives or "ISO8601"; or the usual ones
        (`SPELLINGS`), which need to be told whether 03/04/2024 is in April or in March. Times with an
        offset become UTC. Years of two digits up to 68 are of this century (POSIX).
    """
    tried = SPELLINGS[formats] if isinstance(formats, str) else formats

    def read(values: pd.Series) -> pd.Series:
        texts = _texts(values)
        rest = different = texts.dropna().drop_duplicates()
        made = parse(rest, "datetime64[ns]", tried[0])
        for one in tried[1:]:
            rest = different[made.isna()]
            if rest.empty:
                break
            made = made.fillna(parse(rest, "datetime64[ns]", one))
        return made.set_axis(different).reindex(texts).set_axis(values.index)

    return _retype(frame, columns, lambda dtype: dtype == nw.Datetime, read)


def parse_numbers(
    frame: nw.DataFrame[Any],
    columns: Columns,
    decimal: Mark = ".",
    thousands: str = "",
    units: Mapping[str, float] = MappingProxyType({}),
) -> nw.DataFrame[Any]:
    """Read numbers as people write them, in one unit.

    Parameters
    ----------
    frame : nw.DataFrame
    columns : sequence of str
    decimal : str
        The decimal mark.
    thousands : str
        Marks between groups of three digits, each character being one.
    units : mapping of str to float
        What may stand before or after a number (a unit, a currency, a percent sign), spelt as in the
        data, and the factor that leads to the unit in which the column is to be: {kg: 1, g: 0.001}.
        What has another unit becomes missing. A number without a unit is taken as it is.

    Raises
    ------
    UserError
        One mark is both the decimal mark and one of thousands.
    """
    if decimal in thousands:
        raise UserError(
            f"'{decimal}' is the decimal mark and one of thousands; change one of them."
        )
    thousands = thousands.replace(" ", BLANKS)
    point = re.escape(decimal)
    grouped = rf"[0-9]{{1,3}}(?:[{re.escape(thousands)}][0-9]{{3}})+|" if thousands else ""
    digits = rf"(?:{grouped}[0-9]+)(?:{point}[0-9]*)?|{point}[0-9]+"
    pattern = re.compile(rf"([-+−]?)\s*(\D*?)\s*([-+−]?)({digits})([eE][-+]?[0-9]+)?\s*(.*)")
    factors = {"": 1.0, **units}
    drop = str.maketrans(decimal, ".", thousands)

    def number(text: str) -> float | None:
        found = pattern.fullmatch(text)
        if not found:
            return None
        sign, before, inner, value, exponent, after = found.groups()
        unit = before or after
        if (before and after) or (sign and inner) or unit.strip() not in factors:
            return None
        size = float(value.translate(drop) + (exponent or "")) * factors[unit.strip()]
        return -size if (sign or inner) in ("-", "−") else size

    def read(values: pd.Series) -> pd.Series:
        texts = _texts(values)
        return parse(texts.map({text: number(text) for text in texts.dropna().unique()}), "float64")

    return _retype(frame, columns, lambda dtype: dtype.is_numeric(), read)


def _texts(values: pd.Series) -> pd.Series:
    return labels(values).str.strip()


def _retype(
    frame: nw.DataFrame[Any],
    columns: Sequence[str],
    is_read: Callable[[nw.dtypes.DType], bool],
    read: Callable[[pd.Series], pd.Series],
) -> nw.DataFrame[Any]:
    """Read columns, unless they are of the wanted type already."""
    rows = frame.to_pandas()
    made = {name: read(rows[name]) for name in columns if not is_read(frame.schema[name])}
    return nw.from_native(rows.assign(**made), eager_only=True)
