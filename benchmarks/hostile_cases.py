"""Files that are odd, broken, or made to do harm, for benchmarks/hostile_files.py."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import parquet

ROWS = 60

TEXTS = {
    "NUL": "a\0b",
    "lone surrogate": "\ud800",
    "byte order mark": "\ufeffa",
    "right to left": "\u202eabc",
    "line break": "a\nb",
    "carriage return": "a\rb",
    "quote": 'a"b',
    "two quotes": '""',
    "separators": ",;\t|",
    "formula": "=1+1",
    "formula with a call": "=cmd|' /C calc'!A0",
    "at": "@SUM(A1)",
    "40 digits": "1234567890" * 4,
    "400 digits": "9" * 400,
    "40 digits, negative": "-" + "9" * 40,
    "1e308": "1e308",
    "-1e308": "-1e308",
    "1e309": "1e309",
    "inf": "inf",
    "-Infinity": "-Infinity",
    "nan": "nan",
    "-0.0": "-0.0",
    "smallest number": "5e-324",
    "2**53": str(2**53),
    "2**63": str(2**63),
    "2**64": str(2**64),
    "hexadecimal": "0x1F",
    "underscores": "1_000",
    "exponent": "1e5",
    "sexagesimal": "1:30",
    "octal": "0777",
    "Arabic digits": "٣٤",
    "wide digits": "１２",
    "one half": "½",
    "now": "now",
    "today": "today",
    "NaT": "NaT",
    "time": "12:30",
    "time of day": "5pm",
    "weekday": "monday",
    "year 9999": "9999-12-31",
    "year 0": "0000-00-00",
    "year 1": "0001-01-01",
    "negative year": "-2020-01-01",
    "30th of February": "2020-02-30",
    "year 292278994": "292278994-08-17",
    "before the first date": "1677-09-20",
    "true": "true",
    "no": "no",
    "null": "null",
    "tilde": "~",
    "reference": "${seed}",
    "reference to the environment": "${oc.env:HOME}",
    "escaped reference": "\\${seed}",
    "unclosed reference": "${",
    "Jinja": "{{ 7 * 7 }}",
    "cookiecutter": "<<cookiecutter.project>>",
    "script": "<script>alert(1)</script>",
    "format": "%s%n{0.__class__}",
    "path": "../../../../etc/passwd",
    "terminal": "\x1b]0;title\x07\x1b[31m",
    "line separator": "\u2028a\u2029\x85b",
    "emoji": "👩‍👩‍👧",
    "combining marks": "a" + "\u0301" * 10_000,
    "YAML tag": "!!python/object/apply:os.system [id]",
    "YAML mapping": "a: b",
    "YAML list": "- a",
    "YAML comment": "a # b",
    "YAML anchor": "&a *a",
    "YAML merge": "<<",
    "brackets": "{[(",
    "100,000 letters": "a" * 100_000,
    "100,000 words": "word " * 100_000,
    "blanks": " \t\u00a0\u3000",
    "only control characters": "\x01\x02\x03",
}
NAMES = {
    "empty": "",
    "blank": " ",
    "__class__": "__class__",
    "__init__": "__init__",
    "dunder of pandas": "index",
    "number": "0",
    "reference": "${seed}",
    "reference to the environment": "${oc.env:HOME}",
    "line break": "a\nb: c",
    "formula": "=1+1",
    "quote": "a\"'b",
    "NUL": "a\0b",
    "surrogate": "\ud800",
    "only marks": "---",
    "emoji": "👍",
    "Chinese": "年龄",
    "script": "<script>alert(1)</script>",
    "braces": "{0.__class__}",
    "a megabyte": "n" * 2**20,
    "a megabyte of capitals": "N" * 2**20,
    "a megabyte of marks": "-" * 2**20,
    "a megabyte of umlauts": "ß" * 2**19,
    "dots": "a.b.c",
    "the name of a setting": "target",
    "the name of a check": "isin",
    "no": "no",
    "null": "null",
    "1e5": "1e5",
    "date": "2020-01-01",
    "row": "row",
    "bundle": "bundle",
    "rejected": "rejected",
    "reason": "reason",
    "label": "label",
    "probability": "probability:a",
    "__index_level_0__": "__index_level_0__",
    "path": "../../etc/passwd",
    "YAML tag": "!!python/name:os.system",
}


Columns = dict[str, list[Any]]


@dataclass(frozen=True)
class Case:
    """A file to try: its kind, what is odd about it, how it is named and made, and the target."""

    kind: str
    what: str
    name: str
    make: Callable[[Path], object]
    target: str = "y"


def plain(**columns: Any) -> Columns:
    """Return rows that are not odd: a number, a category and a target, and other or further columns."""
    draw = np.random.default_rng(0)
    x = draw.normal(size=ROWS).round(3)
    y = np.where(x + draw.normal(size=ROWS) > 0, "a", "b")
    usual = {"x": x.tolist(), "c": draw.choice(["r", "s", "t"], ROWS).tolist()}
    return usual | {name: list(values) for name, values in ({"y": y.tolist()} | columns).items()}


def cases() -> Iterator[Case]:
    """Yield all files."""
    yield from values()
    yield from names()
    yield from arrow_types()
    yield from texts()
    yield from json_files()
    yield from workbooks()
    yield from shapes()
    yield from paths()


def values() -> Iterator[Case]:
    """Put an odd value into one cell, or into all cells with another ending each, of a feature or the target."""
    for what, text in TEXTS.items():
        one: Any = [text, *(str(n % 7) for n in range(1, ROWS))]
        label = [text if n % 2 else "other" for n in range(ROWS)]
        every = [text] * (ROWS // 2) + [f"{text}{n}" for n in range(ROWS // 2)]
        for where, made in {
            "in one cell": plain(h=one),
            "in every cell": plain(h=every),
            "as a class": plain(y=label),
        }.items():
            yield Case("CSV value", f"{what} {where}", "rows.csv", as_csv(made))
            if where != "in every cell":
                yield Case("JSON value", f"{what} {where}", "rows.jsonl", as_lines(made))
        yield Case("Parquet value", f"{what} in one cell", "rows.parquet", as_parquet(plain(h=one)))


def as_csv(columns: Columns) -> Callable[[Path], object]:
    """Return a writer of a CSV file; lone surrogates are written as UTF-8 does not allow."""
    return lambda path: path.write_bytes(csv_text(columns).encode("utf-8", "surrogatepass"))


def csv_text(columns: Columns) -> str:
    """Return the rows as CSV."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(
        [list(columns), *zip(*columns.values(), strict=True)]
    )
    return text.getvalue()


