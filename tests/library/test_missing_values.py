"""Every stage and every explanation, on a table with missing values in columns of each kind."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from library.projects import Project, extra, make_project, stages

from pedigree.base.tables import is_missing, jsonable
from pedigree.data.rules import broken_rule
from pedigree.explanation.tables import written

ROWS = 300
TYPES = {
    "person": "str",
    "seen": "datetime64[ns]",
    "size": "float64",
    "visits": "int64",
    "member": "boolean",
    "active": "boolean",
    "town": "str",
    "remark": "str",
    "answer": "str",
}


@pytest.mark.parametrize("value", [None, float("nan"), pd.NA, pd.NaT, np.float64("nan")])
def test_each_missing_value_is_one(value: object) -> None:
    assert is_missing(value)
    assert written(value) is None
    assert jsonable({"x": pd.NA if value is pd.NA else float("nan")}) == {"x": None}
    assert broken_rule("member", "not_nullable", value) == "member should not be missing"


def table(seed: int) -> pd.DataFrame:
    """Make rows with missing values in every column, of which the target depends on some."""
    draw = np.random.default_rng(seed)
    size, member = draw.normal(50, 10, ROWS).round(2), draw.random(ROWS) < 0.4
    rows = pd.DataFrame(
        {
            "person": [f"p{n // 3}" for n in range(ROWS)],
            "seen": pd.date_range("2024-01-01", periods=ROWS).strftime("%Y-%m-%d"),
            "size": size,
            "visits": draw.integers(0, 9, ROWS),
            "member": np.where(member, "true", "false"),
            "active": draw.choice(["yes", "no"], ROWS),
            "town": draw.choice(["Rome", "Oslo", "NA town"], ROWS),
            "remark": [" ".join(draw.choice(["to", "be", "or", "not", "it"], 5)) for _ in range(ROWS)],
            "answer": np.where(size / 10 + 2 * member + draw.normal(size=ROWS) > 6, "yes", "no"),
        },
        dtype="object",
    )  # fmt: skip
    for name in rows.columns.drop("person"):
        rows.loc[draw.random(ROWS) < 0.15, name] = ""
    return rows


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("missing") / "project"


def test_every_stage_runs_with_missing_values_in_columns_of_every_kind(folder: Path) -> None:
    for name in ("skrub", "lime", "eli5"):
        extra(name)
    project: Project = make_project(folder, "binary")
    table(0).to_csv(folder / "data/external/penguins.csv", index=False)
    later = table(1).assign(visits="many")
    later.loc[20:, "visits"] = "3"
    later.to_csv(folder / "data/incoming/later.csv", index=False)
    columns = {name: {"dtype": dtype, "nullable": True} for name, dtype in TYPES.items()}
    columns["visits"]["ge"] = 0
    project.write(
        "contracts/penguins.yaml", {"schema_type": "dataframe", "api": "pandas", "columns": columns}
    )
    project.write("conf/problem/penguins.yaml", {
        "defaults": [{"task@_here_": "binary"}, "_self_"], "goal": "Try.", "target": "answer",
        "positive": "yes", "group": ["person"], "time": "seen", "exclude": {"person": "an id"},
        "slices": ["member", "town", "visits"], "protected": ["active"], "criteria": {},
    })  # fmt: skip
    project.compose(
        "profile=[default,tables]", "clean=default", "engineer=rich", "explain=all",
        "explain.single_rows=20",
        "select=none", "model=hist_gradient_boosting", "tune=off",
    )  # fmt: skip
    project.run(*(stage for stage in stages() if stage != "configure"))
    shown = pd.read_csv(
        folder / "reports/explain/contributions.csv", dtype=str, keep_default_na=False
    )
    members = shown.loc[shown["feature"] == "member", "value"]
    assert set(members) == {"", "True", "False"}
