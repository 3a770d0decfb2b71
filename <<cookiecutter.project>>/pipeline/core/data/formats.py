"""Files of rows: what kind they are, how a text file is spelt, and their rows as Arrow tables.

A text file does not say how it is to be read, so its *reading* is found out once, when the snapshot
is taken, and recorded with it: a mapping with `separator`, `quote`, `encoding`, `header`, `decimal`
and `thousands` (marks in numbers) and `dates` (column to `strptime` format). Excel's has `sheet`; the
other kinds describe themselves.
"""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.core.base.names import UserError

if TYPE_CHECKING:
    import pandas as pd

KINDS = {
    **dict.fromkeys((".csv", ".tsv", ".txt"), "csv"),
    ".parquet": "parquet",
    **dict.fromkeys((".feather", ".arrow"), "feather"),
    **dict.fromkeys((".jsonl", ".ndjson", ".json"), "json"),
    ".xlsx": "excel",
}
PACKED = (".gz", ".bz2", ".zst", ".zip")
SEPARATORS = ",;\t|"
SAMPLE = 2**18  # bytes that are looked at to find the reading
BLOCK = 2**24  # bytes that are parsed at a time; no row may be longer
ROWS = 100_000  # rows of a batch of the kinds that are read by rows



def number_pattern(decimal: str, thousands: str) -> str:
    """Return the pattern of numbers that are written with a decimal mark and, perhaps, thousands'."""
    grouped = rf"\d{{1,3}}({re.escape(thousands)}\d{{3}})+|" if thousands else ""
    return rf"^\s*[-+]?({grouped}\d+)({re.escape(decimal)}\d+)?\s*$"


def kind(path: Path) -> str:
    """Name the kind of a file by its suffix, beneath that of a compression.

    Raises
    ------
    UserError
        The suffix is none of those that can be read.
    """
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] in PACKED:
        suffixes.pop()
    if not suffixes or suffixes[-1] not in KINDS:
        raise UserError(
            f"{path} has no suffix that can be read; known are {', '.join(KINDS)}, "
            f"and each of them packed: {', '.join(PACKED)}."
        )
    return KINDS[suffixes[-1]]


def readable(path: Path) -> bool:
    """Tell whether a file has a suffix that can be read."""
    try:
        kind(path)
    except UserError:
        return False
    return path.is_file() and not path.name.startswith(".")


def find_reading(path: Path) -> dict[str, Any]:
    """Find out how a file is to be read, from its beginning.

    Raises
    ------
    UserError
        The file is empty, or is no text.
    """
    if path.stat().st_size == 0:
        raise UserError(f"{path} is empty.")
    if kind(path) == "excel":
        return {"sheet": 0}
    if kind(path) != "csv":
        return {}
    with open_bytes(path) as stream:
        start = stream.read(SAMPLE)
    encoding = _encoding(start, path)
    text = start.decode(encoding, errors="ignore")
    if len(start) == SAMPLE and "\n" in text:  # the last line may be cut
        text = text[: text.rindex("\n")]
    if not text.strip():
        raise UserError(f"{path} is empty.")
    quote = "'" if '"' not in text and re.search(rf"(?m)^'[^']*'[{SEPARATORS}]", text) else '"'
    separator = _separator(text, quote)
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator, quotechar=quote))
    return {
        "separator": separator,
        "quote": quote,
        "encoding": encoding,
        "header": _has_header(next(filter(None, rows), [])),
        **_number_marks(value for row in rows[1:] for value in row),
        "dates": {},
    }


def _number_marks(values: Iterable[str]) -> dict[str, str]:
    """Find the marks of numbers: 1,234.5 or 1.234,5 or 1234.5."""
    marks: Counter[tuple[str, str]] = Counter()
    for value in values:
        if not re.search(r"\d[.,]\d", value):
            continue
        for decimal, thousands in ((".", ","), (",", ".")):
            if re.match(number_pattern(decimal, thousands), value):
                marks[decimal, "decimal"] += decimal in value
                marks[decimal, "thousands"] += thousands in value
    # "1,234" fits both: only values with a mark that no other reading has decide.
    comma = marks[",", "decimal"] > marks[".", "decimal"] + marks[".", "thousands"]
    decimal, thousands = (",", ".") if comma else (".", ",")
    return {"decimal": decimal, "thousands": thousands if marks[decimal, "thousands"] else ""}


