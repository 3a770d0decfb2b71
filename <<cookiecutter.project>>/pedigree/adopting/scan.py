"""One pass over all rows: exact facts about each column, and a sample that fits into memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pedigree.base.names import UserError, snake_cased
from pedigree.data import engine, formats

if TYPE_CHECKING:
    import pandas as pd

SAMPLE_CELLS = 20_000_000  # of the sample; with 5,000 columns it has 4,000 rows
SAMPLE_ROWS = 50_000
SAMPLE_BYTES = 2**28
LONGEST_NAME = 500
MAX_DISTINCT = 1_000  # distinct values that are kept of a column; with more, none are


@dataclass
class Facts:
    """Facts about a column, from all rows."""

    source_name: str
    missing: int = 0
    number: bool = True  # whether each value is a number
    whole: bool = True  # whether each number is an integer
    digits: bool = True  # whether each number is written as one, or has an integer type
    infinite: int = 0
    low: float = float("inf")
    high: float = float("-inf")
    values: set[Any] | None = field(default_factory=set)  # None: too many to keep

    def add(self, values: pa.ChunkedArray) -> None:
        """Update the facts with further rows of the column, of a type that later steps support."""
        if pa.types.is_floating(values.type):
            values = pc.if_else(pc.is_nan(values), None, values)  # missing, as in pandas
        self.missing += values.null_count
        if self.number:
            self._add_numbers(values)
        if self.values is not None:
            self._add_values(pc.unique(values).drop_null())

    def _add_values(self, distinct: pa.Array) -> None:
        """Keep the distinct values while there are few; times as strings, since Python's end with the year 9999."""
        if len(distinct) <= MAX_DISTINCT:
            if pa.types.is_timestamp(kind := distinct.type):
                naive = distinct.view(pa.timestamp(kind.unit))
                distinct = pa.array(engine.from_arrow(pa.table([naive], ["x"]))["x"].astype("str"))
            self.values = (self.values or set()) | set(distinct.to_pylist())
        if len(distinct) > MAX_DISTINCT or len(self.values or ()) > MAX_DISTINCT:
            self.values = None

    def _add_numbers(self, values: pa.ChunkedArray) -> None:
        if pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
            values = pc.utf8_trim_whitespace(values)
            digits = pc.all(pc.match_substring_regex(values, r"^[-+]?[0-9]+$")).as_py()
            self.digits = self.digits and digits is not False
        elif not (pa.types.is_integer(values.type) or pa.types.is_floating(values.type)):
            self.number = pa.types.is_null(values.type)
            return
        else:
            self.digits = self.digits and pa.types.is_integer(values.type)
        try:
            numbers = values.cast(pa.float64(), safe=False)
        except pa.ArrowInvalid:
            self.number = False
            return
        finite = pc.is_finite(numbers)
        infinite = pc.sum(pc.invert(finite)).as_py() or 0
        if infinite and not pa.types.is_floating(values.type):
            self.number = False  # such as the string "inf", which `load` takes for no number
            return
        self.infinite += infinite
        self.whole = self.whole and not infinite
        numbers = pc.if_else(finite, numbers, None)
        extremes = pc.min_max(numbers).as_py()
        if extremes["min"] is not None:
            self.low, self.high = min(self.low, extremes["min"]), max(self.high, extremes["max"])
            fraction = pc.not_equal(pc.floor(numbers), numbers)
            self.whole = self.whole and not pc.any(fraction).as_py()


@dataclass(frozen=True)
class Scan:
    """A scanned data set.

    Parameters
    ----------
    rows : int
        Number of all rows.
    columns : dict of str to Facts
        By name in snake_case, in the order of the source.
    sample : DataFrame
        Equally spaced rows, columns in snake_case, values as `load` reads them.
    """

    rows: int
    columns: dict[str, Facts]
    sample: pd.DataFrame


def scan(paths: Sequence[Path], reading: Mapping[str, Any], missing: Sequence[str]) -> Scan:
    """Read files once, and collect facts about each column and a sample.

    Parameters
    ----------
    paths : sequence of Path
        Files with the same columns.
    reading : mapping of str to object
        Keys of the CSV dialect that are not detected.
    missing : sequence of str
        Strings that mark a missing value.

    Returns
    -------
    Scan

    Raises
    ------
    UserError
        A file cannot be read, has no rows, or other columns than the first.
    """
    from tqdm import tqdm

    facts: dict[str, Facts] = {}
    rows, step, kept = 0, 1, []
    progress = tqdm(unit=" rows", desc="reading", disable=None, leave=False)
    for table in _tables(paths, reading, missing):
        if not facts:
            _refuse_long_names(table.column_names, paths[0])
            names = snake_cased(table.column_names)
            facts = {n: Facts(s) for n, s in zip(names, table.column_names, strict=True)}
            most = min(SAMPLE_ROWS, max(SAMPLE_CELLS // max(len(names), 1), 1))
        table = pa.Table.from_arrays([engine.unwrapped(one) for one in table.columns], list(facts))
        for column, values in zip(facts.values(), table.columns, strict=True):
            column.add(engine.supported(values))
        kept.append(table.take(np.arange(-rows % step, table.num_rows, step)))
        rows += table.num_rows
        progress.update(table.num_rows)
        # Take every other row from here on, if they are too many or too long.
        while sum(one.num_rows for one in kept) > 2 * most or (
            sum(one.nbytes for one in kept) > SAMPLE_BYTES and len(kept[0]) > 1
        ):
            together = pa.concat_tables(kept, promote_options="permissive")
            kept, step = [together.take(np.arange(0, together.num_rows, 2))], 2 * step
    progress.close()
    if not rows:
        raise UserError(f"{paths[0]} has a header but no rows.")
    sample = engine.from_arrow(pa.concat_tables(kept, promote_options="permissive"))
    return Scan(rows, facts, sample)


def _refuse_long_names(names: Sequence[str], path: Path) -> None:
    """Refuse names that a contract cannot contain: keys of YAML have at most 1,024 characters."""
    for place, name in enumerate(names, 1):
        if len(name) > LONGEST_NAME:
            raise UserError(
                f"{path}: the name of column {place} has {len(name):,} characters, more than {LONGEST_NAME}; shorten it."
            )


def _tables(
    paths: Sequence[Path], reading: Mapping[str, Any], missing: Sequence[str]
) -> Iterator[pa.Table]:
    """Yield the rows of all files, which must have the same columns."""
    first: list[str] | None = None
    for path in paths:
        for table in formats.iter_tables(path, {**formats.file_dialect(path), **reading}, missing):
            first = first or table.column_names
            if table.column_names != first:
                odd = sorted(set(table.column_names) ^ set(first)) or table.column_names
                raise UserError(
                    f"{path} has other columns than {paths[0]}: '{odd[0]}' is in one only."
                )
            yield table
