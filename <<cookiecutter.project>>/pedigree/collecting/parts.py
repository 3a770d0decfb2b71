"""Parquet parts: how sources that have no files of their own write what they were given."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
from pyarrow import parquet

ROWS_PER_PART = 1_000_000


def write_parts(tables: Iterable[pa.Table], folder: Path, rows: int = ROWS_PER_PART) -> int:
    """Write tables as Parquet parts of equal size, holding one part in memory at most.

    A column may have another type in each part (whole numbers here, missing values there): readers
    widen them.

    Parameters
    ----------
    tables : iterable of pa.Table
        In the order in which their rows are to stand.
    folder : Path
        Where the parts go.
    rows : int
        Rows of a part.

    Returns
    -------
    int
        Rows written.
    """
    waiting: list[pa.Table] = []
    total = number = 0

    def flush(held: pa.Table) -> None:
        nonlocal number
        parquet.write_table(held, folder / f"part-{number:05d}.parquet")
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
