"""Rare classes: class weights and samplers reach the rows that are fitted, and no others."""

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pytest
from library.projects import FAMILIES, Project, extra, leave_out_missing
from omegaconf import OmegaConf
from sklearn.base import BaseEstimator, ClassifierMixin

from pedigree.base.names import UserError
from pedigree.base.settings import as_dict
from pedigree.base.tables import read_json, read_table, write_table
from pedigree.config.checks import check
from pedigree.estimators.balance import Smote, weights
from pedigree.estimators.building import build_model
from pedigree.estimators.fitting import fit
from pedigree.estimators.predicting import predict
from pedigree.estimators.settings import Model
from pedigree.folds.folding import folds
from pedigree.training.cross_validation import cross_validate

SAMPLERS = ["oversample", "undersample", "smote"]
NO_WEIGHTS = ("k_neighbors", "voting")  # refused by `configure`


class Recorder(ClassifierMixin, BaseEstimator):
    """Remember what it was fitted on and asked, and say chances by heart."""

    fitted: ClassVar[list[tuple[pd.DataFrame, np.ndarray, Any, Any]]] = []
    asked: ClassVar[list[pd.DataFrame]] = []

    def fit(self, X: pd.DataFrame, y: np.ndarray, sample_weight: Any = None, eval_set: Any = None):
        self.fitted.append((X, y, sample_weight, eval_set))
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, X: pd.DataFrame) -> np.ndarray:
        self.asked.append(X)
        return np.full((len(X), len(self.classes_)), 1 / len(self.classes_))


@pytest.fixture
def recorder(project: Project) -> dict[str, Any]:
    """Return the settings of a model that records; its features are what it is given."""
    Recorder.fitted.clear()
    Recorder.asked.clear()
    return as_dict(project.compose("model=linear", "model/scaler=none").model) | {
        "estimator": {"_target_": f"{__name__}.Recorder"},
        "early_stopping": {"rows": "eval_set", "settings": {}},
    }


def rare(n: int = 300, share: float = 0.1, classes: int = 2) -> tuple[pd.DataFrame, np.ndarray]:
    """Plant a rare class 1 that overlaps with the frequent one (and with class 2); `id` names the row."""
    random = np.random.default_rng(0)
    y = random.permutation((np.arange(n) < share * n).astype(int))
    if classes == 3:
        y[(y == 0) & (np.arange(n) % 5 < 2)] = 2
    X = pd.DataFrame({"x": random.normal(1.3 * y * (y < 2)), "id": np.arange(n, dtype="float64")})
    X["text"] = pd.Series(np.where(random.random(n) < 0.5, "a", "b"), dtype="str")
    return X, y


def sampler(project: Project, name: str, *overrides: str) -> dict[str, Any]:
    config = project.compose("model=linear", f"model/sampler={name}", *overrides)
    leave_out_missing(config.model)
    return as_dict(config.model)["sampler"]


def test_balanced_weights_make_each_class_weigh_alike() -> None:
    y = np.array([0] * 6 + [1] * 3 + [2])
    assert weights("balanced", y) == pytest.approx([10 / 18] * 6 + [10 / 9] * 3 + [10 / 3])


@pytest.mark.parametrize("task", ["binary", "multiclass"])
@pytest.mark.parametrize("family", FAMILIES)
def test_balanced_weights_reach_each_family_and_find_more_of_a_rare_class(
    copy_of, task: str, family: str
) -> None:
    project = copy_of(task)
    # The members of an ensemble by vote follow their own settings, so it has to be told itself.
    key = "model" if family == "voting" else "problem"
    config = project.compose(f"model={family}", f"{key}.class_weight=balanced")
    leave_out_missing(config.model)
    if family in NO_WEIGHTS:
        with pytest.raises(
            UserError, match=r"model\.class_weight: .* does not support sample_weight"
        ):
            check(OmegaConf.load("params.yaml"))
        return
    check(OmegaConf.load("params.yaml"))
    model = as_dict(config.model)
    assert model["class_weight"] == "balanced"
    classes = 3 if task == "multiclass" else 2
    X, y = rare(400, classes=classes)
    X = X.drop(columns="id")
    learn, held_out = np.arange(400) < 200, np.arange(400) >= 200
    found = {}
    for weight in (None, "balanced"):
        fitted = fit(
            build_model(model),
            Model.model_validate(model | {"class_weight": weight}),
            X[learn],
            y[learn],
        )
        chance = predict(fitted, X[held_out], classes)[:, 1]
        found[weight] = (chance[y[held_out] == 1].mean(), chance)
    assert (found[None][1] != found["balanced"][1]).any()
    assert found["balanced"][0] > found[None][0]


