"""Violated rules are described in words, whatever check of pandera a contract uses."""

import re

import pandas as pd
import pytest

from pedigree.data.loading import enforce
from pedigree.data.rules import broken_rule

RULES = [
    ({"gt": 0}, 0, "x should be greater than 0, but is 0"),
    ({"ge": 0}, -1, "x should be at least 0, but is -1"),
    ({"lt": 0}, 0, "x should be less than 0, but is 0"),
    ({"le": 0}, 1, "x should be at most 0, but is 1"),
    ({"eq": 2}, 1, "x should be 2, but is 1"),
    ({"ne": 1}, 1, "x should not be 1, but is 1"),
    ({"in_range": {"min_value": 1, "max_value": 2}}, 3, "x should be in the range 1, 2, but is 3"),
    ({"isin": ["a", "b"]}, "c", "x should be one of 'a', 'b', but is 'c'"),
    ({"notin": ["c"]}, "c", "x should be none of 'c', but is 'c'"),
    ({"str_matches": "^a(b)$"}, "c", "x should match '^a(b)$', but is 'c'"),
    ({"str_contains": "a"}, "c", "x should contain 'a', but is 'c'"),
    ({"str_startswith": "a"}, "c", "x should start with 'a', but is 'c'"),
    ({"str_endswith": "a"}, "c", "x should end with 'a', but is 'c'"),
    ({"str_length": {"min_value": 2, "max_value": 3}}, "c", "x should have a length in the range 2, 3, but is 'c'"),
    ({"nullable": False}, None, "x should not be missing"),
    ({"dtype": "float64"}, "heavy", "x should be of type float64, but is 'heavy'"),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "value", "said"), RULES, ids=lambda one: str(one)[:30])
def test_each_rule_is_described(rule: dict[str, object], value: object, said: str) -> None:
    rows = pd.DataFrame({"x": [value]})
    contract = {"schema_type": "dataframe", "columns": {"x": rule}}
    types = {"x": str(rule["dtype"])} if "dtype" in rule else {}
    (one,) = enforce(rows, contract, types)[1].itertuples()
    assert broken_rule(one.column, one.check, one.failure_case) == said


def test_equal_values_of_a_unique_column_are_described() -> None:
    contract = {"schema_type": "dataframe", "columns": {"x": {"unique": True}}}
    first, _ = enforce(pd.DataFrame({"x": [1, 1]}), contract, {})[1].itertuples()
    assert (
        broken_rule(first.column, first.check, first.failure_case) == "x should be unique, but is 1"
    )


@pytest.mark.parametrize("check", ["my_check", "<Check within: a\nb>", "", "odd(1"])
def test_an_unknown_check_is_named(check: str) -> None:
    said = broken_rule("x", check, 1)
    assert re.fullmatch(r"x should satisfy .*, but is 1", said, re.DOTALL)
    assert check in said
