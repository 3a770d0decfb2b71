"""Reading files and parsing strings with pandas.

Later steps write relational operations in Narwhals, and pass pandas data frames to whatever is fitted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pedigree.base.logs import LOGGER
from pedigree.base.names import UserError, snake_cased
from pedigree.data import formats
from pedigree.data.dates import ISO, to_dates
from pedigree.data.files.objects import cell_to_string

TRUE = ("true", "yes", "y", "t", "1", "1.0")
FALSE = ("false", "no", "n", "f", "0", "0.0")
EXACT = 2**53  # a float represents all integers up to here


def read_file(
    path: Path, missing: Sequence[str] = ("",), dialect: Mapping[str, Any] | None = None
) -> pd.DataFrame:
    """Read a file of rows, with columns in snake_case; the values of text files stay strings.

    Parameters
    ----------
    path : Path
        A file of one of the formats of `pedigree.data.formats.KINDS`.
    missing : sequence of str
        Strings that mark a missing value in a text file.
    dialect : mapping, optional
        CSV dialect or sheet of the file; keys that are missing are detected.

    Returns
    -------
    DataFrame

    Raises
    ------
    UserError
        The file is empty, has no rows, or cannot be read.
    """
    LOGGER.debug("read %s", path)
    parts = list(formats.iter_tables(path, dialect or {}, missing))
    # Renamed first: neither Arrow's concatenation nor pandas supports duplicate column names.
    names = snake_cased(parts[0].column_names)
    table = pa.concat_tables(part.rename_columns(names) for part in parts)
    if not table.num_rows:
        raise UserError(f"{path} has a header but no rows.")
    return from_arrow(table)


def from_arrow(table: pa.Table) -> pd.DataFrame:
    """Convert an Arrow table to a data frame; types that later steps do not support are converted."""
    table = pa.Table.from_arrays(
        [supported(values) for values in table.columns], table.column_names
    )
    # The new table lacks pandas' metadata of the old one: an index and extension types.
    to_boolean = {pa.bool_(): pd.BooleanDtype()}.get
    return table.to_pandas(types_mapper=to_boolean, split_blocks=True)


def unwrapped(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Convert a column of which only the layout in memory is special to the plain type of its values."""
    types, kind = pa.types, values.type
    if isinstance(kind, pa.BaseExtensionType):
        return unwrapped(values.cast(kind.storage_type))
    if types.is_dictionary(kind):
        return unwrapped(values.cast(kind.value_type))
    if types.is_run_end_encoded(kind):
        return unwrapped(pc.run_end_decode(values))
    if types.is_string_view(kind):
        return values.cast(pa.string())
    if types.is_binary_view(kind):
        return values.cast(pa.binary())
    if types.is_timestamp(kind) and kind.tz and not _is_zone(kind.tz):  # the values are in UTC
        return reinterpreted(values, pa.timestamp(kind.unit))
    return values


