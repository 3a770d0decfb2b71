import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from library.projects import Project

from pedigree.contract import command, violations
from pedigree.contract.text import edit
from pedigree.contract.widen import widen
from pedigree.data.engine import infer

RAW_FILE = Path("data/raw/penguins.csv")
FILE = Path("contracts/penguins.yaml")
TEXT = """\
# What the penguins must look like.
schema_type: dataframe
api: pandas
strict: false  # further columns may come
columns:
  species:  # the long names
    dtype: str
    nullable: false
    isin:
      - Adelie Penguin (Pygoscelis adeliae)
      - Gentoo penguin (Pygoscelis papua)
      - Chinstrap penguin (Pygoscelis antarctica)
  # where they nest
  island: {dtype: str, nullable: false, isin: [Biscoe, Dream, 'Torgersen']}
  individual_id: {dtype: str, nullable: false, str_matches: "^N\\\\d+A[12]$"}
  date_egg: {dtype: "datetime64[ns]", nullable: false, ge: "2007-01-01"}
  sample_number: {dtype: int64, nullable: false, ge: 1}
  body_mass_g: {dtype: float64, nullable: true, gt: 0, le: 7000}  # in grams
  culmen_length_mm: {dtype: float64, nullable: true, in_range: {min_value: 0, max_value: 100}}
"""
Run = Callable[..., tuple[int, str]]


def edit_rows(change: Callable[[pd.DataFrame], object]) -> None:
    """Change the texts of the snapshot."""
    rows = pd.read_csv(RAW_FILE, dtype=str, keep_default_na=False)
    change(rows)
    rows.to_csv(RAW_FILE, index=False)


def put(column: str, *values: str) -> None:
    """Write values into the first rows of a column of the snapshot."""

    def change(rows: pd.DataFrame) -> None:
        rows.loc[: len(values) - 1, column] = list(values)

    edit_rows(change)


@pytest.fixture
def run(project: Project, monkeypatch: pytest.MonkeyPatch, capsys) -> Run:
    """Run the command in a project whose contract has comments; return exit code and output."""
    project.write(str(FILE), TEXT)

    def command_line(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["contract", *arguments])
        with pytest.raises(SystemExit) as end:
            command.main()
        code = end.value.code
        return (code, capsys.readouterr().out) if isinstance(code, int) else (1, str(code))

    return command_line


def changed_lines(said: str) -> list[str]:
    return [
        line
        for line in said.splitlines()
        if line.startswith(("+", "-")) and not line.startswith(("+++", "---"))
    ]


# --- check ---------------------------------------------------------------------------------------


def test_rows_that_honour_their_contract_are_exit_code_0(run: Run) -> None:
    code, said = run("validate")
    assert code == 0
    assert said.startswith("all ")
    assert said.endswith(f" rows satisfy {FILE}\n")


def test_each_broken_rule_is_told_with_its_count_and_first_rows(run: Run) -> None:
    put("Island", "Biscoe", "Atlantis", "Atlantis", "Thule", "Avalon")
    put("Body Mass (g)", "heavy", "-5")
    code, said = run("validate")
    assert code == 1
    assert (
        "column island should be one of 'Biscoe', 'Dream', 'Torgersen': 4 values "
        "(row 2 has 'Atlantis', row 3 has 'Atlantis', row 4 has 'Thule')" in said
    )
    assert "column body_mass_g should be of type float64: 1 value (row 1 has 'heavy')" in said
    assert "column body_mass_g should be greater than 0: 1 value (row 2 has -5.0)" in said


def test_a_row_counts_for_every_column_in_which_it_breaks_a_rule(run: Run) -> None:
    put("Island", "Atlantis")
    put("Body Mass (g)", "-5")
    said = run("validate")[1]
    assert "column island should be one of " in said
    assert "column body_mass_g should be greater than 0" in said


def test_a_column_that_is_gone_is_a_violation(run: Run) -> None:
    edit_rows(lambda rows: rows.drop(columns="Island", inplace=True))
    code, said = run("validate")
    assert (code, "  column island should be in the data\n" in said) == (1, True)


def test_a_rule_of_the_whole_table_is_a_violation(run: Run) -> None:
    FILE.write_text(TEXT.replace("strict: false", "strict: true"), encoding="utf-8")
    code, said = run("validate")
    assert code == 1
    assert "column_in_schema" in said


