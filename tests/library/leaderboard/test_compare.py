from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from library.projects import Project

from pedigree.base.names import UserError
from pedigree.base.settings import read_yaml
from pedigree.base.tables import read_json
from pedigree.folds.folding import Fold, interval_of_gain, mean_and_spread

FIRST = {
    "binary": ("roc_auc", False),
    "multiclass": ("f1_macro", False),
    "regression": ("rmse", True),
}


@pytest.mark.parametrize("task", FIRST)
def test_the_leaderboard_ranks_every_family_by_the_first_metric(copy_of, task: str) -> None:
    project = copy_of(task)
    board = pd.read_csv("reports/compare.csv")
    metric, ascending = FIRST[task]
    params = read_yaml(project.folder / "params.yaml")
    assert set(board["model"]) == set(params["compare"]["models"])
    assert board["rank"].tolist() == list(range(1, len(board) + 1))
    assert (
        board[metric].is_monotonic_increasing
        if ascending
        else board[metric].is_monotonic_decreasing
    )
    for name in params["problem"]["metrics"]:
        assert board[name].notna().all()
        assert (board[f"{name}_std"] >= 0).all()
    assert board[f"{metric}_std"].max() > 0


@pytest.mark.parametrize("task", FIRST)
def test_each_model_is_compared_with_the_winner_fold_by_fold(copy_of, task: str) -> None:
    copy_of(task)
    board = pd.read_csv("reports/compare.csv")
    metric, _ = FIRST[task]
    difference = (board[metric] - board[metric].iloc[0]).abs()
    assert board["behind"].to_numpy() == pytest.approx(difference.to_numpy(), abs=1e-6)
    assert board.loc[0, ["behind", "behind_low", "behind_high"]].tolist() == [0, 0, 0]
    assert (board["behind_low"] <= board["behind"]).all()
    assert (board["behind"] <= board["behind_high"]).all()


def test_the_interval_is_wider_than_that_of_independent_folds() -> None:
    rows = pd.DataFrame({"x": range(100)})
    left, out = np.arange(80), np.arange(80, 100)
    fold = Fold(rows[:80], np.zeros(80), rows[80:], np.zeros(20), left, out, None)
    gains = [0.1, 0.3, 0.2, 0.2, float("nan")]
    low, high = interval_of_gain(gains, [fold] * 5, 0.95)
    # By hand: variance 0.02/3 of four folds, (1/4 + 20/80) of it, t of three degrees of freedom 3.1824.
    assert (low + high) / 2 == pytest.approx(0.2)
    assert (high - low) / 2 == pytest.approx(3.1824 * (0.5 * 0.02 / 3) ** 0.5, rel=1e-4)
    assert np.isnan(interval_of_gain([0.1], [fold], 0.95)).all()


@pytest.mark.parametrize("task", FIRST)
def test_learning_beats_the_dummy(copy_of, task: str) -> None:
    copy_of(task)
    assert pd.read_csv("reports/compare.csv")["model"].iloc[-1] == "dummy"


def test_the_winner_is_kept_with_its_settings(project: Project) -> None:
    best = pd.read_csv("reports/compare.csv")["model"].iloc[0]
    models = read_yaml(project.folder / "params.yaml")["compare"]["models"]
    assert read_json(Path("models/winner.json")) == models[best]


def test_the_same_seed_gives_the_same_leaderboard(project: Project) -> None:
    before = Path("reports/compare.csv").read_bytes()
    chart = Path("plots/compare.png").read_bytes()
    project.run("compare")
    assert Path("reports/compare.csv").read_bytes() == before
    project.run("report")
    assert Path("plots/compare.png").read_bytes() == chart


def test_a_family_can_be_left_out_and_added(project: Project) -> None:
    changes = [f"~model@compare.models.{name}" for name in ("catboost", "random_forest", "dummy")]
    project.compose(*changes, "+model@compare.models.again=linear")
    project.run("compare")
    board = pd.read_csv("reports/compare.csv")
    assert set(board["model"]) == {"linear", "hist_gradient_boosting", "again"}
    again, linear = (board.set_index("model").loc[name, "roc_auc"] for name in ("again", "linear"))
    assert again == linear


def test_more_folds_than_groups_are_refused(project: Project) -> None:
    with pytest.raises(UserError, match="cannot be split into 500 folds"):
        project.run("compare", overrides=["compare.folds=500"])


def test_the_spread_is_the_standard_deviation_between_folds() -> None:
    assert mean_and_spread([1.0, 2.0, 3.0]) == (2.0, 1.0)
    assert mean_and_spread([5.0]) == (5.0, 0.0)
