from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from library.projects import Project
from sklearn.feature_selection import SelectKBest, f_classif

from pedigree.base.names import UserError
from pedigree.base.tables import read_json, read_table, write_table
from pedigree.features.selection.selector import Selector
from pedigree.features.selection.stability import nogueira, selected_by_fold
from pedigree.features.selection.uninformative import uninformative_columns
from pedigree.folds.folding import FoldScheme

FITTED, SAID, TABLE = map(
    Path, ("models/select.skops", "metrics/select.json", "reports/select.csv")
)


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
def test_an_uninformative_column_is_dropped_with_the_reason(column: list, why: str) -> None:
    assert uninformative_columns(rows().assign(x=column), 0.95) == {"x": why}


def test_of_equal_columns_the_first_stays() -> None:
    data = rows()
    assert uninformative_columns(data.assign(again=data["signal"]), 0.95) == {
        "again": "a copy of signal"
    }


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
    assert uninformative_columns(rows().assign(x=column), 0.95) == {}


def test_measurements_of_penguins_are_no_identifiers(penguins: pd.DataFrame) -> None:
    gone = uninformative_columns(penguins, 0.95)
    assert not [name for name in gone if name.endswith(("_mm", "_g", "_oo"))]
    assert set(gone) >= {"region", "stage"}


def test_the_selector_gets_encoded_strings_missing_values_and_booleans() -> None:
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


def test_only_training_rows_choose(project: Project) -> None:
    before = FITTED.read_bytes()
    validation = read_table(Path("data/features/validation"))
    write_table(validation.assign(culmen_depth_mm=0.0), Path("data/features/validation"))
    project.run("select")
    assert FITTED.read_bytes() == before


@pytest.mark.parametrize(
    ("chosen", "index"),
    [
        ([[1, 1, 0, 0]] * 3, 1.0),
        ([[1, 1, 1]] * 3, 1.0),
        # Each of two features in one of two rounds: variance 1/2 each, by chance 1/4.
        ([[1, 0], [0, 1]], 1 - 0.5 / 0.25),
        # Of four features the first in both rounds, the second in one: 1 - (1/8) / (3/8 * 5/8).
        ([[1, 1, 0, 0], [1, 0, 0, 0]], 1 - 0.125 / (0.375 * 0.625)),
    ],
)
def test_nogueiras_index_is_that_of_the_paper(chosen: list, index: float) -> None:
    assert nogueira(np.array(chosen, dtype=bool)) == pytest.approx(index)


def test_a_choice_by_chance_has_a_stability_near_nought() -> None:
    chosen = np.random.default_rng(0).random((50, 200)) < 0.3
    assert nogueira(chosen) == pytest.approx(0, abs=0.02)


def planted(signal: float) -> tuple[pd.DataFrame, np.ndarray]:
    random = np.random.default_rng(1)
    data = pd.DataFrame(random.normal(size=(120, 12)), columns=[f"f{i}" for i in range(12)])
    return data, (signal * data["f0"] + signal * data["f1"] + random.normal(size=120) > 0).astype(
        int
    ).to_numpy()


def test_a_sure_signal_is_chosen_in_every_fold_and_noise_in_some() -> None:
    found = {}
    for strength in (20.0, 0.0):
        X, y = planted(strength)
        selector = Selector(SelectKBest(f_classif, k=2)).fit(X, y)
        found[strength] = selector.stability(X, y, FoldScheme(y, True, None, None, 0), 5)
    stability, shares = found[20.0]
    assert stability == {"index": 1.0, "folds": 5}
    assert [name for name, share in shares.items() if share == 1] == ["f0", "f1"]
    assert found[0.0][0]["index"] < 0.7


def test_the_choice_is_repeated_on_the_training_part_of_each_fold() -> None:
    X, y = planted(1.0)
    cut = FoldScheme(y, True, None, None, 0)
    chosen = selected_by_fold(SelectKBest(f_classif, k=3), X, y, cut, 4)
    assert list(chosen) == list(X)
    selector = Selector(SelectKBest(f_classif, k=3)).fit(X.assign(same=1), y)
    _, fractions = selector.stability(X.assign(same=1), y, cut, 4)
    assert list(fractions) == list(X)  # what is uninformative_columns was not chosen among
    for (train, _), kept in zip(cut(4), chosen.to_numpy(), strict=True):
        alone = SelectKBest(f_classif, k=3).fit(X.iloc[train], y[train])
        assert kept.tolist() == alone.get_support().tolist()


def test_a_class_too_rare_to_cut_into_folds_stops_nothing(capsys: pytest.CaptureFixture) -> None:
    X, _ = planted(1.0)
    y = (np.arange(120) < 3).astype(int)
    selector = Selector(SelectKBest(f_classif, k=3)).fit(X, y)
    assert selector.stability(X, y, FoldScheme(y, True, None, None, 0), 5) == (None, {})
    assert "was not measured: a class has 3 training rows" in capsys.readouterr().out


def test_the_table_tells_of_each_feature(project: Project) -> None:
    table, said = pd.read_csv(TABLE), read_json(SAID)
    assert table["feature"].tolist() == [
        name for name in read_table(Path("data/features/train")) if name != "sex"
    ]
    assert table.loc[table["kept"], "feature"].tolist() == said["kept"]
    assert dict(table.dropna(subset="reason")[["feature", "reason"]].to_numpy()) == said["dropped"]
    unseen = table["share_of_folds"].isna()
    assert set(table.loc[unseen, "feature"]) == {"region", "stage"}
    assert table.loc[~unseen, "share_of_folds"].isin([0, 0.5, 1]).all()
    assert said["stability"]["folds"] == 2


def test_where_nothing_is_chosen_nothing_is_measured(project: Project) -> None:
    project.compose("select=none")
    project.run("select")
    assert read_json(SAID)["stability"] is None
    assert pd.read_csv(TABLE)["share_of_folds"].isna().all()
