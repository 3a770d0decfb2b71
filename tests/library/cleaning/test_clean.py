import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import narwhals as nw
import pandas as pd
import pytest
from library.projects import Project

from pedigree import cleaning as clean
from pedigree.base.names import UserError
from pedigree.base.tables import read_json, read_table
from pedigree.data.records import CleanedStep


def apply(name: str, rows: pd.DataFrame, **options: Any) -> pd.DataFrame:
    """Apply one cleaning step and return the rows."""
    return getattr(clean, name)(nw.from_native(rows, eager_only=True), **options).to_native()


def step(name: str, **options: Any) -> dict[str, Any]:
    return {name: {"_target_": f"pedigree.cleaning.{name}", **options}}


def strings(*values: str | None) -> pd.DataFrame:
    return pd.DataFrame({"text": pd.Series(values, dtype="str")})


def test_the_penguins_are_cleaned(project: Project) -> None:
    rows = read_table(Path("data/clean"))
    assert set(rows["sex"].dropna()) == {"male", "female"}
    assert set(rows["species"]) == {"Adelie", "Gentoo", "Chinstrap"}
    assert rows["clutch_completion"].dtype == "boolean"
    assert rows["clutch_completion"].notna().all()


def test_each_step_counts_what_it_changed(project: Project) -> None:
    counts = read_json(Path("metrics/clean.json"))
    loaded = read_table(Path("data/loaded"))
    steps = counts["steps"]
    assert counts["rows"] == counts["kept"] == len(loaded)
    assert steps["unify_case"] == {
        "rows_dropped": 0,
        "changed": {"sex": int(loaded["sex"].isin(["MALE", "FEMALE"]).sum())},
    }
    assert steps["short_species"]["changed"] == {"species": len(loaded)}
    assert steps["limits"]["changed"] == {}


def test_cleaning_clean_rows_changes_nothing(project: Project) -> None:
    rows = read_table(Path("data/clean"))
    again, counts = clean.clean_rows(rows, project.settings("clean").clean.steps)
    pd.testing.assert_frame_equal(again, rows)
    assert not any(count.rows_dropped or count.changed for count in counts.steps.values())


def test_whitespace_around_and_inside_strings_is_removed() -> None:
    assert apply("trim_text", strings("  a \t b ", None, "c"))["text"].tolist()[::2] == ["a b", "c"]


def test_strings_that_mean_no_value_become_missing_in_any_case() -> None:
    rows = apply("unify_missing", strings("N/A", "n/a", "Nan", "banana"), markers=["n/a", "nan"])
    assert rows["text"].isna().tolist() == [True, True, True, False]


def test_case_is_unified_in_the_named_columns_only() -> None:
    rows = apply("unify_case", strings("MALE").assign(other="MALE"), columns=["text"])
    assert rows.iloc[0].tolist() == ["male", "MALE"]


def test_strings_are_replaced_by_pattern() -> None:
    rows = apply(
        "replace_text", strings("12 mm", "7mm"), columns=["text"], pattern=r"\s*mm$", replacement=""
    )
    assert rows["text"].tolist() == ["12", "7"]


def test_a_column_gets_its_named_type_row_by_row() -> None:
    rows = apply("fix_types", strings("1", "x", None), columns={"text": "float64"})
    assert rows["text"].isna().tolist() == [False, True, True]


@pytest.mark.parametrize(
    ("action", "expected"),
    [("missing", [None, 5.0, None, None]), ("clip", [0.0, 5.0, 9.0, None]), ("drop", [5.0, None])],
)
def test_impossible_numbers_are_handled_by_the_action(action: str, expected: list) -> None:
    rows = pd.DataFrame({"x": [-1.0, 5.0, 10.0, None]})
    treated = apply("limit", rows, columns={"x": [0, 9]}, action=action)["x"]
    assert [None if pd.isna(value) else value for value in treated] == expected


def test_bounds_are_inclusive() -> None:
    assert apply("limit", pd.DataFrame({"x": [0.0, 9.0]}), columns={"x": [0, 9]})["x"].notna().all()


def test_an_unknown_action_is_refused() -> None:
    with pytest.raises(UserError, match="unknown action 'clipp'; did you mean 'clip'"):
        apply("limit", pd.DataFrame({"x": [1.0]}), columns={"x": [0, 9]}, action="clipp")


def test_of_equal_rows_the_first_is_kept() -> None:
    rows = pd.DataFrame({"a": [2, 1, 2, 2], "b": [0, 0, 0, 1]})
    assert apply("drop_duplicates", rows).to_numpy().tolist() == [[2, 0], [1, 0], [2, 1]]
    assert apply("drop_duplicates", rows, columns=["a"])["b"].tolist() == [0, 0]