def _encoding(start: bytes, path: Path) -> str:
    """Name the encoding: by its mark, else UTF-8 where it decodes, else Windows' or ISO's Latin."""
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    if start[1:200:2].count(0) > 50 or start[:200:2].count(0) > 50:
        return "utf-16-le" if start[1:2] == b"\0" else "utf-16-be"
    if b"\0" in start or start.startswith((b"PK\3\4", b"%PDF", b"\x89PNG")):
        raise UserError(f"{path} is no text file: it holds bytes that no text has.")
    for encoding in ("utf-8", "cp1252", "latin-1"):
        try:
            start[:-4].decode(encoding)  # a character may be cut in two at the end
        except UnicodeDecodeError as error:
            if encoding == "utf-8" and error.start >= len(start) - 8 and len(start) == SAMPLE:
                break
            continue
        return encoding
    return "utf-8"


def _separator(text: str, quote: str) -> str:
    """Return the separator that gives most lines one number of fields, and the most fields."""

    def evenness(separator: str) -> tuple[float, int]:
        rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator, quotechar=quote)
        lengths = Counter(len(row) for row in rows if row)
        length, count = lengths.most_common(1)[0]
        return (count / lengths.total() if length > 1 else 0.0, length)

    try:
        return max(SEPARATORS, key=evenness)
    except csv.Error as error:
        raise UserError(f"its rows cannot be told apart: {error}.") from None


def _has_header(first: Sequence[str]) -> bool:
    """Tell whether a first row holds names: no field is a number, unless all could be years."""
    numbers = [field for field in first if re.fullmatch(r"\s*[-+]?\d*[.,]?\d+([eE][-+]?\d+)?\s*", field)]
    return all(re.fullmatch(r"\s*(1[6-9]|20)\d\d\s*", number) for number in numbers)


def open_bytes(path: Path) -> IO[bytes]:
    """Open a file, unpacked where it is packed.

    Raises
    ------
    UserError
        A ZIP archive holds no file, or more than one.
    """
    if path.suffix.lower() == ".zip":
        try:
            archive = zipfile.ZipFile(path)
        except zipfile.BadZipFile:
            raise UserError(f"{path} is no ZIP archive, whatever its name says.") from None
        names = [one for one in archive.namelist() if not one.startswith(("__MACOSX", "."))]
        if len(names) != 1:
            raise UserError(f"{path} holds {len(names)} files; one is expected. Unpack it first.")
        return archive.open(names[0])
    return pa.input_stream(str(path), compression="detect")


def columns(path: Path, reading: Mapping[str, Any]) -> list[str]:
    """Return the names of a file's columns as its source spells them."""
    if kind(path) != "csv":
        return list(next(iter(tables(path, reading))).column_names)
    with open_bytes(path) as stream:
        text = io.TextIOWrapper(stream, encoding=_python_encoding(reading), newline="")
        rows = csv.reader(text, delimiter=reading["separator"], quotechar=reading["quote"])
        first = next(filter(None, rows), [])
    return first if reading["header"] else [f"column_{i}" for i in range(1, len(first) + 1)]


def tables(
    path: Path, reading: Mapping[str, Any], missing: Sequence[str] = ()
) -> Iterator[pa.Table]:
    """Yield the rows of a file as Arrow tables of bounded size, in order.

    Parameters
    ----------
    path : Path
        The file.
    reading : mapping
        As `find_reading` gives it.
    missing : sequence of str
        Texts of a text file that mean "no value"; blanks always do.

    Yields
    ------
    pa.Table
        At least one. The values of a text file are texts; numbers have decimal points and dates
        are in ISO 8601, whatever the file's own spelling is.

    Raises
    ------
    UserError
        The file cannot be read; a text file's ragged row is named by its line.
    """
    readers = {
        "csv": _csv,
        "parquet": _parquet,
        "feather": _feather,
        "json": _json,
        "excel": _excel,
    }
    try:
        yield from readers[kind(path)](path, reading, list(missing))
    except (ValueError, OSError, EOFError, csv.Error, zipfile.BadZipFile) as error:
        # Arrow's and pandas' errors are ValueErrors.
        raise UserError(f"{path} cannot be read: {error}") from None


def _csv(path: Path, reading: Mapping[str, Any], missing: list[str]) -> Iterator[pa.Table]:
    from pyarrow import csv as arrow_csv

    names = columns(path, reading)
    numbered = [str(number) for number in range(len(names))]  # names may be given twice
    with open_bytes(path) as stream:
        try:
            reader = arrow_csv.open_csv(
                stream,
                arrow_csv.ReadOptions(
                    column_names=numbered,
                    skip_rows_after_names=int(reading["header"]),
                    encoding=_python_encoding(reading),
                    block_size=BLOCK,
                    use_threads=False,
                ),
                arrow_csv.ParseOptions(
                    delimiter=reading["separator"],
                    quote_char=reading["quote"],
                    newlines_in_values=True,
                ),
                arrow_csv.ConvertOptions(
                    column_types=dict.fromkeys(numbered, pa.string()),
                    strings_can_be_null=True,
                    null_values=["", *missing],
                ),
            )
            yield reader.schema.empty_table().rename_columns(names)
            for batch in reader:
                yield _localised(pa.Table.from_batches([batch]).rename_columns(names), reading)
        except pa.ArrowInvalid as error:
            raise UserError(_ragged(path, reading, len(names)) or f"{path} cannot be read: {error}") from None


