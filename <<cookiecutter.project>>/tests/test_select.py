from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT, Project
from sklearn.feature_selection import SelectKBest, f_classif

from pipeline.core.base.names import UserError
from pipeline.core.base.tables import read_json, read_table, write_table
from pipeline.select import Selector, useless

FITTED = Path("models/select.skops")


def rows(n: int = 40) -> pd.DataFrame:
    random = np.random.default_rng(0)
    return pd.DataFrame({"signal": random.normal(size=n), "noise": random.normal(size=n)})


@pytest.mark.parametrize(
    ("column", "why"),
    [
        ([1.5] * 40, "constant: always 1.5"),
        ([None] * 40, "no value in any row"),
        ([f"id{n}" for n in range(40)], "identifier-like: 40 different values in 40 rows"),
        (list(range(1000, 1040)), "identifier-like: 40 different values in 40 rows"),
    ],
)
def test_a_useless_column_goes_with_the_reason(column: list, why: str) -> None:
    assert useless(rows().assign(x=column), 0.95) == {"x": why}


def test_of_equal_columns_the_first_stays() -> None:
    data = rows()
    assert useless(data.assign(again=data["signal"]), 0.95) == {"again": "a copy of signal"}


@pytest.mark.parametrize(
    "column",
    [
        ["a", None] * 20,
        [True, False] * 20,
        list(np.linspace(0, 1, 40)),
        [n * 1000 for n in range(40)],
        [f"id{n % 30}" for n in range(40)],
    ],
)
def test_a_column_that_may_teach_something_stays(column: list) -> None:
    assert useless(rows().assign(x=column), 0.95) == {}


def test_measurements_of_penguins_are_no_identifiers(penguins: pd.DataFrame) -> None:
    gone = useless(penguins, 0.95)
    assert not [name for name in gone if name.endswith(("_mm", "_g", "_oo"))]
    assert set(gone) >= {"region", "stage"}


def test_the_chooser_sees_texts_gaps_and_truth_values() -> None:
    y = np.arange(40) % 2
    data = rows().assign(
        text=np.where(y, "yes", "no"), gap=[None, *np.random.default_rng(1).normal(size=39)]
    )
    data["flag"] = pd.Series(y == 1, dtype="boolean").where(np.arange(40) != 3)
    selector = Selector(SelectKBest(f_classif, k=2)).fit(data, y)
    assert selector.kept_ == ["text", "flag"]
    assert selector.dropped_ == dict.fromkeys(
        ("signal", "noise", "gap"), "not chosen by SelectKBest"
    )
    assert list(selector.transform(data)) == selector.kept_


def test_nothing_left_is_refused() -> None:
    with pytest.raises(UserError, match="no feature is left of x; see conf/select/"):
        Selector().fit(pd.DataFrame({"x": [1] * 30}), np.arange(30) % 2)


def test_every_feature_is_kept_or_dropped_with_a_reason(project: Project) -> None:
    said = read_json(Path("metrics/select.json"))
    made = [name for name in read_table(Path("data/features/train")) if name != "sex"]
    assert set(said["kept"]) | set(said["dropped"]) == set(made)
    assert not set(said["kept"]) & set(said["dropped"])
    assert said["dropped"]["region"] == "constant: always 'Anvers'"
    assert all(said["dropped"].values())


TELLING = {  # what each task cannot do without: one of these
    "binary": {"culmen_depth_mm", "body_mass_g", "culmen_length_mm"},
    "multiclass": {"culmen_length_mm", "flipper_length_mm", "culmen_length_mm_per_culmen_depth_mm"},
    "regression": {"flipper_length_mm", "species", "flipper_length_mm_mean_by_species_island"},
}


@pytest.mark.parametrize("task", TELLING)
@pytest.mark.parametrize(
    "name", sorted(path.stem for path in (ROOT / "conf/select").glob("*.yaml"))
)
def test_each_option_keeps_what_tells_and_is_stored_alike(copy_of, task: str, name: str) -> None:
    project = copy_of(task)
    project.compose(f"select={name}")
    project.run("select")
    first = FITTED.read_bytes()
    project.run("select", "train")
    assert FITTED.read_bytes() == first
    assert TELLING[task] & set(read_json(Path("metrics/select.json"))["kept"])


def test_only_training_rows_choose(project: Project) -> None:
    before = FITTED.read_bytes()
    validation = read_table(Path("data/features/validation"))
    write_table(validation.assign(culmen_depth_mm=0.0), Path("data/features/validation"))
    project.run("select")
    assert FITTED.read_bytes() == before
