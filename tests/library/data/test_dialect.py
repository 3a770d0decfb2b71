"""The dialect of a text file is detected from its content."""

import csv
import io
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from library.projects import RAW

from pedigree.base.names import UserError
from pedigree.data.files.dialect import SAMPLE
from pedigree.data.formats import file_dialect, iter_tables

PENGUINS = pd.read_csv(RAW, dtype="str", keep_default_na=False)
NAMES = list(PENGUINS)
# Every mark that a spelling may treat as its own, and characters that encodings write differently.
TEXTS = st.text("abzé0 5,;\t|\"'\n\r.-€ßœ", max_size=8)
NUMBERS = ["-12", "0", "4.5e-07", "39.1", "1.5", "250.125"]


@pytest.fixture
def found(tmp_path: Path):
    def find(text: str | bytes, **given: Any) -> dict[str, Any]:
        path = tmp_path / "rows.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return file_dialect(path, given)

    return find


def values(path: Path, dialect: dict[str, Any] | None = None) -> list[list[str | None]]:
    """Read a file's rows, names first."""
    parts = list(iter_tables(path, dialect or {}))
    rows = [list(row) for part in parts for row in zip(*part.to_pydict().values(), strict=True)]
    return [parts[0].column_names, *rows]


def written(rows: list[list[str]], **style: Any) -> str:
    text = io.StringIO()
    csv.writer(text, **{"lineterminator": "\n"} | style).writerows(rows)
    return text.getvalue()


@pytest.mark.parametrize("line", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("quote", ['"', "'"])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "latin-1", "cp1252", "utf-16", "utf-16-le", "utf-32"]
)
def test_the_penguins_are_the_same_in_every_spelling(
    tmp_path: Path, encoding: str, separator: str, quote: str, line: str
) -> None:
    path = tmp_path / "penguins.csv"
    rows = [NAMES, *(PENGUINS.replace("Torgersen", "Tórgersen").to_numpy().tolist())]
    style = {"delimiter": separator, "quotechar": quote, "lineterminator": line}
    path.write_bytes(written(rows, **style).encode(encoding))
    assert values(path) == [[value or None for value in row] for row in rows]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(
    st.lists(st.tuples(TEXTS, TEXTS, st.sampled_from(NUMBERS)), min_size=1, max_size=8),
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from(['"', "'"]),
    st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(["utf-8", "utf-8-sig", "cp1252", "utf-16"]),
)
def test_whatever_is_written_in_quotes_comes_back(
    tmp_path: Path, rows, separator: str, quote: str, quoting: int, line: str, encoding: str
) -> None:
    path = tmp_path / "wild.csv"
    names = ["first name", "größe", "amount"]
    text = written(
        [names, *map(list, rows)],
        delimiter=separator,
        quotechar=quote,
        quoting=quoting,
        lineterminator=line,
    )
    path.write_bytes(text.encode(encoding))
    expected = [[value if value.strip() else None for value in row] for row in rows]
    assert values(path, {"thousands": "", "decimal": "."}) == [names, *expected]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.lists(st.tuples(TEXTS, st.text(max_size=5)), min_size=1, max_size=6))
def test_whatever_a_given_reading_can_write_it_can_read(tmp_path: Path, rows) -> None:
    path = tmp_path / "wild.csv"
    assume(not any("\ud800" <= letter <= "\udfff" for row in rows for letter in row[1]))
    path.write_bytes(written([["a", "b"], *map(list, rows)], quoting=csv.QUOTE_ALL).encode())
    dialect = {"separator": ",", "quote": '"', "escape": "", "encoding": "utf-8", "header": True}
    expected = [[value if value.strip() else None for value in row] for row in rows]
    dialect |= {"decimal": ".", "thousands": "", "dates": {}}
    assert values(path, dialect) == [["a", "b"], *expected]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "utf-16"])
