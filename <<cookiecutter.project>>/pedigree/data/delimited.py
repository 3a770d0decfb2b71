"""Rows of delimited text as Arrow tables, and what is wrong with a file that gives none."""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pedigree.base.names import UserError
from pedigree.data.packed import open_bytes
from pedigree.data.reading import BLOCK, lines, number_pattern, split

UNCLOSED = "a quote is opened there and never closed; if quotes are meant as they stand, set reading.quote to ''"


def tables(path: Path, reading: Mapping[str, Any], missing: Sequence[str]) -> Iterator[pa.Table]:
    """Yield the rows of a delimited text as tables of texts.

    Raises
    ------
    UserError
        A row has too few or too many values, or cannot be decoded; it is named by its line.
    """
    from pyarrow import csv as arrow_csv

    names = column_names(path, reading)
    numbered = [str(number) for number in range(len(names))]  # names may be given twice
    encoding = "utf8" if reading["encoding"] == "utf-8" else reading["encoding"]
    with open_bytes(path) as stream:
        try:
            reader = arrow_csv.open_csv(
                stream,
                arrow_csv.ReadOptions(column_names=numbered, encoding=encoding, block_size=BLOCK),
                arrow_csv.ParseOptions(
                    delimiter=reading["separator"],
                    quote_char=reading["quote"] or False,
                    escape_char=reading["escape"] or False,
                    newlines_in_values=True,
                ),
                arrow_csv.ConvertOptions(
                    column_types=dict.fromkeys(numbered, pa.string()),
                    strings_can_be_null=True,
                    null_values=["", *missing],
                ),
            )
            yield reader.schema.empty_table().rename_columns(names)
            header, last = reading["header"], None
            for batch in reader:
                if header and batch.num_rows:
                    batch, header = batch.slice(1), False
                if batch.num_rows:
                    last = batch.column(len(names) - 1)[-1].as_py()
                    yield _localised(pa.Table.from_batches([batch]).rename_columns(names), reading)
        except (pa.ArrowInvalid, UnicodeError) as error:
            raise UserError(fault(path, reading, len(names)) or _said(path, error)) from None
    # A quote that is never closed swallows all rows beneath it: the last value has their line breaks.
    suspect = last and re.search(r"[\r\n]", last) and not _ends_quoted(path, reading)
    if suspect and (what := fault(path, reading, len(names))):
        raise UserError(what)


def column_names(path: Path, reading: Mapping[str, Any]) -> list[str]:
    """Return the names of a text's columns as its source spells them."""
    with open_bytes(path) as stream:
        first: list[str] = next(filter(None, split(lines(stream, reading, "replace"), reading)), [])
    return first if reading["header"] else [f"column_{i}" for i in range(1, len(first) + 1)]


def fault(path: Path, reading: Mapping[str, Any], width: int) -> str | None:
    """Say what is wrong with the first row that cannot be read, by the line where it begins."""
    encoding, quote = reading["encoding"], reading["quote"]
    end, begin, what = [""], 1, ""
    strict = codecs.lookup(encoding).name.startswith(("utf-16", "utf-32"))

    def remembered() -> Iterator[str]:
        for end[0] in lines(stream, reading, "strict" if strict else "surrogateescape"):
            yield end[0]

    with open_bytes(path) as stream:
        rows = split(remembered(), reading)
        try:
            for row in rows:
                if row and len(row) != width:
                    what = f"{len(row)} values, and {width} are expected"
                elif re.search("[\udc80-\udcff]", "".join(row)):
                    other = "latin-1" if encoding == "cp1252" else "cp1252"
                    what = f"bytes that are no {encoding}; name the right one in reading.encoding, such as {other}"
                open_end = re.search(r"[\r\n]", "".join(row[-1:])) and not _ends(end[0], quote)
                if (what or open_end) and next(rows, None) is None and open_end:
                    what += "; " * bool(what) + UNCLOSED
                if what:
                    return f"{path}, line {begin}: {what}."
                begin = rows.line_num + 1
        except csv.Error:
            return f"{path}, line {begin}: a value is longer than {BLOCK >> 20} MB; perhaps {UNCLOSED}."
    return None


def _ends_quoted(path: Path, reading: Mapping[str, Any]) -> bool:
    """Return whether a quote is the last that a file holds."""
    tail = b""
    with open_bytes(path) as stream:
        while chunk := stream.read(2**20):
            tail = (tail + chunk)[-64:]
    return _ends(tail.decode(reading["encoding"], errors="ignore"), reading["quote"])


def _ends(text: str, quote: str) -> bool:
    return bool(quote) and text.rstrip().endswith(quote)


def _said(path: Path, error: Exception) -> str:
    if "straddl" in str(error):
        return f"{path} cannot be read: a row is longer than {BLOCK >> 20} MB."
    return f"{path} cannot be read: {error}"


def _localised(table: pa.Table, reading: Mapping[str, Any]) -> pa.Table:
    """Make blanks missing, and write numbers and dates as everywhere: 1234.5, 2026-11-23."""
    decimal, thousands, dates = reading["decimal"], reading["thousands"], reading["dates"]
    marks = {decimal, thousands} - {
        "",
        "." if decimal == "." else "",
    }  # without one, nothing changes
    pattern = number_pattern(decimal, thousands)
    columns = []
    for name, values in zip(table.column_names, table.columns, strict=True):
        blank = pc.utf8_is_space(values)
        if pc.any(blank).as_py():
            values = pc.if_else(blank, None, values)
        if name in dates:
            trimmed = pc.utf8_trim_whitespace(values)
            parsed = pc.strptime(trimmed, dates[name], "s", error_is_null=True)
            # What is not a date stays as it is, for the contract to name.
            values = pc.coalesce(pc.strftime(parsed, "%Y-%m-%dT%H:%M:%S"), values)
        elif any(pc.any(pc.match_substring(values, mark)).as_py() for mark in marks):
            plain = pc.replace_substring(values, thousands, "") if thousands else values
            plain = pc.replace_substring(plain, decimal, ".")
            values = pc.if_else(pc.match_substring_regex(values, pattern), plain, values)
        columns.append(values)
    return pa.Table.from_arrays(columns, table.column_names)
