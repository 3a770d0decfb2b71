"""Types of the arguments of cleaning steps; `configure` validates the settings with them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StrictFloat, StrictInt

from pedigree.base.names import snake_case
from pedigree.cleaning.rule import parse_rule


def _column(name: str) -> str:
    if name != snake_case(name):
        raise ValueError(
            f"column '{name}' is renamed to '{snake_case(name)}' by `load`; use that name"
        )
    return name


def _pattern(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"'{pattern}' is not a regular expression: {error}") from None
    return pattern


def _date_format(text: str) -> str:
    import pandas as pd

    if text == "ISO8601":
        return text
    if "%" not in text:
        raise ValueError(f"'{text}' is not a date format; write it as %d.%m.%Y or ISO8601")
    pd.to_datetime(pd.Series(["x"]), format=text, errors="coerce")  # raises a ValueError itself
    return text


def _bounds(pair: Sequence[float | None]) -> Sequence[float | None]:
    low, high = pair
    if low is None and high is None:
        raise ValueError("both bounds are null; set at least one")
    if low is not None and high is not None and low > high:
        raise ValueError(f"the lower bound {low:g} is above the upper bound {high:g}")
    return pair


def _values(values: Mapping[str, str]) -> Mapping[str, str]:
    for old, new in values.items():
        if values.get(new, new) != new:
            raise ValueError(
                f"'{old}' becomes '{new}', which becomes '{values[new]}'; map it to the last directly"
            )
    return values


def _rule(rule: str) -> str:
    parse_rule(rule)
    return rule


# A column, under the name that `load` gives it.
Column = Annotated[str, AfterValidator(_column)]
Columns = Annotated[Sequence[Column], Field(min_length=1)]
# YAML reads an unquoted yes, no, on or off as true or false, so booleans are rejected here.
Scalar = str | StrictInt | StrictFloat
Scalars = Annotated[Sequence[Scalar], Field(min_length=1)]
Character = Annotated[str, Field(min_length=1, max_length=1)]
Pattern = Annotated[str, AfterValidator(_pattern)]
DateFormat = Annotated[str, AfterValidator(_date_format)]
Bounds = Annotated[
    Sequence[float | None], Field(min_length=2, max_length=2), AfterValidator(_bounds)
]
Values = Annotated[Mapping[str, str], AfterValidator(_values)]
Rule = Annotated[str, AfterValidator(_rule)]
Action = Literal["missing", "drop"]