def test_decimal_commas_become_points(tmp_path: Path, separator: str, encoding: str) -> None:
    path = tmp_path / "penguins.csv"
    typed = pd.read_csv(RAW)
    typed.to_csv(path, sep=separator, decimal=",", index=False, encoding=encoding)
    read = pd.DataFrame(values(path)[1:], columns=NAMES)
    for name in typed.select_dtypes("number"):
        pd.testing.assert_series_equal(read[name].astype("float64"), typed[name].astype("float64"))


@pytest.mark.parametrize(
    ("cells", "decimal", "thousands"),
    [
        (["1.5", "2.25"], ".", ""),
        (["1,5", "2,25"], ",", ""),
        (["1.234,5", "7"], ",", "."),
        (["1,234.5", "7"], ".", ","),
        (["1.234", "0,5"], ",", "."),
        (["1.234.567"], ",", "."),
        (["0,125", "0,250"], ",", ""),  # no group of thousands begins with nought
        (["1,5e-07"], ",", ""),
        (["1.234", "5.678"], ".", ""),
        (["4,711", "5,678"], ",", ""),  # beside semicolons
        (["01.02.2020", "10.0.0.1", "a,b", "v1.2"], ".", ""),
        (["1", "2"], ".", ""),
    ],
)
def test_marks_of_numbers_are_found(found, cells: list[str], decimal: str, thousands: str) -> None:
    dialect = found("a;b\n" + "".join(f"x;{cell}\n" for cell in cells))
    assert (dialect["decimal"], dialect["thousands"]) == (decimal, thousands)


def test_a_group_of_thousands_in_a_file_of_commas_is_one(found) -> None:
    dialect = found('a,b\nx,"4,711"\ny,"1,234"\n')
    assert (dialect["decimal"], dialect["thousands"]) == (".", ",")


@pytest.mark.parametrize(
    ("text", "header"),
    [
        ("a,b\n1,2\n", True),
        ("1,2\n3,4\n", False),
        ("x,1.5\ny,2.5\n", False),
        ("x,1e5\n", False),
        ("country,2019,2020\nA,1.5,1800\nB,2,3\n", True),
        ("A,2019\nB,2020\n", False),
        ("2020-01-31,x\n2020-02-01,y\n", False),
        ("31/1/2020;x\n1/2/2020;y\n", False),
        ("place,1/22/20,1/23/20\nA,0,3\nB,1,4\n", True),
        ("0,1,2,3\n5.1,3.5,1.4,0.2\n", True),  # as pandas writes a frame without names
        (",a,b\n0,1,2\n", True),
        ("a,a,a\n1,2,3\n", True),
        ("names only\n", True),
        ("ä,ö\n1,2\n", True),
    ],
)
def test_a_first_row_of_names_is_told_from_one_of_values(found, text: str, header: bool) -> None:
    assert found(text)["header"] is header
    assert found("\ufeff" + text)["header"] is header


@pytest.mark.parametrize(
    ("text", "separator"),
    [
        ("a;b;c\n1,5;2,5;3\n1,5;2,5;x\n", ";"),
        ("a,b\n1;2,3\n1;5,6\n", ","),
        ("a|b\n1,2|3,4\n", "|"),
        ("a\tb c,d\n1\t2\n", "\t"),
        ("comment\nhello, world\nnothing\n", ";"),
        ("n\n1\n2\n", ","),
        ('text;n\n"a, b, c";1\n"d, e, f";2\n', ";"),
        ("a;b\nx;y\nragged;row;of;five;values\n", ";"),
    ],
)
def test_the_separator_is_the_one_that_gives_even_rows(found, text: str, separator: str) -> None:
    assert found(text)["separator"] == separator


