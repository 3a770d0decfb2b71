"""Each cleaning step by itself: known results, random inputs, and idempotence."""

import math
import re
import sys
from typing import Any

import narwhals as nw
import pandas as pd
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from library.projects import ROOT, leave_out_missing

from pedigree import cleaning as clean
from pedigree.base.names import UserError
from pedigree.cleaning.settings import CleanSettings
from pedigree.cleaning.text import WHITESPACE
from pedigree.config.arguments import wrong_arguments
from pedigree.config.tools import wrong_tools

THOROUGH = ROOT / "conf/clean/thorough.yaml"
UNITS = {"kg": 1, "g": 0.001, "%": 0.01, "€": 1}


def table(*values: Any, dtype: Any = "str") -> pd.DataFrame:
    return pd.DataFrame({"x": pd.Series(values, dtype=dtype).where(pd.notna(list(values)))})


def apply(name: str, rows: pd.DataFrame, **options: Any) -> pd.DataFrame:
    return getattr(clean, name)(nw.from_native(rows, eager_only=True), **options).to_native()


def cleaned(name: str, *values: Any, **options: Any) -> list:
    """Clean one column of strings; a missing value is None."""
    made = apply(name, table(*values), **{"columns": ["x"]} | options)["x"]
    return [None if pd.isna(value) else value for value in made]


def catalogue() -> dict[str, Any]:
    """Return all steps of the catalogue, including those that are commented out."""
    text = THOROUGH.read_text(encoding="utf-8")
    return yaml.safe_load(re.sub(r"^  # ", "  ", text, flags=re.MULTILINE))["steps"]


# --- known results -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1.234,56 €", 1234.56), ("€ -5", -5), ("-€5", -5), ("−7", -7), ("+3", 3), (",5", 0.5), ("5,", 5),
        ("1e3", 1000), ("12 %", 0.12), ("12\u00a0kg", 12), ("1200g", 1.2), ("1 234 567", 1234567),
        ("1\u202f200 g", 1.2), ("1.23", None), ("12.34.567", None), ("3 lb", None), ("€ 3 kg", None),
        ("--4", None), ("-€-4", None), ("x", None), ("", None), ("1,2,3", None), ("1e999", None), (None, None),
    ],
)  # fmt: skip
def test_numbers_are_read_as_people_write_them(text: str | None, expected: float | None) -> None:
    made = cleaned("parse_numbers", text, decimal=",", thousands=". ", units=UNITS)
    assert made == [None if expected is None else pytest.approx(expected)]


def test_a_mark_cannot_be_decimal_and_thousands() -> None:
    with pytest.raises(UserError, match="is both the decimal and a thousands separator"):
        cleaned("parse_numbers", "1", thousands=".")


def test_booleans_are_parsed_in_several_languages() -> None:
    given = ["Yes", " nein ", "JA", "0", "1", "off", "maybe", None]
    assert cleaned("parse_booleans", *given) == [True, False, True, False, True, False, None, None]
    assert cleaned("parse_booleans", "x", "yes", true_values=["x"], false_values=["-"]) == [
        True,
        None,
    ]
    numbers = apply("parse_booleans", table(1.0, 0, None, dtype="float64"), columns=["x"])["x"]
    assert numbers.tolist()[:2] == [True, False]
    assert numbers.isna().tolist() == [False, False, True]


def test_a_string_cannot_mean_both() -> None:
    with pytest.raises(UserError, match="'x' is in both true_values and false_values"):
        cleaned("parse_booleans", "x", true_values=["X"], false_values=["x"])


@pytest.mark.parametrize(("formats", "month"), [("day_first", 4), ("month_first", 3)])
def test_dates_are_parsed_in_the_usual_formats(formats: str, month: int) -> None:
    given = ["2024-02-01", "20240201", "1.2.2024", "01.02.24", "1 February 2024", "Feb 1, 2024"]
    assert set(cleaned("parse_dates", *given, formats=formats)) == {pd.Timestamp("2024-02-01")}
    assert cleaned("parse_dates", "03/04/2024", formats=formats)[0].month == month
    times = cleaned("parse_dates", "31.12.2023 14:05", "2023-12-31T16:05:00+02:00", formats=formats)
    assert times == [pd.Timestamp("2023-12-31 14:05")] * 2
    assert cleaned("parse_dates", "31/31/2024", "soon", "", None, formats=formats) == [None] * 4


def test_formats_of_ones_own_are_tried_in_order() -> None:
    made = cleaned("parse_dates", "24-03-05", "05-03-24", formats=["%y-%m-%d", "%d-%m-%y"])
    assert made == [pd.Timestamp("2024-03-05"), pd.Timestamp("2005-03-24")]