def as_lines(columns: Columns) -> Callable[[Path], object]:
    """Return a writer of JSON lines."""
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    return lambda path: path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def as_parquet(columns: Columns) -> Callable[[Path], object]:
    """Return a writer of a Parquet file; strings that are not valid are binary values."""

    def write(path: Path) -> None:
        made = {}
        for name, column in columns.items():
            try:
                made[name] = pa.array(column, from_pandas=True)
            except (UnicodeError, pa.ArrowException):
                made[name] = pa.array([str(v).encode("utf-8", "surrogatepass") for v in column])
        parquet.write_table(pa.table(made), path)

    return write


def names() -> Iterator[Case]:
    """Give a feature, or the target, an odd name."""
    for what, name in NAMES.items():
        for where, made in {
            "of a feature": renamed(plain(h=[n % 5 for n in range(ROWS)]), "h", name),
            "of the target": renamed(plain(), "y", name),
        }.items():
            target = name if where == "of the target" else "y"
            for suffix, write in {"csv": as_csv(made), "jsonl": as_lines(made)}.items():
                yield Case(f"name, {suffix}", f"{what} {where}", f"rows.{suffix}", write, target)
        with contextlib.suppress(UnicodeError):
            name.encode()
            odd = renamed(plain(h=[n % 5 for n in range(ROWS)]), "h", name)
            yield Case("name, Parquet", what, "rows.parquet", as_parquet(odd))


def renamed(columns: Columns, old: str, new: str) -> Columns:
    """Return the columns with one of them renamed."""
    return {new if name == old else name: values for name, values in columns.items()}


