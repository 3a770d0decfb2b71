"""Files of every kind give their rows, or one clear sentence."""

import bz2
import gzip
import io
import json
import random
import sys
import zipfile
import zlib
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from library.projects import RAW
from pyarrow import feather, parquet

from pedigree.base.names import UserError, snake_cased
from pedigree.data.engine import parse, read_file
from pedigree.data.files import dialect, objects
from pedigree.data.files.limits import Limits
from pedigree.data.formats import file_dialect, file_kind, is_readable, iter_tables

MISSING = ["", "NA"]


def zstd(content: bytes) -> bytes:
    return pa.compress(content, codec="zstd", asbytes=True)


def zipped(content: bytes, name: str = "rows.csv") -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr(name, content)
    return archive.getvalue()


PACK: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".zst": zstd,
    ".zip": zipped,
}
RAW_ROWS = pd.read_csv(RAW)


def as_csv(path: Path) -> None:
    RAW_ROWS.to_csv(path, index=False)


def as_tsv(path: Path) -> None:
    RAW_ROWS.to_csv(path, sep="\t", index=False)


def as_lines(path: Path) -> None:
    RAW_ROWS.to_json(path, orient="records", lines=True)


def as_list(path: Path) -> None:
    RAW_ROWS.to_json(path, orient="records", indent=2)


def as_excel(path: Path) -> None:
    RAW_ROWS.to_excel(path, index=False)


def as_stream(path: Path) -> None:
    table = pa.Table.from_pandas(RAW_ROWS)
    with pa.ipc.new_stream(path, table.schema) as stream:
        stream.write_table(table, max_chunksize=100)


WRITE: dict[str, Callable[[Path], None]] = {
    "a.csv": as_csv,
    "a.TSV": as_tsv,
    "a.parquet": RAW_ROWS.to_parquet,
    "a.feather": RAW_ROWS.to_feather,
    "a.arrow": as_stream,
    "a.jsonl": as_lines,
    "a.ndjson": as_lines,
    "a.json": as_list,
    "a.xlsx": as_excel,
}


def write(path: Path, content: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def rows(path: Path, **given: Any) -> list[dict[str, Any]]:
    return pa.concat_tables(
        iter_tables(path, given, MISSING), promote_options="permissive"
    ).to_pylist()


def refusal(path: Path, **given: Any) -> str:
    with pytest.raises(UserError) as error:
        read_file(path, MISSING, given)
    assert path.name in str(error.value)
    return str(error.value)


@pytest.mark.parametrize("packing", PACK)
@pytest.mark.parametrize("name", WRITE)
def test_the_penguins_are_the_same_in_every_kind_compressed_or_not(
    tmp_path: Path, name: str, packing: str
) -> None:
    plain = tmp_path / name.lower()
    WRITE[name](plain)
    path = write(tmp_path / f"packed-{name}{packing}", PACK[packing](plain.read_bytes()))
    read = read_file(path, MISSING)
    assert list(read) == snake_cased(RAW_ROWS)
    for column, original in zip(read, RAW_ROWS, strict=True):
        dtype = "float64" if RAW_ROWS[original].dtype.kind in "if" else "str"
        expected = parse(RAW_ROWS[original], dtype).rename(column)
        pd.testing.assert_series_equal(parse(read[column], dtype), expected)


def test_rows_of_a_large_file_come_in_order_and_in_parts(tmp_path: Path) -> None:
    many = 2 * dialect.BLOCK // 8
    path = write(tmp_path / "rows.csv", "n\n" + "".join(f"{n:07d}\n" for n in range(many)))
    parts = list(iter_tables(path, {}))
    assert len(parts) > 2
    assert [int(row["n"]) for part in parts for row in part.to_pylist()] == [*range(many)]


def test_kinds_are_known_by_suffix_in_any_case() -> None:
    assert [file_kind(Path(name)) for name in ("a.CSV.GZ", "a.b.Parquet", "a.ndjson.zst")] == [
        "csv",
        "parquet",
        "json",
    ]


def test_an_archive_may_be_called_anything(tmp_path: Path) -> None:
    path = write(tmp_path / "download.v2.zip", zipped(b"a,b\n1,2\n", "folder/data.csv"))
    assert is_readable(path)
    assert rows(path) == [{"a": "1", "b": "2"}]
    assert not is_readable(write(tmp_path / "pictures.zip", zipped(b"-", "one.png")))


def test_what_finders_put_into_archives_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.mkdir("data")
        for name in ("data/rows.csv", "__MACOSX/data/._rows.csv", "data/.DS_Store"):
            archive.writestr(name, "a\n1\n")
    assert rows(path) == [{"a": "1"}]


@pytest.mark.parametrize("suffix", [".gz", ".bz2"])
def test_concatenated_compressed_files_are_read_whole(tmp_path: Path, suffix: str) -> None:
    content = PACK[suffix](b"a\n1\n") + PACK[suffix](b"2\n")
    assert rows(write(tmp_path / f"rows.csv{suffix}", content)) == [{"a": "1"}, {"a": "2"}]


# Text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a,b\r1,2\r3,4\r", [["1", "2"], ["3", "4"]]),
        ("a,b\r\n1,2\r3,4\n5,6", [["1", "2"], ["3", "4"], ["5", "6"]]),
        ("\n\r\na,b\n\n1,2\n\n", [["1", "2"]]),
        ("a\n1\n\n2\n", [["1"], ["2"]]),
        ('a\n""\n2\n', [[None], ["2"]]),
        ("a,a,a\n1,2,3\n", [["1", "2", "3"]]),
        (",b,\n1,2,3\n", [["1", "2", "3"]]),
        ("a,b\n NA,  \nNA,\t\n", [[" NA", None], [None, None]]),
        ('a,b\n1,"x\n"\n', [["1", "x\n"]]),
        ('a,b\n1,"x\ny"\n', [["1", "x\ny"]]),
        ('a,b\n1,x"y\n', [["1", 'x"y']]),
        ("1.5,x\n2.5,y\n", [["1.5", "x"], ["2.5", "y"]]),
    ],
)
def test_odd_but_whole_texts_are_read(tmp_path: Path, text: str, expected: list) -> None:
    frame = read_file(write(tmp_path / "rows.csv", text), MISSING)
    assert frame.astype("object").where(frame.notna(), None).to_numpy().tolist() == expected