def _ragged(path: Path, reading: Mapping[str, Any], width: int) -> str | None:
    """Say which line has another number of values than the header."""
    with open_bytes(path) as stream:
        text = io.TextIOWrapper(stream, encoding=_python_encoding(reading), newline="")
        rows = csv.reader(text, delimiter=reading["separator"], quotechar=reading["quote"])
        for row in rows:
            if row and len(row) != width:
                return f"{path}, line {rows.line_num}: {len(row)} values, and {width} are expected."
    return None


def _localised(table: pa.Table, reading: Mapping[str, Any]) -> pa.Table:
    """Make blanks missing, and write numbers and dates as everywhere: 1234.5, 2026-11-23."""
    out = []
    decimal, thousands = reading["decimal"], reading["thousands"]
    marked = decimal != "." or thousands
    pattern = number_pattern(decimal, thousands)
    for name, values in zip(table.column_names, table.columns, strict=True):
        values = pc.if_else(pc.utf8_is_space(values), None, values)
        if name in reading["dates"]:
            parsed = pc.strptime(values, reading["dates"][name], "s", error_is_null=True)
            # What is no date stays as it is, for the contract to name.
            values = pc.coalesce(pc.strftime(parsed, "%Y-%m-%dT%H:%M:%S"), values)
        elif marked:
            plain = pc.replace_substring(values, thousands, "") if thousands else values
            plain = pc.replace_substring(plain, decimal, ".")
            values = pc.if_else(pc.match_substring_regex(values, pattern), plain, values)
        out.append(values)
    return pa.table(out, names=table.column_names)


def _python_encoding(reading: Mapping[str, Any]) -> str:
    """Let a mark at the beginning of UTF-8 go unread."""
    return "utf-8-sig" if reading["encoding"] == "utf-8" else reading["encoding"]


def _parquet(path: Path, reading: Mapping[str, Any], missing: list[str]) -> Iterator[pa.Table]:
    from pyarrow import parquet

    file = parquet.ParquetFile(pa.BufferReader(open_bytes(path).read()) if _packed(path) else path)
    yield file.schema_arrow.empty_table()
    for batch in file.iter_batches(ROWS):
        yield pa.Table.from_batches([batch])


def _feather(path: Path, reading: Mapping[str, Any], missing: list[str]) -> Iterator[pa.Table]:
    from pyarrow import feather

    yield feather.read_table(open_bytes(path) if _packed(path) else path)


def _json(path: Path, reading: Mapping[str, Any], missing: list[str]) -> Iterator[pa.Table]:
    """Read one object a line, or one list of objects; nested objects become columns."""
    import json
    from itertools import batched

    import pandas as pd

    with open_bytes(path) as stream:
        text = io.TextIOWrapper(stream, encoding="utf-8-sig")
        start = text.read(1)
        if start == "[":
            objects = iter(json.loads(start + text.read()))
        else:
            lines = chain([start + text.readline()], text)
            objects = (_object(line, number) for number, line in enumerate(lines, 1) if line.strip())
        while some := list(islice(objects, ROWS)):
            yield _from_pandas(pd.json_normalize(some))


def _object(line: str, number: int) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except json.JSONDecodeError as error:
        raise ValueError(f"line {number} is no JSON: {error}") from None
    if not isinstance(value, dict):
        raise ValueError(f"line {number} holds no object, but {value!r:.50}")
    return value


def _excel(path: Path, reading: Mapping[str, Any], missing: list[str]) -> Iterator[pa.Table]:
    import pandas as pd

    with open_bytes(path) as stream:
        yield _from_pandas(
            pd.read_excel(
                io.BytesIO(stream.read()),
                sheet_name=reading.get("sheet", 0),
                engine="openpyxl",
                na_values=missing,
                keep_default_na=False,
            )
        )


def _from_pandas(frame: pd.DataFrame) -> pa.Table:
    """Turn rows into an Arrow table; values of several types in one column become texts."""
    frame = frame.copy()
    for name in frame.columns[frame.dtypes == "object"]:
        kinds = {type(value) for value in frame[name].dropna()}
        if len(kinds) > 1 or kinds & {list, dict}:
            texts = frame[name].map(
                lambda value: value if isinstance(value, str) else json.dumps(value, default=str),
                na_action="ignore",
            )
            frame[name] = texts
    return pa.Table.from_pandas(frame, preserve_index=False)


def _packed(path: Path) -> bool:
    return path.suffix.lower() in PACKED