def test_each_character_has_one_form() -> None:
    assert cleaned("unify_unicode", "ﬁx", "e\u0301\u200b", "Ａ", None) == ["fix", "é", "A", None]
    assert cleaned("unify_unicode", "ﬁ", form="NFC") == ["ﬁ"]


def test_whitespace_of_every_kind_is_trimmed() -> None:
    assert cleaned("trim_text", f"{WHITESPACE}a{WHITESPACE}b\u00a0") == ["a b"]


def test_case_is_unified() -> None:
    assert cleaned("unify_case", "aDELIE penguin", case="title") == ["Adelie Penguin"]
    assert cleaned("unify_case", "aDELIE", case="upper", columns=None) == ["ADELIE"]


def test_numbers_that_mean_missing_are_found_among_numbers_and_strings() -> None:
    rows = table("-999", "1").assign(n=[-999, 1], other=[-999, 1])
    made = apply("unify_missing", rows, markers=[-999], columns=["x", "n"])
    assert made.isna().sum().to_dict() == {"x": 1, "n": 1, "other": 0}


def test_whole_strings_are_replaced() -> None:
    made = cleaned("replace_values", "m", "f", "mm", None, values={"m": "male", "f": "female"})
    assert made == ["male", "female", "mm", None]


def test_misspelled_categories_become_the_most_similar_one() -> None:
    leave_out_missing(catalogue()["fuzzy_merge"] | {"_target_": "rapidfuzz.fuzz"})
    right = ["Adelie", "Gentoo", "Chinstrap"]
    given = ["adelie!", "Gento", "Chinstrap", "Emperor", None]
    expected = ["Adelie", "Gentoo", "Chinstrap", "Emperor", None]
    assert cleaned("fuzzy_merge", *given, categories=right) == expected
    assert cleaned("fuzzy_merge", "aab", categories=["aaa", "abb"], score_cutoff=50) == [
        "aab"
    ]  # a tie
    options = {"categories": ["king penguin"], "scorer": "token_sort_ratio"}
    assert cleaned("fuzzy_merge", "Penguin, King", **options) == ["king penguin"]


def test_violating_a_rule_sets_missing_or_drops() -> None:
    rows = pd.DataFrame({"start": [1.0, 5, 3, None], "end": [2.0, 4, None, 1]})
    blanked = apply("require", rows, rule="end >= start")
    assert blanked.isna().to_numpy().tolist() == [[False] * 2, [True] * 2, [False, True], [True, False]]  # fmt: skip
    assert apply("require", rows, rule="end>=start", columns=["end"])["start"].tolist()[1] == 5
    assert apply("require", rows, rule="end >= start", action="drop")["end"].isna().sum() == 1


def test_a_rule_may_contain_a_number_or_a_date() -> None:
    rows = pd.DataFrame({"n": [1, 2], "when": pd.to_datetime(["2020-01-01", "2021-01-01"])})
    assert apply("require", rows, rule="n != 1")["n"].isna().tolist() == [True, False]
    made = apply("require", rows, rule="when < 2020-06-01")["when"]
    assert made.isna().tolist() == [False, True]


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("n >", "is not a rule"),
        ("n = 1", "is not a rule"),
        ("__import__('os') == 1", "is not a rule"),
        ("n > 1; x", "is not a column, number or date"),
        ("n > m", "column 'm' is not in the data"),
        ("n == x", "compares numbers with strings"),
        ("x < x", "compares strings with strings"),
        ("n > 2020-01-01", "compares numbers with dates"),
    ],
)
def test_an_invalid_rule_is_refused(rule: str, said: str) -> None:
    with pytest.raises(UserError, match=re.escape(said)):
        apply("require", table("a").assign(n=1), rule=rule)


def test_of_rows_with_one_key_the_latest_is_kept_in_place() -> None:
    days = [None, "2024-01-02", "2024-01-01", None, "2024-01-02", None]
    rows = pd.DataFrame(
        {"key": ["a", "a", "b", "b", "a", None], "when": pd.to_datetime(days), "n": range(6)}
    )
    kept = apply("drop_duplicates", rows, columns=["key"], latest_by="when")
    assert kept["n"].tolist() == [2, 4, 5]  # of equal times the last row
    shuffled = apply("drop_duplicates", rows.iloc[::-1], columns=["key"], latest_by="when")
    assert sorted(shuffled["n"]) == [1, 2, 5]