def test_columns_without_names_are_numbered(tmp_path: Path) -> None:
    assert rows(write(tmp_path / "rows.csv", "1,x\n2,y\n"))[0] == {"column_1": "1", "column_2": "x"}


def test_names_of_the_source_are_kept_until_the_frame(tmp_path: Path) -> None:
    path = write(tmp_path / "rows.csv", "Größe (cm),a b,a b,\n1,2,3,4\n")
    assert next(iter_tables(path, {})).column_names == ["Größe (cm)", "a b", "a b", ""]
    assert list(read_file(path)) == ["grosse_cm", "a_b", "a_b_2", "column"]


def test_dates_are_written_in_iso_by_the_name_of_the_source(tmp_path: Path) -> None:
    path = write(tmp_path / "rows.csv", "Day,Day,x\n31.12.2020, 1.1.2021 ,1.1.2021\nsoon,,\n")
    frame = read_file(path, MISSING, {"dates": {"Day": "%d.%m.%Y"}})
    assert frame["day"].tolist() == ["2020-12-31T00:00:00", "soon"]
    assert frame["day_2"].tolist()[0] == "2021-01-01T00:00:00"
    assert frame["x"].tolist()[0] == "1.1.2021"


def test_keys_missing_in_a_dialect_are_detected(tmp_path: Path) -> None:
    path = write(tmp_path / "rows.csv", "über;b\n1,5;x\n".encode("cp850"))
    assert rows(path, encoding="cp850") == [{"über": "1.5", "b": "x"}]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("a,b\n1,2\n1,2,3\n", "rows.csv, line 3: 3 values, but 2 are expected."),
        ("a,b\n1\n", "rows.csv, line 2: 1 values, but 2 are expected."),
        ('a,b\n1,"x\ny\nz"\n"p\nq",2,3\n1,2\n', "rows.csv, line 5: 3 values, but 2 are expected."),
        ("\n\na,b\r1,2\r\n\r3\n", "rows.csv, line 6: 1 values, but 2 are expected."),
        ('a,b\n1,2\n"x,2\n3,4\n', "line 3: 1 values, but 2 are expected; a quote is opened there"),
        ('a,b\n1,2\n3,"x\n4,5\n6,7\n', "line 3: a quote is opened there and never closed; if"),
        ("a,b\n", "has a header but no rows"),
        ("a,b", "has a header but no rows"),
    ],
)
def test_a_broken_text_is_named_by_the_line_where_it_breaks(
    tmp_path: Path, text: str, what: str
) -> None:
    assert what in refusal(write(tmp_path / "rows.csv", text))


