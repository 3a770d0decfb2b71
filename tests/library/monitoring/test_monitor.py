from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from library.projects import Project
from omegaconf import OmegaConf

from pedigree.base.tables import read_json
from pedigree.monitoring.drift import column_drift
from pedigree.monitoring.performance import reasons
from pedigree.scoring.results import BatchScore

LATER = Path("data/incoming/later.csv")
OPTIONS = OmegaConf.create({"max_drifted_share": 0.5, "max_loss": 0.05})


def said() -> dict[str, Any]:
    return read_json(Path("metrics/monitor.json"))


def edit(change) -> None:
    rows = pd.read_csv(LATER, dtype=str, keep_default_na=False)
    change(rows)
    rows.to_csv(LATER, index=False)


def drifted(train: pd.DataFrame, batch: pd.DataFrame) -> set[str]:
    return {one["column"] for one in column_drift(train, batch, 0.05, 0.2) if one["drifted"]}


@given(st.integers(0, 50))
def test_rows_of_the_same_penguins_have_not_drifted(seed: int) -> None:
    random = np.random.default_rng(seed)
    train = pd.DataFrame({"x": random.normal(size=200), "y": random.choice(["a", "b"], 200)})
    assert drifted(train, train.sample(120, replace=True, random_state=seed)) == set()


def test_planted_drift_is_found_where_it_was_planted(penguins: pd.DataFrame) -> None:
    batch = penguins.sample(150, random_state=1)
    moved = batch.assign(body_mass_g=batch["body_mass_g"] + 800, island="Dream")
    assert drifted(penguins, batch) == set()
    assert drifted(penguins, moved) == {"body_mass_g", "island"}


def test_a_column_that_has_lost_all_its_values_has_drifted(penguins: pd.DataFrame) -> None:
    batch = penguins.sample(150, random_state=1).assign(body_mass_g=np.nan, island=None)
    assert drifted(penguins, batch) == {"body_mass_g", "island"}
    assert drifted(batch, penguins) == {"body_mass_g", "island"}


def test_a_small_difference_does_not_matter_however_sure_it_is() -> None:
    random = np.random.default_rng(0)
    train, batch = (pd.DataFrame({"x": random.normal(m, 1, 20000)}) for m in (0, 0.1))
    (line,) = column_drift(train, batch, 0.05, 0.2)
    assert line["p"] < 0.001
    assert not line["drifted"]


def test_distances_are_known_ones_and_dates_are_left_out(penguins: pd.DataFrame) -> None:
    train = pd.DataFrame({"n": [1.0, 2, 3, 4], "t": list("aabb"), "when": pd.Timestamp("2020")})
    batch = pd.DataFrame({"n": [3.0, 4, 5, 6], "t": list("abbb"), "when": pd.Timestamp("2021")})
    found = {
        one["column"]: (one["kind"], one["distance"])
        for one in column_drift(train, batch, 0.05, 0.2)
    }
    assert found == {"n": ("number", 0.5), "t": ("text", 0.25)}


def test_many_columns_do_not_drift_by_chance() -> None:
    random = np.random.default_rng(1)
    train, batch = (
        pd.DataFrame(random.normal(size=(40, 200)), columns=map(str, range(200))) for _ in range(2)
    )
    assert len([one for one in column_drift(train, batch, 0.05, 0.0) if one["drifted"]]) <= 1


def test_a_later_batch_takes_the_way_of_a_request(project: Project) -> None:
    result = said()
    assert result["rows"] == len(pd.read_csv(LATER))
    assert result["rejected"] == 0
    assert (
        result["performance"]["labelled"]
        == pd.read_csv(LATER)["Sex"].isin(["MALE", "FEMALE"]).sum()
    )
    low, high = result["performance"]["interval"]
    assert low <= result["performance"]["value"] <= high


def test_drift_of_what_the_model_needs_triggers_a_retraining(project: Project) -> None:
    def grow(rows: pd.DataFrame) -> None:
        for name in rows.columns[rows.columns.str.endswith(("(mm)", "(g)", "(o/oo)"))]:
            rows[name] = (pd.to_numeric(rows[name], errors="coerce") * 2).astype("str")

    edit(grow)
    project.run("monitor")
    assert said()["retrain"] is True
    assert "columns that the model needs have drifted" in said()["reasons"][0]
    assert "culmen_depth_mm" in said()["reasons"][0]


def test_a_loss_of_performance_triggers_a_retraining(project: Project) -> None:
    edit(lambda rows: rows.update(rows["Sex"].map({"MALE": "FEMALE", "FEMALE": "MALE"})))
    project.run("monitor")
    assert said()["retrain"] is True
    assert any(reason.startswith("roc_auc fell from") for reason in said()["reasons"])


def test_without_labels_drift_alone_decides(project: Project) -> None:
    edit(lambda rows: rows.drop(columns="Sex", inplace=True))
    project.run("monitor")
    assert said()["performance"] is None
    assert said()["rows"] == len(pd.read_csv(LATER))


def test_rows_that_break_the_contract_are_counted_and_left_out(project: Project) -> None:
    edit(lambda rows: rows.__setitem__("Island", ["Atlantis", *rows["Island"][1:]]))
    project.run("monitor")
    assert said()["rejected"] == 1
    assert said()["rows"] == len(pd.read_csv(LATER)) - 1
    assert "Atlantis" in Path("reports/monitor.html").read_text(encoding="utf-8")


def test_an_empty_folder_says_so(project: Project) -> None:
    LATER.unlink()
    project.run("monitor")
    assert said() == {"retrain": False, "reasons": ["no batch in data/incoming/"], "rows": 0}
    assert "no batch" in Path("reports/monitor.html").read_text(encoding="utf-8")


def test_a_performance_that_cannot_be_computed_is_no_reason(project: Project) -> None:
    edit(lambda rows: rows.__setitem__("Sex", "MALE"))
    project.run("monitor")
    assert said()["performance"]["value"] is None
    assert not [reason for reason in said()["reasons"] if "fell" in reason]


def test_monitoring_twice_gives_the_same_bytes(project: Project) -> None:
    paths = [
        Path("metrics/monitor.json"),
        Path("reports/monitor.html"),
        Path("plots/monitor/drift.png"),
    ]
    before = [path.read_bytes() for path in paths]
    project.run("monitor")
    assert [path.read_bytes() for path in paths] == before


@pytest.mark.parametrize(
    ("moved", "retrain"), [([], False), (["a"], False), (["a", "b"], True), (["z", "y"], False)]
)
def test_more_than_the_allowed_share_of_needed_columns_must_drift(
    moved: list, retrain: bool
) -> None:
    lines = [{"column": name, "drifted": True} for name in moved]
    assert bool(reasons(lines, {"a", "b", "c"}, None, OPTIONS)) is retrain


@pytest.mark.parametrize(
    ("metric", "validation", "interval", "retrain"),
    [
        ("roc_auc", 0.9, [0.5, 0.8], True),
        ("roc_auc", 0.9, [0.5, 0.86], False),
        ("rmse", 100.0, [106.0, 150.0], True),
        ("rmse", 100.0, [104.0, 150.0], False),
        ("roc_auc", None, [0.5, 0.8], False),
        ("roc_auc", 0.9, [float("nan"), float("nan")], False),
    ],
)
def test_only_a_sure_loss_counts(metric, validation, interval, retrain: bool) -> None:
    score = BatchScore(
        labelled=100,
        metric=metric,
        greater_is_better=metric != "rmse",
        value=sum(interval) / 2,
        interval=interval,
        validation=validation,
    )
    assert bool(reasons([], {"a"}, score, OPTIONS)) is retrain
