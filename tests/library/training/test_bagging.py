from pathlib import Path

import numpy as np
import pytest
from library.projects import Project

from pedigree.base.tables import read_json
from pedigree.estimators.building import build_model, chosen_model
from pedigree.estimators.fitting import fit
from pedigree.estimators.predicting import plain, predict
from pedigree.estimators.settings import Model
from pedigree.storage import artifact
from pedigree.training.bagging import CatBoostBag, fit_bag
from pedigree.training.inputs import read_subset

TASKS = ["binary", "multiclass", "regression"]


def trained() -> dict:
    return read_json(Path("metrics/train.json"))


@pytest.mark.parametrize("task", TASKS)
def test_the_model_says_the_mean_of_the_folds_models(copy_of, task: str) -> None:
    project = copy_of(task)
    model = chosen_model(project.settings("train"))
    X, y, classes = read_subset("train")
    bag = CatBoostBag(folds=4, max_rows=1000, seed=1)
    pipeline = build_model(model)
    members = fit_bag(pipeline, model, X, y, bag, bag.cut(y, None, bool(classes)) or [])
    encoded = pipeline["encode"].transform(plain(X))

    def raw(one) -> np.ndarray:
        return one.predict(encoded, prediction_type="RawFormulaVal")

    assert raw(pipeline["estimator"]) == pytest.approx(np.mean([raw(m) for m in members], axis=0))
    said = predict(pipeline, X, len(classes))
    if classes:
        assert said.sum(axis=1) == pytest.approx(1)
        assert (said.argmax(axis=1) == y).mean() > 0.8


def test_each_fold_stops_on_the_rows_that_it_holds_out(project: Project) -> None:
    """Held-out answers that contradict the others stop a model at once."""
    model = chosen_model(project.settings("train"))
    X, y, _ = read_subset("train")
    bag = CatBoostBag(folds=2, max_rows=1000, seed=0)
    honest = fit_bag(build_model(model), model, X, y, bag, bag.cut(y, None, True) or [])
    (train, held_out), *_ = bag.cut(y, None, True) or []
    turned = y.copy()
    turned[held_out] = 1 - y[held_out]
    stopped, _ = fit_bag(build_model(model), model, X, turned, bag, [(train, held_out)] * 2)
    assert stopped.tree_count_ < honest[0].tree_count_ / 3


@pytest.mark.parametrize("groups", [None, np.arange(40) // 2])
def test_every_row_is_held_out_once_and_groups_stay_whole(groups: np.ndarray | None) -> None:
    y = np.tile([0, 1, 1, 0], 10)
    cut = CatBoostBag(folds=4, max_rows=40, seed=0).cut(y, groups, True) or []
    assert sorted(np.concatenate([held_out for _, held_out in cut])) == list(range(40))
    for train, held_out in cut:
        assert set(train) == set(range(40)) - set(held_out)
        assert y[held_out].mean() == pytest.approx(0.5, abs=0.11)
        assert groups is None or not set(groups[train]) & set(groups[held_out])


@pytest.mark.parametrize(
    ("folds", "max_rows", "groups"),
    [
        (None, 99, None),
        (4, 39, None),
        (11, 99, None),  # of one class there are ten rows
        (4, 99, np.arange(40) // 20),
        (4, 99, np.repeat([0, 1, 2, 3], 10)),  # one fold would train without a class
    ],
)
def test_a_single_model_does_where_folds_would_not(folds, max_rows, groups) -> None:
    y = np.repeat([0, 1, 1, 1], 10)
    assert CatBoostBag(folds, max_rows, seed=0).cut(y, groups, True) is None


def test_train_says_on_what_it_stopped(project: Project) -> None:
    assert trained()["stopped_early_on"] == "folds of the training rows"
    assert trained()["models"] == project.settings("train").model.bagging.folds
    project.run("train", overrides=["model.bagging.folds=null"])
    assert (trained()["stopped_early_on"], trained()["models"]) == ("validation", 1)
    project.run("train", overrides=["train.early_stopping=false"])
    assert (trained()["stopped_early_on"], trained()["models"]) == (None, 1)


def test_the_validation_rows_take_no_part_in_a_bag(project: Project) -> None:
    before = Path("models/model.skops").read_bytes()
    for file in Path("data/features/validation").iterdir():
        file.unlink()
    project.run("train")
    assert Path("models/model.skops").read_bytes() == before


def test_the_sum_is_stored_and_read_back(project: Project) -> None:
    X, _, classes = read_subset("validation")
    model = artifact.load_model(Path("models/model.skops"))
    again = Path("again.skops")
    artifact.save_model(model, again)
    back = artifact.load_model(again)
    assert predict(back, X, len(classes)).tolist() == predict(model, X, len(classes)).tolist()


def test_one_model_is_fitted_as_before(project: Project) -> None:
    model = chosen_model(project.settings("train"))
    X, y, classes = read_subset("train")
    fitted = fit(
        build_model(model),
        Model.model_validate(model),
        X,
        y,
        evaluation_set=read_subset("validation")[:2],
    )
    assert (predict(fitted, X, len(classes)).argmax(axis=1) == y).mean() > 0.8
