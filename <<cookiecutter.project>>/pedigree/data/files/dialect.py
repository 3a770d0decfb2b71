"""CSV dialects of text files, detected from their content.

A dialect is a mapping with `separator`, `quote` (empty: none), `escape` (character before a quote within
quotes; empty: quotes are doubled), `encoding`, `header` (whether the first row has the column names),
`decimal` and `thousands` (separators in numbers) and `dates` (column to `strptime` format).
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from pedigree.base.names import UserError

KEYS = ("separator", "quote", "escape", "encoding", "header", "decimal", "thousands", "dates")
SEPARATORS = ",;\t|"
SAMPLE = 2**18  # bytes from which the dialect is detected
BLOCK = 2**23  # bytes of a text file that are parsed at a time; the maximum length of a row
BYTE_ORDER_MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32",  # begins like UTF-16's
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
ARCHIVES = {b"PK\3\4": ".zip", b"\x1f\x8b": ".gz", b"BZh": ".bz2", b"(\xb5/\xfd": ".zst"}
CHARACTERS = {
    "separator": (r"[\x01-\x7f]", "one character of ASCII"),
    "quote": (r"[\x01-\x7f]?", "one character of ASCII, or '' for none"),
    "escape": (r"[\x01-\x7f]?", "one character of ASCII, or '' for none"),
    "decimal": (r".", "one character"),
    "thousands": (r".?", "one character, or '' for none"),
}
YEAR = r"\s*(1[6-9]|20)\d\d\s*"
NUMBER = r"\s*[-+]?(\d[\d.,]*|[.,]\d+)([eE][-+]?\d+)?\s*"
DATE = r"\s*\d{1,4}([-/.])\d{1,2}\1\d{1,4}([T ].*)?"


def detect_dialect(stream: IO[bytes], path: Path, given: Mapping[str, Any]) -> dict[str, Any]:
    """Detect the dialect of a text file.

    Parameters
    ----------
    stream : binary file
        The decompressed content. The encoding is detected from all of it as long as it is plain ASCII,
        everything else from its beginning.
    path : Path
        Its name, for messages.
    given : mapping
        Known keys of the dialect, which are not detected.

    Returns
    -------
    dict
        With all keys of `KEYS`.

    Raises
    ------
    UserError
        The file is empty, or is not a text file.
    """
    start = stream.read(SAMPLE)
    encoding = given.get("encoding") or _encoding(start, stream, path)
    text = start.decode(_decoder_name(encoding), errors="ignore")
    if len(start) == SAMPLE:  # the last line may be incomplete
        text = text[: max(text.rfind("\n"), text.rfind("\r")) + 1] or text
    if not text.strip():
        raise UserError(f"{path} is empty.")
    controls = sum(text.count(chr(n)) for n in range(9) if chr(n) != given.get("separator"))
    if controls > len(text) // 100 or "\0" in text:
        raise UserError(f"{path} is not a text file: it contains control characters.")
    quote = given.get("quote", max("\"'", key=lambda mark: _count_quoted(text, mark)))
    found = {"quote": quote, "escape": _escape(text, quote), "encoding": encoding, **given}
    separator = given.get("separator") or _separator(text, found)
    rows = [row for row in csv_rows(text, {**found, "separator": separator}) if row]
    values = (value for row in rows[1:] for value in row)
    found |= {
        "separator": separator,
        "header": _has_header(rows),
        **_number_marks(values, separator),
        "dates": {},
    }
    return {key: given.get(key, found[key]) for key in KEYS}


def validate_dialect(given: Mapping[str, Any]) -> None:
    """Validate the given keys of a dialect.

    Raises
    ------
    UserError
        A value is invalid; the message has its key.
    """
    for key, value in given.items():
        if key == "encoding":
            fits, expected = _is_encoding(value), "an encoding, such as utf-8, cp1252 or utf-16"
        elif key == "header":
            fits, expected = isinstance(value, bool), "true or false"
        elif key == "dates":
            fits, expected = isinstance(value, Mapping), "a mapping of columns to formats"
        else:
            pattern, expected = CHARACTERS[key]
            fits = isinstance(value, str) and bool(re.fullmatch(pattern, value))
        if not fits:
            raise UserError(f"reading.{key}: {value!r} is not {expected}.")


def _is_encoding(name: object) -> bool:
    try:
        return bool(codecs.lookup(str(name)))
    except LookupError:
        return False


def number_pattern(decimal: str, thousands: str) -> str:
    """Return a regular expression for numbers with these decimal and (optional) thousands separators."""
    grouped = rf"[1-9]\d{{0,2}}({re.escape(thousands)}\d{{3}})+|" if thousands else ""
    return rf"^\s*[-+]?({grouped}\d+)({re.escape(decimal)}\d+)?([eE][-+]?\d+)?\s*$"


def csv_rows(text: str | Iterable[str], dialect: Mapping[str, Any]) -> Any:
    """Split text, or its lines, into rows of values with Python's `csv`."""
    csv.field_size_limit(BLOCK)
    return csv.reader(
        io.StringIO(text, newline="") if isinstance(text, str) else text,
        delimiter=dialect["separator"],
        quotechar=dialect["quote"] or None,
        quoting=csv.QUOTE_MINIMAL if dialect["quote"] else csv.QUOTE_NONE,
        escapechar=dialect["escape"] or None,
    )