def test_dropped_rows_are_counted() -> None:
    rows = strings("a", "a", "b")
    kept, counts = clean.clean_rows(rows, step("drop_duplicates", training_only=True))
    assert kept["text"].tolist() == ["a", "b"]
    assert counts.steps == {"drop_duplicates": CleanedStep(rows_dropped=1, changed={})}


def test_steps_for_training_only_are_left_out_when_serving() -> None:
    rows = strings("a ", "a ")
    steps = step("trim_text") | step("drop_duplicates", training_only=True)
    served, counts = clean.clean_rows(rows, steps, serving=True)
    assert served["text"].tolist() == ["a", "a"]
    assert counts.steps == {"trim_text": CleanedStep(rows_dropped=0, changed={})}


@pytest.mark.parametrize("serving", [False, True])
def test_only_a_step_for_training_only_drops_rows(serving: bool) -> None:
    with pytest.raises(
        UserError, match=r"drop_duplicates drops rows, .* set `training_only: true`"
    ):
        clean.clean_rows(strings("a", "a"), step("drop_duplicates"), serving=serving)


def test_steps_run_in_order() -> None:
    rows = strings(" NA ")
    first, _ = clean.clean_rows(rows, step("trim_text") | step("unify_missing", markers=["na"]))
    other, _ = clean.clean_rows(rows, step("unify_missing", markers=["na"]) | step("trim_text"))
    assert first["text"].isna().all()
    assert other["text"].tolist() == ["NA"]


@pytest.mark.parametrize(
    "options", [step("unify_case", columns=["txt"]), step("limit", columns={"txt": [0, 1]})]
)
def test_a_step_of_a_missing_column_is_refused(options: dict) -> None:
    with pytest.raises(UserError, match="column 'txt' is not in the data; did you mean 'text'"):
        clean.clean_rows(strings("a"), options)


def test_a_single_row_is_cleaned_as_in_the_table(project: Project) -> None:
    rows = read_table(Path("data/loaded"))
    steps = project.settings("clean").clean.steps
    together, _ = clean.clean_rows(rows, steps, serving=True)
    for position in (0, 3, len(rows) - 1):
        alone, _ = clean.clean_rows(rows.iloc[[position]], steps, serving=True)
        expected = together.iloc[[position]].reset_index(drop=True)
        pd.testing.assert_frame_equal(alone, expected)


@pytest.fixture
def own_step(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], dict[str, Any]]:
    """Return a maker of settings whose step is a function with this body, in pipeline/custom/cleaning.py."""

    def make(body: str, **options: Any) -> dict[str, Any]:
        module = ModuleType("pipeline.custom.cleaning")
        exec(f"def mine(frame):\n    {body}", vars(module))  # noqa: S102
        monkeypatch.setitem(sys.modules, module.__name__, module)
        return {"mine": {"_target_": "pipeline.custom.cleaning.mine", **options}}

    return make


@pytest.mark.parametrize("returned", ["5", "None", "[1]"])
def test_an_owners_step_must_return_a_frame(returned: str, own_step: Any) -> None:
    with pytest.raises(
        UserError,
        match=r"^clean.steps.mine: pipeline.custom.cleaning.mine returned (5|None|a list); a",
    ):
        clean.clean_rows(strings("a"), own_step(f"return {returned}"))


def test_what_an_owners_step_raises_is_shown_with_its_place(own_step: Any) -> None:
    with pytest.raises(ZeroDivisionError) as error:
        clean.clean_rows(strings("a"), own_step("return 1 / 0"))
    assert error.value.__notes__ == [
        "Raised by pipeline.custom.cleaning.mine, which `_target_` names in the settings.",
        "Its place in the settings is clean.steps.mine, in conf/clean/.",
    ]


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("os.system", "os.system cannot clean rows"),
        ("pedigree.cleaning.rows.limit", "cannot clean rows"),
        ("pedigree.cleaning.steps.import_module", "cannot clean rows"),
        ("pedigree.cleaning.as_dict", "has no step 'as_dict'"),
        ("pipeline.custom.sources.fetch", "cannot clean rows"),
        ("pipeline.custom.cleaning.sys", "is not a function that pipeline.custom.cleaning defines"),
        ("pipeline.custom.cleaning.missing", "is not a function that"),
    ],
)
def test_only_cleaning_steps_are_called(target: str, message: str, own_step: Any) -> None:
    own_step("import sys; return frame")
    with pytest.raises(UserError, match=message):
        clean.clean_rows(strings("a"), {"mine": {"_target_": target}})


def test_an_owners_step_may_return_a_frame_of_pandas(own_step: Any) -> None:
    mine = own_step("return frame.to_native().iloc[1:]", training_only=True)
    rows, counts = clean.clean_rows(strings("a", "b"), mine)
    assert rows["text"].tolist() == ["b"]
    assert counts.steps["mine"].rows_dropped == 1
