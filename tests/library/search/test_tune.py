import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from library.projects import Project, leave_out_missing
from omegaconf import OmegaConf

from pedigree.base.names import UserError
from pedigree.base.paths import TRIALS
from pedigree.base.settings import read_yaml
from pedigree.base.tables import read_json, write_json
from pedigree.config.checks import check
from pedigree.config.tools import DISTRIBUTIONS
from pedigree.search.tuning import is_significant

OUTPUTS = [Path("models/best_params.json"), Path("reports/tune.json"), Path("plots/tune.csv")]
# A penalty so strong that the model learns next to nothing.
BAD = {
    "binary": "classification.C=0.00001",
    "multiclass": "classification.C=0.00001",
    "regression": "regression.alpha=1000000.0",
}


def tune(project: Project, search: str, *overrides: str) -> list[bytes]:
    """Run a search that nothing is known of, and return its outputs."""
    shutil.rmtree(TRIALS, ignore_errors=True)
    leave_out_missing(project.compose(f"tune={search}", "model=linear", *overrides))
    project.run("tune")
    return [path.read_bytes() for path in OUTPUTS]


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


@pytest.mark.slow
@pytest.mark.parametrize("task", BAD)
@pytest.mark.parametrize("search", ["grid", "random", "halving", "optuna", "hyperopt"])
def test_each_search_improves_a_bad_default(search: str, task: str, copy_of) -> None:
    project = copy_of(task)
    bad = [f"model.by_kind.{BAD[task]}", "tune.trials=5"]
    tune(project, search, *bad)
    said = read_json(OUTPUTS[1])
    assert said["beats_untuned"]
    assert said["gain"] > 0
    assert read_json(OUTPUTS[0])["tuned"]
    history = pd.read_csv("plots/tune.csv")
    assert history["best"].iloc[-1] == said["best"]
    assert history["pruned"].sum() == said["pruned"]


@pytest.mark.slow
@pytest.mark.parametrize("task", BAD)
def test_ray_finds_in_parallel_what_a_random_search_finds(task: str, copy_of) -> None:
    project = copy_of(task)
    bad = [f"model.by_kind.{BAD[task]}", "tune.trials=4"]
    alone = tune(project, "random", *bad)
    parallel = tune(project, "ray", "tune.workers=2", *bad)
    assert (parallel[0], parallel[2]) == (alone[0], alone[2])
    assert read_json(OUTPUTS[1])["beats_untuned"]
    scores = [line for file in TRIALS.iterdir() for line in file.read_text().split("\n") if line]
    assert len(scores) == len(set(scores)) == 8  # four trials on two folds


def test_a_search_whose_scores_are_known_fits_nothing_and_ends_alike(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    first = tune(project, "optuna")
    monkeypatch.setattr("pedigree.search.study.cross_validate", None)
    project.run("tune")
    assert [path.read_bytes() for path in OUTPUTS] == first
    assert "6 scores of this model are known from earlier searches" in capsys.readouterr().out


def test_no_search_leaves_the_model_as_it_is(project: Project) -> None:
    tune(project, "off")
    assert read_json(OUTPUTS[0]) == {"model": "linear", "tuned": {}}
    assert read_json(OUTPUTS[1])["trials"] == 0


def test_a_search_that_finds_nothing_better_says_so(project: Project, capsys) -> None:
    tune(project, "random", "++model.search_space={C: {type: choice, choices: [1.0]}}")
    said = read_json(OUTPUTS[1])
    assert (said["beats_untuned"], said["gain"]) == (False, 0)
    assert read_json(OUTPUTS[0])["tuned"] == {}
    assert "no trial beat the model's own settings" in capsys.readouterr().out


def test_a_gain_that_chance_may_give_leaves_the_models_own_settings(
    project: Project, capsys
) -> None:
    """The penguins are few, and the search is short: what is best by a hair is not surely better."""
    tune(project, "random")
    assert read_json(OUTPUTS[1])["adopted"]
    assert read_json(OUTPUTS[0])["tuned"]
    capsys.readouterr()
    tune(project, "random", "tune.confidence=0.99")
    said = read_json(OUTPUTS[1])
    assert (said["beats_untuned"], said["adopted"]) == (True, False)
    assert read_json(OUTPUTS[0])["tuned"] == {}
    assert "not significantly better" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("scores", "sure"),
    [
        ([0.81, 0.84, 0.79], True),  # by about as much on each fold
        ([0.80, 0.83, 0.82], False),  # on one fold only
        ([0.79, 0.83, 0.77], False),
    ],
)
def test_a_gain_is_sure_if_the_folds_agree(scores: list[float], sure: bool) -> None:
    own = [0.80, 0.83, 0.78]
    rows = np.zeros(30)
    cut = [SimpleNamespace(y=rows, y_held_out=rows[:15])] * 3
    for greater_is_better in (True, False):
        sign = 1 if greater_is_better else -1
        found = [SimpleNamespace(scores=[sign * one for one in trial]) for trial in (own, scores)]
        study = SimpleNamespace(
            trials=found, best=lambda found=found: found[1], greater_is_better=greater_is_better
        )
        assert is_significant(study, cut, 0.68) is sure


