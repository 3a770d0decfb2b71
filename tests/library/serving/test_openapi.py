import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from library.projects import TEMPLATE, Project
from library.serving.requests import body

from pedigree.prediction.bundle import Bundle
from pedigree.serving.core import Service
from pedigree.serving.decoding import DATE
from pedigree.serving.openapi import Schema, describe


def columns(bundle: Bundle) -> Schema:
    post = describe(bundle)["paths"]["/predict"]["post"]
    rows = post["requestBody"]["content"]["application/json"]["schema"]["properties"]["rows"]
    assert rows["items"]["required"] == bundle.needed
    found: Schema = rows["items"]["properties"]
    return found


def test_the_columns_are_described_with_types_and_rules(project: Project) -> None:
    bundle = Bundle.load()
    found = columns(bundle)
    assert list(found) == list(bundle.signature.types)
    assert found["island"]["enum"] == ["Biscoe", "Dream", "Torgersen"]
    assert found["comments"] == {"type": ["string", "null"], "maxLength": 10_000}
    assert found["date_egg"] == {"type": "string", "pattern": DATE}
    mass, missing = found["body_mass_g"]["anyOf"]
    assert mass == {"type": "number", "minimum": -1e38, "maximum": 1e38, "exclusiveMinimum": 0}
    assert missing["enum"][:2] == [None, ""]
    assert found["individual_id"]["allOf"][0]["pattern"] == r"^N\d+A[12]$"


@pytest.mark.parametrize(
    ("rule", "described"),
    [
        ({"dtype": "int64", "in_range": {"min_value": 1, "max_value": 9}}, {"minimum": 1, "maximum": 9}),
        ({"dtype": "int64", "ge": 1, "lt": 9}, {"minimum": 1, "exclusiveMaximum": 9}),
        ({"dtype": "int64", "isin": [1, 2]}, {"enum": [1, 2]}),
        ({"dtype": "float64", "le": 9, "gt": 0.5}, {"maximum": 9, "exclusiveMinimum": 0.5}),
        ({"dtype": "int64", "notin": [3]}, {"not": {"enum": [3]}}),
    ],
)  # fmt: skip
def test_rules_of_the_contract_are_described(
    project: Project, rule: Schema, described: Schema
) -> None:
    bundle = Bundle.load()
    contract = bundle.signature.contract
    signature = bundle.signature.updated(
        contract=contract | {"columns": contract["columns"] | {"sample_number": rule}},
        types=bundle.signature.types | {"sample_number": rule["dtype"]},
    )
    found = columns(replace(bundle, signature=signature))["sample_number"]
    assert {name: found[name] for name in described} == described


@pytest.mark.parametrize(
    ("rule", "described"),
    [
        ({"str_matches": "[a-z]+"}, {"pattern": "^(?:[a-z]+)"}),
        ({"str_matches": r"(?P<own>[a-z]+)\Z"}, {}),
        ({"str_length": {"min_value": 2, "max_value": 20_000}}, {"minLength": 2, "maxLength": 10_000}),
    ],
)  # fmt: skip
def test_rules_of_strings_are_described(project: Project, rule: Schema, described: Schema) -> None:
    bundle = Bundle.load()
    contract = bundle.signature.contract
    more = {"comments": {"dtype": "str", **rule}}
    signature = bundle.signature.updated(
        contract=contract | {"columns": contract["columns"] | more}
    )
    found = columns(replace(bundle, signature=signature))["comments"]["allOf"][0]
    assert found == {"type": "string", "maxLength": 10_000} | described


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_the_example_is_answered_as_described(finished, task: str) -> None:
    service = Service.load(finished(task).folder / "models/bundle")
    post = describe(service.bundle)["paths"]["/predict"]["post"]
    (row,) = post["requestBody"]["content"]["application/json"]["example"]["rows"]
    (answer,) = service.predict([body(row)]).predictions
    schema = post["responses"]["200"]["content"]["application/json"]["schema"]
    described = schema["properties"]["predictions"]["items"]
    assert set(described["required"]) <= set(answer) <= set(described["properties"])


def test_a_pattern_of_dates_knows_the_calendar() -> None:
    for day in ("2024-02-29", "2000-02-29", "1700-01-31", "2199-12-31T23:59:59.123456789-23:59"):
        assert re.fullmatch(DATE, day)
    for day in ("2023-02-29", "1900-02-29", "2024-04-31", "2024-00-10", "1699-12-31", "2024-1-1"):
        assert not re.fullmatch(DATE, day)


@pytest.mark.slow
def test_schemathesis_finds_nothing(project: Project) -> None:
    script = TEMPLATE / "benchmarks/api.py"
    done = subprocess.run(
        [sys.executable, script, "--small", Path("models/bundle").absolute()],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