def arrow_types() -> Iterator[Case]:
    """Store a column of each type that Parquet and Arrow have."""
    n = range(ROWS)
    extreme = [datetime(1, 1, 1), datetime(9999, 12, 31)] + [
        datetime(2020, 1, 1 + i % 28) for i in n
    ]
    ints = [i % 5 for i in n]
    made: dict[str, Any] = {
        "list": pa.array([[i, i + 1] for i in n]),
        "list of strings": pa.array([["a"] * (i % 3) for i in n]),
        "list of lists": pa.array([[[i]] for i in n]),
        "large list": pa.array([[i] for i in n], pa.large_list(pa.int64())),
        "fixed list": pa.array([[i, i] for i in n], pa.list_(pa.int64(), 2)),
        "map": pa.array([[("k", i)] for i in n], pa.map_(pa.string(), pa.int64())),
        "struct": pa.array([{"a": i, "b": "x"} for i in n]),
        "nested struct": pa.array([{"a": {"b": {"c": i}}} for i in n]),
        "half floats": pa.array(np.arange(ROWS, dtype="float16")),
        "half floats, nan and inf": pa.array(np.array([np.nan, np.inf] * (ROWS // 2), "float16")),
        "float32": pa.array(np.arange(ROWS, dtype="float32")),
        "floats with inf": pa.array([float("inf"), -float("inf"), float("nan"), *map(float, n[3:])]),
        "floats with nan": pa.array([float("nan")] * 10 + [float(i) for i in n[10:]]),
        "1e308": pa.array([1e308, -1e308] * (ROWS // 2)),
        "-0.0": pa.array([-0.0, 0.0] * (ROWS // 2)),
        "decimal": pa.array([Decimal(f"{i}.10") for i in n]),
        "decimal of 38 digits": pa.array([Decimal("9" * 38)] * ROWS, pa.decimal128(38, 0)),
        "decimal of 76 digits": pa.array([Decimal("9" * 76)] * ROWS, pa.decimal256(76, 0)),
        "decimal with negative scale": pa.array([Decimal("1E+5")] * ROWS, pa.decimal128(10, -5)),
        "duration": pa.array([timedelta(days=i) for i in n]),
        "longest duration": pa.array([2**63 - 1] * ROWS, pa.duration("ns")),
        "time32": pa.array(ints, pa.time32("s")),
        "time64": pa.array(ints, pa.time64("ns")),
        "date32": pa.array([date(2020, 1, 1 + i % 28) for i in n]),
        "date32, extreme": pa.array([-(2**31), 2**31 - 1, *ints[2:]], pa.int32()).cast(pa.date32()),
        "date64": pa.array(ints, pa.int64()).cast(pa.date64()),
        "date64, extreme": pa.array([-(2**53), 2**53, *ints[2:]], pa.int64()).cast(pa.timestamp("ms")),
        "dates of the years 1 and 9999": pa.array(extreme[:ROWS]),
        "timestamps, seconds, extreme": pa.array([-(2**62), 2**62, *ints[2:]], pa.timestamp("s")),
        "timestamps, ms, extreme": pa.array([-(2**62), 2**62, *ints[2:]], pa.timestamp("ms")),
        "timestamps, us, extreme": pa.array([-(2**62), 2**62, *ints[2:]], pa.timestamp("us")),
        "timestamps, ns, extreme": pa.array([-(2**63) + 1, 2**63 - 1, *ints[2:]], pa.timestamp("ns")),
        "timestamps with zone": pa.array(ints, pa.timestamp("us", "Europe/Berlin")),
        "timestamps with unknown zone": pa.array(ints, pa.timestamp("us", "Nowhere/Land")),
        "timestamps with offset": pa.array(ints, pa.timestamp("us", "+05:30")),
        "extreme timestamps with zone": pa.array([-(2**62), 2**62, *ints[2:]], pa.timestamp("us", "UTC")),
        "timestamps all missing": pa.nulls(ROWS, pa.timestamp("ns")),
        "dictionary": pa.array([str(i) for i in ints]).dictionary_encode(),
        "dictionary of integers": pa.array(ints).dictionary_encode(),
        "dictionary of dates": pa.array([date(2020, 1, 1 + i) for i in ints]).dictionary_encode(),
        "dictionary with null": pa.DictionaryArray.from_arrays(pa.array(ints), pa.array(["a", None, "b", "a", "c"])),
        "binary": pa.array([bytes([i]) for i in n]),
        "binary, not UTF-8": pa.array([b"\xff\xfe\x00"] * ROWS),
        "empty binary": pa.array([b""] * ROWS),
        "large binary": pa.array([b"\xff"] * ROWS, pa.large_binary()),
        "fixed binary": pa.array([bytes(16)] * ROWS, pa.binary(16)),
        "binary view": pa.array([b"\xff"] * ROWS, pa.binary_view()),
        "string view": pa.array([str(i) for i in ints], pa.string_view()),
        "large string": pa.array([str(i) for i in ints], pa.large_string()),
        "null": pa.nulls(ROWS),
        "boolean": pa.array([True, False, None] * (ROWS // 3)),
        "8 byte boolean": pa.ExtensionArray.from_storage(pa.bool8(), pa.array([0, 1] * (ROWS // 2), pa.int8())),
        "UUID": pa.ExtensionArray.from_storage(pa.uuid(), pa.array([bytes(16)] * ROWS, pa.binary(16))),
        "JSON": pa.ExtensionArray.from_storage(pa.json_(), pa.array(['{"a": 1}'] * ROWS)),
        "opaque": pa.ExtensionArray.from_storage(pa.opaque(pa.binary(), "t", "v"), pa.array([b"\xff"] * ROWS)),
        "tensor": pa.FixedShapeTensorArray.from_numpy_ndarray(np.zeros((ROWS, 2, 2))),
        "period": pa.array(pd.period_range("2020-01", periods=ROWS, freq="M")),
        "interval": pa.array(pd.interval_range(0, ROWS)),
        "month interval": pa.array([pa.MonthDayNano([1, 2, 3])] * ROWS),
        "int8": pa.array(ints, pa.int8()),
        "uint8": pa.array(ints, pa.uint8()),
        "uint64, largest": pa.array([2**64 - 1] * ROWS, pa.uint64()),
        "int64, smallest": pa.array([-(2**63)] * ROWS, pa.int64()),
        "run-end encoded": pa.RunEndEncodedArray.from_arrays(pa.array([ROWS], pa.int32()), pa.array(["a"])),
        "list with nulls": pa.array([None, [None], []] * (ROWS // 3), pa.list_(pa.string())),
        "struct with nulls": pa.array([None, {"a": None}, {"a": 1}] * (ROWS // 3)),
        "sparse union": pa.UnionArray.from_sparse(pa.array([0] * ROWS, pa.int8()), [pa.array(ints)]),
        "all nan": pa.array([float("nan")] * ROWS),
        "all inf": pa.array([float("inf")] * ROWS),
    }  # fmt: skip
    for what, values in made.items():
        for where in ("feature", "target"):
            for suffix in ("parquet", "feather"):

                def write(path: Path, values: Any = values, where: str = where) -> None:
                    frame = pa.table(plain())
                    if where == "target":
                        frame = frame.drop_columns("y")
                    table = frame.append_column("h" if where == "feature" else "y", values)
                    if path.suffix == ".parquet":
                        parquet.write_table(table, path)
                    else:
                        with pa.ipc.new_file(path, table.schema) as file:
                            file.write_table(table)

                if suffix == "parquet" or where == "feature":
                    yield Case(f"type, {suffix}", f"{what} as {where}", f"rows.{suffix}", write)


def data(content: bytes) -> Callable[[Path], object]:
    """Return a writer of bytes."""
    return lambda path: path.write_bytes(content)


def texts() -> Iterator[Case]:
    """Make text files that are malformed as a whole."""
    text = csv_text(plain())
    lines = text.splitlines(keepends=True)
    for encoding in ("utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp037", "utf-7"):
        yield Case("text", f"encoded as {encoding}", "rows.csv", data(text.encode(encoding)))
        truncated = text.encode(encoding)[:-1]
        yield Case("text", f"{encoding}, last byte cut", "rows.csv", data(truncated))
    mixed = text.encode() + "z,ü,a\n".encode() + "1,ü,a\n".encode("latin-1")
    header = lines[0]
    for what, content in {
        "mixed encodings": mixed,
        "invalid UTF-8 late": (text * 400).encode() + b"1,\xff,a\n",
        "unclosed quote": (header + '1,"r,a\n' + "".join(lines[1:])).encode(),
        "unclosed quote at the end": (text + '1,"r').encode(),
        "unclosed quote in the header": ('"' + text).encode(),
        "quote inside a value": (text + '1,r"s"t,a\n').encode(),
        "short row": (text + "1\n").encode(),
        "long row": (text + "1,2,3,4,5\n").encode(),
        "row of 100,000 values": (text + "1," * 100_000 + "\n").encode(),
        "trailing separators": text.replace("\n", ",\n").encode(),
        "empty": b"",
        "one byte": b"a",
        "only blanks": b" \n \n",
        "only line breaks": b"\n" * 1000,
        "only separators": b",,,\n" * 50,
        "only NULs": bytes(1000),
        "header only": header.encode(),
        "header without line break": header.strip().encode(),
        "one row": "".join(lines[:2]).encode(),
        "two rows": "".join(lines[:3]).encode(),
        "one column": b"y\n" + b"a\nb\n" * 30,
        "no line breaks": text.replace("\n", " ").encode(),
        "carriage returns": text.replace("\n", "\r").encode(),
        "mixed line ends": text.replace("\n", "\r\n", 20).encode(),
        "NUL at the end": text.encode() + b"\0",
        "NUL late": (text * 400).encode() + b"1,\0,a\n",
        "random bytes": np.random.default_rng(0).bytes(10_000),
        "ELF": b"\x7fELF" + bytes(1000),
        "PDF": b"%PDF-1.7\n" + b"x" * 1000,
        "gzip named csv": zlib.compress(text.encode(), wbits=31),
        "HTML": b"<html><body><table><tr><td>y</td></tr></table></body></html>",
        "JSON named csv": b'[{"y": 1}]',
        "a cell of 7 MB": (text + f"1,{'x' * 7_000_000},a\n").encode(),
        "a cell of 9 MB": (text + f"1,{'x' * 9_000_000},a\n").encode(),
        "a header of 9 MB": (f"{'x' * 9_000_000},y\n" + "1,a\n" * 50).encode(),
        "a million quotes": (text + '"' * 1_000_000).encode(),
        "a million columns": (",".join(f"{n:x}" for n in range(1_000_000)) + ",y\n").encode()
        + (b"1," * 1_000_000 + b"a\n") * 3,
        "20,000 columns": (",".join(f"v{n}" for n in range(20_000)) + ",y\n").encode()
        + (b"1," * 20_000 + b"a\n" + b"2," * 20_000 + b"b\n") * 20,
        "2,000 equal names": ("v," * 2000 + "y\n").encode() + (b"1," * 2000 + b"a\n") * 20,
        "9,000 equal names": ("v," * 9000 + "y\n").encode() + (b"1," * 9000 + b"a\n") * 20,
        "60,000 rows of blanks": header.encode() + b",,\n" * 60_000,
    }.items():
        yield Case("text", what, "rows.csv", data(content))
    for what, first in {
        "target twice": "x,y,y\n",
        "target and Target": "Target,x,target\n",
        "two features equal": "x,x,y\n",
        "empty names": ",,y\n",
        "names differ by case": "X,x,y\n",
    }.items():
        rows = "".join(f"{n % 7},{n % 3},{'ab'[n % 2]}\n" for n in range(ROWS))
        yield Case(
            "header", what, "rows.csv", data((first + rows).encode()), first.strip().split(",")[-1]
        )
    for suffix in (".csv.gz", ".csv.bz2", ".csv.zst", ".csv.zip", ".parquet", ".xlsx", ".feather"):
        for what, content in {
            "is text": text.encode(),
            "is empty": b"",
            "random": np.random.default_rng(1).bytes(5000),
            "only a magic number": {
                ".csv.gz": b"\x1f\x8b\x08", ".csv.bz2": b"BZh9", ".csv.zst": b"(\xb5/\xfd",
                ".parquet": b"PAR1", ".feather": b"ARROW1",
            }.get(suffix, b"PK\3\4"),
        }.items():  # fmt: skip
            yield Case("wrong content", f"{suffix} {what}", f"rows{suffix}", data(content))


def json_files() -> Iterator[Case]:
    """Make odd JSON."""
    rows = [json.dumps(row) for row in pa.table(plain()).to_pylist()]
    lines = "\n".join(rows)
    digits = "0123456789abcdefghijklmnopqrstuvwxyz"
    keys = (a + b + c + d for a in digits for b in digits for c in digits for d in digits)
    many = ",".join(f'"{key}":1' for key, _ in zip(keys, range(900_000), strict=False))
    deep = '{"a":' * 100_000 + "1" + "}" * 100_000
    for what, text in {
        "list": "[" + ",".join(rows) + "]",
        "list, cut": "[" + ",".join(rows),
        "list of lists": json.dumps([[1, 2]] * 50),
        "list of numbers": "[1, 2, 3]",
        "empty list": "[]",
        "one object": rows[0],
        "columns": json.dumps({"x": [1, 2], "y": ["a", "b"]}),
        "a number": "1",
        "a string": '"a"',
        "null": "null",
        "last line cut": lines[:-3],
        "trailing comma": lines + ",",
        "comments": "// c\n" + lines,
        "single quotes": lines.replace('"', "'"),
        "NaN": lines + '\n{"x": NaN, "c": "r", "y": "a"}',
        "Infinity": lines + '\n{"x": -Infinity, "c": "r", "y": "a"}',
        "equal keys": lines + '\n{"x": 1, "x": 2, "c": "r", "y": "a"}',
        "a number of 5,000 digits": lines + '\n{"x": ' + "9" * 5000 + ', "c": "r", "y": "a"}',
        "a number of 401 digits": lines + '\n{"x": ' + "9" * 401 + ', "c": "r", "y": "a"}',
        "exponent of 400": lines + '\n{"x": 1e400, "c": "r", "y": "a"}',
        "mixed types": lines + '\n{"x": "a", "c": [1], "y": {"z": 1}}',
        "large integers and floats": lines + '\n{"x": 12345678901234567890123, "c": "r", "y": "a"}',
        "nested 100 deep": lines + "\n" + '{"a":' * 100 + "1" + "}" * 100,
        "nested 100,000 deep": lines + "\n" + deep,
        "lists 100,000 deep": lines + '\n{"x": ' + "[" * 100_000 + "]" * 100_000 + "}",
        "nested list of objects": "[" + "[" * 100_000 + "]" * 100_001,
        "900,000 keys in a line": lines + "\n{" + many + "}",
        "900,000 keys in a list": "[{" + many + "}]",
        "a line of 9 MB": lines + '\n{"x": 1, "c": "' + "z" * 9_000_000 + '", "y": "a"}',
        "other keys in each line": "\n".join(
            json.dumps({f"k{n}_{m}": 1 for m in range(50)} | {"y": "ab"[n % 2]}) for n in range(2000)
        ),
        "empty objects": "{}\n" * 50,
        "surrogate in a key": lines + '\n{"\\ud800": 1, "y": "a"}',
        "surrogate in a value": lines + '\n{"c": "\\ud800", "x": 1, "y": "a"}',
        "NUL in a key": lines + '\n{"\\u0000": 1, "y": "a"}',
        "byte order mark": "\ufeff" + lines,
        "blank lines": lines.replace("\n", "\n\n"),
    }.items():  # fmt: skip
        for suffix in (".jsonl", ".json") if len(text) < 10_000 else (".json",):
            yield Case("JSON", f"{what}, {suffix}", f"rows{suffix}", data(text.encode("utf-8")))
    yield Case("JSON", "UTF-16", "rows.json", data(lines.encode("utf-16")))
    yield Case("JSON", "invalid UTF-8", "rows.json", data(lines.encode() + b'\n{"c": "\xff"}'))


def workbooks() -> Iterator[Case]:
    """Make odd Excel workbooks, from their XML."""
    sheet = "".join(
        f"<row>{cell('x' if n == 0 else n)}{cell('y' if n == 0 else 'ab'[n % 2])}</row>"
        for n in range(ROWS)
    )
    big = (
        f"<row>{''.join(cell(f'v{n}') for n in range(99))}{cell('y')}</row>"
        + ("<row>" + "<c><v>1</v></c>" * 99 + cell("a") + "</row>") * 60_000
    )
    far = '<row r="1"><c r="A1" t="inlineStr"><is><t>y</t></is></c><c r="XFD1"><v>1</v></c></row>'
    wide = "".join(f'<row r="{n}"><c r="XFD{n}"><v>1</v></c></row>' for n in range(2, 20_000))
    laughs = '<!DOCTYPE l [<!ENTITY a "ha">' + "".join(
        f'<!ENTITY {new} "{f"&{old};" * 10}">' for old, new in zip("abcdefghi", "bcdefghij", strict=True)
    ) + "]>"  # fmt: skip
    external = '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>'
    for what, content in {
        "plain": sheet,
        "six million cells": big,
        "a cell in the last column": far + sheet,
        "20,000 rows with a cell in the last column": far + wide,
        "a cell in the last row": sheet + '<row r="1048576"><c r="A1048576"><v>1</v></c></row>',
        "row number beyond the last": sheet + '<row r="99999999"><c r="A99999999"><v>1</v></c></row>',
        "negative row": '<row r="-5"><c r="A-5"><v>1</v></c></row>' + sheet,
        "column ZZZZZZ": '<row r="1"><c r="ZZZZZZ1"><v>1</v></c></row>' + sheet,
        "huge number": sheet + f"<row><c><v>{'9' * 400}</v></c>{cell('a')}</row>",
        "1e308": sheet + f"<row><c><v>1e308</v></c>{cell('a')}</row>",
        "error values": sheet + f'<row><c t="e"><v>#REF!</v></c>{cell("a")}</row>' * 5,
        "formulas without values": sheet.replace("<v>1</v>", "<f>1+1</f>"),
        "unknown type of cell": sheet + f'<row><c t="zzz"><v>1</v></c>{cell("a")}</row>',
        "shared string that is missing": sheet + f'<row><c t="s"><v>99</v></c>{cell("a")}</row>',
        "date beyond 9999": sheet + f'<row><c t="d"><v>99999-01-01</v></c>{cell("a")}</row>',
        "NUL in a value": sheet + f"<row>{cell('_x0000_')}{cell('a')}</row>",
        "markup in a value": sheet + f"<row>{cell('&lt;script&gt;')}{cell('a')}</row>",
        "empty": "",
        "header only": f"<row>{cell('x')}{cell('y')}</row>",
    }.items():  # fmt: skip
        yield Case("Excel", what, "rows.xlsx", workbook(content))
    yield Case(
        "Excel",
        "billion laughs",
        "rows.xlsx",
        workbook(sheet + "<row><c><v>&j;</v></c></row>", laughs),
    )
    yield Case(
        "Excel",
        "external entity",
        "rows.xlsx",
        workbook(sheet + "<row><c><v>&f;</v></c></row>", external),
    )
    yield Case("Excel", "cut", "rows.xlsx", cut(workbook(sheet)))
    yield Case("Excel", "shared strings bomb", "rows.xlsx", workbook(sheet, strings=2**30))
    yield Case("Excel", "sheet bomb", "rows.xlsx", workbook(sheet + " " * 2**30))
    yield Case("Excel", "external link", "rows.xlsx", workbook(sheet, link=True))
    yield Case("Excel", "no workbook.xml", "rows.xlsx", lambda path: zip_of(path, {"a.txt": b"a"}))
    yield Case(
        "Excel", "old format", "rows.xlsx", data(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000))
    )


def cell(value: object) -> str:
    """Return the XML of a cell."""
    if isinstance(value, int):
        return f"<c><v>{value}</v></c>"
    return f'<c t="inlineStr"><is><t>{value}</t></is></c>'


def workbook(
    rows: str, before: str = "", strings: int = 0, link: bool = False
) -> Callable[[Path], object]:
    """Return a writer of a workbook of one sheet, with a document type or shared strings of some size."""
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    external = f'<Relationship Id="r3" Type="{office}/externalLink" TargetMode="External" Target="http://127.0.0.1:1/x"/>'

    def write(path: Path) -> None:
        parts = {
            "[Content_Types].xml": f'<Types xmlns="{package}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="{kind}.worksheet+xml"/><Override PartName="/xl/sharedStrings.xml" ContentType="{kind}.sharedStrings+xml"/></Types>',
            "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
            "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets><sheet name="S" sheetId="1" r:id="r1"/></sheets></workbook>',
            "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" Type="{office}/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="r2" Type="{office}/sharedStrings" Target="sharedStrings.xml"/>{external * link}</Relationships>',
            "xl/worksheets/sheet1.xml": f'{before}<worksheet xmlns="{main}"><sheetData>{rows}</sheetData></worksheet>',
            "xl/sharedStrings.xml": f'<sst xmlns="{main}"><si><t>{"a" * strings}</t></si></sst>',
        }  # fmt: skip
        zip_of(path, {name: part.encode() for name, part in parts.items()})

    return write


def zip_of(path: Path, parts: dict[str, bytes]) -> None:
    """Write a ZIP archive."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


def cut(make: Callable[[Path], object]) -> Callable[[Path], object]:
    """Return a writer of the first half of a file."""

    def write(path: Path) -> None:
        make(path)
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])

    return write


def shapes() -> Iterator[Case]:
    """Make tables of odd shapes and contents, bombs, and files that are cut or flipped."""
    frames: dict[str, Columns] = {
        "constant target": plain(y=["a"] * ROWS),
        "target all missing": plain(y=[None] * ROWS),
        "target missing but for one": plain(y=["a"] + [None] * (ROWS - 1)),
        "target of one row per class": plain(y=[f"k{n}" for n in range(ROWS)]),
        "target of large numbers": plain(y=[1e308 - n * 1e300 for n in range(ROWS)]),
        "target of tiny numbers": plain(y=[5e-324 * n for n in range(ROWS)]),
        "target with inf": plain(y=[float("inf"), *range(ROWS - 1)]),
        "target is a date": plain(y=pd.date_range("2020", periods=ROWS)),
        "only the target": {"y": plain()["y"]},
        "all columns constant": {"x": [1] * ROWS, "y": ["a", "b"] * 30},
        "all columns missing": {"x": [None] * ROWS, "y": ["a", "b"] * 30},
        "3,000 columns": {f"v{n}": [*range(40)] for n in range(3000)} | {"y": ["a", "b"] * 20},
        "large numbers": plain(h=[1.7e308, -1.7e308] * 30),
        "booleans with missing values": plain(h=[True, None, False] * 20),
        "integers with missing values": plain(h=[1, None, 3] * 20),
    }
    for what, frame in frames.items():
        yield Case("shape", f"{what}, CSV", "rows.csv", as_csv(frame))
        yield Case("shape", f"{what}, Parquet", "rows.parquet", as_parquet(frame))
    good = io.BytesIO()
    parquet.write_table(pa.table(plain()), good)
    content = good.getvalue()
    for part in (0.1, 0.5, 0.9, 0.99):
        yield Case(
            "cut",
            f"Parquet at {part:.0%}",
            "rows.parquet",
            data(content[: int(len(content) * part)]),
        )
    draw = np.random.default_rng(2)
    for number in range(25):
        flipped = bytearray(content)
        flipped[draw.integers(len(content))] ^= 1 << draw.integers(8)
        yield Case("flipped", f"Parquet {number}", "rows.parquet", data(bytes(flipped)))
    text = csv_text(plain()).encode()
    packed = zlib.compress(text, wbits=31)
    yield Case("cut", "gzip", "rows.csv.gz", data(packed[:-20]))
    yield Case("cut", "gzip in the middle", "rows.csv.gz", data(packed[: len(packed) // 2]))
    yield Case(
        "cut", "gzip with wrong sum", "rows.csv.gz", data(packed[:-8] + struct.pack("<II", 1, 2))
    )
    member = zlib.compress(b"x,y\n" + b"1,a\n" * 2**24, wbits=31)
    yield Case("bomb", "gzip bomb of rows", "rows.csv.gz", data(member * 400))
    yield Case(
        "bomb",
        "gzip bomb in one line",
        "rows.csv.gz",
        data(zlib.compress(b"x,y\n" + bytes([48]) * 2**28, wbits=31) * 8),
    )
    yield Case(
        "bomb",
        "gzip bomb, JSON lines",
        "rows.jsonl.gz",
        data(zlib.compress(b'{"x":1,"y":"a"}\n' * 2**22, wbits=31) * 100),
    )
    yield Case(
        "bomb",
        "gzip bomb, JSON list",
        "rows.json.gz",
        data(zlib.compress(b"[" + b'{"x":1,"y":"a"},' * 2**24, wbits=31)),
    )
    yield Case(
        "bomb",
        "gzip bomb, Parquet",
        "rows.parquet.gz",
        data(zlib.compress(bytes(2**28), wbits=31) * 12),
    )
    yield Case(
        "bomb",
        "ZIP bomb of rows",
        "rows.csv.zip",
        lambda p: zip_of(p, {"rows.csv": b"x,y\n" + b"1,a\n" * 2**27}),
    )
    yield Case("bomb", "ZIP that lies about its size", "rows.csv.zip", lying_zip)
    yield Case(
        "bomb",
        "Parquet bomb",
        "rows.parquet",
        parquet_bomb,
    )
    for what, parts in {
        "two files": {"a.csv": text, "b.csv": text},
        "no file": {},
        "path upwards": {"../../rows.csv": text},
        "absolute path": {"/tmp/rows.csv": text},
        "ZIP in ZIP": {"rows.zip": text},
        "a folder": {"rows.csv/": b""},
        "other suffix": {"rows.exe": text},
    }.items():
        yield Case("ZIP", what, "rows.zip", partial(zip_of, parts=parts))


def parquet_bomb(path: Path) -> None:
    """Write two million rows of a megabyte each, which share one dictionary."""
    rows = 2_000_000
    long = pa.DictionaryArray.from_arrays(
        pa.array(np.zeros(rows, "int32")), pa.array(["z" * 10**6])
    )
    target = pa.DictionaryArray.from_arrays(pa.array(np.arange(rows) % 2), pa.array(["a", "b"]))
    parquet.write_table(pa.table({"x": long, "y": target}), path)


def lying_zip(path: Path) -> None:
    """Write a ZIP archive whose directory says that the content has ten bytes."""
    content = b"x,y\n" + b"1,a\n" * 2**20
    zip_of(path, {"rows.csv": content})
    true = struct.pack("<I", len(content))
    path.write_bytes(path.read_bytes().replace(true, struct.pack("<I", 10)))


def paths() -> Iterator[Case]:
    """Name something that is no regular file."""
    yield Case("path", "FIFO", "rows.csv", os.mkfifo)
    yield Case("path", "FIFO as Parquet", "rows.parquet", os.mkfifo)
    yield Case("path", "folder", "rows.csv", Path.mkdir)
    yield Case("path", "missing", "rows.csv", lambda path: None)
    for target in (
        "/dev/zero",
        "/dev/null",
        "/dev/urandom",
        "/dev/stdin",
        "/proc/self/mem",
        "missing",
        "rows.csv",
        ".",
    ):
        yield Case("path", f"link to {target}", "rows.csv", partial(Path.symlink_to, target=target))
    yield Case("path", "not readable", "rows.csv", unreadable)
    for name in (
        "rows.exe",
        "rows",
        ".csv",
        "rows.csv.csv",
        "rows.tar.gz",
        "-rf.csv",
        "a b\nc.csv",
        "ü.csv",
        "${seed}.csv",
        "x" * 200 + ".csv",
    ):
        yield Case("path", f"name {name!r:.30}", name, as_csv(plain()))  # fmt: skip


def unreadable(path: Path) -> None:
    """Write a file that only the superuser may read."""
    path.write_text(csv_text(plain()))
    path.chmod(0)