def test_without_a_snapshot_it_says_what_to_run(run: Run) -> None:
    Path("data/raw/snapshot.json").unlink()
    assert run("validate") == (
        1,
        "contract: data/raw/snapshot.json does not exist; run `dvc repro collect`.",
    )


# --- update --------------------------------------------------------------------------------------


def test_nothing_to_change_is_said_and_is_exit_code_0(run: Run) -> None:
    code, said = run("update", "--known-only")
    assert code == 0
    assert said.startswith("nothing to change: all ")
    assert FILE.read_text(encoding="utf-8") == TEXT


@pytest.mark.parametrize(
    ("column", "values", "lines"),
    [
        ("Island", ["Atlantis", "No", "Rook: a, b"], [
            "-  island: {dtype: str, nullable: false, isin: [Biscoe, Dream, 'Torgersen']}",
            "+  island: {dtype: str, nullable: false, isin: [Biscoe, Dream, 'Torgersen', Atlantis, "
            '"No", "Rook: a, b"]}',
        ]),
        ("Species", ["Emperor penguin"], ["+      - Emperor penguin"]),
        ("Date Egg", [""], [
            '-  date_egg: {dtype: "datetime64[ns]", nullable: false, ge: "2007-01-01"}',
            '+  date_egg: {dtype: "datetime64[ns]", nullable: true, ge: "2007-01-01"}',
        ]),
        ("Date Egg", ["2006-11-23"], [
            '-  date_egg: {dtype: "datetime64[ns]", nullable: false, ge: "2007-01-01"}',
            '+  date_egg: {dtype: "datetime64[ns]", nullable: false, ge: "2006-11-23"}',
        ]),
        ("Body Mass (g)", ["7100"], [
            "-  body_mass_g: {dtype: float64, nullable: true, gt: 0, le: 7000}  # in grams",
            "+  body_mass_g: {dtype: float64, nullable: true, gt: 0, le: 12000}  # in grams",
        ]),
        ("Body Mass (g)", ["0"], [
            "-  body_mass_g: {dtype: float64, nullable: true, gt: 0, le: 7000}  # in grams",
            "+  body_mass_g: {dtype: float64, nullable: true, le: 7000, ge: 0}  # in grams",
        ]),
        ("Body Mass (g)", ["heavy"], [
            "-  body_mass_g: {dtype: float64, nullable: true, gt: 0, le: 7000}  # in grams",
            "+  body_mass_g: {dtype: str, nullable: true}  # in grams",
        ]),
        ("Sample Number", ["1.5"], [
            "-  sample_number: {dtype: int64, nullable: false, ge: 1}",
            "+  sample_number: {dtype: float64, nullable: false, ge: 1}",
        ]),
        ("Culmen Length (mm)", ["130"], [
            "-  culmen_length_mm: {dtype: float64, nullable: true, in_range: {min_value: 0, max_value: 100}}",
            "+  culmen_length_mm: {dtype: float64, nullable: true, in_range: {min_value: 0, max_value: 230}}",
        ]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_only_the_rule_that_does_not_hold_is_widened(
    run: Run, column: str, values: list[str], lines: list[str]
) -> None:
    put(column, *values)
    code, said = run("update", "--known-only")
    assert code == 0
    assert changed_lines(said) == lines
    assert said.endswith("the contract is unchanged; use --write to write it\n")
    assert FILE.read_text(encoding="utf-8") == TEXT


def test_a_written_contract_holds_and_keeps_comments_and_layout(run: Run) -> None:
    put("Island", "Atlantis", "No")
    put("Body Mass (g)", "heavy", "")
    put("Date Egg", "")
    edit_rows(lambda rows: rows.drop(columns="Sample Number", inplace=True))
    assert run("validate")[0] == 1
    code, said = run("update", "--write", "--known-only")
    assert code == 0
    assert f"{FILE} is written" in said
    text = FILE.read_text(encoding="utf-8")
    assert [line for line in text.splitlines() if "#" in line] == [
        line.replace("float64, nullable: true, gt: 0, le: 7000", "str, nullable: true")
        for line in TEXT.splitlines()
        if "#" in line
    ]
    assert run("validate")[0] == 0
    assert run("update", "--known-only")[1].startswith("nothing to change")


def test_a_column_that_is_gone_need_not_come_and_a_new_one_is_proposed(run: Run) -> None:
    edit_rows(lambda rows: rows.rename(columns={"Sample Number": "Sample"}, inplace=True))
    code, said = run("update")
    assert code == 0
    lines = changed_lines(said)
    assert "+  sample_number: {dtype: int64, nullable: false, ge: 1, required: false}" in lines
    assert "+  sample: {dtype: int64, nullable: true}" in lines
    assert "+  comments: {dtype: str, nullable: true}" in lines


def test_an_empty_contract_is_filled_with_a_line_a_column(run: Run) -> None:
    FILE.write_text("schema_type: dataframe\napi: pandas\ncolumns: {}\n", encoding="utf-8")
    assert run("update", "--write")[0] == 0
    text = FILE.read_text(encoding="utf-8")
    assert '\n  date_egg: {dtype: "datetime64[ns]", nullable: true}\n' in text
    assert run("validate")[0] == 0


def test_what_has_no_wider_form_is_left_and_named(run: Run) -> None:
    put("Individual ID", "bird 1")
    code, said = run("update", "--known-only")
    assert code == 1
    assert (
        "these rules cannot be widened automatically; fix the data, or change the rules manually:"
        in said
    )
    assert "column individual_id should match " in said
    assert changed_lines(said) == []


def test_too_many_new_values_are_no_categories(run: Run) -> None:
    put("Island", *[f"island {number}" for number in range(60)])
    said = run("update", "--known-only")[1]
    assert "+  island: {dtype: str, nullable: false}" in changed_lines(said)
    assert "island: 60 new values: 'island 0', " in said


def test_what_was_seen_is_told_with_each_change(run: Run) -> None:
    put("Body Mass (g)", "heavy", "fat")
    rows = len(pd.read_csv(RAW_FILE))
    assert (
        f"body_mass_g: 2 of {rows} values cannot be read as float64 ('heavy', 'fat'); "
        "gt, le cannot apply to strings\n" in run("update")[1]
    )


def test_repeats_and_lengths_are_widened() -> None:
    rows = pd.DataFrame({"code": ["a", "abcdef", "a"]})
    promise = {"dtype": "str", "unique": True, "str_length": {"min_value": 2, "max_value": 4}}
    changes = widen(rows, {"columns": {"code": promise}})
    assert [change.add for change in changes] == [
        {"str_length": {"min_value": 1, "max_value": 6}},
        {"unique": False},
    ]


PROMISES = st.fixed_dictionaries(
    {"dtype": st.sampled_from(["int64", "float64", "str", "boolean", "datetime64[ns]"])},
    optional={"nullable": st.booleans()},
)
NUMBERS = st.fixed_dictionaries(
    {"dtype": st.sampled_from(["int64", "float64"])},
    optional={
        "nullable": st.booleans(),
        "ge": st.integers(-5, 5),
        "lt": st.floats(-10, 10),
        "isin": st.lists(st.integers(0, 3), min_size=1, unique=True),
    },
)
CELLS = st.one_of(
    st.none(),
    st.integers(-999, 999).map(str),
    st.floats(-1e6, 1e6).map(str),
    st.sampled_from(["yes", "No", "null", "2007-11-11", "a: b, [c] #", "x", "'", "on", "1e3", "~"]),
)


@given(st.lists(CELLS, min_size=1, max_size=6), st.one_of(PROMISES, NUMBERS))
def test_whatever_comes_honours_the_widened_contract(cells: list, promise: dict) -> None:
    rows = pd.DataFrame({"a": pd.Series(cells, dtype="str"), "b": pd.Series(cells, dtype="str")})
    contract = {"schema_type": "dataframe", "columns": {"a": promise}}
    text = yaml.safe_dump(contract, sort_keys=False)
    wider = yaml.safe_load(edit(text, widen(rows, contract)))
    assert violations(rows, wider) == []
    assert wider["columns"]["b"] == {"dtype": infer(rows["b"]), "nullable": True}
    assert widen(rows, wider) == []


@pytest.mark.parametrize(
    "value", ["No", "on", "1", "1.5", "~", "null", "2007-11-11", "a, b", "", " "]
)
def test_an_added_text_is_read_back_as_the_same_text(value: str) -> None:
    rows = pd.DataFrame({"a": pd.Series(["x", value], dtype="str")})
    contract = {"columns": {"a": {"dtype": "str", "isin": ["x"]}}}
    for text in (
        "columns:\n  a: {dtype: str, isin: [x]}\n",
        "columns:\n  a:\n    isin:\n    - x\n",
    ):
        assert yaml.safe_load(edit(text, widen(rows, contract)))["columns"]["a"]["isin"] == [
            "x",
            value,
        ]
