"""The benchmark of quality: the same cut for everybody, no test row among those to learn from, ranks that add up."""

import sys
from pathlib import Path

import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
from quality import CONTENDERS, judge, report
from sets import read


@pytest.mark.parametrize(
    ("name", "task"),
    [("wine", "multiclass"), ("breast_cancer", "binary"), ("diabetes", "regression")],
)
def test_a_set_is_cut_the_same_way_each_time_and_another_with_another_seed(
    name: str, task: str
) -> None:
    table, again, other = read(name, 0), read(name, 0), read(name, 1)
    assert table.task == task
    pd.testing.assert_frame_equal(table.test, again.test)
    assert not table.test.equals(other.test)
    assert len(table.test) / (len(table.train) + len(table.test)) == pytest.approx(0.25, abs=0.01)
    sides = table.sides(0)
    assert sides["side"].value_counts()["test"] == len(table.test)
    pd.testing.assert_frame_equal(
        sides[sides["side"] == "test"].drop(columns="side").reset_index(drop=True), table.test
    )
    assert (sides["side"] == "validation").mean() == pytest.approx(0.075, abs=0.01)


def test_a_file_is_a_set_too(tmp_path: Path) -> None:
    rows = pd.DataFrame({"x": range(40), "leak": range(40), "y": ["no", "yes"] * 20})
    rows.to_csv(tmp_path / "mine.csv", index=False)
    table = read(f"{tmp_path / 'mine.csv'}:y:leak", 0)
    assert (table.name, table.task, table.classes) == ("mine", "binary", ["no", "yes"])
    assert list(table.train) == ["x", "y"]


@pytest.mark.slow
def test_a_contender_is_judged_on_rows_it_has_not_seen() -> None:
    row = judge("catboost", read("wine", 0), 60, 0)
    assert 0 < float(str(row["loss"])) < 0.3 and float(str(row["roc_auc"])) > 0.95


def test_ranks_are_means_over_the_sets_that_all_have_done() -> None:
    results = pd.DataFrame(
        [
            (name, "regression", 100, seed, contender, 240.0, 1.0, loss, None)
            for seed in (0, 1)
            for name, losses in {"a": (1, 2, 3), "b": (2, 1, 3), "c": (1, 2)}.items()
            for contender, loss in zip(list(CONTENDERS)[1:], losses, strict=False)
        ],
        columns=[
            "set",
            "task",
            "rows",
            "seed",
            "contender",
            "budget",
            "seconds",
            "loss",
            "roc_auc",
        ],
    )
    shown = report(results, 240)
    assert "| mean rank, 2 sets | | 1.50 | 1.50 | 3.00 |" in shown
    assert "| a | 100 | **1 ± 0** | 2 ± 0 | 3 ± 0 |" in shown
    assert "| c | 100 | **1 ± 0** | 2 ± 0 | – |" in shown
