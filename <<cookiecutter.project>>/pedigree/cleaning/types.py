"""Cleaning steps that parse strings to booleans, dates and numbers; what cannot be parsed becomes missing.

Types and formats are given, not inferred, so that a single row is typed in the same way as a whole table.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

import narwhals as nw

from pedigree.base.names import UserError
from pedigree.cleaning.arguments import Character, Column, Columns, DateFormat, Scalars
from pedigree.cleaning.text import WHITESPACE
from pedigree.data.engine import FALSE, TRUE, parse
from pedigree.data.target import labels

if TYPE_CHECKING:
    import pandas as pd

TRUE_VALUES = (*TRUE, "on", "ja", "j", "wahr", "oui", "vrai", "si", "sí", "sì", "sim")
FALSE_VALUES = (*FALSE, "off", "nein", "falsch", "non", "faux", "nao", "não", "falso")

_DAY_FIRST = ("%d/%m/%Y", "%d-%m-%Y", "%d/%m/%y")
_MONTH_FIRST = ("%m/%d/%Y", "%m-%d-%Y", "%m/%d/%y")
# Unambiguous formats, tried in either order: year first, dots (always day first), months by name.
_EITHER = (
    *("%Y/%m/%d", "%d.%m.%Y", "%d.%m.%y", "%d %B %Y", "%d %b %Y", "%d-%b-%Y"),
    *("%d. %B %Y", "%B %d, %Y", "%b %d, %Y"),
)
DATE_FORMATS = MappingProxyType(
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
    """Convert columns to another type with the parser of `load`."""
    rows = frame.to_pandas()
    made = {name: parse(rows[name], dtype) for name, dtype in columns.items()}
    return nw.from_native(rows.assign(**made), eager_only=True)


def parse_booleans(
    frame: nw.DataFrame[Any],
    columns: Columns,
    true_values: Scalars = TRUE_VALUES,
    false_values: Scalars = FALSE_VALUES,
) -> nw.DataFrame[Any]:
    """Parse strings to booleans.

    Parameters
    ----------
    frame : nw.DataFrame
    columns : sequence of str
    true_values, false_values : sequence of str
        Strings that mean true and false, in any case.

    Returns
    -------
    nw.DataFrame

    Raises
    ------
    UserError
        A string is in both lists.
    """
    no, yes = ({str(value).lower() for value in values} for values in (false_values, true_values))
    if no & yes:
        raise UserError(
            f"'{min(no & yes)}' is in both true_values and false_values; remove it from one of them."
        )
    booleans = dict.fromkeys(no, False) | dict.fromkeys(yes, True)

    def read(values: pd.Series) -> pd.Series:
        return _to_strings(values).str.lower().map(booleans).astype("boolean")

    return _retype(frame, columns, lambda dtype: dtype == nw.Boolean, read)


def parse_dates(
    frame: nw.DataFrame[Any],
    columns: Columns,
    formats: Literal["day_first", "month_first"] | Sequence[DateFormat],
) -> nw.DataFrame[Any]:
    """Parse dates of several formats.

    Parameters
    ----------
    frame : nw.DataFrame
    columns : sequence of str
    formats : {"day_first", "month_first"} or sequence of str
        Formats in strptime's directives or "ISO8601", tried in this order; or a name of `DATE_FORMATS`,
        which decides whether 03/04/2024 is in April or in March. Times with an offset are converted to
        UTC. Years of two digits up to 68 are of this century (POSIX).

    Returns
    -------
    nw.DataFrame
    """
    tried = DATE_FORMATS[formats] if isinstance(formats, str) else formats

    def read(values: pd.Series) -> pd.Series:
        strings = _to_strings(values)
        rest = different = strings.dropna().drop_duplicates()
        made = parse(rest, "datetime64[ns]", tried[0])
        for one in tried[1:]:
            rest = different[made.isna()]
            if rest.empty:
                break
            made = made.fillna(parse(rest, "datetime64[ns]", one))
        return made.set_axis(different).reindex(strings).set_axis(values.index)

    return _retype(frame, columns, lambda dtype: dtype == nw.Datetime, read)


def parse_numbers(
    frame: nw.DataFrame[Any],
    columns: Columns,
    decimal: Character = ".",
    thousands: str = "",
    units: Mapping[str, float] = MappingProxyType({}),
) -> nw.DataFrame[Any]:
    """Parse formatted numbers and convert them to one unit.

    Parameters
    ----------
    frame : nw.DataFrame
    columns : sequence of str
    decimal : str
        Decimal separator.
    thousands : str
        Thousands separators, one character each.
    units : mapping of str to float
        Text that may stand before or after a number (a unit, a currency, a percent sign), and the factor
        that converts it to the unit of the column: {kg: 1, g: 0.001}. A number with another unit becomes
        missing; a number without a unit is not converted.

    Returns
    -------
    nw.DataFrame

    Raises
    ------
    UserError
        A character is both the decimal and a thousands separator.
    """
    if decimal in thousands:
        raise UserError(
            f"'{decimal}' is both the decimal and a thousands separator; change one of them."
        )
    thousands = thousands.replace(" ", WHITESPACE)
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
        strings = _to_strings(values)
        return parse(
            strings.map({text: number(text) for text in strings.dropna().unique()}), "float64"
        )

    return _retype(frame, columns, lambda dtype: dtype.is_numeric(), read)


def _to_strings(values: pd.Series) -> pd.Series:
    return labels(values).str.strip()


def _retype(
    frame: nw.DataFrame[Any],
    columns: Sequence[str],
    is_parsed: Callable[[nw.dtypes.DType], bool],
    read: Callable[[pd.Series], pd.Series],
) -> nw.DataFrame[Any]:
    """Parse the columns that do not have the target type yet."""
    rows = frame.to_pandas()
    made = {name: read(rows[name]) for name in columns if not is_parsed(frame.schema[name])}
    return nw.from_native(rows.assign(**made), eager_only=True)