def test_a_ragged_row_far_below_is_named_by_its_line(tmp_path: Path) -> None:
    many = 2 * dialect.BLOCK // 16
    text = 'a,b,c\n"two\nlines",2,3\n' + "1111,2222,33333\n" * many + "1,2\n"
    message = refusal(write(tmp_path / "rows.csv", text))
    assert f"line {many + 4}: 2 values, but 3 are expected" in message


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
def test_bytes_of_another_encoding_far_below_are_named_by_their_line(
    tmp_path: Path, encoding: str
) -> None:
    many = dialect.SAMPLE
    text = "a,b\nKöln,1\n".encode(encoding) + b"x,1\n" * many + b"a,\x81\n"
    message = refusal(write(tmp_path / "rows.csv", text))
    assert f"line {many + 3}: bytes that are not valid {encoding}; set reading.encoding" in message


@pytest.mark.parametrize(
    ("tail", "what"),
    [
        ('1,"' + "x" * 20_000_000 + '"\n', "line 102 is longer than 8 MB"),
        ('1,"' + "some text\n" * 2_000_000, "line 102: a value is longer than 8 MB; possibly a quote"),
        ('1,"' + "some text\n" * 100, "line 102: a quote is opened there and never closed"),
        ("a,b" * 5_000_000, "line 102 is longer than 8 MB"),
        (('"' + "x\n" * 3_000_000 + '",') * 3 + "\n", "line 102: 4 values, but 2 are expected"),
    ],
    ids=["line", "value", "quote", "text", "values"],
)  # fmt: skip
def test_rows_longer_than_any_row_are_named(tmp_path: Path, tail: str, what: str) -> None:
    assert what in refusal(write(tmp_path / "rows.csv", "a,b\n" + "1,2\n" * 100 + tail))


def test_a_first_line_without_end_is_refused_before_it_fills_the_memory(tmp_path: Path) -> None:
    bomb = gzip.compress(b"a" * 50_000_000)
    assert "line 1 is longer than 8 MB" in refusal(write(tmp_path / "bomb.csv.gz", bomb))


# Packed


@pytest.mark.parametrize("packing", [".gz", ".bz2", ".zst", ".zip"])
@pytest.mark.parametrize("name", ["a.csv", "a.parquet", "a.jsonl", "a.xlsx", "a.arrow"])
def test_a_truncated_compressed_file_is_refused(tmp_path: Path, name: str, packing: str) -> None:
    WRITE[name](tmp_path / name)
    content = PACK[packing]((tmp_path / name).read_bytes())
    for kept in (0.5, 0.99):
        message = refusal(write(tmp_path / (name + packing), content[: int(kept * len(content))]))
        assert " cannot be read: " in message or "is not a ZIP archive" in message


@pytest.mark.parametrize("packing", [".gz", ".bz2", ".zst", ".zip"])
def test_a_file_that_is_compressed_by_name_only_is_refused(tmp_path: Path, packing: str) -> None:
    refusal(write(tmp_path / f"rows.csv{packing}", "a,b\n1,2\n"))


def test_a_file_compressed_twice_is_refused(tmp_path: Path) -> None:
    twice = zipped(gzip.compress(b"a\n1\n"), "rows.csv.gz")
    assert "rename it so that its name ends in .gz once, or unpack it" in refusal(write(tmp_path / "a.csv.zip", twice))  # fmt: skip


def test_an_archive_of_several_files_or_with_a_password_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "two.csv.zip", "w") as archive:
        archive.writestr("a.csv", "a\n1\n")
        archive.writestr("b.csv", "a\n1\n")
    assert "contains 2 files, but one is expected" in refusal(tmp_path / "two.csv.zip")
    content = bytearray(zipped(b"a\n1\n"))
    content[6] |= 1  # says that it is encrypted, here and in the archive's directory
    content[content.index(b"PK\1\2") + 8] |= 1
    assert "password required" in refusal(write(tmp_path / "secret.csv.zip", bytes(content)))


