"""What the arguments of the repairs may be; `configure` holds the settings against these types."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StrictFloat, StrictInt

from pedigree.base.names import snake_case
from pedigree.cleaning.rule import parse_rule


def _column(name: str) -> str:
    if name != snake_case(name):
        raise ValueError(f"'{name}' is called '{snake_case(name)}' once it is loaded")
    return name


def _pattern(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"'{pattern}' is no regular expression: {error}") from None
    return pattern


def _date_format(spelling: str) -> str:
    import pandas as pd

    if spelling == "ISO8601":
        return spelling
    if "%" not in spelling:
        raise ValueError(f"'{spelling}' is no date format; write it as %d.%m.%Y or ISO8601")
    pd.to_datetime(pd.Series(["x"]), format=spelling, errors="coerce")  # a ValueError of its own
    return spelling


def _bounds(pair: Sequence[float | None]) -> Sequence[float | None]:
    low, high = pair
    if low is None and high is None:
        raise ValueError("one of the two bounds must be given")
    if low is not None and high is not None and low > high:
        raise ValueError(f"the low bound {low:g} is above the high bound {high:g}")
    return pair


def _values(values: Mapping[str, str]) -> Mapping[str, str]:
    for old, new in values.items():
        if values.get(new, new) != new:
            raise ValueError(
                f"'{old}' becomes '{new}', which becomes '{values[new]}'; name the last"
            )
    return values


def _rule(rule: str) -> str:
    parse_rule(rule)
    return rule


# A column as `load` names it.
Column = Annotated[str, AfterValidator(_column)]
Columns = Annotated[Sequence[Column], Field(min_length=1)]
# YAML reads an unquoted yes, no, on or off as true or false: those are refused here.
Word = str | StrictInt | StrictFloat
Words = Annotated[Sequence[Word], Field(min_length=1)]
Mark = Annotated[str, Field(min_length=1, max_length=1)]
Pattern = Annotated[str, AfterValidator(_pattern)]
DateFormat = Annotated[str, AfterValidator(_date_format)]
Bounds = Annotated[
    Sequence[float | None], Field(min_length=2, max_length=2), AfterValidator(_bounds)
]
Values = Annotated[Mapping[str, str], AfterValidator(_values)]
Rule = Annotated[str, AfterValidator(_rule)]
Action = Literal["missing", "drop"]
