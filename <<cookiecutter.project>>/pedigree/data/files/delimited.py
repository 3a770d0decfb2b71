"""Delimited text files as Arrow tables, with an error message for the first malformed row."""

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
from pedigree.data.files.compression import open_bytes
from pedigree.data.files.dialect import BLOCK, csv_rows, number_pattern, read_lines
from pedigree.data.files.limits import Limits

UNCLOSED = "a quote is opened there and never closed; if quotes are ordinary characters, set reading.quote to ''"


def read_delimited(
    path: Path, dialect: Mapping[str, Any], missing: Sequence[str]
) -> Iterator[pa.Table]:
    """Yield the rows of a delimited text file as tables of strings.

    Parameters
    ----------
    path : Path
    dialect : mapping
        The complete CSV dialect of the file (see `pedigree.data.files.dialect`).
    missing : sequence of str
        Strings that mark a missing value.

    Yields
    ------
    pa.Table
        The first table is empty and has the columns only.

    Raises
    ------
    UserError
        A row has too few or too many values or cannot be decoded; the message has its line number.
    """
    from pyarrow import csv as arrow_csv

    names = delimited_columns(path, dialect)
    Limits.in_force().check_columns(names, path)
    numbered = [str(number) for number in range(len(names))]  # names may be given twice
    encoding = "utf8" if dialect["encoding"] == "utf-8" else dialect["encoding"]
    with open_bytes(path) as stream:
        try:
            reader = arrow_csv.open_csv(
                stream,
                arrow_csv.ReadOptions(column_names=numbered, encoding=encoding, block_size=BLOCK),
                arrow_csv.ParseOptions(
                    delimiter=dialect["separator"],
                    quote_char=dialect["quote"] or False,
                    escape_char=dialect["escape"] or False,
                    newlines_in_values=True,
                ),
                arrow_csv.ConvertOptions(
                    column_types=dict.fromkeys(numbered, pa.string()),
                    strings_can_be_null=True,
                    null_values=["", *missing],
                ),
            )
            yield reader.schema.empty_table().rename_columns(names)
            header, last = dialect["header"], None
            for batch in reader:
                if header and batch.num_rows:
                    batch, header = batch.slice(1), False
                if batch.num_rows:
                    last = batch.column(len(names) - 1)[-1].as_py()
                    yield _normalize(pa.Table.from_batches([batch]).rename_columns(names), dialect)
        except (pa.ArrowInvalid, UnicodeError) as error:
            raise UserError(
                malformed_row(path, dialect, len(names)) or _parse_error(path, error)
            ) from None
    # An unclosed quote makes all following rows part of one value, which then contains line breaks.
    suspect = last and re.search(r"[\r\n]", last) and not _file_ends_quoted(path, dialect)
    if suspect and (what := malformed_row(path, dialect, len(names))):
        raise UserError(what)


def delimited_columns(path: Path, dialect: Mapping[str, Any]) -> list[str]:
    """Return the column names of a delimited text file as they are in the file."""
    with open_bytes(path) as stream:
        first: list[str] = next(
            filter(None, csv_rows(read_lines(stream, dialect, "replace"), dialect)), []
        )
    return first if dialect["header"] else [f"column_{i}" for i in range(1, len(first) + 1)]


def malformed_row(path: Path, dialect: Mapping[str, Any], width: int) -> str | None:
    """Return an error message for the first row that cannot be read, with the line where it begins.

    Parameters
    ----------
    path : Path
    dialect : mapping
        The complete CSV dialect of the file.
    width : int
        Expected number of values per row.

    Returns
    -------
    str or None
        None if all rows can be read.
    """
    encoding, quote = dialect["encoding"], dialect["quote"]
    end, begin, what = [""], 1, ""
    strict = codecs.lookup(encoding).name.startswith(("utf-16", "utf-32"))

    def remembered() -> Iterator[str]:
        for end[0] in read_lines(stream, dialect, "strict" if strict else "surrogateescape"):
            yield end[0]

    with open_bytes(path) as stream:
        rows = csv_rows(remembered(), dialect)
        try:
            for row in rows:
                if row and len(row) != width:
                    what = f"{len(row)} values, but {width} are expected"
                elif re.search("[\udc80-\udcff]", "".join(row)):
                    other = "latin-1" if encoding == "cp1252" else "cp1252"
                    what = f"bytes that are not valid {encoding}; set reading.encoding, for example to {other}"
                open_end = re.search(r"[\r\n]", "".join(row[-1:])) and not _ends_with_quote(
                    end[0], quote
                )
                if (what or open_end) and next(rows, None) is None and open_end:
                    what += "; " * bool(what) + UNCLOSED
                if what:
                    return f"{path}, line {begin}: {what}."
                begin = rows.line_num + 1
        except csv.Error:
            return f"{path}, line {begin}: a value is longer than {BLOCK >> 20} MB; possibly {UNCLOSED}."
    return None


def _file_ends_quoted(path: Path, dialect: Mapping[str, Any]) -> bool:
    """Return whether the last character of a file is a quote."""
    tail = b""
    with open_bytes(path) as stream:
        while chunk := stream.read(2**20):
            tail = (tail + chunk)[-64:]
    return _ends_with_quote(tail.decode(dialect["encoding"], errors="ignore"), dialect["quote"])


def _ends_with_quote(text: str, quote: str) -> bool:
    return bool(quote) and text.rstrip().endswith(quote)


def _parse_error(path: Path, error: Exception) -> str:
    if "straddl" in str(error):
        return f"{path} cannot be read: a row is longer than {BLOCK >> 20} MB."
    return f"{path} cannot be read: {error}"


def _normalize(table: pa.Table, dialect: Mapping[str, Any]) -> pa.Table:
    """Set blank values to missing, and normalize numbers (1234.5) and dates (ISO 8601)."""
    decimal, thousands, dates = dialect["decimal"], dialect["thousands"], dialect["dates"]
    separators = {decimal, thousands} - {
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
            # A value that is not a date stays unchanged, so that the contract reports it.
            values = pc.coalesce(pc.strftime(parsed, "%Y-%m-%dT%H:%M:%S"), values)
        elif any(pc.any(pc.match_substring(values, one)).as_py() for one in separators):
            plain = pc.replace_substring(values, thousands, "") if thousands else values
            plain = pc.replace_substring(plain, decimal, ".")
            values = pc.if_else(pc.match_substring_regex(values, pattern), plain, values)
        columns.append(values)
    return pa.Table.from_arrays(columns, table.column_names)
