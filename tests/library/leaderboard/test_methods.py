"""Halving and nested cross-validation: planted scores, whose ranking is known, and the real penguins."""

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from library.projects import Project

from pedigree.base.names import UserError
from pedigree.base.stage import run
from pedigree.base.tables import read_json
from pedigree.estimators.settings import Dimension, Model
from pedigree.folds.folding import Fold, FoldScheme
from pedigree.leaderboard.board import last_round, leaderboard
from pedigree.leaderboard.contest import Contest
from pedigree.leaderboard.methods import all_folds, nested, successive_halving
from pedigree.scoring.metrics import METRICS
from pedigree.training.cross_validation import Outcome
from pedigree.training.data import Training
from pipeline import compare

N = 200
ROC_AUC = METRICS["roc_auc"]
SPACE = {"x": Dimension(type="float", low=0.0, high=1.0)}
Score = Callable[[str, Fold, dict[str, Any]], float]


class Planted(Contest):
    """A contest whose scores are told instead of measured; it remembers what it was asked."""

    score: Score
    asked: list[tuple[str, Fold, dict[str, Any]]]

    def measure(self, name: str, fold: Fold, changes: dict[str, Any] | None = None) -> Outcome:
        self.asked.append((name, fold, changes or {}))
        return Outcome({"roc_auc": self.score(name, fold, changes or {})}, 0.2, 0.1)


def planted(names: str, score: Score, **training: Any) -> Planted:
    rows = pd.DataFrame({"id": range(N)})
    y = np.arange(N) % 2
    known = {"groups": None, "when": None} | training
    contest = Planted(
        {
            name: Model.model_construct(search_space=SPACE if name.isupper() else {})
            for name in names
        },
        Training(rows, y, ["no", "yes"], [], FoldScheme(y, True, seed=0, **known)),
        [ROC_AUC],
        folds=4,
        repeats=1,
        seed=1,
    )
    object.__setattr__(contest, "score", score)
    object.__setattr__(contest, "asked", [])
    return contest


def by_name(name: str, fold: Fold, changes: dict[str, Any]) -> float:
    """Later letters are better, and differ a little from fold to fold."""
    return ord(name.lower()) / 200 + (fold.rows_held_out[0] % 7) * ord(name.lower()) / 1e4


def test_every_model_is_measured_on_every_fold() -> None:
    (only,) = all_folds(planted("abc", by_name))
    assert {name: len(each) for name, each in only.outcomes.items()} == dict.fromkeys("abc", 4)
    assert only.ranked(ROC_AUC) == ["c", "b", "a"]
    assert only.seconds("a") == {"fit": 0.2, "predict": 0.1}


@pytest.mark.parametrize(("rows", "folds"), [(None, 8), (150, 8), (149, 4)])
def test_folds_are_drawn_again_only_where_they_have_no_rows_to_spare(
    rows: int | None, folds: int
) -> None:
    contest = replace(planted("ab", by_name), repeats=2, rows=rows)
    assert len(contest.cut()) == folds


def test_the_better_half_goes_on_with_twice_the_rows_and_those_who_leave_are_told(capsys) -> None:
    rounds = successive_halving(planted("abcdefg", by_name), finalists=2, folds=2, rows=0.25)
    assert ["".join(sorted(one.outcomes)) for one in rounds] == ["abcdefg", "defg", "fg"]
    assert [len(one.cut) for one in rounds] == [2, 2, 4]
    assert [len(one.cut[0].y) for one in rounds] == [38, 76, 150]  # of 150; 19, 38, 75 a class
    assert "c, b, a left in round 1" in capsys.readouterr().out
    board = leaderboard(rounds, [ROC_AUC], 0.95)
    assert [row["model"] for row in board] == list("gfedcba")
    assert [row["left_in_round"] for row in board] == [None, None, 2, 2, 1, 1, 1]
    assert [row["folds"] for row in board] == [4, 4, 2, 2, 2, 2, 2]


def test_a_model_that_left_is_compared_with_the_winner_on_the_rows_that_both_were_measured_on() -> (
    None
):
    contest = planted("abcd", by_name)
    rounds = successive_halving(contest, finalists=2, folds=2, rows=0.5)
    row = leaderboard(rounds, [ROC_AUC], 0.95)[-1]
    first = rounds[0].cut
    gains = [by_name("d", fold, {}) - by_name("a", fold, {}) for fold in first]
    assert row["model"] == "a"
    assert row["behind"] == pytest.approx(np.mean(gains))
    ratio = len(first[0].y_held_out) / len(first[0].y)  # of the rows that were fitted in that round
    reach = 12.7062 * (np.var(gains, ddof=1) * (1 / 2 + ratio)) ** 0.5
    assert row["behind_high"] - row["behind"] == pytest.approx(reach, rel=1e-4)


def test_whoever_leads_early_on_few_rows_may_lose_the_last_round() -> None:
    def late(name: str, fold: Fold, changes: dict[str, Any]) -> float:
        return {"a": 0.6, "b": 0.9 if len(fold.y) > 100 else 0.5, "c": 0.1}[name]

    rounds = successive_halving(planted("abc", late), finalists=2, folds=2, rows=0.5)
    board = leaderboard(rounds, [ROC_AUC], 0.95)
    assert [row["model"] for row in board] == ["b", "a", "c"]
    assert last_round(rounds, "c") == 0


def test_a_score_that_no_fold_could_tell_ranks_last() -> None:
    (only,) = all_folds(planted("ab", lambda name, *_: float("nan") if name == "b" else 0.1))
    assert only.ranked(ROC_AUC) == ["a", "b"]