@pytest.mark.parametrize("way", ["class_weight", *SAMPLERS])
def test_balancing_raises_the_recall_of_a_rare_class(project: Project, way: str) -> None:
    model = as_dict(project.compose("model=linear").model)
    balanced = model | (
        {"class_weight": "balanced"}
        if way == "class_weight"
        else {"sampler": sampler(project, way)}
    )
    X, y = rare(400)
    cut = list(
        folds(X[["x"]], y, [], classify=True, groups=None, when=None, n=3, repeats=1, seed=0)
    )
    before, after = (
        np.mean(
            [one["recall"] for one in cross_validate(Model.model_validate(one), cut, ["recall"], 2)]
        )
        for one in (model, balanced)
    )
    assert before < 0.3
    assert after > 0.6


@pytest.mark.parametrize("name", SAMPLERS)
def test_a_sampler_evens_out_the_training_rows_of_each_fold_and_no_others(
    project: Project, recorder: dict[str, Any], name: str
) -> None:
    model = recorder | {"sampler": sampler(project, name), "early_stopping": None}
    X, y = rare()
    cut = list(folds(X, y, [], classify=True, groups=None, when=None, n=3, repeats=1, seed=0))
    cross_validate(Model.model_validate(model), cut, ["recall"], 2)
    for fold, (rows, answers, _, _), asked in zip(
        cut, Recorder.fitted, Recorder.asked, strict=True
    ):
        counts = np.bincount(fold.y)
        size = counts.min() if name == "undersample" else counts.max()
        assert np.bincount(answers).tolist() == [size, size]
        assert asked["id"].tolist() == fold.X_held_out["id"].tolist()
        learnt, outside = rows["id"], set(fold.X_held_out["id"])
        assert not set(learnt) & outside or name == "smote"  # whose new rows have ids in between
        if name == "smote":
            known = learnt[: len(fold.y)]  # the rows that were there come first
            assert known.tolist() == fold.X["id"].tolist()
            rare_ones = fold.X[fold.y == 1]
            assert learnt[len(fold.y) :].between(rare_ones["id"].min(), rare_ones["id"].max()).all()


@pytest.mark.parametrize("name", ["none", *SAMPLERS])
def test_watched_rows_stay_as_they_are(
    project: Project, recorder: dict[str, Any], name: str
) -> None:
    model = recorder | {"sampler": sampler(project, name), "class_weight": "balanced"}
    X, y = rare()
    fit(build_model(model), Model.model_validate(model), X[:200], y[:200], (X[200:], y[200:]))
    _, answers, weight, [(watched, truth)] = Recorder.fitted[0]
    assert watched["id"].tolist() == X["id"][200:].tolist()
    assert truth.tolist() == y[200:].tolist()
    assert weight == pytest.approx(weights("balanced", answers))  # of the rows that are fitted
    assert (weight == pytest.approx(1)) == (name != "none")


@pytest.mark.parametrize("family", ["linear", "hist_gradient_boosting", "catboost"])
@pytest.mark.parametrize("name", SAMPLERS)
def test_a_sampler_suits_encoded_and_native_categories_and_the_seed_repeats_it(
    project: Project, name: str, family: str
) -> None:
    imputer = ["model/imputer=median"] if name == "smote" else []
    config = project.compose(f"model={family}", f"model/sampler={name}", *imputer)
    leave_out_missing(config.model)
    check(OmegaConf.load("params.yaml"))
    model = as_dict(config.model)
    X, y = rare()
    X = X.drop(columns="id")
    X.loc[3, "x"] = np.nan
    learn, asked = np.arange(300) < 200, (np.arange(300) >= 200) & (y == 1)
    as_they_are = model | {"sampler": {"_target_": None}}
    said = [
        predict(fit(build_model(one), Model.model_validate(one), X[learn], y[learn]), X[asked], 2)[
            :, 1
        ]
        for one in (model, model, as_they_are)
    ]
    assert said[0].tobytes() == said[1].tobytes()
    assert said[0].mean() > said[2].mean()


