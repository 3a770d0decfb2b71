"""Strings in CSV files that a spreadsheet program would take for a formula, as OWASP's page on CSV injection lists them.

A sign alone, such as a class of that name, computes nothing. Each of the others and each string that could be confused with an escaped one gets an apostrophe in front, so that
`unescaped` restores all of them. Numbers, which also begin with a sign, stay as they are.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

BEGINS = r"(?s:[=+\-@\t\r\n＝＋－＠].)"
NUMBER = r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?"
_FORMULA = re.compile(f"'*{BEGINS}")
_ESCAPED = re.compile(f"''*{BEGINS}")


def escaped(value: Any) -> Any:
    """Put an apostrophe in front of a string that looks like a formula; return anything else as it is.

    Examples
    --------
    >>> escaped("=1+1"), escaped("-1.5"), escaped("- none"), escaped(-1.5), escaped("it's")
    ("'=1+1", '-1.5', "'- none", -1.5, "it's")
    """
    if not isinstance(value, str) or not _FORMULA.match(value) or re.fullmatch(NUMBER, value):
        return value
    return f"'{value}"


def unescaped(value: Any) -> Any:
    """Undo `escaped`."""
    return value[1:] if isinstance(value, str) and _ESCAPED.match(value) else value


def escaped_columns(table: pa.Table) -> pa.Table:
    """Return a table whose names and strings are escaped as by `escaped`."""
    import pyarrow as pa
    import pyarrow.compute as pc

    columns = []
    for values in table.columns:
        kind = values.type
        if pa.types.is_dictionary(kind):
            values, kind = values.cast(kind.value_type), kind.value_type
        if (
            pa.types.is_string(kind)
            or pa.types.is_large_string(kind)
            or pa.types.is_string_view(kind)
        ):
            values = values.cast(pa.large_string())
            formula = pc.match_substring_regex(values, f"^'*{BEGINS}")
            number = pc.match_substring_regex(values, f"^{NUMBER}$")
            marked = pc.binary_join_element_wise(
                pa.scalar("'", pa.large_string()), values, pa.scalar("", pa.large_string())
            )
            values = pc.if_else(pc.and_not(formula, number), marked, values)
        columns.append(values)
    return pa.Table.from_arrays(columns, [escaped(name) for name in table.column_names])