def limit(monkeypatch: pytest.MonkeyPatch, **values: float) -> None:
    """Put smaller limits in force."""
    small = Limits.model_construct(**{**dict(Limits()), **values})
    monkeypatch.setattr(Limits, "in_force", lambda: small)


@pytest.mark.parametrize("name", ["a.parquet", "a.arrow", "a.xlsx"])
def test_the_decompressed_size_is_limited(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    WRITE[name](tmp_path / name)
    content = gzip.compress((tmp_path / name).read_bytes())
    limit(monkeypatch, unpacked_mb=0.001)
    assert "when unpacked" in refusal(write(tmp_path / f"{name}.gz", content))


def test_a_workbook_that_unpacks_to_more_than_memory_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit(monkeypatch, unpacked_mb=16)
    bomb = zipped(bytes(2**24 + 1), "xl/workbook.xml")
    assert len(bomb) < 2**16
    assert "when unpacked (16 MB); unpack it or store it as Parquet" in refusal(write(tmp_path / "bomb.xlsx", bomb))  # fmt: skip


@pytest.mark.parametrize("packing", [".gz", ".bz2", ".zst", ".zip"])
@pytest.mark.parametrize("kind", ["csv", "jsonl", "json"])
def test_a_file_that_unpacks_to_far_more_than_its_size_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, packing: str, kind: str
) -> None:
    limit(monkeypatch, unpacked_mb=1)
    row = {"csv": b"1,2\n", "jsonl": b'{"a": 1}\n', "json": b'{"a": 1},'}[kind]
    bomb = {"csv": b"a,b\n", "jsonl": b"", "json": b"["}[kind] + row * 2**19
    content = zipped(bomb, f"rows.{kind}") if packing == ".zip" else PACK[packing](bomb)
    assert "unpacks to more than" in refusal(write(tmp_path / f"rows.{kind}{packing}", content))


@pytest.mark.parametrize("name", ["a.csv", "a.parquet", "a.arrow", "a.jsonl", "a.json", "a.xlsx"])
def test_the_number_of_columns_is_limited(tmp_path: Path, name: str, monkeypatch) -> None:
    WRITE[name](tmp_path / name)
    limit(monkeypatch, columns=1, cells=2)
    allowed = "load.limits.cells" if name.endswith("xlsx") else "load.limits.columns"
    assert allowed in refusal(tmp_path / name)


@pytest.mark.parametrize("suffix", [".parquet", ".feather"])
@pytest.mark.parametrize("kind", [pa.string(), pa.dictionary(pa.int32(), pa.string())])
def test_long_strings_that_many_rows_share_are_refused(tmp_path, monkeypatch, suffix, kind) -> None:
    limit(monkeypatch, unpacked_mb=1)
    path, rows = tmp_path / f"rows{suffix}", 3000
    values = pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int32()), ["z" * 1000])
    write_table = parquet.write_table if suffix == ".parquet" else feather.write_feather
    write_table(pa.table({"x": values.cast(kind), "y": range(rows)}), path)
    if path.stat().st_size < 30_000:
        assert "unpacks to more than" in refusal(path)
    limit(monkeypatch, unpacked_mb=10)
    (_, table) = iter_tables(path, {})
    assert table.schema.field("x").type == kind
    assert table["x"].cast(pa.string()).unique().to_pylist() == ["z" * 1000]


