"""Conversion of a database driver's values to Arrow columns."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa

EXACT = 2**53  # a float represents all integers up to here


def merged_types(tables: Iterable[pa.Table], rows: int) -> Iterator[pa.Table]:
    """Concatenate tables to files of a minimum length; columns of mixed types become strings.

    Parameters
    ----------
    tables : iterable of pa.Table
        With the same columns, whose types may differ.
    rows : int
        Minimum rows of a file.

    Yields
    ------
    pa.Table
        The rows of a file.
    """
    held: list[pa.Table] = []
    for table in tables:
        held.append(table)
        if sum(one.num_rows for one in held) >= rows:
            yield _one_type(held)
            held = []
    if held:
        yield _one_type(held)


def _one_type(tables: list[pa.Table]) -> pa.Table:
    try:
        return pa.concat_tables(tables, promote_options="permissive")
    except (pa.ArrowTypeError, pa.ArrowInvalid):
        schema = tables[0].schema
        for number, name in enumerate(schema.names):
            try:
                pa.concat_tables(
                    [one.select([name]) for one in tables], promote_options="permissive"
                )
            except (pa.ArrowTypeError, pa.ArrowInvalid):
                tables = [
                    one.set_column(number, name, one[name].cast(pa.string())) for one in tables
                ]
        return pa.concat_tables(tables, promote_options="permissive")


def to_arrow(values: Sequence[Any]) -> pa.Array:
    """Convert the values of a column to an Arrow array.

    Fixed-point numbers become floats. Values without an exact and simple Arrow type become strings: JSON,
    lists, bytes (hexadecimal), times, UUIDs, addresses, integers that are too long, and values of mixed
    types.

    Examples
    --------
    >>> to_arrow([None, 1, 2.5]).type, to_arrow([{"a": [1]}, None]).to_pylist()
    (DataType(double), ['{"a": [1]}', None])
    """
    kinds = {type(value) for value in values} - {type(None)}
    try:
        if not kinds:
            return pa.nulls(len(values))
        if kinds == {datetime}:
            zones = {value.tzinfo is not None for value in values if value is not None}
            if len(zones) == 1:
                return pa.array(values, pa.timestamp("us", "UTC" if zones == {True} else None))
        elif kinds in ({bool}, {int}, {str}, {date}, {timedelta}):
            return pa.array(values)
        elif kinds <= {int, float, Decimal}:
            floats = [None if value is None else float(value) for value in values]
            if all(map(_is_exact, values, floats)):
                return pa.array(floats)
    except (OverflowError, pa.ArrowInvalid):
        pass
    return pa.array(
        [None if value is None else driver_value_to_string(value) for value in values], pa.string()
    )


def _is_exact(value: Any, number: float | None) -> bool:
    """Return whether a float represents a number exactly enough to distinguish integers."""
    return number is None or type(value) is float or not EXACT <= abs(number) < math.inf


def driver_value_to_string(value: Any) -> str:
    """Convert any value to a string: nested values to JSON, dates to ISO 8601."""
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).hex()
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, dict | list | tuple | bool):
        return json.dumps(value, ensure_ascii=False, default=driver_value_to_string)
    return str(value)
