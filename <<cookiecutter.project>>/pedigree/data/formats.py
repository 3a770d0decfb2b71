"""Files of rows: of which kind they are, and their rows as Arrow tables.

A text file does not say how it is to be read, so its *reading* (see `core.data.reading`) is found
out once, when the snapshot is taken, and recorded with it. Excel's has `sheet`; the other kinds
describe themselves.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from pedigree.base.names import UserError
from pedigree.data import delimited, objects, packed
from pedigree.data import reading as spelling
from pedigree.data.packed import PACKED, refusing

KINDS = {
    **dict.fromkeys((".csv", ".tsv", ".txt"), "csv"),
    ".parquet": "parquet",
    **dict.fromkeys((".feather", ".arrow"), "feather"),
    **dict.fromkeys((".jsonl", ".ndjson", ".json"), "json"),
    **dict.fromkeys((".xlsx", ".xlsm"), "excel"),
}
CELLS = 2_000_000  # of a table that is read from Parquet


def kind(path: Path) -> str:
    """Name the kind of a file by its suffix, beneath that of a compression.

    Raises
    ------
    UserError
        The suffix is none of those that can be read.
    """
    suffix = packed.suffix(path)
    if suffix not in KINDS and path.suffix.lower() == ".zip" and path.is_file():
        suffix = Path(packed.member(path)).suffix.lower()
    if suffix not in KINDS:
        raise UserError(
            f"{path} has no suffix that can be read; known are {', '.join(KINDS)}, "
            f"and each of them packed: {', '.join(PACKED)}."
        )
    return KINDS[suffix]


def readable(path: Path) -> bool:
    """Return whether a file has a suffix that can be read."""
    try:
        return path.is_file() and not path.name.startswith(".") and bool(kind(path))
    except UserError:
        return False


def find_reading(path: Path, given: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Find out how a file is to be read.

    Parameters
    ----------
    path : Path
        The file.
    given : mapping, optional
        What is known of the reading; keys that the file's kind does not have are left out.

    Raises
    ------
    UserError
        The file is not there, is empty, or is not a text; or a value of the reading cannot be.
    """
    given, which = given or {}, kind(path)
    if not path.is_file():
        raise UserError(f"{path} is not there.")
    if path.stat().st_size == 0:
        raise UserError(f"{path} is empty.")
    if which == "excel":
        return {"sheet": given.get("sheet", 0)}
    if which != "csv":
        return {}
    reading = {key: given[key] for key in spelling.KEYS if key in given}
    spelling.check(reading)
    if len(reading) < len(spelling.KEYS):
        with refusing(path), packed.open_bytes(path) as stream:
            reading = spelling.find(stream, path, reading)
    return reading


def tables(
    path: Path, reading: Mapping[str, Any], missing: Sequence[str] = ()
) -> Iterator[pa.Table]:
    """Yield the rows of a file as Arrow tables of bounded size, in order.

    Parameters
    ----------
    path : Path
        The file.
    reading : mapping
        As `find_reading` gives it; what it lacks is found out.
    missing : sequence of str
        Texts of a file that has no types of its own that mean "no value"; blanks always do.

    Yields
    ------
    pa.Table
        At least one, all of the same columns and types. The values of a text file are texts;
        numbers have decimal points and dates are in ISO 8601, whatever the file's own spelling is.

    Raises
    ------
    UserError
        The file cannot be read; a text file's ragged row is named by its line.
    """
    missing, which = list(missing), kind(path)
    reading = find_reading(path, reading)
    with refusing(path):
        if which == "csv":
            found = delimited.tables(path, reading, missing)
        elif which == "json":
            found = objects.from_json(path, missing)
        elif which == "excel":
            found = objects.from_excel(path, reading["sheet"], missing)
        else:
            found = _parquet(path) if which == "parquet" else _feather(path)
        for table in found:
            if not table.column_names:
                raise UserError(f"{path} has no columns.")
            yield table


def _parquet(path: Path) -> Iterator[pa.Table]:
    from pyarrow import parquet

    data = pa.BufferReader(packed.read_bytes(path)) if packed.is_packed(path) else path
    with parquet.ParquetFile(data) as file:
        schema = file.schema_arrow
        yield _without_labels(schema.empty_table())
        for batch in file.iter_batches(max(CELLS // max(len(schema), 1), 1)):
            yield _without_labels(pa.Table.from_batches([batch]))


def _feather(path: Path) -> Iterator[pa.Table]:
    """Read Arrow's file format, of which Feather is one name, or its streams."""
    data = (
        pa.BufferReader(packed.read_bytes(path))
        if packed.is_packed(path)
        else pa.memory_map(str(path))
    )
    with data:
        if data.read(6) == b"ARROW1":
            file = pa.ipc.open_file(data)
            batches = (file.get_batch(number) for number in range(file.num_record_batches))
        else:
            data.seek(0)
            file = batches = pa.ipc.open_stream(data)
        yield _without_labels(file.schema.empty_table())
        for batch in batches:
            batch.validate(full=True)  # Arrow trusts what it maps into memory
            yield _without_labels(pa.Table.from_batches([batch]))


def _without_labels(table: pa.Table) -> pa.Table:
    """Leave out the row labels that pandas wrote without having a name for them."""
    labels = [name for name in table.column_names if re.fullmatch(r"__index_level_\d+__", name)]
    return table.drop_columns(labels) if labels else table
