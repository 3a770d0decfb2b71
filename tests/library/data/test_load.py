import datetime as dt
from pathlib import Path

import pandas as pd
import pytest
from library.projects import Project

from pedigree.base.names import UserError
from pedigree.base.tables import read_json, read_table
from pedigree.data.loading import column_types, enforce, read_contract

RAW_FILE = Path("data/raw/penguins.csv")


def edit(change) -> None:
    """Change the texts of the snapshot."""
    rows = pd.read_csv(RAW_FILE, dtype=str, keep_default_na=False)
    change(rows)
    rows.to_csv(RAW_FILE, index=False)


def state() -> dict[str, bytes]:
    folders = ("data/loaded", "data/rejected")
    paths = [
        *(path for folder in folders for path in Path(folder).iterdir()),
        Path("metrics/load.json"),
    ]
    return {str(path): path.read_bytes() for path in paths}


def refusal(project: Project, *overrides: str) -> str:
    before = state()
    with pytest.raises(UserError) as error:
        project.run("load", overrides=overrides)
    assert state() == before
    return str(error.value)


def test_columns_get_the_contracts_types_and_the_others_the_narrowest(project: Project) -> None:
    rows = read_table(Path("data/loaded"))
    types = {name: str(dtype) for name, dtype in rows.dtypes.items()}
    assert types["date_egg"] == "datetime64[ns]"
    assert types["body_mass_g"] == "float64"
    assert types["sample_number"] == "int64"
    assert types["flipper_length_mm"] == "float64"  # whole numbers, but some are missing
    assert types["sex"] == "str"
    message = read_json(Path("metrics/load.json"))["types"]
    assert {name for name in types if message[name] != types[name]} == {"flipper_length_mm"}
    assert message["flipper_length_mm"] == "int64"


def test_every_row_of_the_snapshot_is_loaded_in_its_order(project: Project) -> None:
    raw = pd.read_csv(RAW_FILE)
    assert (
        read_table(Path("data/loaded"))["sample_number"].tolist() == raw["Sample Number"].tolist()
    )
    assert read_table(Path("data/rejected")).empty


def test_rows_that_break_the_contract_are_kept_apart_with_the_reason(project: Project) -> None:
    def spoil(rows: pd.DataFrame) -> None:
        rows.loc[2, "Island"] = "Atlantis"
        rows.loc[5, "Body Mass (g)"] = "heavy"
        rows.loc[7, "Body Mass (g)"] = "-1"

    rows = len(read_table(Path("data/loaded")))
    edit(spoil)
    project.run("load", overrides=["load.max_rejected=3"])
    rejected = read_table(Path("data/rejected"))
    assert rejected["island"].tolist()[0] == "Atlantis"
    assert rejected["body_mass_g"].tolist()[1:] == ["heavy", "-1"]
    reasons = rejected["reason"].tolist()
    assert reasons[0].startswith("island: isin")
    assert reasons[1] == "body_mass_g: is float64"
    assert reasons[2].startswith("body_mass_g: greater_than(0)")
    counts = read_json(Path("metrics/load.json"))
    assert (counts["rows"], counts["loaded"], counts["rejected"]) == (rows, rows - 3, 3)


def test_too_many_broken_rows_stop_with_column_rule_and_first_rows(project: Project) -> None:
    def spoil(rows: pd.DataFrame) -> None:
        rows.loc[[1, 3], "Island"] = "Atlantis"

    edit(spoil)
    message = refusal(project, "load.max_rejected=1")
    assert (
        "the contract contracts/penguins.yaml is violated by 2 rows, but load.max_rejected allows 1"
        in message
    )
    assert "column island should be one of 'Biscoe', 'Dream', 'Torgersen': 2 rows (" in message
    assert "row 2 has 'Atlantis', row 4 has 'Atlantis'" in message