def read_lines(
    stream: IO[bytes], dialect: Mapping[str, Any], errors: str = "strict"
) -> Iterator[str]:
    """Yield the lines of a text file, including their line ends.

    Parameters
    ----------
    stream : binary file
    dialect : mapping
        Only its `encoding` is used.
    errors : str
        Error handler of the decoder.

    Yields
    ------
    str

    Raises
    ------
    ValueError
        A line is longer than `BLOCK`.
    """
    encoding = _decoder_name(dialect["encoding"])
    text = io.TextIOWrapper(stream, encoding=encoding, errors=errors, newline="")
    for number, line in enumerate(iter(lambda: text.readline(BLOCK), ""), 1):
        if len(line) == BLOCK:
            raise ValueError(f"line {number} is longer than {BLOCK >> 20} MB.")
        yield line


def _decoder_name(encoding: str) -> str:
    """Return the name of the decoder that skips a byte order mark of UTF-8."""
    return "utf-8-sig" if codecs.lookup(encoding).name == "utf-8" else encoding


def _encoding(start: bytes, rest: IO[bytes], path: Path) -> str:
    """Detect the encoding: by a byte order mark, else UTF-8 if valid, else cp1252 or latin-1."""
    for mark, encoding in BYTE_ORDER_MARKS.items():
        if start.startswith(mark):
            return encoding
    for magic, packed in ARCHIVES.items():
        if start.startswith(magic):
            raise UserError(
                f"{path} is compressed; rename it so that its name ends in {packed} once, or unpack it."
            )
    even, odd = start[:200:2], start[1:200:2]
    for encoding, zeros, letters in (("utf-16-le", odd, even), ("utf-16-be", even, odd)):
        if zeros.count(0) > len(zeros) / 2 and 0 not in letters:
            return encoding
    if b"\0" in start or start.startswith((b"%PDF", b"\x89PNG")):
        raise UserError(f"{path} is not a text file: it contains binary data.")
    chunk, complete = start, len(start) < SAMPLE
    while chunk.isascii() and not complete:  # the encodings differ beyond ASCII only
        chunk = rest.read(2**20)
        complete = not chunk
    for encoding in ("utf-8", "cp1252"):
        try:
            codecs.getincrementaldecoder(encoding)().decode(chunk, final=complete)
        except UnicodeDecodeError:
            continue
        return encoding
    return "latin-1"


def _count_quoted(text: str, mark: str) -> int:
    """Count the values that are quoted with a character."""
    value = rf"(?:^|[{SEPARATORS}]){mark}(?:[^{mark}\\]|\\.|{mark}{mark})*+{mark}(?=[{SEPARATORS}\r\n]|\Z)"
    return sum(1 for _ in re.finditer(value, text, re.MULTILINE))


def _escape(text: str, quote: str) -> str:
    """Return a backslash if quotes within quotes are escaped by it, or "" if they are doubled."""
    if not quote:
        return ""
    inside = rf"[^{SEPARATORS}\r\n\\{quote}]"
    escaped = len(re.findall(rf"\\{quote}{inside}", text))
    return "\\" if escaped > len(re.findall(rf"{inside}{quote}{quote}", text)) else ""


def _separator(text: str, found: Mapping[str, Any]) -> str:
    """Return the separator for which most rows are as long as the first one, and the longest."""

    def evenness(separator: str) -> tuple[float, int, bool]:
        lengths = [len(row) for row in csv_rows(text, {**found, "separator": separator}) if row]
        first = lengths[0]
        even = lengths.count(first) / len(lengths) if first > 1 else 0.0
        return even, first, separator not in text  # for one column: a character that no value has

    return max(SEPARATORS, key=evenness)


def _has_header(rows: list[list[str]]) -> bool:
    """Return whether the first row has column names: strings, or years and dates above other values."""
    first, beneath = rows[0], rows[1:]
    numbers = [value.strip() for value in first if re.fullmatch(NUMBER, value)]
    if len(numbers) > 3 and numbers == [str(number) for number in range(len(numbers))]:
        return True  # pandas writes unnamed columns like this
    for place, name in enumerate(first):
        like = next((one for one in (YEAR, NUMBER, DATE) if re.fullmatch(one, name)), None)
        if like in (
            YEAR,
            DATE,
        ):  # these can be names, unless most values of the column look the same
            column = [row[place] for row in beneath if len(row) > place and row[place].strip()]
            alike = sum(bool(re.fullmatch(like, value)) for value in column)
        if like == NUMBER or (like and alike > len(column) / 2):
            return False
    return True


def _number_marks(values: Iterable[str], separator: str) -> dict[str, str]:
    """Detect the separators in numbers: 1,234.5 or 1.234,5 or 1234.5."""
    patterns = {decimal: number_pattern(decimal, other) for decimal, other in (".,", ",.")}
    only: Counter[str] = Counter()  # values that match one pattern
    both: Counter[str] = Counter()  # values that match both, by their separator: "1,234"
    grouped: Counter[str] = Counter()
    for value in values:
        if not re.search(r"\d[.,]\d", value):
            continue
        fitting = [decimal for decimal, pattern in patterns.items() if re.match(pattern, value)]
        if len(fitting) == 1:
            only[fitting[0]] += 1
        elif fitting:
            both["," if "," in value else "."] += 1
        for decimal in fitting:
            grouped[decimal] += {".": ",", ",": "."}[decimal] in value
    comma = only[","] > only["."]
    if only[","] == only["."]:  # semicolons are used as separators because of decimal commas
        comma = separator == ";" and both[","] > both["."]
    decimal, thousands = (",", ".") if comma else (".", ",")
    return {"decimal": decimal, "thousands": thousands if grouped[decimal] else ""}