def test_limits_come_from_the_settings_in_force(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert Limits.in_force() == Limits()
    write(tmp_path / "conf/load/default.yaml", "limits: {columns: 5, cells: 6, unpacked_mb: 7}\n")
    assert Limits.in_force().columns == 5
    write(tmp_path / "params.yaml", "load: {limits: {columns: 8, cells: 6, unpacked_mb: 7}}\n")
    assert Limits.in_force().columns == 8
    write(tmp_path / "params.yaml", "load: {limits: {columns: many}}\n")
    with pytest.raises(UserError, match="no positive integers"):
        Limits.in_force()


# JSON


def test_objects_within_objects_become_columns_and_lists_texts(tmp_path: Path) -> None:
    lines = [
        {"id": 1, "who": {"name": "Ada", "born": {"year": 1815}}, "tags": ["a", "ß"]},
        {"id": 2, "who": {"name": " "}, "extra": True},
    ]
    path = write(tmp_path / "a.jsonl", "\n\n".join(map(json.dumps, lines)))
    expected = {"id": 1, "who.name": "Ada", "who.born.year": 1815, "tags": '["a", "ß"]'}
    nothing = dict.fromkeys(["who.name", "who.born.year", "tags"])
    assert rows(path) == [
        {**expected, "extra": None},
        {"id": 2, **nothing, "extra": True},
    ]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1, None, 2], [1, None, 2]),
        ([1, 2.5, None], [1.0, 2.5, None]),
        ([1, "NA", 2], [1, None, 2]),
        ([1, "two", 2.5, 3.0], ["1", "two", "2.5", "3"]),
        ([True, None], [True, None]),
        ([True, 1, "x"], ["true", "1", "x"]),
        ([2**60, None], [2**60, None]),
        ([2**70, 1], [str(2**70), "1"]),
        ([[1], "x", {}], ["[1]", "x", None]),
        ([None, " "], [None, None]),
    ],
)
def test_a_column_of_json_has_the_one_type_that_fits_all(
    tmp_path: Path, values: list, expected: list
) -> None:
    lines = "".join(json.dumps({"x": value, "n": 0}) + "\n" for value in values)
    assert [row["x"] for row in rows(write(tmp_path / "a.jsonl", lines))] == expected


def test_all_parts_of_a_long_json_have_the_same_columns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(objects, "CELLS", 200)
    path = write(tmp_path / "a.jsonl", '{"x": 1}\n' * 110 + '{"x": "text", "late": 1}\n')
    parts = list(iter_tables(path, {}))
    assert len(parts) == 2
    assert parts[0].schema == parts[1].schema
    assert parts[0].slice(0, 1).to_pylist() == [{"x": "1", "late": None}]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ('{"a": 1}\n{"a": \n', "line 2: invalid JSON (Expecting value); one object per line"),
        ('{"a": 1}\n\n[1]\n', "line 3: [1] is not an object"),
        ('[{"a": 1}, 5]', "item 2: 5 is not an object"),
        ('\n [{"a": 1},', "begins with '[' but is not a JSON list"),
        ("[]", "contains no object"),
        ("{}\n{}\n", "contains no object"),
        (" \n", "contains no object"),
        ("5", "line 1: 5 is not an object"),
        ("[" * 100_000, "cannot be read: "),
        ('{"a":' * 100_000, "cannot be read: "),
        ('{"a": ' + "9" * 5000 + "}", "cannot be read: "),
        ('{"a": "\\ud800"}', "cannot be read: "),
        (b'{"a": "\xff"}', "cannot be read: "),
        ('{"a": "' + "x" * 9_000_000 + '"}', "line 1: longer than 8 MB"),
    ],
)
def test_what_is_no_json_of_rows_is_refused(tmp_path: Path, text: str | bytes, what: str) -> None:
    assert what in refusal(write(tmp_path / "a.jsonl", text))


# Excel


@pytest.fixture
def workbook(tmp_path: Path) -> Callable[..., Path]:
    def make(*sheets: list[list[Any]]) -> Path:
        book = openpyxl.Workbook()
        book.remove(book.active)
        for number, content in enumerate(sheets):
            sheet = book.create_sheet(f"sheet {number}")
            for row in content:
                sheet.append(row)
        book.save(tmp_path / "book.xlsx")
        return tmp_path / "book.xlsx"

    return make


def test_the_first_sheet_is_read_unless_another_is_named(workbook) -> None:
    path = workbook([["a"], [1]], [["b"], [2]])
    assert rows(path) == [{"a": 1}]
    assert rows(path, sheet=1) == rows(path, sheet="sheet 1") == [{"b": 2}]
    for sheet in ("sheet 2", 2):
        assert "has no sheet" in refusal(path, sheet=sheet)