def test_halving_leaves_a_few_rows_of_each_class() -> None:
    rounds = successive_halving(planted("abc", by_name), finalists=1, folds=2, rows=0.01)
    assert np.bincount(rounds[0].cut[0].y).tolist() == [10, 10]


def test_a_family_that_tuning_helps_overtakes_one_that_it_does_not() -> None:
    """A is worse with its own settings, and better where x is small; b has nothing to tune."""

    def score(name: str, fold: Fold, changes: dict[str, Any]) -> float:
        return 0.8 if name == "b" else 0.7 + 0.2 * (1 - changes.get("x", 1.0))

    contest = planted("Ab", score)
    assert leaderboard(all_folds(contest), [ROC_AUC], 0.95)[0]["model"] == "b"
    rounds = nested(contest, trials=8, seconds=60, folds=3)
    assert leaderboard(rounds, [ROC_AUC], 0.95)[0]["model"] == "A"
    tried = [changes["x"] for name, _, changes in contest.asked if changes]
    assert rounds[0].values("A", "roc_auc") == [pytest.approx(0.9 - 0.2 * min(tried))] * 4


def test_a_search_that_finds_nothing_better_keeps_the_settings() -> None:
    contest = planted("A", lambda name, fold, changes: 0.5 if changes else 0.6)
    (held,) = nested(contest, trials=4, seconds=60, folds=3)
    assert held.values("A", "roc_auc") == [0.6] * 4


@pytest.mark.parametrize("follow", ["chance", "group", "time"])
def test_an_inner_search_never_sees_the_rows_held_out(follow: str) -> None:
    groups, when = np.arange(N) // 4, pd.Series(pd.date_range("2020-01-01", periods=N))
    given: dict[str, Any] = {"group": {"groups": groups}, "time": {"when": when}}.get(follow, {})
    contest = planted("A", lambda *_: 0.5, **given)
    (held,) = nested(contest, trials=2, seconds=60, folds=2)
    own = [fold for _, fold, _ in contest.asked if any(fold is outer for outer in held.cut)]
    assert len(own) == 4
    inner = [fold for _, fold, _ in contest.asked if not any(fold is outer for outer in held.cut)]
    assert len(inner) == 4 * 2 * 2  # outer folds, trials, inner folds
    for number, fold in enumerate(inner):
        outer = held.cut[number // 4]
        fitted, chosen_on = set(fold.X["id"]), set(fold.X_held_out["id"])
        assert not fitted & chosen_on
        assert fitted | chosen_on <= set(outer.X["id"])
        assert not (fitted | chosen_on) & set(outer.X_held_out["id"])
        if follow == "group":
            assert not set(groups[list(fitted)]) & set(groups[list(chosen_on)])
        if follow == "time":
            assert max(fitted) < min(chosen_on)


def test_a_search_without_time_left_keeps_the_settings_and_is_named(capsys) -> None:
    contest = planted("Ab", lambda name, fold, changes: 0.9 if changes else 0.5)
    (held,) = nested(contest, trials=4, seconds=1e-9, folds=2)
    assert held.values("A", "roc_auc") == [0.5] * 4
    assert "compare.method.seconds ended the searches of A early" in capsys.readouterr().out


# --- on the penguins -----------------------------------------------------------------------------

FEW = [f"~model@compare.models.{name}" for name in ("catboost", "random_forest")]


@pytest.mark.slow
@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_halving_of_all_families_ends_with_a_leaderboard_of_each(copy_of, task: str) -> None:
    project = copy_of(task)
    models = project.compose("compare=halving").compare.models
    project.run("compare")
    board = pd.read_csv("reports/compare.csv")
    assert set(board["model"]) == set(models)
    assert board["left_in_round"].isna().sum() == 4
    assert board["left_in_round"].dropna().is_monotonic_decreasing
    assert board.loc[board["model"] == "dummy", "left_in_round"].item() == 1
    assert (board["behind_low"].fillna(0) <= board["behind_high"].fillna(0)).all()
    assert read_json(Path("models/winner.json")) == models[board["model"].iloc[0]]


@pytest.mark.slow
@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_nested_tunes_each_family(copy_of, task: str) -> None:
    project = copy_of(task)
    project.compose("compare=nested", *FEW, "compare.method.trials=3", "compare.method.folds=2")
    project.run("compare")
    board = pd.read_csv("reports/compare.csv")
    assert board["model"].iloc[-1] == "dummy"
    assert set(board["folds"]) == {2}


@pytest.mark.slow
@pytest.mark.parametrize("method", ["quick", "nested"])
def test_folds_follow_a_split_by_time(project: Project, method: str) -> None:
    project.compose(f"compare={method}", "split=time", *FEW)
    overrides = ["compare.folds=2"] + ["compare.method.folds=2"] * (method == "nested")
    try:
        project.run("split", "engineer", "select")
        project.run("compare", overrides=overrides)
    except UserError as error:  # the penguins were met on few days
        pytest.fail(str(error))
    assert set(pd.read_csv("reports/compare.csv")["folds"]) == {2}


@pytest.mark.slow
def test_the_times_of_each_model_go_where_the_clock_may_speak(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    monkeypatch.setattr(sys, "argv", ["compare"])
    run("compare", compare.main)
    told = json.loads(Path("timings/compare.json").read_text())
    board = pd.read_csv("reports/compare.csv")
    assert list(told["models"]) == board["model"].tolist()
    assert all(set(one) == {"fit", "predict"} for one in told["models"].values())
    assert told["models"]["catboost"]["fit"] > 0
    assert told["seconds"] >= sum(one["fit"] for one in told["models"].values())
    assert "fit" not in "".join(board.columns)
    assert ", fit " in capsys.readouterr().out
