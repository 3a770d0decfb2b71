import itertools
import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pytest
from hypothesis import given
from hypothesis import strategies as st
from library.projects import leave_out_missing

from pedigree.base.names import UserError
from pedigree.base.tools import instantiate
from pedigree.estimators.settings import Dimension
from pedigree.search.study import Journal, Study

SAMPLER = {"_target_": "optuna.samplers.TPESampler", "seed": 1, "n_startup_trials": 5}
MEDIAN = {"_target_": "optuna.pruners.MedianPruner", "n_startup_trials": 3}
SEARCHES: dict[str, dict[str, Any]] = {
    "grid": {"points": 3},
    "random": {"seed": 1},
    "halving": {"seed": 1, "candidates": 4, "factor": 2},
    "optuna": {"sampler": SAMPLER, "pruner": MEDIAN},
    "hyperopt": {"seed": 1, "startup": 5},
}
SPACE = {
    "x": {"type": "float", "low": 0.0, "high": 100.0},
    "n": {"type": "int", "low": 1, "high": 64, "log": True},
    "c": {"type": "choice", "choices": [None, 4, [8, 8], "x"]},
}


def number(kind: str) -> st.SearchStrategy[dict[str, Any]]:
    values = st.integers(1, 300) if kind == "int" else st.floats(1e-4, 1e3)
    pairs = st.tuples(values, values).map(sorted).filter(lambda pair: pair[0] < pair[1])
    return st.builds(
        lambda pair, log: {"type": kind, "low": pair[0], "high": pair[1], "log": log},
        pairs,
        st.booleans(),
    )


choice = st.lists(st.sampled_from([None, 4, 0.5, "x"]), min_size=1, unique=True).map(
    lambda choices: {"type": "choice", "choices": choices}
)
spaces = st.dictionaries(
    st.sampled_from("abc"), st.one_of(number("int"), number("float"), choice), min_size=1
)


def study_of(
    objective: Callable[[Any, int], float],
    budget: int,
    folds: int = 4,
    seconds: float = 60,
    journal: Path = Path("not-there"),
) -> Study:
    """Make a study in which the lowest score is the best."""
    return Study(objective, folds, False, Journal(journal), budget, seconds)


class Forgetful(Journal):
    """A journal without a file."""

    def add(self, changes: Any, fold: int, score: float) -> None:
        self.scores[self._key(changes, fold)] = score


def search(name: str, space: dict[str, Any], study: Study, **settings: Any) -> str:
    """Let a search run, as the stage does."""
    tool = {"_target_": f"pedigree.search.{name}", **(settings or SEARCHES[name])}
    leave_out_missing(tool)
    dimensions = {key: Dimension.model_validate(one) for key, one in space.items()}
    return study.run(partial(instantiate(tool | {"_partial_": True}), dimensions))


def found(study: Study) -> list[tuple[dict[str, Any], list[float]]]:
    return [(trial.changes, trial.scores) for trial in study.trials]


def far_from_20(changes: Any, fold: int) -> float:
    """Score x; each fold has its own difficulty, and the model's own setting is bad."""
    return abs(changes.get("x", 90.0) - 20) + fold / 8


def constant(changes: Any, fold: int) -> float:
    return 1.0


@pytest.mark.parametrize("name", SEARCHES)
@given(space=spaces)
def test_a_search_stays_in_the_space(name: str, space: dict[str, Any]) -> None:
    study = study_of(constant, 9, folds=2)
    study.journal = Forgetful(Path("not-there"))
    search(name, space, study)
    own, *proposed = study.trials
    assert own.changes == {}
    assert proposed
    for trial in proposed:
        assert set(trial.changes) == set(space)
        for key, value in trial.changes.items():
            one = space[key]
            if one["type"] == "choice":
                assert value in one["choices"]
            else:
                assert one["low"] <= value <= one["high"]
                assert type(value) is (int if one["type"] == "int" else float)


@pytest.mark.parametrize("name", SEARCHES)
def test_an_interrupted_search_goes_on_and_ends_like_one_that_was_not(
    name: str, tmp_path: Path
) -> None:
    calls = []

    def counted(changes: Any, fold: int) -> float:
        if len(calls) == 17:
            calls.append("interrupted")
            raise KeyboardInterrupt
        calls.append(changes)
        return far_from_20(changes, fold)

    whole = study_of(far_from_20, 14, journal=tmp_path / "whole")
    search(name, SPACE, whole)
    with pytest.raises(KeyboardInterrupt):
        search(name, SPACE, study_of(counted, 14, journal=tmp_path / "parts"))
    with (tmp_path / "parts").open("a") as file:
        file.write('\n[{"x": 1')  # killed while it wrote
    again = study_of(counted, 14, journal=tmp_path / "parts")
    search(name, SPACE, again)
    assert found(again) == found(whole)
    assert len(calls) - 1 == sum(len(trial.scores) for trial in whole.trials)  # none was done twice
    assert Journal(tmp_path / "parts").scores == Journal(tmp_path / "whole").scores


