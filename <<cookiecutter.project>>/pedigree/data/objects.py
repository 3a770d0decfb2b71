"""Rows of Python's own values, from JSON and Excel, as Arrow tables."""

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
from pedigree.data.packed import MOST, open_bytes, read_bytes

LINE = 2**23  # characters of a line of JSON, at most
CELLS = 2_000_000  # of a table
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
    """Yield one object a line, or the objects of one list; objects within them become columns.

    The file is read twice: which columns there are, and of which types, is known at its end.

    Raises
    ------
    UserError
        A line is not a JSON object.
    """
    kinds: dict[str, set[type]] = {}
    for row in _objects(path, missing):
        for name, value in row.items():
            _note(kinds.setdefault(name, set()), value)
    if not kinds:
        raise UserError(f"{path} holds no object with a value.")
    rows = _objects(path, missing)
    while some := list(islice(rows, max(CELLS // len(kinds), 1))):
        columns = ([row.get(name) for row in some] for name in kinds)
        yield _table(kinds, columns)


def _objects(path: Path, missing: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Yield flat objects, blanks made None."""
    unknown = set(missing)
    with open_bytes(path) as stream:
        text = io.TextIOWrapper(stream, encoding="utf-8-sig")
        what: str
        items: Iterator[tuple[int, Any]]
        lines = enumerate(iter(lambda: text.readline(LINE), ""), 1)
        first = next((one for one in lines if one[1].strip()), (0, ""))
        if first[1].lstrip().startswith("["):
            what, items = "item", enumerate(_list(path), 1)
        else:
            there = ((number, line) for number, line in chain([first], lines) if line.strip())
            what, items = "line", ((number, _parsed(path, number, line)) for number, line in there)
        for number, item in items:
            if not isinstance(item, dict):
                raise UserError(f"{path}, {what} {number}: no object, but {item!r:.50}.")
            yield {name: _known(value, unknown) for name, value in _flat(item)}


def _list(path: Path) -> list[Any]:
    try:
        found: list[Any] = json.loads(read_bytes(path))
        return found
    except json.JSONDecodeError as error:
        raise UserError(f"{path} begins like a list of objects, and is none: {error}") from None


def _parsed(path: Path, number: int, line: str) -> Any:
    if len(line) == LINE:
        raise UserError(f"{path}, line {number}: longer than {LINE >> 20} MB.")
    try:
        return json.loads(line)
    except json.JSONDecodeError as error:
        raise UserError(
            f"{path}, line {number}: no JSON ({error.msg}); one object a line is expected, or one list of objects."
        ) from None


def _flat(item: dict[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in item.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{above}{name}.")
        else:
            yield above + name, value


def from_excel(path: Path, sheet: int | str, missing: Sequence[str]) -> Iterator[pa.Table]:
    """Yield one sheet of a workbook; its first row that is not empty holds the names.

    Raises
    ------
    UserError
        It is not a workbook, there is no such sheet, or nothing in it.
    """
    unknown = {"#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A", *missing}
    rows = _cells(path, sheet, values=True)
    known = [[_known(value, unknown) for value in row] for row in rows]
    known = [row for row in known if any(value is not None for value in row)]
    if not known:
        raise UserError(f"{path}: the sheet {sheet!r} is empty.")
    width = max(map(len, known))
    names, *columns_by_row = ([*row, *[None] * (width - len(row))] for row in known)
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
            _note(kinds.setdefault(place, set()), value)
        kinds.setdefault(place, set())
    table = _table(kinds, (columns[place] for place in kept))
    yield table.rename_columns(
        ["" if names[place] is None else str(names[place]) for place in kept]
    )


def _cells(path: Path, sheet: int | str, values: bool) -> list[tuple[Any, ...]]:
    """Return the rows of a sheet: values, or formulas where there are any."""
    try:
        import openpyxl
    except ImportError:
        raise UserError(
            f"{path} is an Excel workbook, which takes the package openpyxl; {way_to_add('excel')}."
        ) from None
    data = read_bytes(path)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            size = sum(one.file_size for one in archive.infolist())
        if size > MOST:
            raise UserError(
                f"{path} holds more than {MOST >> 30} GB when unpacked; store it as Parquet."
            )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of styles and rules that are left unread
            book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=values)
            sheets = {one.title: one for one in book.worksheets}
            name = list(sheets)[sheet] if isinstance(sheet, int) and sheet < len(sheets) else sheet
            if name not in sheets:
                raise UserError(
                    f"reading.sheet: {path} has no sheet '{sheet}'; {did_you_mean(str(sheet), sheets)}"
                )
            sheets[name].reset_dimensions()  # some programs write wrong ones
            rows = islice(sheets[name].iter_rows(values_only=True), 2**20)  # Excel has no more
            return [row for row in rows if any(value is not None for value in row)]
    except UserError:
        raise
    except Exception as error:  # openpyxl raises whatever it stumbles over
        raise UserError(
            f"{path} cannot be read as an Excel workbook ({error}); the old kind .xls and files with a password cannot."
        ) from None


def _refuse_formulas(path: Path, sheet: int | str, places: list[int], names: list[Any]) -> None:
    """Refuse formulas that no spreadsheet program has computed: their values would be missing."""
    for row in _cells(path, sheet, values=False):
        for place in places:
            if place < len(row) and isinstance(row[place], str) and row[place].startswith("="):
                raise UserError(
                    f"{path}: column '{names[place]}' holds formulas without values; open it in a spreadsheet program and save it."
                )


def _known(value: Any, unknown: Collection[str]) -> Any:
    """Make None of a text that means "no value"."""
    return None if isinstance(value, str) and (value in unknown or not value.strip()) else value


def _note(kinds: set[type], value: Any) -> None:
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        kinds.add(str)
    elif value is not None:
        kinds.add(type(value))


def _table(kinds: dict[Any, set[type]], columns: Iterable[Sequence[Any]]) -> pa.Table:
    """Make a table; values of several types in one column become texts."""
    arrays = []
    for found, values in zip(kinds.values(), columns, strict=True):
        dtype = TYPES.get(frozenset(found), pa.string())
        plain = TO_PLAIN.get(dtype)
        if plain:
            values = [None if value is None else plain(value) for value in values]
        arrays.append(pa.array(values, dtype))
    return pa.Table.from_arrays(arrays, [str(name) for name in kinds])


def as_text(value: Any) -> str:
    """Write a value as a text: lists and booleans as JSON, the rest as Python does."""
    if isinstance(value, (bool, list, dict, tuple)):
        return json.dumps(value, default=str, ensure_ascii=False)
    if isinstance(value, float) and value.is_integer() and math.fabs(value) < 2**53:
        return str(int(value))
    return str(value)


TO_PLAIN: dict[pa.DataType, Callable[[Any], Any]] = {pa.string(): as_text, pa.float64(): float}