def test_the_report_names_the_search_with_its_seed(project: Project) -> None:
    tune(project, "optuna", "seed=7")
    said = read_json(OUTPUTS[1])
    assert said["search"]["sampler"] == {
        "_target_": "optuna.samplers.TPESampler",
        "seed": 7,
        "n_startup_trials": 5,
    }
    assert said["budget"] == {"trials": 3, "seconds": 300, "folds": 2, "rows": 2000}


def test_scores_are_known_only_where_all_that_decides_them_is_the_same(project: Project) -> None:
    tune(project, "random")
    assert len(list(TRIALS.iterdir())) == 1
    for number, override in enumerate(
        ("seed=7", "tune.folds=3", "problem.metrics=[log_loss]", "model.scaler._target_=null"), 2
    ):
        project.compose("tune=random", "model=linear", override)
        project.run("tune")
        assert len(list(TRIALS.iterdir())) == number, override


OWN_MODEL = """
from sklearn.linear_model import LogisticRegression

from mycode import helpers


class Mine(LogisticRegression):
    pass
"""


def test_other_code_leaves_the_known_scores_and_the_models_own_does_not(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(project.folder))
    for name, text in (("models", OWN_MODEL), ("helpers", ""), ("other", "")):
        project.write(f"mycode/{name}.py", text)
    model: Any = OmegaConf.to_container(project.compose("model=linear").model)
    model |= {"name": "mine", "estimator": {"_target_": "mycode.models.Mine"}}
    model["search_space"] = {"C": {"type": "float", "low": 0.1, "high": 10}}
    project.write("conf/model/mine.yaml", model)
    journals = []
    for edited in (None, "other", "helpers", "models"):
        if edited:
            with Path(f"mycode/{edited}.py").open("a") as file:
                file.write("# edited\n")
        shutil.rmtree(TRIALS, ignore_errors=True)
        project.compose("tune=random", "model=mine")
        project.run("tune")
        journals.append(next(TRIALS.iterdir()).name)
    assert journals[0] == journals[1]
    assert len(set(journals)) == 3


@pytest.mark.parametrize(
    ("search", "key", "value", "expected"),
    [
        ("grid", "points", 1, "tune.points: should be greater than or equal to 2"),
        ("halving", "factor", 1, "tune.factor: should be greater than or equal to 2"),
        ("halving", "seconds", None, "tune: a search requires trials, seconds, folds and confidence"),
        ("hyperopt", "startup", 0, "tune.startup: should be greater than or equal to 1"),
        ("optuna", "folds", 1, "tune.folds: should be greater than or equal to 2"),
        ("optuna", "sampler.sead", 1, "tune.sampler.sead: optuna.samplers.TPESampler does not accept this argument; did you mean 'seed'?"),
        ("optuna", "seed", 1, "tune.seed: pedigree.search.optuna does not accept this argument"),
        ("ray", "workers", -1, "tune.workers: should be greater than or equal to 1"),
        ("ray", "object_store_megabytes", 1, "tune.object_store_megabytes: should be greater than"),
    ],
)  # fmt: skip
def test_a_wrong_setting_is_refused(
    project: Project, search: str, key: str, value: object, expected: str
) -> None:
    config = project.compose(f"tune={search}")
    OmegaConf.update(config, f"tune.{key}", value, force_add=True)
    with pytest.raises(UserError) as error:
        check(config)
    assert expected in str(error.value)


@pytest.mark.parametrize("search", ["hyperopt", "ray"])
def test_a_search_whose_library_is_missing_is_refused_with_the_command(
    project: Project, search: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"pedigree.search.{search}.needs", ("not_there",))
    monkeypatch.setitem(DISTRIBUTIONS, "not_there", search)
    with pytest.raises(UserError, match=f"pedigree.search.{search} needs the package '{search}'"):
        check(project.compose(f"tune={search}"))


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
    assert "tune.seconds ended the search early" in capsys.readouterr().out


def test_the_best_family_is_the_one_that_is_tuned(project: Project) -> None:
    winner = read_yaml(project.folder / "params.yaml")["compare"]["models"]["linear"]
    write_json(winner, Path("models/winner.json"))
    project.compose("model=best")
    project.run("tune")
    assert read_json(Path("reports/tune.json"))["model"] == "linear"
