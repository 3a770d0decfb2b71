"""How a text file of rows is spelled: found out from the file, since it does not say so.

A *reading* is a mapping with `separator`, `quote` (empty: none), `escape` (before a quote in quotes;
empty: quotes are doubled), `encoding`, `header` (whether the first row holds names), `decimal` and
`thousands` (marks in numbers) and `dates` (column to `strptime` format).
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
SAMPLE = 2**18  # bytes that are looked at
BLOCK = 2**23  # bytes of a text file that are parsed at a time; no row may be longer
BYTE_ORDER_MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32",  # begins like UTF-16's
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
ARCHIVES = {b"PK\3\4": ".zip", b"\x1f\x8b": ".gz", b"BZh": ".bz2", b"(\xb5/\xfd": ".zst"}
MARKS = {
    "separator": (r"[\x01-\x7f]", "one character of ASCII"),
    "quote": (r"[\x01-\x7f]?", "one character of ASCII, or '' for none"),
    "escape": (r"[\x01-\x7f]?", "one character of ASCII, or '' for none"),
    "decimal": (r".", "one character"),
    "thousands": (r".?", "one character, or '' for none"),
}
YEAR = r"\s*(1[6-9]|20)\d\d\s*"
NUMBER = r"\s*[-+]?(\d[\d.,]*|[.,]\d+)([eE][-+]?\d+)?\s*"
DATE = r"\s*\d{1,4}([-/.])\d{1,2}\1\d{1,4}([T ].*)?"


def find(stream: IO[bytes], path: Path, given: Mapping[str, Any]) -> dict[str, Any]:
    """Find out how a text file is to be read.

    Parameters
    ----------
    stream : binary file
        The file, unpacked; its beginning is looked at, and more of it where that is plain ASCII.
    path : Path
        Its name, for messages.
    given : mapping
        What is known of the reading already.

    Raises
    ------
    UserError
        The file is empty, or is not a text.
    """
    start = stream.read(SAMPLE)
    encoding = given.get("encoding") or _encoding(start, stream, path)
    text = start.decode(_with_mark(encoding), errors="ignore")
    if len(start) == SAMPLE:  # the last line may be cut
        text = text[: max(text.rfind("\n"), text.rfind("\r")) + 1] or text
    if not text.strip():
        raise UserError(f"{path} is empty.")
    controls = sum(text.count(chr(n)) for n in range(9) if chr(n) != given.get("separator"))
    if controls > len(text) // 100 or "\0" in text:
        raise UserError(f"{path} is not a text file: it holds bytes that no text has.")
    quote = given.get("quote", max("\"'", key=lambda mark: _quoted(text, mark)))
    found = {"quote": quote, "escape": _escape(text, quote), "encoding": encoding, **given}
    separator = given.get("separator") or _separator(text, found)
    rows = [row for row in split(text, {**found, "separator": separator}) if row]
    values = (value for row in rows[1:] for value in row)
    found |= {
        "separator": separator,
        "header": _has_header(rows),
        **_number_marks(values, separator),
        "dates": {},
    }
    return {key: given.get(key, found[key]) for key in KEYS}


def check(given: Mapping[str, Any]) -> None:
    """Refuse a reading, or a part of one, by which no file can be read.

    Raises
    ------
    UserError
        Names the key.
    """
    for key, value in given.items():
        if key == "encoding":
            fits, expected = _is_encoding(value), "an encoding, such as utf-8, cp1252 or utf-16"
        elif key == "header":
            fits, expected = isinstance(value, bool), "true or false"
        elif key == "dates":
            fits, expected = isinstance(value, Mapping), "a mapping of columns to formats"
        else:
            pattern, expected = MARKS[key]
            fits = isinstance(value, str) and bool(re.fullmatch(pattern, value))
        if not fits:
            raise UserError(f"reading.{key}: {value!r} is not {expected}.")


def _is_encoding(name: object) -> bool:
    try:
        return bool(codecs.lookup(str(name)))
    except LookupError:
        return False


def number_pattern(decimal: str, thousands: str) -> str:
    """Return the pattern of numbers that are written with a decimal mark and, perhaps, thousands'."""
    grouped = rf"[1-9]\d{{0,2}}({re.escape(thousands)}\d{{3}})+|" if thousands else ""
    return rf"^\s*[-+]?({grouped}\d+)({re.escape(decimal)}\d+)?([eE][-+]?\d+)?\s*$"


def split(text: str | Iterable[str], reading: Mapping[str, Any]) -> Any:
    """Split a text, or its lines, into rows of values as Python's `csv` does."""
    csv.field_size_limit(BLOCK)
    return csv.reader(
        io.StringIO(text, newline="") if isinstance(text, str) else text,
        delimiter=reading["separator"],
        quotechar=reading["quote"] or None,
        quoting=csv.QUOTE_MINIMAL if reading["quote"] else csv.QUOTE_NONE,
        escapechar=reading["escape"] or None,
    )