@pytest.mark.parametrize("name", sorted(SEARCHES.keys() - {"halving"}))
def test_a_greater_budget_goes_on_from_where_a_smaller_one_ended(name: str, tmp_path: Path) -> None:
    small, large = (study_of(far_from_20, n, journal=tmp_path / "journal") for n in (6, 12))
    assert search(name, SPACE, small) == "trials"
    search(name, SPACE, large)
    assert found(large)[:6] == found(small)
    assert len(large.trials) == 12


@pytest.mark.parametrize("name", SEARCHES)
def test_a_bad_default_is_improved(name: str, tmp_path: Path) -> None:
    study = study_of(far_from_20, 14, journal=tmp_path / "journal")
    search(name, SPACE, study)
    assert study.best().loss() < study.trials[0].loss() / 2


@pytest.mark.parametrize("name", ["optuna", "hyperopt"])
def test_it_learns_from_the_trials_before(name: str, tmp_path: Path) -> None:
    study = study_of(far_from_20, 41, folds=1, journal=tmp_path / "journal")
    search(name, {"x": SPACE["x"]}, study)
    learnt = [trial.loss() for trial in study.trials[11:]]
    assert sum(learnt) / len(learnt) < 34 * 0.75  # 34 is the mean of an even draw


def test_a_grid_holds_every_combination_once(tmp_path: Path) -> None:
    space = {
        "a": {"type": "int", "low": 1, "high": 3},
        "b": {"type": "choice", "choices": ["x", "y"]},
        "c": {"type": "float", "low": 0.01, "high": 1, "log": True},
    }
    study = study_of(constant, 99, folds=1, journal=tmp_path / "journal")
    assert search("grid", space, study) == "the end of the space"
    expected = itertools.product([1, 2, 3], "xy", [0.01, 0.1, 1.0])
    assert [tuple(trial.changes.values()) for trial in study.trials[1:]] == list(expected)


def test_halving_gives_more_folds_to_the_better_half_only(tmp_path: Path) -> None:
    study = study_of(far_from_20, 9, journal=tmp_path / "journal")
    search("halving", SPACE, study, candidates=8, factor=2, seed=5)
    ranked = sorted(study.trials[1:], key=lambda trial: trial.loss(1))
    assert [len(trial.scores) for trial in ranked] == [4, 4, 2, 2, 1, 1, 1, 1]
    assert study.best() is ranked[0]


def test_halving_begins_another_round_while_there_is_a_budget(tmp_path: Path) -> None:
    study = study_of(far_from_20, 12, journal=tmp_path / "journal")
    assert search("halving", SPACE, study, candidates=8, factor=2, seed=5) == "trials"
    rounds = [
        sorted(len(trial.scores) for trial in part)
        for part in (study.trials[1:9], study.trials[9:])
    ]
    assert rounds == [[1, 1, 1, 1, 2, 2, 4, 4], [1, 2, 4]]


def test_a_pruned_trial_was_worse_than_the_median_of_those_before_it(tmp_path: Path) -> None:
    study = study_of(far_from_20, 30, journal=tmp_path / "journal")
    search("optuna", SPACE, study)
    proposed = study.trials[1:]
    pruned = [number for number, trial in enumerate(proposed) if trial.pruned]
    assert len(pruned) > 5
    for number in pruned:
        folds = len(proposed[number].scores)
        before = [one.loss(folds) for one in proposed[:number] if not one.pruned]
        assert proposed[number].loss(1) > np.median(before)  # the lowest of its losses counts


def test_any_pruner_of_optuna_prunes_the_same_each_time(tmp_path: Path) -> None:
    """Hyperband's goes by the study's name, which Optuna draws at random."""
    pruner = {"_target_": "optuna.pruners.HyperbandPruner", "max_resource": 4}
    studies = [study_of(far_from_20, 25, journal=tmp_path / f"{n}") for n in range(2)]
    for study in studies:
        search("optuna", SPACE, study, sampler=SAMPLER, pruner=pruner)
    assert found(studies[0]) == found(studies[1])
    assert any(trial.pruned for trial in studies[0].trials)


