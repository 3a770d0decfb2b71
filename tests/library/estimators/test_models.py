"""Every family of models is fitted, with every part of its pipeline, and predicts."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from library.projects import CLASSES_ONLY, FAMILIES, ROOT, Project, leave_out_missing
from omegaconf import OmegaConf

from pedigree.base.names import UserError
from pedigree.base.settings import as_dict, read_yaml
from pedigree.base.tables import read_table
from pedigree.config.checks import check
from pedigree.estimators.building import build_model
from pedigree.estimators.encoders import NativeCategories
from pedigree.estimators.fitting import fit
from pedigree.estimators.predicting import plain, predict
from pedigree.estimators.settings import Model
from pedigree.training.inputs import read_subset

PARTS = sorted(
    path.relative_to(ROOT / "conf")
    for path in (ROOT / "conf/model").glob("*/*.yaml")
    if path.parent.name != "sampler"  # see test_balance
)


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
        with pytest.raises(UserError, match="does not support task regression"):
            check(OmegaConf.load("params.yaml"))
        return
    X, y, classes = read_subset("train")
    X = X.assign(flag=pd.Series(np.arange(len(X)) % 3 == 0, dtype="boolean").where(X.index != 5))
    X.loc[3, X.select_dtypes("float64").columns] = np.nan
    X["text"] = pd.Series(["a", "b", None, "c"] * len(X), dtype="str")[: len(X)]
    fitted = fit(build_model(model), Model.model_validate(model), X, y)
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
        with pytest.raises(
            UserError, match="supports only classification, and the task is regression"
        ):
            check(OmegaConf.load("params.yaml"))
        return
    X, y, classes = read_subset("train")
    X.loc[3, X.select_dtypes("float64").columns] = np.nan
    said = [
        predict(fit(build_model(model), Model.model_validate(model), X, y), X, len(classes))
        for _ in range(2)
    ]
    assert np.isfinite(said[0]).all()
    assert said[0].tobytes() == said[1].tobytes()


def test_a_forest_gives_the_same_answer_every_time(project: Project) -> None:
    """To the last bit: metrics that rank rows would differ."""
    model = read_yaml(project.folder / "params.yaml")["compare"]["models"]["random_forest"]
    model["estimator"] |= {"n_jobs": 4, "n_estimators": 100}
    X, y, classes = read_subset("train")
    fitted = fit(build_model(model), Model.model_validate(model), X, y)
    answers = {predict(fitted, X, len(classes)).tobytes() for _ in range(20)}
    assert len(answers) == 1


def test_a_class_that_was_not_fitted_has_probability_zero(project: Project) -> None:
    model = read_yaml(project.folder / "params.yaml")["compare"]["models"]["linear"]
    X, y = rows()
    said = predict(fit(build_model(model), Model.model_validate(model), X, y * 2), X, 3)
    assert (said[:, 1] == 0).all()
    assert said.sum(axis=1) == pytest.approx(1)


def test_changes_replace_the_settings_of_the_estimator(project: Project) -> None:
    model = read_yaml(project.folder / "params.yaml")["model"]
    assert build_model(model, {"depth": 7})["estimator"].get_params()["depth"] == 7
    assert build_model(model)["estimator"].get_params()["depth"] == 4


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
            fit(build_model(settings), Model.model_validate(settings), X, y),
            line,
            2 if task == "binary" else 0,
        )
        return np.diff(said[:, 1] if task == "binary" else said)

    free = model | {"monotone": model["monotone"] | {"features": {}}}
    assert (sign * steps(free) < -1e-9).any()
    assert (sign * steps(model) >= -1e-9).all()


def test_a_monotone_feature_must_be_a_number_that_is_there(project: Project) -> None:
    model = chosen(project, "model=catboost", "+model.monotone.features.culmen_lenth_mm=1")
    X, y, _ = read_subset("train")
    with pytest.raises(
        UserError,
        match=r"'culmen_lenth_mm' is not a numeric feature of the model; did you mean 'culmen_",
    ):
        fit(build_model(model), Model.model_validate(model), X, y)
