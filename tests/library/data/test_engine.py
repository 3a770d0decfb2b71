from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from library.projects import RAW

from pedigree.base.names import UserError
from pedigree.data.engine import infer, parse, read_file, retype


@pytest.fixture
def csv(tmp_path: Path):
    def write(text: str | bytes) -> Path:
        path = tmp_path / "rows.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def test_a_csv_is_read_as_strings_with_snake_case_columns() -> None:
    rows = read_file(RAW, ["", "NA"])
    assert rows.shape == (344, 17)
    assert {"study_name", "culmen_length_mm", "delta_15_n_o_oo"} <= set(rows)
    assert rows["sample_number"].iloc[0] == "1"
    assert rows["sex"].isna().sum() == 11 - (rows["sex"] == ".").sum()


def test_blanks_and_the_named_texts_mean_no_value(csv) -> None:
    rows = read_file(csv("a,b\nNA,-\n  ,x\n,-x\n"), ["-"])
    assert rows["a"].fillna("missing").tolist() == ["NA", "missing", "missing"]
    assert rows["b"].fillna("missing").tolist() == ["missing", "x", "-x"]


def test_a_parquet_file_keeps_its_types(penguins: pd.DataFrame, tmp_path: Path) -> None:
    penguins.rename(columns={"sex": "Sex"}).to_parquet(tmp_path / "p.parquet")
    pd.testing.assert_frame_equal(read_file(tmp_path / "p.parquet"), penguins)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("", "is empty"),
        ("a,b\n", "has a header but no rows"),
        (b"a,b\n\x00\xfe,1\n", "is not a text file"),
        ('a,b\n"1,2\n', "line 2: 1 values, but 2 are expected"),
        ("a,b\n1,2\n1,2,3\n", "line 3: 3 values, but 2 are expected"),
        ("a,b\n1,2\n1\n", "line 3: 1 values, but 2 are expected"),
    ],
)
def test_an_unreadable_file_is_named(csv, content: str | bytes, what: str) -> None:
    with pytest.raises(UserError, match=rf"rows\.csv,? {what}"):
        read_file(csv(content))


def test_a_row_is_ragged_where_it_stands_in_the_file_line_breaks_in_quotes_counted(csv) -> None:
    with pytest.raises(UserError, match=r"rows\.csv, line 4: 3 values"):
        read_file(csv('a,b\n1,"two\nlines"\n4,5,6\n'))


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    (tmp_path / "rows.pdf").write_bytes(b"%PDF")
    with pytest.raises(UserError, match=r"rows\.pdf has an unknown suffix"):
        read_file(tmp_path / "rows.pdf")


def test_a_broken_parquet_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "p.parquet").write_bytes(b"no parquet at all")
    with pytest.raises(UserError, match=r"p\.parquet cannot be read"):
        read_file(tmp_path / "p.parquet")


@pytest.mark.parametrize(
    ("texts", "dtype"),
    [
        (["1", "2"], "int64"),
        (["1", "2.5"], "float64"),
        (["2007-11-11", "2008-01-31"], "datetime64[ns]"),
        (["2007-11-11T10:00:00Z"], "datetime64[ns]"),
        (["a", "1"], "str"),
        (["Yes", "No"], "str"),
        ([None, None], "str"),
        (["9007199254740993", "9007199254740992"], "str"),
        (["2020-01-01", "9999-12-31"], "str"),
    ],
)
def test_the_narrowest_type_that_loses_nothing_is_inferred(texts: list, dtype: str) -> None:
    assert infer(pd.Series(texts, dtype="str")) == dtype


@given(st.lists(st.integers(), min_size=1))
def test_whole_numbers_survive_being_written_and_typed(numbers: list[int]) -> None:
    texts = pd.Series([str(number) for number in numbers])
    assert parse(texts, infer(texts)).astype("str").tolist() == texts.tolist()


@given(st.lists(st.floats(-1e9, 1e9), min_size=1))
def test_numbers_survive_being_written_and_typed(numbers: list[float]) -> None:
    texts = pd.Series([str(number) for number in numbers])
    assert parse(texts, infer(texts)).tolist() == pytest.approx(numbers, rel=1e-14)


@pytest.mark.parametrize(
    ("dtype", "given_texts", "expected"),
    [
        ("float64", ["1", "x", "inf", "-2e3"], [1.0, None, None, -2000.0]),
        ("int64", ["1", "2.5", "3.0"], [1.0, None, 3.0]),
        (
            "boolean",
            ["Yes", "n", " TRUE ", "0.0", "maybe", None],
            [True, False, True, False, None, None],
        ),
        ("str", ["a", None, "1"], ["a", None, "1"]),
    ],
)
def test_what_cannot_be_parsed_becomes_missing(
    dtype: str, given_texts: list, expected: list
) -> None:
    parsed = parse(pd.Series(given_texts, dtype="object"), dtype)
    assert [None if pd.isna(value) else value for value in parsed] == expected


def test_dates_outside_of_what_the_type_holds_become_missing() -> None:
    dates = parse(pd.Series(["9999-12-31", "2020-02-29", "31.12.2020"]), "datetime64[ns]")
    assert dates.isna().tolist() == [True, False, True]
    assert dates.dtype == "datetime64[ns]"


def test_dates_of_several_zones_are_put_into_one() -> None:
    dates = parse(
        pd.Series(["2020-01-01T01:00:00+01:00", "2020-01-01T00:00:00Z"]), "datetime64[ns]"
    )
    assert dates.nunique() == 1


def test_an_unknown_type_is_refused() -> None:
    with pytest.raises(UserError, match="'category' is not a column type"):
        parse(pd.Series(["a"]), "category")


def test_values_that_are_not_of_their_type_are_listed() -> None:
    rows = pd.DataFrame({"age": ["1", "old", None], "name": ["x", "y", "z"]}, index=[5, 6, 7])
    typed, broken = retype(rows, {"age": "float64"})
    assert typed["name"].tolist() == ["x", "y", "z"]
    assert broken.to_dict("records") == [
        {"index": 6, "column": "age", "check": "is float64", "failure_case": "old"}
    ]
