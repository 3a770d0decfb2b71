"""Models, and the folds in which they are compared."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from library.projects import CLASSES_ONLY, FAMILIES, ROOT, Project, leave_out_missing
from omegaconf import OmegaConf
from sklearn.base import BaseEstimator, TransformerMixin

from pedigree.base.names import UserError
from pedigree.base.settings import as_dict, read_yaml
from pedigree.base.tables import read_table
from pedigree.config.checks import check
from pedigree.estimators.building import build_model
from pedigree.estimators.encoders import NativeCategories
from pedigree.estimators.fitting import fit
from pedigree.estimators.predicting import plain, predict
from pedigree.folds.folding import folds
from pedigree.training.cross_validation import cross_validate
from pedigree.training.inputs import read_subset

PARTS = sorted(
    path.relative_to(ROOT / "conf")
    for path in (ROOT / "conf/model").glob("*/*.yaml")
    if path.parent.name != "sampler"  # see test_balance
)
CUT = {"classify": True, "groups": None, "when": None, "n": 3, "repeats": 1, "seed": 0}


class Remember(TransformerMixin, BaseEstimator):
    """Write down which rows it was fitted on."""

    def fit(self, X: pd.DataFrame, y: object = None) -> "Remember":
        self.rows_ = list(X.index)
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        return X.assign(fitted_on=[self.rows_] * len(X))


def rows(n: int = 60) -> tuple[pd.DataFrame, np.ndarray]:
    random = np.random.default_rng(0)
    return pd.DataFrame({"x": random.normal(size=n)}), np.arange(n) % 2


def chosen(project: Project, *overrides: str) -> dict:
    """Compose settings; return those of the model, if its library is here."""
    config = project.compose(*overrides)
    leave_out_missing(config.model)
    return as_dict(config.model)


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_is_fitted_on_texts_gaps_and_truth_values(
    copy_of, task: str, family: str
) -> None:
    project = copy_of(task)
    model = chosen(project, f"model={family}")
    if task == "regression" and family in CLASSES_ONLY:
        with pytest.raises(UserError, match="does not answer a question of task regression"):
            check(OmegaConf.load("params.yaml"))
        return
    X, y, classes = read_subset("train")
    X = X.assign(flag=pd.Series(np.arange(len(X)) % 3 == 0, dtype="boolean").where(X.index != 5))
    X.loc[3, X.select_dtypes("float64").columns] = np.nan
    X["text"] = pd.Series(["a", "b", None, "c"] * len(X), dtype="str")[: len(X)]
    fitted = fit(build_model(model), model, X, y)
    unseen = X.head(4).assign(text=["new", None, "a", "b"])
    said = predict(fitted, unseen, len(classes))
    assert np.isfinite(said).all()
    if classes:
        assert said.shape == (4, len(classes))
        assert said.sum(axis=1) == pytest.approx(1)
    else:
        assert said.shape == (4,)


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
@pytest.mark.parametrize("part", PARTS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_every_encoder_imputer_and_scaler_fits_in(copy_of, task: str, part: Path) -> None:
    project = copy_of(task)
    native = [] if part.stem != "none" or part.parent.name == "scaler" else ["model/encoder=native"]
    family = "hist_gradient_boosting" if native or part.stem == "native" else "linear"
    model = chosen(project, f"model={family}", f"{part.parent.as_posix()}={part.stem}", *native)
    if task == "regression" and part.stem == "woe":
        with pytest.raises(UserError, match="is for classes, and the task is regression"):
            check(OmegaConf.load("params.yaml"))
        return
    X, y, classes = read_subset("train")
    X.loc[3, X.select_dtypes("float64").columns] = np.nan
    said = [predict(fit(build_model(model), model, X, y), X, len(classes)) for _ in range(2)]
    assert np.isfinite(said[0]).all()
    assert said[0].tobytes() == said[1].tobytes()


def test_a_forest_gives_the_same_answer_every_time(project: Project) -> None:
    """To the last bit: metrics that rank rows would differ."""
    model = read_yaml(project.folder / "params.yaml")["compare"]["models"]["random_forest"]
    model["estimator"] |= {"n_jobs": 4, "n_estimators": 100}
    X, y, classes = read_subset("train")
    fitted = fit(build_model(model), model, X, y)
    answers = {predict(fitted, X, len(classes)).tobytes() for _ in range(20)}
    assert len(answers) == 1


def test_a_class_that_was_not_fitted_has_probability_zero(project: Project) -> None:
    model = read_yaml(project.folder / "params.yaml")["compare"]["models"]["linear"]
    X, y = rows()
    said = predict(fit(build_model(model), model, X, y * 2), X, 3)
    assert (said[:, 1] == 0).all()
    assert said.sum(axis=1) == pytest.approx(1)


def test_changes_replace_the_settings_of_the_estimator(project: Project) -> None:
    model = read_yaml(project.folder / "params.yaml")["model"]
    assert build_model(model, {"depth": 7})["estimator"].get_params()["depth"] == 7
    assert build_model(model)["estimator"].get_params()["depth"] == 4


@pytest.mark.parametrize("seed", [0, 1])
def test_every_row_is_held_out_once_in_a_round(seed: int) -> None:
    X, y = rows()
    for n, repeats in ((3, 1), (4, 2)):
        cut = list(folds(X, y, [], **CUT | {"n": n, "repeats": repeats, "seed": seed}))
        assert len(cut) == n * repeats
        held_out = np.sort(np.concatenate([fold.rows_held_out for fold in cut]))
        assert held_out.tolist() == np.repeat(np.arange(60), repeats).tolist()


def test_each_round_is_drawn_anew() -> None:
    X, y = rows()
    cut = list(folds(X, y, [], **CUT | {"repeats": 2}))
    assert cut[0].rows_held_out.tolist() != cut[3].rows_held_out.tolist()


@given(st.integers(0, 99), st.booleans())
def test_no_group_is_on_both_sides_of_a_fold(seed: int, classify: bool) -> None:
    X, y = rows()
    groups = np.random.default_rng(seed).integers(0, 12, len(X))
    for fold in folds(X, y, [], **CUT | {"groups": groups, "seed": seed, "classify": classify}):
        inside = np.setdiff1d(np.arange(len(X)), fold.rows_held_out)
        assert not set(groups[inside]) & set(groups[fold.rows_held_out])


def test_what_chooses_by_folds_of_its_own_is_told_how_to_cut_them() -> None:
    """Inside a fold, by the groups and times of that fold's own rows."""

    class Chooser(Remember):
        def fit(self, X: pd.DataFrame, y: object = None, cut: object = None) -> "Chooser":
            self.parts_ = [[list(X.index[side]) for side in pair] for pair in cut(2)]
            return super().fit(X, y)

        def transform(self, X: pd.DataFrame) -> pd.DataFrame:
            return X.assign(parts=[self.parts_] * len(X))

    X, y = rows()
    groups = np.arange(60) // 4
    for fold in folds(X, y, [Chooser()], **CUT | {"groups": groups}):
        for train, held_out in fold.X["parts"].iloc[0]:
            assert set(train) | set(held_out) == set(X.index) - set(fold.rows_held_out)
            assert not set(groups[train]) & set(groups[held_out])