def test_without_pruning_it_is_optunas_own_search(tmp_path: Path) -> None:
    study = study_of(far_from_20, 13, folds=1, journal=tmp_path / "journal")
    pruner = {"_target_": "optuna.pruners.NopPruner"}
    search("optuna", {"x": SPACE["x"]}, study, sampler=SAMPLER, pruner=pruner)
    theirs = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=1, n_startup_trials=5))
    theirs.optimize(lambda trial: far_from_20({"x": trial.suggest_float("x", 0, 100)}, 0), 12)
    assert [trial.changes["x"] for trial in study.trials[1:]] == [
        trial.params["x"] for trial in theirs.trials
    ]


def test_hyperopt_proposes_what_its_own_fmin_does(tmp_path: Path) -> None:
    study = study_of(far_from_20, 13, folds=1, journal=tmp_path / "journal")
    search("hyperopt", {"x": SPACE["x"]}, study, seed=3, startup=20)
    from hyperopt import Trials, fmin, hp, tpe

    theirs = Trials()
    fmin(
        lambda x: far_from_20({"x": x}, 0),
        hp.uniform("x", 0, 100),
        algo=tpe.suggest,  # of 20 trials at random
        max_evals=12,
        trials=theirs,
        rstate=np.random.default_rng(3),
        show_progressbar=False,
    )
    assert [trial.changes["x"] for trial in study.trials[1:]] == list(theirs.vals["x"])


@pytest.mark.parametrize("name", SEARCHES)
def test_hyperparameters_that_cannot_be_scored_are_never_the_best(
    name: str, tmp_path: Path
) -> None:
    study = study_of(
        lambda changes, fold: float("nan") if changes else 3.0, 8, journal=tmp_path / "journal"
    )
    search(name, SPACE, study)
    assert study.best() is study.trials[0]


@pytest.mark.parametrize("name", SEARCHES)
def test_no_score_is_begun_after_the_time_is_over(name: str, tmp_path: Path) -> None:
    def slow(changes: Any, fold: int) -> float:
        time.sleep(0.05)
        return far_from_20(changes, fold)

    study = study_of(slow, 99, seconds=0.5, journal=tmp_path / "journal")
    assert search(name, SPACE, study) == "seconds"
    assert -0.3 < study.seconds_left <= 0
    assert 1 < len(study.trials) < 99


def test_the_first_trial_is_finished_whatever_the_clock_says(tmp_path: Path) -> None:
    study = study_of(constant, 9, seconds=1e-9, journal=tmp_path / "journal")
    assert search("random", SPACE, study) == "seconds"
    assert [len(trial.scores) for trial in study.trials] == [4, 0]


# --- Ray -----------------------------------------------------------------------------------------

RAY = {"seed": 1, "workers": 2, "object_store_megabytes": 80, "address_env": None}


def test_a_cluster_without_an_address_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RAY_CLUSTER", raising=False)
    study = study_of(far_from_20, 4, journal=tmp_path / "journal")
    with pytest.raises(UserError, match="environment variable RAY_CLUSTER is not set"):
        search("ray", SPACE, study, **RAY | {"address_env": "RAY_CLUSTER"})


@pytest.mark.slow
def test_rays_time_is_limited_and_it_is_quiet(tmp_path: Path, capsys) -> None:
    def slow(changes: Any, fold: int) -> float:
        time.sleep(0.5)
        return abs(changes.get("x", 90.0) - 20)

    study = study_of(slow, 500, folds=1, seconds=20, journal=tmp_path / "journal")
    assert search("ray", SPACE, study, **RAY) == "seconds"
    assert capsys.readouterr().out == ""
    assert 1 < len(study.trials) < 120
    assert study.seconds_left > -60  # it is slow to start and to stop; all 500 would take 250


@pytest.mark.slow
def test_ray_scores_on_a_cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    leave_out_missing({"_target_": "pedigree.search.ray"})
    from ray.cluster_utils import Cluster

    here, there = (study_of(far_from_20, 5, journal=tmp_path / name) for name in ("here", "there"))
    head = {"num_cpus": 1, "object_store_memory": 80 * 2**20, "include_dashboard": False}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    try:
        monkeypatch.setenv("RAY_CLUSTER", cluster.address)
        search("ray", SPACE, there, **RAY | {"address_env": "RAY_CLUSTER"})
    finally:
        cluster.shutdown()
    search("random", SPACE, here)
    assert found(there) == found(here)
    assert os.environ["RAY_USAGE_STATS_ENABLED"] == "0"
