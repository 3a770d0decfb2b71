"""Parquet files for sources that yield tables rather than files."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
from pyarrow import parquet

from pedigree.base.files.replacing import replacing

ROWS_PER_PART = 1_000_000


def write_parts(tables: Iterable[pa.Table], folder: Path, rows: int = ROWS_PER_PART) -> int:
    """Write tables as Parquet files of equal length, with at most one file in memory.

    A column may have different types in different files (such as integers, or only missing values);
    readers use a common type.

    Parameters
    ----------
    tables : iterable of pa.Table
        In the order of their rows.
    folder : Path
        Folder of the files.
    rows : int
        Rows of each file.

    Returns
    -------
    int
        Number of rows.
    """
    waiting: list[pa.Table] = []
    total = number = 0

    def flush(held: pa.Table) -> None:
        nonlocal number
        with replacing(folder / f"part-{number:05d}.parquet") as new:
            parquet.write_table(held, new)
        number += 1

    for table in tables:
        waiting.append(table)
        total += table.num_rows
        while sum(one.num_rows for one in waiting) >= rows:
            held = pa.concat_tables(waiting, promote_options="permissive")
            flush(held.slice(0, rows))
            waiting = [held.slice(rows)] if held.num_rows > rows else []
    if waiting and (not number or any(one.num_rows for one in waiting)):
        flush(pa.concat_tables(waiting, promote_options="permissive"))
    return total
