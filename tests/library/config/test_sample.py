"""The rows on which `configure` fits an owner's transformers follow the contract."""

from pathlib import Path

import pytest

from pedigree.config.sample import ROWS, sample_rows
from pedigree.data.contract_file import read_contract
from pedigree.data.loading import enforce


def test_rows_of_the_example_have_the_types_and_values_of_its_contract() -> None:
    contract = read_contract(Path("contracts/penguins.yaml"))
    for column in contract["columns"].values():
        column.pop("str_matches", None)  # patterns are not followed
    rows = sample_rows(contract["columns"])
    types = {name: rules["dtype"] for name, rules in contract["columns"].items()}
    typed, broken = enforce(rows, contract, types)
    assert broken.empty
    assert len(typed) == ROWS
    assert list(typed) == list(contract["columns"])


@pytest.mark.parametrize(
    "rules",
    [
        {"dtype": "int64", "ge": 1, "le": 3},
        {"dtype": "int64", "le": -5},
        {"dtype": "float64", "gt": 0, "lt": 1},
        {"dtype": "float64", "lt": 0},
        {"dtype": "int64", "isin": [2, 4]},
        {"dtype": "boolean"},
        {"dtype": "datetime64[ns]"},
        {"dtype": "str"},
    ],
    ids=str,
)
@pytest.mark.parametrize("nullable", [False, True])
def test_values_are_within_bounds_and_only_nullable_columns_have_missing_ones(
    rules: dict[str, object], nullable: bool
) -> None:
    columns = {"one": {**rules, "nullable": nullable}}
    contract = {"schema_type": "dataframe", "columns": columns}
    rows = sample_rows(columns)
    typed, broken = enforce(rows, contract, {"one": str(rules["dtype"])})
    assert broken.empty
    assert typed["one"].isna().any() == nullable
    assert typed["one"].nunique() > 1


def test_a_column_without_rules_is_a_string() -> None:
    assert sample_rows({"one": None})["one"].dtype == "str"