def test_a_broken_number_is_shown_as_it_was_written(project: Project) -> None:
    edit(lambda rows: rows.__setitem__("Body Mass (g)", ["-2", *rows["Body Mass (g)"][1:]]))
    assert "column body_mass_g should be greater than 0: 1 row (row 1 has -2.0)" in refusal(project)


def test_a_missing_column_is_named(project: Project) -> None:
    edit(lambda rows: rows.rename(columns={"Island": "Iland"}, inplace=True))
    assert refusal(project) == (
        "column 'island' of the contract is missing in the data; did you mean 'iland'?"
    )


def test_a_missing_contract_is_named(project: Project) -> None:
    with pytest.raises(UserError, match=r"contracts/none\.yaml does not exist"):
        read_contract(Path("contracts/none.yaml"))
    project.write("contracts/list.yaml", ["a"])
    with pytest.raises(UserError, match=r"contracts/list\.yaml is not a contract"):
        read_contract(Path("contracts/list.yaml"))


def test_an_optional_column_of_the_contract_may_be_missing() -> None:
    rows = pd.DataFrame({"a": ["1"]})
    assert column_types(rows, {"columns": {"b": {"dtype": "str", "required": False}}}) == {
        "a": "int64"
    }


def test_a_rule_for_the_whole_table_stops_the_run() -> None:
    rows = pd.DataFrame({"a": ["1"], "b": ["2"]})
    contract = {"schema_type": "dataframe", "strict": True, "columns": {"a": {"dtype": "int64"}}}
    with pytest.raises(UserError, match=r"violates its contract: column_in_schema: b"):
        enforce(rows, contract, {"a": "int64", "b": "int64"})


def test_the_first_violation_of_a_row_is_its_reason() -> None:
    rows = pd.DataFrame({"a": ["x", "-1", "1"]})
    contract = {
        "schema_type": "dataframe",
        "columns": {"a": {"dtype": "int64", "nullable": False, "ge": 0}},
    }
    _, broken = enforce(rows, contract, {"a": "int64"})
    assert broken.index.tolist() == [0, 1]
    assert broken["reason"].tolist() == ["a: is int64", "a: greater_than_or_equal_to(0)"]


def test_checking_a_contract_leaves_the_offsets_of_times_alone() -> None:
    import pyarrow as pa

    enforce(pd.DataFrame({"a": ["1"]}), {"columns": {"a": {"dtype": "int64"}}}, {"a": "int64"})
    noon = dt.datetime(2024, 6, 1, 12, tzinfo=dt.timezone(dt.timedelta(hours=2)))
    assert pa.array([noon], pa.timestamp("us", "UTC"))[0].as_py() == noon


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["problem.target=Sexe"], "problem.target 'sexe' is not in the data; did you mean 'sex'?"),
        (["problem.target=region"], "problem.target 'region' is 'Anvers' in every row"),
        (["problem.target=Culmen Length (mm)"], "'culmen_length_mm' has 1"),
        (["problem.task=multiclass", "problem.target=Sample Number"], "the class '81' has fewer than 3 rows"),
        (["problem.task=regression"], "'sex' is not numeric, but problem.task is regression; its first value is 'MALE'"),
        (["problem.task=multiclass", "problem.target=Individual ID"], "has fewer than 3 rows"),
        (["problem.group=[species,individual]"], "problem.group: column 'individual' is not in the data; did you mean 'individual_id'?"),
        (["problem.time=Date"], "problem.time: column 'date' is not in the data"),
    ],
)  # fmt: skip
def test_a_target_that_cannot_be_learned_is_refused(
    project: Project, overrides: list[str], message: str
) -> None:
    assert message in refusal(project, *overrides)


def test_an_excluded_column_must_be_there(project: Project) -> None:
    project.compose("+problem.exclude.coments=late")
    assert "problem.exclude: column 'coments' is not in the data; did you mean" in refusal(project)


def test_a_target_without_any_value_is_refused(project: Project) -> None:
    edit(lambda rows: rows.__setitem__("Sex", ""))
    assert refusal(project) == "problem.target 'sex' has no value in any row."