def test_smote_keeps_categories_among_those_that_are_known() -> None:
    extra("imblearn")
    X, y = rare()
    X["text"] = X["text"].astype("category")
    made, answers = Smote(5, 0).fit_resample(X, y)
    assert made["text"].dtype == X["text"].dtype
    assert np.bincount(answers).tolist() == [270, 270]
    only, _ = Smote(5, 0).fit_resample(X[["text"]], y)
    assert set(only["text"]) == {"a", "b"}


def test_smote_says_what_it_lacks() -> None:
    extra("imblearn")
    X, y = rare(40)
    with pytest.raises(UserError, match=r"a class has 4 training rows, too few for 5 neighb"):
        Smote(5, 0).fit_resample(X[["x"]], y)
    X.loc[0, "x"] = np.nan
    with pytest.raises(
        UserError,
        match=r"the feature 'x' has missing values, which SMOTE cannot handle; fill them \(model/imp",
    ):
        Smote(1, 0).fit_resample(X[["x"]], y)


@pytest.mark.parametrize("wanted", ["problem.class_weight=balanced", "model/sampler=oversample"])
def test_regression_has_no_classes_to_balance(copy_of, wanted: str) -> None:
    copy_of("regression").compose(wanted)
    with pytest.raises(UserError, match="balances classes, and regression has none"):
        check(OmegaConf.load("params.yaml"))


def test_a_competitor_that_would_ignore_the_weights_is_refused(project: Project) -> None:
    extra("imblearn")
    project.compose("compare=all", "problem.class_weight=balanced")
    with pytest.raises(UserError, match=r"compare\.models\.k_neighbors\.class_weight: sklearn\."):
        check(OmegaConf.load("params.yaml"))
    project.compose(
        "compare=all",
        "problem.class_weight=balanced",
        "compare.models.k_neighbors.class_weight=null",
        "model/sampler@compare.models.k_neighbors.sampler=oversample",
    )
    check(OmegaConf.load("params.yaml"))


def test_a_classifier_within_another_must_take_weights_too(project: Project) -> None:
    config = project.compose("model=svm", "problem.class_weight=balanced")
    check(config)
    config.model.estimator.estimator = OmegaConf.create(
        {"_target_": "sklearn.neighbors.KNeighborsClassifier"}
    )
    with pytest.raises(UserError, match="KNeighborsClassifier does not support sample_weight"):
        check(config)


@pytest.mark.slow
@pytest.mark.parametrize("wanted", ["problem.class_weight=balanced", "sampler"])
def test_one_setting_reaches_compare_tune_and_train(project: Project, wanted: str) -> None:
    """With a fifth of the females."""
    for side in ("split", "features"):
        rows = read_table(Path(f"data/{side}/train"))
        keep = (rows["sex"] != "female") | (rows["sex"].eq("female").cumsum() % 5 == 0)
        write_table(rows[keep].reset_index(drop=True), Path(f"data/{side}/train"))
    models = ["~model@compare.models.catboost", "~model@compare.models.hist_gradient_boosting"]
    placed = ["model/sampler=oversample", "model/sampler@compare.models.linear.sampler=oversample"]
    outcomes = []
    for changes in ([], placed if wanted == "sampler" else [wanted]):
        config = project.compose("model=linear", "tune=random", *models, *changes)
        check(config)
        project.run("compare", "tune", "train")
        board = pd.read_csv("reports/compare.csv").set_index("model")
        outcomes.append(
            {
                "compare": board.loc["linear", "log_loss"],
                "tune": read_json(Path("reports/tune.json"))["untuned"],
                "train": Path("models/model.skops").read_bytes(),
            }
        )
    assert {key for key in outcomes[0] if outcomes[0][key] != outcomes[1][key]} == set(outcomes[0])
