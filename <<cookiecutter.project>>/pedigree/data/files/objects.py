"""JSON and Excel files as Arrow tables."""

from __future__ import annotations

import io
import json
import math
import warnings
import zipfile
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from itertools import chain, islice
from pathlib import Path
from typing import Any

import pyarrow as pa

from pedigree.base.extras import way_to_add
from pedigree.base.names import UserError, did_you_mean
from pedigree.data.files.compression import open_bytes, read_bytes
from pedigree.data.files.limits import Limits

LINE = 2**23  # characters of a line of JSON, at most
CELLS = 2_000_000  # of a table
DECODER = json.JSONDecoder()
TYPES = {
    frozenset(): pa.null(),
    frozenset([bool]): pa.bool_(),
    frozenset([int]): pa.int64(),
    frozenset([float]): pa.float64(),
    frozenset([int, float]): pa.float64(),
    frozenset([datetime]): pa.timestamp("us"),
    frozenset([date]): pa.date32(),
    frozenset([time]): pa.time64("us"),
    frozenset([timedelta]): pa.duration("us"),
}


def from_json(path: Path, missing: Sequence[str]) -> Iterator[pa.Table]:
    """Yield tables of a file of JSON lines or of one JSON list; nested objects are flattened to columns.

    The file is read twice, since columns and types are only known at its end.

    Raises
    ------
    UserError
        A line or item is not a JSON object.
    """
    kinds: dict[str, set[type]] = {}
    limits = Limits.in_force()
    for row in _objects(path, missing):
        limits.check_columns(row, path)
        for name, value in row.items():
            _add_type(kinds.setdefault(name, set()), value)
        limits.check_columns(kinds, path)
    if not kinds:
        raise UserError(f"{path} contains no object with a value.")
    rows = _objects(path, missing)
    while some := list(islice(rows, max(CELLS // len(kinds), 1))):
        columns = ([row.get(name) for row in some] for name in kinds)
        yield _table(kinds, columns)


def _objects(path: Path, missing: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Yield flattened objects; blank strings become None."""
    markers = set(missing)
    with open_bytes(path) as stream:
        text = io.TextIOWrapper(stream, encoding="utf-8-sig")
        what: str
        items: Iterator[tuple[int, Any]]
        lines = enumerate(iter(lambda: text.readline(LINE), ""), 1)
        first = next((one for one in lines if one[1].strip()), (0, ""))
        if first[1].lstrip().startswith("["):
            items = enumerate(_list(path, first[1].lstrip()[1:], text), 1)
            what = "item"
        else:
            there = ((number, line) for number, line in chain([first], lines) if line.strip())
            what, items = "line", ((number, _parsed(path, number, line)) for number, line in there)
        for number, item in items:
            if not isinstance(item, dict):
                raise UserError(f"{path}, {what} {number}: {item!r:.50} is not an object.")
            yield {name: _or_none(value, markers) for name, value in _flatten(item)}


def _list(path: Path, start: str, text: io.TextIOBase) -> Iterator[Any]:
    """Yield the items of a JSON list, of which one at a time is in memory."""
    rest = _Characters(start, text)
    mark = "," if rest.peek() != "]" else "]"
    try:
        while mark == ",":
            yield rest.value()
            mark = rest.peek()
            if mark not in (",", "]") or not mark:
                raise json.JSONDecodeError("Expecting ',' or ']'", rest.here(), 0)
            rest.place += 1
    except json.JSONDecodeError as error:
        raise UserError(
            f"{path} begins with '[' but is not a JSON list: {error.msg} at {rest.here()!r}."
        ) from None


class _Characters:
    """Characters of a file from which JSON is decoded value by value."""

    def __init__(self, start: str, text: io.TextIOBase) -> None:
        self.rest, self.place, self.text = start, 0, text

    def here(self) -> str:
        return self.rest[self.place : self.place + 20]

    def peek(self) -> str:
        """Skip blanks; return the next character, or an empty string at the end."""
        while True:
            while self.rest[self.place : self.place + 1].isspace():
                self.place += 1
            if self.place < len(self.rest) or not self._more():
                return self.rest[self.place : self.place + 1]

    def value(self) -> Any:
        """Decode the next value; the file is read on while it is incomplete."""
        self.peek()
        while True:
            try:
                found, end = DECODER.raw_decode(self.rest, self.place)
            except json.JSONDecodeError:
                if len(self.rest) - self.place > LINE or not self._more():
                    raise
            else:
                if end < len(self.rest) or not self._more():  # a number may go on
                    self.place = end
                    return found

    def _more(self) -> bool:
        chunk = self.text.read(max(2**16, len(self.rest) - self.place))
        if chunk:
            self.rest, self.place = self.rest[self.place :] + chunk, 0
        return bool(chunk)


def _parsed(path: Path, number: int, line: str) -> Any:
    if len(line) == LINE:
        raise UserError(f"{path}, line {number}: longer than {LINE >> 20} MB.")
    try:
        return json.loads(line)
    except json.JSONDecodeError as error:
        raise UserError(
            f"{path}, line {number}: invalid JSON ({error.msg}); one object per line or one list of objects is expected."
        ) from None


def _flatten(item: dict[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in item.items():
        if isinstance(value, dict):
            yield from _flatten(value, f"{above}{name}.")
        else:
            yield above + name, value


def from_excel(path: Path, sheet: int | str, missing: Sequence[str]) -> Iterator[pa.Table]:
    """Yield one sheet of an Excel workbook; its first non-empty row has the column names.

    Parameters
    ----------
    path : Path
    sheet : int or str
        Position or name of the sheet.
    missing : sequence of str
        Strings that mark a missing value.

    Yields
    ------
    pa.Table

    Raises
    ------
    UserError
        The file is not a workbook, or the sheet is missing or empty.
    """
    markers = {"#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A", *missing}
    rows = _cells(path, sheet, values=True)
    filled = [[_or_none(value, markers) for value in row] for row in rows]
    filled = [row for row in filled if any(value is not None for value in row)]
    if not filled:
        raise UserError(f"{path}: the sheet {sheet!r} is empty.")
    width = max(map(len, filled))
    names, *columns_by_row = ([*row, *[None] * (width - len(row))] for row in filled)
    columns = list(zip(*columns_by_row, strict=True)) or [()] * width
    kept = [
        place
        for place in range(width)
        if names[place] is not None or any(v is not None for v in columns[place])
    ]
    empty = [place for place in kept if columns[place] and all(v is None for v in columns[place])]
    if empty:
        _refuse_formulas(path, sheet, empty, names)
    kinds: dict[int, set[type]] = {}
    for place in kept:
        for value in columns[place]:
            _add_type(kinds.setdefault(place, set()), value)
        kinds.setdefault(place, set())
    table = _table(kinds, (columns[place] for place in kept))
    yield table.rename_columns(
        ["" if names[place] is None else str(names[place]) for place in kept]
    )


def _cells(path: Path, sheet: int | str, values: bool) -> list[tuple[Any, ...]]:
    """Return the non-empty rows of a sheet: values, or formulas where `values` is False."""
    try:
        import openpyxl
    except ImportError:
        raise UserError(
            f"{path} is an Excel workbook, which requires the package openpyxl; {way_to_add('excel')}."
        ) from None
    data = read_bytes(path)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            size = sum(one.file_size for one in archive.infolist())
        limits = Limits.in_force()
        limits.check_memory(size, path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about styles and rules that openpyxl does not support
            book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=values)
            sheets = {one.title: one for one in book.worksheets}
            name = list(sheets)[sheet] if isinstance(sheet, int) and sheet < len(sheets) else sheet
            if name not in sheets:
                raise UserError(
                    f"reading.sheet: {path} has no sheet '{sheet}'; {did_you_mean(str(sheet), sheets)}"
                )
            sheets[name].reset_dimensions()  # some programs write wrong dimensions
            count, kept = 0, []
            for row in islice(sheets[name].iter_rows(values_only=True), 2**20):  # Excel's limit
                count += len(row)
                limits.check_cells(count, path)
                if any(value is not None for value in row):
                    kept.append(row)
            return kept
    except UserError:
        raise
    except Exception as error:  # openpyxl lets all kinds of errors through
        raise UserError(
            f"{path} cannot be read as an Excel workbook ({error}); save old .xls files and protected files as plain .xlsx."
        ) from None


def _refuse_formulas(path: Path, sheet: int | str, places: list[int], names: list[Any]) -> None:
    """Raise an error for formulas without stored results: their values would be missing."""
    for row in _cells(path, sheet, values=False):
        for place in places:
            if place < len(row) and isinstance(row[place], str) and row[place].startswith("="):
                raise UserError(
                    f"{path}: column '{names[place]}' has formulas without values; open the file in a spreadsheet program and save it."
                )


def _or_none(value: Any, markers: Collection[str]) -> Any:
    """Return None for a blank string or a marker of a missing value."""
    return None if isinstance(value, str) and (value in markers or not value.strip()) else value


def _add_type(kinds: set[type], value: Any) -> None:
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        kinds.add(str)
    elif value is not None:
        kinds.add(type(value))


def _table(kinds: dict[Any, set[type]], columns: Iterable[Sequence[Any]]) -> pa.Table:
    """Build a table; the values of a column of mixed types become strings."""
    arrays = []
    for found, values in zip(kinds.values(), columns, strict=True):
        dtype = TYPES.get(frozenset(found), pa.string())
        plain = TO_PLAIN.get(dtype)
        if plain:
            values = [None if value is None else plain(value) for value in values]
        arrays.append(pa.array(values, dtype))
    return pa.Table.from_arrays(arrays, [str(name) for name in kinds])


def cell_to_string(value: Any) -> str:
    """Convert a value to a string: lists and booleans to JSON, others with `str`."""
    if isinstance(value, (bool, list, dict, tuple)):
        return json.dumps(value, default=str, ensure_ascii=False)
    if isinstance(value, float) and value.is_integer() and math.fabs(value) < 2**53:
        return str(int(value))
    return str(value)


TO_PLAIN: dict[pa.DataType, Callable[[Any], Any]] = {
    pa.string(): cell_to_string,
    pa.float64(): float,
}
