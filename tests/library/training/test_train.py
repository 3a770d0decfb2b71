from pathlib import Path

import numpy as np
import pytest
from library.projects import Project, leave_out_missing
from sklearn.base import clone
from sklearn.dummy import DummyClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from pedigree.base.names import UserError
from pedigree.base.settings import as_dict, read_yaml
from pedigree.base.tables import read_json, read_table, write_json, write_table
from pedigree.estimators.building import build_model
from pedigree.estimators.predicting import predict
from pedigree.estimators.settings import Model
from pedigree.scoring.metrics import score
from pedigree.storage import artifact
from pedigree.training.fitted import Fitted, is_built_from
from pedigree.training.inputs import read_subset

MODEL = Path("models/model.skops")


def trained() -> dict:
    return read_json(Path("metrics/train.json"))


def test_what_was_fitted_is_recorded(project: Project) -> None:
    said = trained()
    fitted = artifact.load_model(MODEL)["estimator"]
    assert said["model"] == "catboost"
    assert said["estimator"] == "catboost.core.CatBoostClassifier"
    assert said["rows"] == len(read_table(Path("data/features/train")))
    assert said["features"] == read_json(Path("metrics/select.json"))["kept"]
    assert said["iterations"] == fitted.tree_count_
    assert said["parameters"]["iterations"] == "40"


def test_tuned_hyperparameters_are_used(project: Project) -> None:
    own = read_yaml(project.folder / "params.yaml")["model"]["estimator"]["depth"]
    write_json(
        {"model": "catboost", "tuned": {"depth": {"from": own, "to": 3}}},
        Path("models/best_params.json"),
    )
    project.run("train")
    assert trained()["parameters"]["depth"] == "3"


def test_an_override_of_this_run_is_used(project: Project) -> None:
    project.run("train", overrides=["model.estimator.depth=2"])
    assert trained()["parameters"]["depth"] == "2"
    trees = artifact.load_model(MODEL)["estimator"]
    assert set(np.log2(trees.get_tree_leaf_counts())) == {2}


def test_another_model_than_was_tuned_is_refused(project: Project) -> None:
    project.compose("model=linear")
    with pytest.raises(
        UserError, match="was found for catboost, not for linear; run `dvc repro train`"
    ):
        project.run("train")


def test_fitting_twice_gives_the_same_bytes(project: Project) -> None:
    before = MODEL.read_bytes()
    project.run("train")
    assert MODEL.read_bytes() == before


@pytest.mark.parametrize("family", ["catboost", "hist_gradient_boosting", "lightgbm", "xgboost"])
def test_early_stopping_watches_the_validation_rows(project: Project, family: str) -> None:
    """Answers that contradict the training rows stop it early; without watching it goes on."""
    answers = {"male": "female", "female": "male"}
    rows = read_table(Path("data/features/validation"))
    write_table(rows.assign(sex=rows["sex"].map(answers)), Path("data/features/validation"))
    key = {"catboost": "iterations", "hist_gradient_boosting": "max_iter"}.get(
        family, "n_estimators"
    )
    alone = ["model.bagging.folds=null"] if family == "catboost" else []
    config = project.compose(f"model={family}", f"model.estimator.{key}=120", "tune=off", *alone)
    leave_out_missing(config.model)
    project.run("tune", "train")
    stopped = trained()
    assert stopped["stopped_early_on"] == "validation"
    assert stopped["iterations"] < 60
    project.run("train", overrides=["train.early_stopping=false"])
    assert trained()["stopped_early_on"] is None
    assert trained()["iterations"] == 120


@pytest.mark.parametrize("family", ["torch", "keras"])
def test_a_network_keeps_the_best_of_its_rounds(project: Project, family: str) -> None:
    """Answers that contradict the training rows: the first rounds are the best."""
    answers = {"male": "female", "female": "male"}
    rows = read_table(Path("data/features/validation"))
    write_table(rows.assign(sex=rows["sex"].map(answers)), Path("data/features/validation"))
    config = project.compose(f"model={family}", "tune=off")
    leave_out_missing(config.model)
    project.run("tune", "train")
    assert trained()["stopped_early_on"] == "validation"
    assert trained()["iterations"] < 5
    project.run("train", overrides=["train.early_stopping=false"])
    assert trained()["iterations"] == config.model.estimator.max_epochs


@pytest.mark.parametrize("family", ["linear", "random_forest", "dummy"])
def test_a_family_that_cannot_stop_early_says_so(project: Project, family: str) -> None:
    project.compose(f"model={family}", "tune=off")
    project.run("tune", "train")
    assert trained()["model"] == family
    assert trained()["stopped_early_on"] is None


def test_best_trains_the_winner_of_the_leaderboard(project: Project) -> None:
    winner = read_yaml(project.folder / "params.yaml")["compare"]["models"]["random_forest"]
    write_json(winner, Path("models/winner.json"))
    project.compose("model=best", "tune=off")
    project.run("tune", "train")
    assert trained()["model"] == "random_forest"
    assert trained()["estimator"].endswith("RandomForestClassifier")


def test_no_iterations_are_made_up() -> None:
    from sklearn.linear_model import LinearRegression

    estimator = LinearRegression()
    assert Fitted([estimator], estimator, None, None).iterations is None


@pytest.mark.parametrize("family", ["catboost", "linear", "svm", "mlp", "stacking", "voting"])
def test_a_built_pipeline_is_told_from_a_changed_one(project: Project, family: str) -> None:
    model = Model.model_validate(as_dict(project.compose(f"model={family}").model))
    pipeline = build_model(model)
    assert is_built_from(pipeline, model)
    assert not is_built_from(clone(pipeline).set_params(estimator=DummyClassifier()), model)
    assert not is_built_from(make_pipeline(*pipeline), model)
    pipeline.steps.insert(1, ("scale", StandardScaler()))
    assert not is_built_from(pipeline, model)


@pytest.mark.parametrize("name", ["linear", "random_forest"])
def test_a_plain_model_is_fitted_beside_it_on_the_same_rows(project: Project, name: str) -> None:
    project.compose(f"model@train.baseline={name}")
    chosen = MODEL.read_bytes()
    project.run("train")
    assert MODEL.read_bytes() == chosen
    assert trained()["baseline"] == name
    fitted = artifact.load_model(Path("models/baseline.skops"))
    X, y, classes = read_subset("train")
    assert fitted["encode"].n_features_in_ == X.shape[1]
    assert score("accuracy", y, predict(fitted, X, len(classes))) > 0.7
