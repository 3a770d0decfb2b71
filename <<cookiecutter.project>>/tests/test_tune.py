import itertools
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from conftest import Project
from hypothesis import given
from hypothesis import strategies as st

from pipeline import tune
from pipeline.core.base.settings import read_yaml
from pipeline.core.base.tables import read_json, write_json

METHODS = {
    "grid": {"points": 3},
    "random": {"seed": 1},
    "optuna": {"seed": 1},
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


def proposals(method: str, space: dict[str, Any], count: int) -> list[dict[str, Any]]:
    """Let a method propose; every trial gets the same loss."""
    search = getattr(tune, method)(space, **METHODS[method])
    found = [next(search)]
    for _ in range(count - 1):
        try:
            found.append(search.send(1.0))
        except StopIteration:
            break
    return found


@pytest.mark.parametrize("method", METHODS)
@given(space=spaces)
def test_a_method_stays_in_the_space(method: str, space: dict[str, Any]) -> None:
    for changes in proposals(method, space, 8):
        assert set(changes) == set(space)
        for name, value in changes.items():
            one = space[name]
            if one["type"] == "choice":
                assert value in one["choices"]
            else:
                assert one["low"] <= value <= one["high"]
                assert isinstance(value, int if one["type"] == "int" else float)


@pytest.mark.parametrize("method", ["random", "optuna"])
def test_the_same_seed_proposes_the_same(method: str) -> None:
    space = {"a": {"type": "float", "low": 0.1, "high": 9, "log": True}}
    assert proposals(method, space, 5) == proposals(method, space, 5)


def test_a_grid_holds_every_combination_once() -> None:
    space = {
        "a": {"type": "int", "low": 1, "high": 3},
        "b": {"type": "choice", "choices": ["x", "y"]},
        "c": {"type": "float", "low": 0.01, "high": 1, "log": True},
    }
    expected = itertools.product([1, 2, 3], "xy", [0.01, 0.1, 1.0])
    assert [tuple(one.values()) for one in proposals("grid", space, 99)] == list(expected)


def test_optuna_learns_from_the_trials_before() -> None:
    search = tune.optuna({"x": {"type": "float", "low": 0.0, "high": 100.0}}, seed=3)
    tried = [next(search)["x"]]
    for _ in range(39):
        tried.append(search.send(abs(tried[-1] - 20))["x"])
    early, late = (sum(abs(x - 20) for x in part) for part in (tried[:10], tried[-10:]))
    assert late < early / 2


def test_the_models_own_settings_are_the_first_trial_and_the_result_is_never_worse(
    project: Project,
) -> None:
    history = pd.read_csv("plots/tune.csv")
    said = read_json(Path("reports/tune.json"))
    assert history["changes"].isna().tolist() == [True, False, False]
    assert said["untuned"] == history["value"].iloc[0]
    assert said["best"] == history["value"].max() >= said["untuned"]
    assert (said["model"], said["metric"], said["trials"]) == ("catboost", "roc_auc", 3)
    assert said["stopped_by"] == "trials"


def test_for_an_error_the_lowest_is_best(copy_of) -> None:
    copy_of("regression")
    history = pd.read_csv("plots/tune.csv")
    assert read_json(Path("reports/tune.json"))["best"] == history["value"].min()


@pytest.mark.parametrize("method", ["off", "grid", "random", "optuna"])
def test_each_method_searches_the_penguins_twice_alike(project: Project, method: str) -> None:
    project.compose(f"tune={method}", "model=linear")
    project.run("tune")
    outputs = [Path("models/best_params.json"), Path("reports/tune.json"), Path("plots/tune.csv")]
    before = [path.read_bytes() for path in outputs]
    project.run("tune")
    assert [path.read_bytes() for path in outputs] == before
    said = read_json(Path("reports/tune.json"))
    assert said["trials"] == (0 if method == "off" else 3)


def test_a_model_without_a_search_space_is_left_alone(project: Project) -> None:
    project.compose("model=dummy")
    project.run("tune")
    assert read_json(Path("models/best_params.json")) == {"model": "dummy", "tuned": {}}


def test_a_grid_ends_with_its_last_combination(project: Project) -> None:
    project.compose("tune=grid", "model=linear", "tune.trials=40")
    project.run("tune")
    said = read_json(Path("reports/tune.json"))
    assert said["stopped_by"] == "the end of the space"
    assert said["trials"] == 4  # three points and the model's own settings


def test_the_clock_ends_a_search_and_says_so(project: Project, capsys) -> None:
    project.compose("model=linear", "tune.trials=1000", "tune.seconds=0.2")
    project.run("tune")
    said = read_json(Path("reports/tune.json"))
    assert said["stopped_by"] == "seconds"
    assert 1 <= said["trials"] < 1000
    assert "The clock ended the search" in capsys.readouterr().out


def test_the_best_family_is_the_one_that_is_tuned(project: Project) -> None:
    winner = read_yaml(project.folder / "params.yaml")["compare"]["models"]["linear"]
    write_json(winner, Path("models/winner.json"))
    project.compose("model=best")
    project.run("tune")
    assert read_json(Path("reports/tune.json"))["model"] == "linear"
