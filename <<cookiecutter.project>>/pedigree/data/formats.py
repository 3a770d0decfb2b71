"""File formats: detecting them, and reading rows as Arrow tables.

The CSV dialect of a text file (see `pedigree.data.files.dialect`) is detected once, when the snapshot is taken,
and recorded with it under the key `reading`. For Excel files this is the `sheet`; the other formats are
self-describing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from pedigree.base.names import UserError
from pedigree.data.files import compression, delimited, objects
from pedigree.data.files.compression import COMPRESSED, reader_errors
from pedigree.data.files.dialect import KEYS as DIALECT_KEYS
from pedigree.data.files.dialect import detect_dialect, validate_dialect
from pedigree.data.files.limits import Limits

KINDS = {
    **dict.fromkeys((".csv", ".tsv", ".txt"), "csv"),
    ".parquet": "parquet",
    **dict.fromkeys((".feather", ".arrow"), "feather"),
    **dict.fromkeys((".jsonl", ".ndjson", ".json"), "json"),
    **dict.fromkeys((".xlsx", ".xlsm"), "excel"),
}
CELLS = 2_000_000  # of a table that is read from Parquet


def file_kind(path: Path) -> str:
    """Return the kind of a file by its suffix, without that of a compression.

    Raises
    ------
    UserError
        Files with this suffix cannot be read.
    """
    suffix = compression.suffix(path)
    if suffix not in KINDS and path.suffix.lower() == ".zip" and path.is_file():
        suffix = Path(compression.zip_member(path)).suffix.lower()
    if suffix not in KINDS:
        raise UserError(
            f"{path} has an unknown suffix; convert it to one of {', '.join(KINDS)} "
            f"(each of them also compressed: {', '.join(COMPRESSED)})."
        )
    return KINDS[suffix]


def is_readable(path: Path) -> bool:
    """Return whether a file has a suffix that can be read."""
    try:
        return path.is_file() and not path.name.startswith(".") and bool(file_kind(path))
    except UserError:
        return False


def file_dialect(path: Path, given: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the dialect of a file: given keys, and detected ones.

    Parameters
    ----------
    path : Path
    given : mapping, optional
        Known keys of the dialect; keys that do not apply to the kind of the file are ignored.

    Returns
    -------
    dict
        The CSV dialect of a text file, the `sheet` of an Excel file, else empty.

    Raises
    ------
    UserError
        The file is missing, empty or not a text file, or a given value is invalid.
    """
    given, which = given or {}, file_kind(path)
    if not path.is_file():
        raise UserError(f"{path} does not exist.")
    if path.stat().st_size == 0:
        raise UserError(f"{path} is empty.")
    if which == "excel":
        return {"sheet": given.get("sheet", 0)}
    if which != "csv":
        return {}
    dialect = {key: given[key] for key in DIALECT_KEYS if key in given}
    validate_dialect(dialect)
    if len(dialect) < len(DIALECT_KEYS):
        with reader_errors(path), compression.open_bytes(path) as stream:
            dialect = detect_dialect(stream, path, dialect)
    return dialect


def iter_tables(
    path: Path, dialect: Mapping[str, Any], missing: Sequence[str] = ()
) -> Iterator[pa.Table]:
    """Yield the rows of a file as Arrow tables of bounded size, in order.

    Parameters
    ----------
    path : Path
    dialect : mapping
        As returned by `file_dialect`; keys that are missing are detected.
    missing : sequence of str
        Strings that mark a missing value in formats without types; blank strings always do.

    Yields
    ------
    pa.Table
        At least one, all with the same columns and types. The values of a text file are strings;
        numbers have decimal points and dates are in ISO 8601, whatever the dialect of the file is.

    Raises
    ------
    UserError
        The file cannot be read; for a malformed row of a text file, the message has its line number.
    """
    missing, which = list(missing), file_kind(path)
    dialect = file_dialect(path, dialect)
    with reader_errors(path):
        if which == "csv":
            found = delimited.read_delimited(path, dialect, missing)
        elif which == "json":
            found = objects.from_json(path, missing)
        elif which == "excel":
            found = objects.from_excel(path, dialect["sheet"], missing)
        else:
            found = _parquet(path) if which == "parquet" else _feather(path)
        for table in found:
            if not table.column_names:
                raise UserError(f"{path} has no columns.")
            yield table


def _parquet(path: Path) -> Iterator[pa.Table]:
    from pyarrow import parquet

    data = (
        pa.BufferReader(compression.read_bytes(path)) if compression.is_compressed(path) else path
    )
    with parquet.ParquetFile(data) as file:
        schema = file.schema_arrow
        Limits.in_force().check_columns(schema.names, path)
        yield _without_labels(schema.empty_table())
        for batch in file.iter_batches(max(CELLS // max(len(schema), 1), 1)):
            yield _without_labels(pa.Table.from_batches([batch]))


def _feather(path: Path) -> Iterator[pa.Table]:
    """Read Arrow's file format, of which Feather is one name, or its streams."""
    data = (
        pa.BufferReader(compression.read_bytes(path))
        if compression.is_compressed(path)
        else pa.memory_map(str(path))
    )
    with data:
        if data.read(6) == b"ARROW1":
            file = pa.ipc.open_file(data)
            batches = (file.get_batch(number) for number in range(file.num_record_batches))
        else:
            data.seek(0)
            file = batches = pa.ipc.open_stream(data)
        Limits.in_force().check_columns(file.schema.names, path)
        yield _without_labels(file.schema.empty_table())
        for batch in batches:
            batch.validate(full=True)  # Arrow trusts what it maps into memory
            yield _without_labels(pa.Table.from_batches([batch]))


def _without_labels(table: pa.Table) -> pa.Table:
    """Drop the unnamed index that pandas wrote as a column."""
    labels = [name for name in table.column_names if re.fullmatch(r"__index_level_\d+__", name)]
    return table.drop_columns(labels) if labels else table