def test_cells_keep_their_types_and_mixed_columns_become_texts(workbook) -> None:
    day, hour = datetime(2020, 2, 29, 12, 30), time(8, 15)
    path = workbook(
        [
            [],
            ["when", "hour", "n", "share", "mixed", "yes", None, "gone", 2019],
            [day, hour, 1, 1, day, True, None, "#N/A", 1],
            [],
            [None, None, None, 0.5, "soon", None, None, " ", 2],
        ]
    )
    first = {"when": day, "hour": hour, "n": 1, "share": 1.0, "mixed": str(day), "yes": True}
    assert rows(path)[0] == {**first, "gone": None, "2019": 1}
    assert rows(path)[1]["mixed"] == "soon"
    assert len(rows(path)) == 2


@pytest.mark.parametrize(
    ("sheet", "what"),
    [
        ([], "the sheet 0 is empty"),
        ([[None, " "]], "the sheet 0 is empty"),
        ([["a", "b"]], "has a header but no rows"),
        ([["a", "b"], [1, "=A2*2"], [2, "=A3*2"]], "column 'b' has formulas without values"),
    ],
)
def test_a_sheet_without_values_is_refused(workbook, sheet: list, what: str) -> None:
    assert what in refusal(workbook(sheet))


def test_a_workbook_names_the_extra_that_reads_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_excel(tmp_path / "a.xlsx")
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    message = refusal(tmp_path / "a.xlsx")
    assert "which requires the package openpyxl; run `uv pip install" in message
    assert "-r requirements/excel.txt`" in message


def test_what_is_no_workbook_is_refused(tmp_path: Path) -> None:
    old = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500)
    for content in (old, zipped(b"a,b\n1,2\n"), b"a,b\n"):
        message = refusal(write(tmp_path / "a.xlsx", content))
        assert "cannot be read as an Excel workbook" in message


# Parquet and Feather


@pytest.mark.parametrize("suffix", [".parquet", ".feather"])
def test_every_type_becomes_one_that_later_steps_know(tmp_path: Path, suffix: str) -> None:
    moment = datetime(2020, 2, 29, 12, tzinfo=UTC)
    table = pa.table(
        {
            "decimal": pa.array([Decimal("1.50"), None], pa.decimal128(10, 2)),
            "category": pa.array(["a", None]).dictionary_encode(),
            "date": pa.array([date(2020, 2, 29), None]),
            "moment": pa.array([moment, None], pa.timestamp("us", "Europe/Vienna")),
            "hour": pa.array([time(8, 15), None]),
            "took": pa.array([timedelta(seconds=1.5), None], pa.duration("ns")),
            "list": pa.array([[1, 2], None]),
            "struct": pa.array([{"x": 1, "y": "ß"}, None]),
            "flag": pa.array([True, None]),
            "count": pa.array([1, None]),
            "key": pa.array([2**53 + 1, None]),
            "bytes": pa.array(["tëxt".encode(), None]),
            "blob": pa.array([b"\xff\0", None]),
            "large": pa.array(["x", None], pa.large_string()),
            "view": pa.array(["x", None], pa.string_view()),
            "nothing": pa.nulls(2),
            "half": pa.array([0.5, None], pa.float32()),
        }
    )
    path = tmp_path / f"a{suffix}"
    (parquet.write_table if suffix == ".parquet" else feather.write_feather)(table, path)
    frame = read_file(path)
    assert frame.iloc[1].isna().all()
    assert frame.iloc[0].drop(["nothing", "half"]).to_dict() == {
        "decimal": 1.5,
        "category": "a",
        "date": pd.Timestamp("2020-02-29"),
        "moment": moment,
        "hour": "08:15:00",
        "took": 1.5,
        "list": "[1, 2]",
        "struct": '{"x": 1, "y": "ß"}',
        "flag": True,
        "count": 1.0,
        "key": str(2**53 + 1),
        "bytes": "tëxt",
        "blob": "ff00",
        "large": "x",
        "view": "x",
    }
    kinds = {column: frame[column].dtype.kind for column in frame}
    assert kinds["decimal"] == kinds["took"] == kinds["half"] == "f"
    assert {str(frame[one].dtype) for one in ("key", "view", "large", "nothing")} == {
        str(pd.Series(["x"], dtype="str").dtype)
    }
    assert str(frame["flag"].dtype) == "boolean"


