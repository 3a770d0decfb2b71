"""Voting and stacking: members fitted as by themselves, and inner folds that follow the split."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from library.projects import Project, extra
from omegaconf import OmegaConf
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold

from pedigree.base.names import UserError
from pedigree.base.settings import as_dict
from pedigree.base.tables import read_json, read_table
from pedigree.config.checks import check
from pedigree.estimators import fitting
from pedigree.estimators.building import build_model
from pedigree.estimators.fitting import fit
from pedigree.estimators.predicting import predict
from pedigree.estimators.settings import Model
from pedigree.folds.folding import fold_groups, inner_folds
from pedigree.storage import artifact
from pedigree.training.data import training_groups
from pedigree.training.inputs import read_subset


def ensemble(project: Project, name: str) -> dict:
    return as_dict(project.compose(f"model={name}", "tune=off").model)


def test_voting_says_the_mean_of_what_its_members_say_by_themselves(copy_of) -> None:
    project = copy_of("regression")
    X, y, _ = read_subset("train")
    voting = ensemble(project, "voting")
    del voting["estimators"]["extra_trees"]  # whose draws depend on the order of the columns
    told = predict(fit(build_model(voting), Model.model_validate(voting), X, y), X, 0)
    alone = [
        predict(fit(build_model(one), Model.model_validate(one), X, y), X, 0)
        for one in voting["estimators"].values()
    ]
    assert len(alone) == 2
    np.testing.assert_allclose(told, np.mean(alone, axis=0), rtol=1e-6)


def test_stacking_learns_from_predictions_of_rows_that_its_members_have_not_seen(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And no group is on both sides of any of its folds."""
    model = ensemble(project, "stacking")
    X, y, _ = read_subset("train")
    groups = training_groups(project.settings("train"))
    assert groups is not None and len(groups) == len(X)
    seen: list[tuple[np.ndarray, np.ndarray]] = []

    def spy(*args, **kwargs):
        seen.extend(cut := inner_folds(*args, **kwargs))
        return cut

    monkeypatch.setattr(fitting, "inner_folds", spy)
    fitted = fit(build_model(model), Model.model_validate(model), X, y, groups=groups)["estimator"]
    assert len(seen) == 5
    for train, held_out in seen:
        assert not set(groups[train]) & set(groups[held_out])
    assert sorted(np.concatenate([held_out for _, held_out in seen])) == list(range(len(X)))
    assert isinstance(
        fitted.cv, StratifiedKFold
    )  # the settings' again: what is stored names no row
    assert isinstance(fitted.final_estimator_, LogisticRegression)
    assert fitted.final_estimator_.coef_.shape == (1, 3)


def test_the_groups_are_those_of_the_split(project: Project) -> None:
    rows = read_table(Path("data/split/train"))
    groups = pd.Series(training_groups(project.settings("train")))
    birds = rows["species"] + rows["individual_id"]
    assert groups.nunique() == birds.nunique()
    assert (birds.groupby(groups).nunique() == 1).all()


@given(st.lists(st.one_of(st.none(), st.integers(0, 30)), min_size=20, max_size=80))
def test_a_moment_is_never_cut_in_two(moments: list) -> None:
    when = pd.Series(
        pd.to_datetime("2020-01-01") + pd.to_timedelta(pd.array(moments, "Int64"), "D")
    )
    found = fold_groups(None, when)
    dated = when.notna().to_numpy()
    assert (pd.Series(found[dated]).groupby(when[dated].to_numpy()).nunique() == 1).all()
    assert (np.diff(found[dated][np.argsort(when[dated].to_numpy(), kind="stable")]) >= 0).all()
    assert set(found[~dated]) <= {0}


def test_too_few_groups_for_the_folds_inside_a_model_are_named() -> None:
    with pytest.raises(UserError, match="into 5 folds inside the model: too few groups"):
        inner_folds(5, np.arange(9) % 2, np.arange(9) % 3, classify=True)


def test_members_are_checked_like_models(project: Project) -> None:
    project.compose("model=stacking", "model.estimators.linear.search_space={}")
    check(OmegaConf.load("params.yaml"))
    config = OmegaConf.load("params.yaml")
    config.model.estimators.linear.search_space = {"D": {"type": "float", "low": 1, "high": 2}}
    config.model.estimators.catboost.estimator.dept = 3
    with pytest.raises(UserError) as error:
        check(config)
    assert "model.estimators.linear.search_space:" in str(error.value)
    assert "model.estimators.catboost.estimator.dept:" in str(error.value)


def test_a_member_for_classes_is_refused_where_numbers_are_asked(copy_of) -> None:
    project = copy_of("regression")
    config = project.compose("model=voting", "+model@model.estimators.bayes=naive_bayes")
    with pytest.raises(UserError, match=r"model\.estimators\.bayes\.estimator: .* task regression"):
        check(config)


def test_a_sampler_goes_to_the_members(project: Project) -> None:
    extra("imblearn")
    with pytest.raises(UserError, match="would have copies of a row in both subsets"):
        check(project.compose("model=stacking", "model/sampler=oversample"))
    key = "model/sampler@model.estimators.linear.sampler"
    config = project.compose("model=stacking", f"{key}=oversample")
    check(config)
    assert config.model.estimators.linear.sampler["_target_"].endswith("RandomOverSampler")


def test_class_weights_reach_the_members_and_the_final_estimator(project: Project) -> None:
    X, y, classes = read_subset("train")
    keep = np.flatnonzero((y == 0) | (np.arange(len(y)) % 5 == 0))
    X, y = X.iloc[keep], y[keep]
    shares = {}
    for weight in ("null", "balanced"):
        config = project.compose("model=stacking", f"problem.class_weight={weight}")
        check(config)
        model = as_dict(config.model)
        shares[weight] = predict(
            fit(build_model(model), Model.model_validate(model), X, y), X, len(classes)
        )[:, 1].mean()
    assert shares["null"] == pytest.approx(y.mean(), abs=0.05)
    assert shares["balanced"] > shares["null"] + 0.05


@pytest.mark.slow
def test_catboost_leaves_no_stamp_inside_an_ensemble(project: Project) -> None:
    project.compose("model=voting", "tune=off")
    project.run("tune", "train")
    fitted = artifact.load_model(Path("models/model.skops"))["estimator"]
    metadata = fitted.named_estimators_["catboost"].pipeline_["estimator"].get_metadata()
    assert metadata["train_finish_time"] == metadata["model_guid"] == ""


@pytest.mark.slow
def test_the_final_estimator_is_tuned_in_a_stack(project: Project) -> None:
    project.compose("model=stacking", "tune=random", "tune.trials=2")
    project.run("tune", "train")
    tuned = read_json(Path("models/best_params.json"))["tuned"]
    assert set(tuned) <= {"final_estimator__C"}