def test_rows_without_a_key_are_no_duplicates() -> None:
    rows = table("a", None, "a", None)
    assert len(apply("drop_duplicates", rows, columns=["x"])) == 3
    assert len(apply("drop_duplicates", rows)) == 2


def test_near_duplicates_differ_in_case_and_whitespace_only() -> None:
    rows = table("A b", "ab ", "AC", "a\u00a0B")
    assert apply("drop_duplicates", rows, near=True)["x"].tolist() == ["A b", "AC"]
    assert len(apply("drop_duplicates", rows)) == 4


def test_a_bound_may_be_open() -> None:
    rows = pd.DataFrame({"n": [-1, 5, 99]})
    assert apply("limit", rows, columns={"n": [0, None]})["n"].isna().tolist() == [True, False, False]  # fmt: skip
    clipped = apply("limit", rows, columns={"n": [None, 9]}, action="clip")["n"]
    assert clipped.tolist() == [-1, 5, 9]


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("trim_text", {"columns": ["n"]}, "column 'n' is not a string column"),
        ("limit", {"columns": {"x": [0, 1]}}, "column 'x' is not numeric"),
        ("drop_duplicates", {"latest_by": "wen"}, "column 'wen' is not in the data"),
        ("require", {"rule": "n > 3", "columns": ["y"]}, "column 'y' is not in the data"),
    ],
)
def test_a_column_of_another_kind_is_refused_with_the_step(name: str, options: dict, said: str) -> None:  # fmt: skip
    step = {"mine": {"_target_": f"pedigree.cleaning.{name}", **options}}
    with pytest.raises(UserError, match=f"^clean.steps.mine: {said}"):
        clean.clean_rows(table("a").assign(n=1), step)


def test_what_cannot_be_parsed_is_counted() -> None:
    steps = {
        "dates": {
            "_target_": "pedigree.cleaning.parse_dates",
            "columns": ["x"],
            "formats": "day_first",
        }
    }
    rows, counts = clean.clean_rows(table("1.2.2024", "soon", None), steps)
    assert rows["x"].isna().tolist() == [False, True, True]
    assert counts.steps["dates"].changed == {"x": 1}


# --- random inputs--------------------------------------------------------------------------------

WILD = st.lists(
    st.one_of(
        st.none(),
        st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
        st.floats().map(str),
        st.integers().map(str),
        st.dates().map(str),
        st.datetimes().map(lambda when: when.strftime("%d.%m.%Y %H:%M")),
        st.from_regex(r"[-+€(]? ?[0-9]{1,4}[.,' ]?[0-9]{0,3} ?(kg|%|€)?", fullmatch=True),
    ),
    min_size=1,
    max_size=8,
)
READERS: dict[str, dict[str, Any]] = {
    "trim_text": {},
    "unify_unicode": {},
    "unify_case": {},
    "unify_missing": {"markers": ["", "na", 0]},
    "replace_values": {"values": {"": "empty", "0": "zero"}},
    "parse_booleans": {},
    "parse_dates": {"formats": "day_first"},
    "parse_numbers": {"thousands": " '", "units": UNITS},
}


@pytest.mark.parametrize("name", READERS)
@given(values=WILD)
def test_cleaning_is_idempotent_and_row_by_row(name: str, values: list) -> None:
    options = {"columns": ["x"]} | READERS[name]
    once = apply(name, table(*values), **options)
    pd.testing.assert_frame_equal(apply(name, once, **options), once)
    for position, value in enumerate(values[:2]):
        alone = apply(name, table(value), **options)["x"]
        other = once["x"].iloc[[position]].reset_index(drop=True)
        pd.testing.assert_series_equal(alone, other)