@pytest.mark.parametrize("suffix", [".parquet", ".feather"])
def test_an_index_that_pandas_wrote_is_a_column_if_it_has_a_name(
    tmp_path: Path, suffix: str
) -> None:
    frame = pd.DataFrame({"id": ["a", "b", "c"], "x": [1, 2, 3]})
    for data, expected in (
        (frame.set_index("id"), {"id", "x"}),
        (frame.set_index("id").rename_axis(None), {"x"}),
        (frame[frame["x"] != 2], {"id", "x"}),
    ):
        table = pa.Table.from_pandas(data, preserve_index=True)
        path = tmp_path / f"a{suffix}"
        (parquet.write_table if suffix == ".parquet" else feather.write_feather)(table, path)
        read = read_file(path)
        assert set(read) == expected
        assert list(read.index) == [*range(len(data))]


def test_wide_parquet_files_come_in_parts_of_bounded_size(tmp_path: Path) -> None:
    wide = pa.table({f"c{n}": pa.array(range(5000)) for n in range(1000)})
    parquet.write_table(wide, tmp_path / "wide.parquet")
    parts = list(iter_tables(tmp_path / "wide.parquet", {}))
    assert max(part.num_rows for part in parts) == 2000
    assert sum(part.num_rows for part in parts) == 5000


@pytest.mark.parametrize("suffix", [".parquet", ".feather"])
def test_a_file_without_columns_is_refused(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    (parquet.write_table if suffix == ".parquet" else feather.write_feather)(pa.table({}), path)
    assert "has no columns" in refusal(path)


# Anything


def test_a_file_that_is_not_there_or_empty_is_named(tmp_path: Path) -> None:
    for suffix in (".csv", ".parquet", ".feather", ".jsonl", ".xlsx", ".csv.gz", ".csv.zip"):
        path = tmp_path / f"rows{suffix}"
        assert refusal(path).endswith("does not exist.")
        assert refusal(write(path, b"")).endswith("is empty.")
        path.unlink()


NAMES_OF_KINDS = [
    f"a{kind}{packing}"
    for kind in (".csv", ".parquet", ".feather", ".jsonl", ".xlsx")
    for packing in PACK
]


def rows_or_refusal(path: Path) -> None:
    try:
        read_file(path, MISSING)
    except UserError as error:
        assert path.name in str(error)


@pytest.mark.parametrize("name", [*NAMES_OF_KINDS, "a.zip"])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=300))
def test_random_bytes_are_rows_or_refused(tmp_path: Path, name: str, content: bytes) -> None:
    rows_or_refusal(write(tmp_path / name, content))
    pack = PACK.get(Path(name).suffix)
    if pack:
        rows_or_refusal(write(tmp_path / name, pack(content)))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(st.text('ab1,;\t|"\'\n\r\\.é\0\x01 ', max_size=60), st.sampled_from(["utf-8", "latin-1", "utf-16"]))  # fmt: skip
def test_random_marks_are_rows_or_refused(tmp_path: Path, text: str, encoding: str) -> None:
    rows_or_refusal(write(tmp_path / "a.csv", text.encode(encoding)))


@pytest.mark.parametrize("name", ["a.csv", "a.parquet", "a.feather", "a.arrow", "a.jsonl", "a.xlsx"])  # fmt: skip
def test_files_in_which_bytes_were_changed_are_rows_or_refused(tmp_path: Path, name: str) -> None:
    WRITE[name](tmp_path / name)
    content = (tmp_path / name).read_bytes()
    chance = random.Random(zlib.crc32(name.encode()))
    for _ in range(40):
        spoilt = bytearray(content)
        for _ in range(chance.choice([1, 5, 50])):
            spoilt[chance.randrange(len(spoilt))] = chance.randrange(256)
        rows_or_refusal(write(tmp_path / name, bytes(spoilt[: chance.randrange(len(spoilt) + 1)])))
        rows_or_refusal(write(tmp_path / name, bytes(spoilt)))


def test_the_dialect_of_self_describing_formats_is_empty(tmp_path: Path) -> None:
    for name in ("a.parquet", "a.feather", "a.jsonl"):
        WRITE[name](tmp_path / name)
        assert file_dialect(tmp_path / name, {"encoding": "utf-8"}) == {}