def reinterpreted(values: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    """Take the same bytes for values of another type."""
    return pa.chunked_array([chunk.view(kind) for chunk in values.chunks], kind)


def _is_zone(name: str) -> bool:
    try:
        return bool(pa.lib.string_to_tzinfo(name))
    except (pa.ArrowException, LookupError, ValueError):
        return False


def supported(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Convert a column to a type that pandas supports: number, boolean, timestamp or string."""
    types, values = pa.types, unwrapped(values)
    if types.is_integer(values.type):
        extremes = pc.min_max(values).as_py()
        # As in a text file, integers that a float cannot represent are identifiers.
        exact = all(one is None or abs(one) < EXACT for one in extremes.values())
        return values if exact else values.cast(pa.string())
    if types.is_decimal(values.type) or types.is_float16(values.type):
        return values.cast(pa.float64())
    if types.is_date(values.type):
        try:
            return values.cast(pa.timestamp("us"))
        except pa.ArrowInvalid:  # beyond the year 294247
            return values.cast(pa.timestamp("s"), safe=False)
    if types.is_duration(values.type):  # in seconds
        ticks = {"s": 1, "ms": 1e3, "us": 1e6, "ns": 1e9}[values.type.unit]
        return pc.divide(values.cast(pa.int64()).cast(pa.float64(), safe=False), ticks)
    if types.is_binary(values.type) or types.is_large_binary(values.type):
        try:
            return values.cast(pa.string())  # some programs write strings as binary values
        except pa.ArrowInvalid:
            return pa.chunked_array(
                [[one and one.hex() for one in values.to_pylist()]], pa.string()
            )
    known = (types.is_floating, types.is_boolean, types.is_timestamp, types.is_string, types.is_large_string)  # fmt: skip
    if any(is_one(values.type) for is_one in known):
        return values
    strings = [None if value is None else cell_to_string(value) for value in values.to_pylist()]
    return pa.chunked_array([strings], pa.string())


def parse(values: pd.Series, dtype: str, date_format: str = ISO) -> pd.Series:
    """Parse a column to a type; what cannot be parsed becomes missing.

    Parameters
    ----------
    values : Series
        Strings, or values that already have a type.
    dtype : {"float64", "int64", "boolean", "datetime64[ns]", "str"}
        ``int64`` becomes ``float64`` where a value is missing; ``boolean`` is nullable.
    date_format : str
        ISO8601, or strptime's directives.

    Returns
    -------
    Series

    Raises
    ------
    UserError
        The type is not one of these.
    """
    if dtype in ("float64", "int64"):
        numbers = pd.to_numeric(values, errors="coerce").astype("float64")
        numbers = numbers.mask(numbers.abs() == float("inf"))
        if dtype == "int64":
            numbers = numbers.where((numbers % 1 == 0) & (numbers.abs() < EXACT))
            if numbers.notna().all():
                return numbers.astype("int64")
        return numbers
    if dtype == "boolean":
        strings = values.astype("str").str.strip().str.lower()
        parsed = strings.map({**dict.fromkeys(TRUE, True), **dict.fromkeys(FALSE, False)})
        return parsed.where(values.notna(), None).astype("boolean")
    if dtype == "datetime64[ns]":
        return to_dates(values, date_format)
    if dtype == "str":
        # pandas 2 would write "None" for a missing value
        return values.astype("str").where(values.notna())
    raise UserError(
        f"'{dtype}' is not a column type; use float64, int64, boolean, datetime64[ns] or str."
    )


def infer(values: pd.Series) -> str:
    """Return the narrowest type to which all values of a column can be converted."""
    if pd.api.types.is_bool_dtype(values):
        return "boolean"
    if pd.api.types.is_datetime64_any_dtype(values):
        return "datetime64[ns]"
    if pd.api.types.is_integer_dtype(values):
        return "int64"
    if pd.api.types.is_numeric_dtype(values):
        return "float64"
    present = values.dropna().astype("str")
    if present.empty:
        return "str"
    for dtype in ("int64", "float64", "datetime64[ns]"):
        if dtype == "float64" and present.str.fullmatch(r"[-+]?\d+").all():
            continue  # integers that are too long for int64 are identifiers
        if parse(present, dtype).notna().all():
            return dtype
    return "str"


def retype(frame: pd.DataFrame, types: Mapping[str, str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Convert columns to their types.

    Parameters
    ----------
    frame : DataFrame
        Rows as `read_file` returns them, or as a client of the HTTP API sent them.
    types : mapping of str to str
        Type of each column, see `parse`; other columns keep their types.

    Returns
    -------
    typed : DataFrame
        The same rows and columns.
    broken : DataFrame
        One row for each value that cannot be converted: index, column, check, failure_case.
    """
    typed, broken = {}, []
    for name in frame.columns:
        values = frame[name]
        typed[name] = parse(values, types[name]) if name in types else values
        lost = values.notna() & typed[name].isna()
        if lost.any():
            bad = values[lost]
            broken.append(
                pd.DataFrame(
                    {
                        "index": bad.index,
                        "column": name,
                        "check": f"is {types[name]}",
                        "failure_case": bad,
                    }
                )
            )
    columns = ["index", "column", "check", "failure_case"]
    report = pd.concat(broken, ignore_index=True) if broken else pd.DataFrame(columns=columns)
    return pd.DataFrame(typed, index=frame.index), report