@pytest.mark.parametrize(
    ("text", "quote", "escape"),
    [
        ('a,b\n1,"x, y"\n', '"', ""),
        ("a,b\n1,'x, y'\n", "'", ""),
        ("'a','b'\n'5\" wide','2'\n", "'", ""),
        ("a,b\n'tis,nobody's\n", '"', ""),
        ('a,b\n"say ""hi"" twice",1\n', '"', ""),
        ('a,b\n"say \\"hi\\" twice",1\n', '"', "\\"),
        ('a,b\n"C:\\data\\",1\n', '"', ""),
    ],
)
def test_quotes_and_what_stands_before_them_are_found(
    found, text: str, quote: str, escape: str
) -> None:
    dialect = found(text)
    assert (dialect["quote"], dialect["escape"]) == (quote, escape)


def test_escaped_quotes_are_read_as_quotes(tmp_path: Path) -> None:
    path = tmp_path / "spark.csv"
    path.write_text('a,b\n"say \\"hi, you\\" twice",1\n', encoding="utf-8")
    assert values(path)[1] == ['say "hi, you" twice', "1"]


def test_without_quotes_they_are_characters_like_others(tmp_path: Path) -> None:
    path = tmp_path / "inches.tsv"
    path.write_text('size\tn\n"5 inch\t1\n7"\t2\n', encoding="utf-8")
    assert values(path, {"quote": ""})[1:] == [['"5 inch', "1"], ['7"', "2"]]


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "utf-16"])
def test_a_letter_far_below_the_beginning_decides_the_encoding(found, encoding: str) -> None:
    plain = "a,b\n" + "1,plain\n" * (SAMPLE // 4)
    assert found((plain + "2,Köln €\n").encode(encoding))["encoding"] == encoding


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
def test_a_last_letter_at_the_very_end_decides_the_encoding(found, encoding: str) -> None:
    assert found("a,b\n1,é".encode(encoding))["encoding"] == encoding


@pytest.mark.parametrize("shift", range(4))
def test_a_letter_that_the_sample_cuts_in_two_is_no_other_encoding(found, shift: int) -> None:
    text = "a\n" + "x" * shift + "\n" + "€" * SAMPLE
    assert found(text)["encoding"] == "utf-8"


def test_what_is_given_is_not_looked_for(found) -> None:
    given = {"separator": ";", "encoding": "cp850", "header": False, "decimal": ",", "quote": "'"}
    dialect = found("a,b\n1,2\n", **given, dates={"a": "%Y"})
    assert dialect | given | {"dates": {"a": "%Y"}} == dialect


@pytest.mark.parametrize(
    ("key", "value", "what"),
    [
        ("encoding", "utf8x", "'utf8x' is not an encoding"),
        ("separator", "::", "'::' is not one character of ASCII"),
        ("separator", "", "'' is not one character of ASCII"),
        ("quote", "„", "'„' is not one character of ASCII, or '' for none"),
        ("decimal", None, "None is not one character"),
        ("header", "yes", "'yes' is not true or false"),
        ("dates", ["a"], "['a'] is not a mapping of columns to formats"),
    ],
)
def test_a_reading_that_cannot_be_is_refused(found, key: str, value: Any, what: str) -> None:
    with pytest.raises(UserError) as refusal:
        found("a,b\n1,2\n", **{key: value})
    assert str(refusal.value).startswith(f"reading.{key}: {what}")


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "is empty"),
        (b"\n \r\n\t\n", "is empty"),
        (b"\xef\xbb\xbf", "is empty"),
        (b"a,b\n1,\0\n", "is not a text file"),
        (b"\1\2\3\4\5\6,\7", "is not a text file"),
        (b"%PDF-1.7", "is not a text file"),
        (b"\x1f\x8b\x08\0", "is compressed; rename it so that its name ends in .gz once"),
        (b"PK\3\4", "is compressed; rename it so that its name ends in .zip once"),
    ],
)
def test_what_is_no_text_is_refused(found, content: bytes, what: str) -> None:
    with pytest.raises(UserError) as refusal:
        found(content)
    assert what in str(refusal.value)
    assert "rows.csv" in str(refusal.value)
