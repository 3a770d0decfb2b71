"""Ensemble selection: weights by unseen rows, members bagged over folds, the same bytes each time."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from library.projects import Project
from sklearn.metrics import log_loss, root_mean_squared_error

from pedigree.base.settings import as_dict
from pedigree.base.tables import sha256
from pedigree.estimators import fitting
from pedigree.estimators.building import build_model
from pedigree.estimators.ensemble_selection import greedy_weights
from pedigree.estimators.fitting import fit
from pedigree.estimators.predicting import predict
from pedigree.estimators.settings import Model
from pedigree.storage import artifact
from pedigree.training.data import training_groups
from pedigree.training.inputs import read_subset

FEW = ("model.estimator.cv=3", "model.estimators.extra_trees.estimator.n_estimators=20")


def settings(project: Project, *overrides: str) -> dict:
    return as_dict(project.compose("model=ensemble_selection", "tune=off", *FEW, *overrides).model)


@given(arrays(float, (4, 12), elements=st.floats(-5, 5)), st.integers(1, 30))
def test_weights_sum_to_one_and_are_never_worse_than_the_best_member(
    told: np.ndarray, rounds: int
) -> None:
    truth = np.linspace(-2, 2, 12)

    def loss(mixed: np.ndarray) -> float:
        return float(np.mean((mixed - truth) ** 2))

    weights = greedy_weights(list(told), loss, rounds)
    assert weights.sum() == pytest.approx(1) and (weights >= 0).all()
    assert loss(weights @ told) <= min(map(loss, told)) + 1e-9


def test_members_that_err_to_opposite_sides_share_the_weight() -> None:
    truth = np.arange(10.0)
    weights = greedy_weights(
        [truth + 1, truth - 1, truth + 9], lambda mixed: np.mean((mixed - truth) ** 2), 10
    )
    assert weights == pytest.approx([0.5, 0.5, 0])


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_it_is_weighed_by_rows_that_no_member_has_seen_and_comes_back_the_same(
    copy_of, task: str, tmp_path: Path
) -> None:
    model = settings(copy_of(task))
    X, y, classes = read_subset("train")
    fitted = fit(build_model(model), Model.model_validate(model), X, y)
    ensemble = fitted["estimator"]
    assert sum(ensemble.weights_.values()) == pytest.approx(1)
    assert set(ensemble.bags_) == set(ensemble.weights_) <= set(ensemble.losses_)
    assert all(len(bag) == 3 for bag in ensemble.bags_.values())
    said = predict(fitted, X, len(classes))
    score = log_loss if classes else root_mean_squared_error
    seen = score(y, said)
    assert min(ensemble.losses_.values()) > (
        seen if classes else seen**2
    )  # those are of unseen rows
    artifact.save_model(fitted, tmp_path / "first.skops")
    again = artifact.load_model(tmp_path / "first.skops")
    np.testing.assert_array_equal(predict(again, X, len(classes)), said)
    artifact.save_model(
        fit(build_model(model), Model.model_validate(model), X, y), tmp_path / "second.skops"
    )
    assert sha256(tmp_path / "first.skops") == sha256(tmp_path / "second.skops")


def test_a_member_stops_early_on_the_rows_held_out(project: Project) -> None:
    model = settings(project, "model.estimators.catboost.estimator.iterations=500")
    X, y, _ = read_subset("train")
    bag = fit(build_model(model), Model.model_validate(model), X, y)["estimator"].bags_["catboost"]
    assert all(member.pipeline_["estimator"].tree_count_ < 500 for member in bag)


def test_its_folds_keep_groups_whole(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    model = settings(project)
    X, y, _ = read_subset("train")
    groups = training_groups(project.settings("train"))
    assert groups is not None
    seen: list = []
    cut = fitting.inner_folds
    monkeypatch.setattr(fitting, "inner_folds", lambda *a, **k: seen.extend(cut(*a, **k)) or seen)
    assert (
        fit(build_model(model), Model.model_validate(model), X, y, groups=groups)["estimator"].cv
        == 3
    )
    assert len(seen) == 3
    assert all(not set(groups[train]) & set(groups[held_out]) for train, held_out in seen)


def test_members_are_left_out_for_many_rows_or_want_of_time(
    project: Project, capsys: pytest.CaptureFixture
) -> None:
    X, y, _ = read_subset("train")
    model = settings(project, "+model.estimator.max_rows.linear=50")
    assert set(fit(build_model(model), Model.model_validate(model), X, y)["estimator"].losses_) == {
        "catboost",
        "extra_trees",
    }
    assert "linear: left out, since it is slow on more than 50 rows" in capsys.readouterr().out
    model = settings(project, "model.estimator.seconds=0.001")
    assert fit(build_model(model), Model.model_validate(model), X, y)["estimator"].weights_ == {
        "catboost": 1.0
    }
    assert "extra_trees: left out without enough time" in capsys.readouterr().out