def lines(stream: IO[bytes], reading: Mapping[str, Any], errors: str = "strict") -> Iterator[str]:
    """Yield the lines of a text file, ends included.

    Raises
    ------
    ValueError
        A line is longer than what is parsed at a time.
    """
    encoding = _with_mark(reading["encoding"])
    text = io.TextIOWrapper(stream, encoding=encoding, errors=errors, newline="")
    for number, line in enumerate(iter(lambda: text.readline(BLOCK), ""), 1):
        if len(line) == BLOCK:
            raise ValueError(f"line {number} is longer than {BLOCK >> 20} MB.")
        yield line


def _with_mark(encoding: str) -> str:
    """Let a mark at the beginning of UTF-8 go unread."""
    return "utf-8-sig" if codecs.lookup(encoding).name == "utf-8" else encoding


def _encoding(start: bytes, rest: IO[bytes], path: Path) -> str:
    """Name the encoding: by its mark, else UTF-8 where it decodes, else Windows' or ISO's Latin."""
    for mark, encoding in BYTE_ORDER_MARKS.items():
        if start.startswith(mark):
            return encoding
    for magic, packed in ARCHIVES.items():
        if start.startswith(magic):
            raise UserError(
                f"{path} is not a text file: it is packed; let its name end in {packed} once, or unpack it."
            )
    even, odd = start[:200:2], start[1:200:2]
    for encoding, zeros, letters in (("utf-16-le", odd, even), ("utf-16-be", even, odd)):
        if zeros.count(0) > len(zeros) / 2 and 0 not in letters:
            return encoding
    if b"\0" in start or start.startswith((b"%PDF", b"\x89PNG")):
        raise UserError(f"{path} is not a text file: it holds bytes that no text has.")
    chunk, complete = start, len(start) < SAMPLE
    while chunk.isascii() and not complete:  # as long as nothing tells them apart
        chunk = rest.read(2**20)
        complete = not chunk
    for encoding in ("utf-8", "cp1252"):
        try:
            codecs.getincrementaldecoder(encoding)().decode(chunk, final=complete)
        except UnicodeDecodeError:
            continue
        return encoding
    return "latin-1"


def _quoted(text: str, mark: str) -> int:
    """Count the values that stand between two marks."""
    value = rf"(?:^|[{SEPARATORS}]){mark}(?:[^{mark}\\]|\\.|{mark}{mark})*+{mark}(?=[{SEPARATORS}\r\n]|\Z)"
    return sum(1 for _ in re.finditer(value, text, re.MULTILINE))


def _escape(text: str, quote: str) -> str:
    """Return whether quotes in quotes stand after a backslash, or are doubled."""
    if not quote:
        return ""
    inside = rf"[^{SEPARATORS}\r\n\\{quote}]"
    escaped = len(re.findall(rf"\\{quote}{inside}", text))
    return "\\" if escaped > len(re.findall(rf"{inside}{quote}{quote}", text)) else ""


def _separator(text: str, found: Mapping[str, Any]) -> str:
    """Return the separator by which most rows have as many values as the first, and the most."""

    def evenness(separator: str) -> tuple[float, int, bool]:
        lengths = [len(row) for row in split(text, {**found, "separator": separator}) if row]
        first = lengths[0]
        even = lengths.count(first) / len(lengths) if first > 1 else 0.0
        return even, first, separator not in text  # one column: a mark that no value has

    return max(SEPARATORS, key=evenness)


def _has_header(rows: list[list[str]]) -> bool:
    """Return whether a first row holds names: texts, or years and counts above other values."""
    first, beneath = rows[0], rows[1:]
    numbers = [value.strip() for value in first if re.fullmatch(NUMBER, value)]
    if len(numbers) > 3 and numbers == [str(number) for number in range(len(numbers))]:
        return True  # as pandas writes columns without names
    for place, name in enumerate(first):
        like = next((one for one in (YEAR, NUMBER, DATE) if re.fullmatch(one, name)), None)
        if like in (YEAR, DATE):  # they may be names, unless most values beneath are alike
            column = [row[place] for row in beneath if len(row) > place and row[place].strip()]
            alike = sum(bool(re.fullmatch(like, value)) for value in column)
        if like == NUMBER or (like and alike > len(column) / 2):
            return False
    return True


def _number_marks(values: Iterable[str], separator: str) -> dict[str, str]:
    """Find the marks of numbers: 1,234.5 or 1.234,5 or 1234.5."""
    readings = {decimal: number_pattern(decimal, other) for decimal, other in (".,", ",.")}
    only: Counter[str] = Counter()  # values that one reading makes a number of
    both: Counter[str] = Counter()  # values that each does, by their mark: "1,234"
    grouped: Counter[str] = Counter()
    for value in values:
        if not re.search(r"\d[.,]\d", value):
            continue
        fitting = [decimal for decimal, pattern in readings.items() if re.match(pattern, value)]
        if len(fitting) == 1:
            only[fitting[0]] += 1
        elif fitting:
            both["," if "," in value else "."] += 1
        for decimal in fitting:
            grouped[decimal] += {".": ",", ",": "."}[decimal] in value
    comma = only[","] > only["."]
    if only[","] == only["."]:  # who separates by semicolons does so because of decimal commas
        comma = separator == ";" and both[","] > both["."]
    decimal, thousands = (",", ".") if comma else (".", ",")
    return {"decimal": decimal, "thousands": thousands if grouped[decimal] else ""}