def test_transformers_are_fitted_again_inside_each_fold() -> None:
    X, y = rows()
    outside = Remember().fit(X)
    for fold in folds(X, y, [outside], **CUT):
        fitted_on = set(fold.X["fitted_on"].iloc[0])
        assert fitted_on == set(X.index) - set(fold.rows_held_out)
        assert fold.X_held_out["fitted_on"].iloc[0] == fold.X["fitted_on"].iloc[0]
    assert outside.rows_ == list(X.index)


@pytest.mark.parametrize("classify", [True, False])
def test_a_fold_of_fewer_rows_learns_its_features_from_those_too(classify: bool) -> None:
    X, y = rows()
    options = CUT | {"classify": classify}
    for few, whole in zip(
        folds(X, y, [Remember()], **options | {"at_most": 24}),
        folds(X, y, [Remember()], **options),
        strict=True,
    ):
        assert few.X["fitted_on"].iloc[0] == list(few.X.index) == list(few.rows)
        assert len(few.y) == 24
        assert set(few.rows) < set(whole.rows)
        assert few.rows_held_out.tolist() == whole.rows_held_out.tolist()


@pytest.mark.parametrize(("enough", "left"), [(1, 1), (20, 1), (21, 2), (60, 3), (1000, 3)])
def test_folds_are_left_out_as_long_as_the_others_hold_out_enough(enough: int, left: int) -> None:
    X, y = rows()
    every, some = (list(folds(X, y, [], **CUT | {"enough": e})) for e in (None, enough))
    assert [list(fold.rows) for fold in some] == [list(fold.rows) for fold in every[-left:]]


@given(st.lists(st.one_of(st.none(), st.integers(0, 9)), min_size=20, max_size=40))
def test_folds_by_time_hold_out_what_comes_after(moments: list) -> None:
    when = pd.Series(
        pd.to_datetime("2020-01-01") + pd.to_timedelta(pd.array(moments, "Int64"), "D")
    )
    X = pd.DataFrame({"x": range(len(moments))})
    y = np.arange(len(moments)) % 2
    try:
        cut = list(folds(X, y, [], **CUT | {"when": when}))
    except UserError as error:
        assert re.search("cannot be cut into 3 folds|none of the 3 folds", str(error))
        return
    for fold in cut:
        assert len(set(fold.y)) == 2
        inside, outside = when[fold.X["x"]], when[fold.rows_held_out]
        assert outside.notna().all()
        assert not (inside >= outside.min()).any()
        assert inside.isna().sum() == when.isna().sum()