@given(number=st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_that_python_wrote_is_read_back(number: float) -> None:
    assert cleaned("parse_numbers", repr(number)) == [number]
    spelled = f"{number:,.2f}"
    if abs(number) < 1e15:
        read = cleaned("parse_numbers", spelled, thousands=",")
        assert math.isclose(read[0], round(number, 2), abs_tol=1e-9)


@pytest.mark.parametrize("form", ["NFC", "NFD", "NFKC", "NFKD"])
def test_every_character_has_one_spelling_for_good(form: str) -> None:
    every = [chr(n) for n in range(sys.maxunicode + 1) if not 0xD800 <= n < 0xE000]
    strings = ["".join(every[start : start + 1000]) for start in range(0, len(every), 1000)]
    once = apply("unify_unicode", table(*strings), form=form)
    pd.testing.assert_frame_equal(apply("unify_unicode", once, form=form), once)


# --- settings ------------------------------------------------------------------------------------


def test_the_catalogue_shows_every_repair_and_passes_the_check() -> None:
    steps = catalogue()
    shown = {step["_target_"].rpartition(".")[2] for step in steps.values()}
    assert shown == set(clean.__all__)
    for step in steps.values():
        leave_out_missing(step)
    data = {"clean": {"steps": steps}}
    own = CleanSettings.model_validate(data).mistakes(None)
    assert [*wrong_tools(data), *wrong_arguments(data), *own] == []


def test_the_catalogues_safe_repairs_leave_the_meaning(penguins: pd.DataFrame) -> None:
    steps = yaml.safe_load(THOROUGH.read_text(encoding="utf-8"))["steps"]
    mended_rows, counts = clean.clean_rows(penguins, steps)
    assert len(mended_rows) == len(penguins)
    assert {name for count in counts.steps.values() for name in count.changed} <= {
        "sex",
        "comments",
    }


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("unify_case", {"columns": "sex"}, "mine.columns: should be a list (it is 'sex')"),
        ("unify_case", {"columns": []}, "mine.columns: "),
        ("unify_case", {"columns": ["Body Mass (g)"]}, "column 'Body Mass (g)' is renamed to 'body_mass_g'"),
        ("unify_case", {"columns": ["x"], "case": "uper"}, "mine.case: should be 'lower', 'upper' or 'title' (it is 'uper')"),
        ("unify_unicode", {"form": "NFX"}, "mine.form: should be 'NFC',"),
        ("replace_text", {"columns": ["x"], "pattern": "(", "replacement": ""}, "mine.pattern: '(' is not a regular expression: missing )"),
        ("replace_values", {"columns": ["x"], "values": {"a": "b", "b": "c"}}, "'a' becomes 'b', which becomes 'c'"),
        ("unify_missing", {"markers": [True]}, "mine.markers"),
        ("parse_booleans", {"columns": ["x"], "true_values": [True]}, "mine.true_values"),
        ("parse_dates", {"columns": ["x"], "formats": ["DD.MM.YYYY"]}, "mine.formats.0: 'DD.MM.YYYY' is not a date format"),
        ("parse_dates", {"columns": ["x"], "formats": ["%Q"]}, "'Q' is a bad directive"),
        ("parse_dates", {"columns": ["x"], "formats": "day"}, "mine.formats: should be 'day_first' or 'month_first' or a list (it is 'day')"),
        ("parse_numbers", {"columns": ["x"], "decimal": ".,"}, "mine.decimal"),
        ("parse_numbers", {"columns": ["x"], "units": {"kg": "one"}}, "mine.units.kg: should be a number"),
        ("fuzzy_merge", {"columns": ["x"], "categories": None}, "mine.categories"),
        ("fuzzy_merge", {"columns": ["x"], "categories": ["a"], "scorer": "rato"}, "mine.scorer: should be 'ratio'"),
        ("limit", {"columns": {"x": [9, 0]}}, "mine.columns.x: the lower bound 9 is above the upper bound 0"),
        ("limit", {"columns": {"x": [None, None]}}, "both bounds are null; set at least one"),
        ("limit", {"columns": {"x": [0, 1]}, "action": "clipp"}, "mine.action: should be 'missing', 'clip' or 'drop'"),
        ("require", {"rule": "a => b"}, "mine.rule: 'a => b' is not a rule"),
        ("fix_types", {"columns": {"x": "integer"}}, "mine.columns.x: should be 'float64', "),
    ],
)  # fmt: skip
def test_a_mistake_in_a_step_is_found_without_data(name: str, options: dict, said: str) -> None:
    step = {"_target_": f"pedigree.cleaning.{name}", **options}
    leave_out_missing(step)
    found = list(wrong_arguments({"clean": {"steps": {"mine": step}}}))
    assert found
    assert said in found[0]
    assert found[0].startswith("clean.steps.mine.")


@pytest.mark.parametrize(
    "options",
    [
        {"_target_": "pedigree.cleaning.drop_duplicates"},
        {"_target_": "pedigree.cleaning.limit", "columns": {"x": [0, 1]}, "action": "drop"},
    ],
)
def test_a_repair_that_drops_rows_is_for_training_only(options: dict) -> None:
    def mistakes(step: dict) -> list[str]:
        settings = CleanSettings.model_validate({"clean": {"steps": {"mine": step}}})
        return list(settings.mistakes(None))

    (said,) = mistakes(options)
    assert said.startswith("clean.steps.mine: it drops rows")
    assert mistakes(options | {"training_only": True}) == []