def test_a_fold_whose_past_holds_one_class_is_left_out() -> None:
    when = pd.Series(pd.date_range("2020-01-01", periods=40))
    X = pd.DataFrame({"x": range(40)})
    late = np.r_[np.zeros(15, int), np.arange(25) % 2]
    assert len(list(folds(X, late, [], **CUT | {"when": when}))) == 2
    never = np.r_[np.zeros(39, int), 1]
    with pytest.raises(UserError, match="none of the 3 folds by time has a past with more"):
        list(folds(X, never, [], **CUT | {"when": when}))


def test_the_past_of_the_penguins_is_fitted_and_their_future_held_out(
    penguins: pd.DataFrame,
) -> None:
    when = penguins["date_egg"]
    y = np.arange(len(penguins)) % 2
    cut = list(folds(penguins, y, [], **CUT | {"when": when, "n": 4, "repeats": 3}))
    assert len(cut) == 4
    assert [len(fold.X) for fold in cut] == sorted(len(fold.X) for fold in cut)
    for fold in cut:
        assert fold.X["date_egg"].max() < fold.X_held_out["date_egg"].min()


def test_too_few_rows_of_a_class_are_named() -> None:
    X, _ = rows(10)
    with pytest.raises(UserError, match="a class has 2 training rows, fewer than the 3 folds"):
        list(folds(X, np.array([0] * 8 + [1] * 2), [], **CUT))


def test_too_few_groups_are_named() -> None:
    X, y = rows(10)
    with pytest.raises(UserError, match="cannot be cut into 3 folds"):
        list(folds(X, y, [], **CUT | {"groups": np.zeros(10)}))


def test_a_model_is_scored_on_rows_that_it_has_not_seen(project: Project) -> None:
    """Labels by chance: a forest that had seen the rows would know them by heart."""
    model = read_yaml(project.folder / "params.yaml")["compare"]["models"]["random_forest"]
    X, _ = rows(200)
    y = np.random.default_rng(5).integers(0, 2, 200)
    scores = cross_validate(model, list(folds(X, y, [], **CUT)), ["roc_auc"], 2)
    assert len(scores) == 3
    assert np.mean([one["roc_auc"] for one in scores]) < 0.65


def test_categories_keep_no_missing_value_and_gather_what_is_unknown() -> None:
    encoder = NativeCategories(max_categories=2).fit(
        pd.DataFrame({"x": ["a", "a", "b", "b", "c", None]})
    )
    made = encoder.transform(pd.DataFrame({"x": ["a", "c", None, "new"]}))["x"]
    assert made.notna().all()
    assert made.tolist() == ["a", "(other)", "(missing)", "(other)"]


def test_truth_values_become_numbers() -> None:
    made = plain(pd.DataFrame({"x": pd.array([True, None, False], dtype="boolean")}))["x"]
    assert made.dtype == "float64"
    assert made.tolist()[::2] == [1.0, 0.0]


def test_a_side_without_rows_of_unknown_classes_is_read(project: Project, capsys) -> None:
    X, y, classes = read_subset("validation")
    assert len(X) == len(y) == len(read_table(Path("data/features/validation")))
    assert classes == ["female", "male"]
    assert "left out" not in capsys.readouterr().out


MONOTONE = [name for name in FAMILIES if "monotone" in read_yaml(ROOT / f"conf/model/{name}.yaml")]


@pytest.mark.parametrize("task", ["binary", "regression"])
@pytest.mark.parametrize("family", MONOTONE)
@pytest.mark.parametrize("sign", [1, -1])
def test_a_prediction_only_rises_or_falls_where_it_is_told_to(
    copy_of, task: str, family: str, sign: int
) -> None:
    model = chosen(copy_of(task), f"model={family}", f"+model.monotone.features.x={sign}")
    random = np.random.default_rng(0)
    X = pd.DataFrame({"other": random.normal(size=300), "x": random.uniform(size=300)})
    wave = np.sin(9 * X["x"]) + 0.3 * random.normal(size=300)  # up and down
    y = (wave > 0).to_numpy(dtype=int) if task == "binary" else wave.to_numpy()
    line = pd.DataFrame({"other": 0.1, "x": np.linspace(0, 1, 80)})

    def steps(settings: dict) -> np.ndarray:
        said = predict(
            fit(build_model(settings), settings, X, y), line, 2 if task == "binary" else 0
        )
        return np.diff(said[:, 1] if task == "binary" else said)

    free = model | {"monotone": model["monotone"] | {"features": {}}}
    assert (sign * steps(free) < -1e-9).any()
    assert (sign * steps(model) >= -1e-9).all()


def test_a_monotone_feature_must_be_a_number_that_is_there(project: Project) -> None:
    model = chosen(project, "model=catboost", "+model.monotone.features.culmen_lenth_mm=1")
    X, y, _ = read_subset("train")
    with pytest.raises(UserError, match=r"no number 'culmen_lenth_mm'; did you mean 'culmen_"):
        fit(build_model(model), model, X, y)
