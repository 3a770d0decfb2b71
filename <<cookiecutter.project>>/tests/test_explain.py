from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from catboost import Pool
from conftest import Project

from pipeline.core.base.settings import read_yaml
from pipeline.core.model import artifact
from pipeline.core.model.inputs import read_side
from pipeline.core.model.modelling import build, fit, plain, predict
from pipeline.explain import pick_rows
from pipeline.explain.values import permutation_losses, shap_values

TASKS = ("binary", "multiclass", "regression")
OUTPUTS = {"binary": 1, "multiclass": 3, "regression": 1}


def explained(project: Project, family: str) -> tuple[np.ndarray, np.ndarray]:
    """Fit a family; return its SHAP values (n, q, outputs) and what they explain (n, outputs)."""
    model = read_yaml(project.folder / "params.yaml")["compare"]["models"][family]
    X, y, classes = read_side("train")
    fitted = fit(build(model), model, X, y)
    rows, background = X.iloc[:2], X.iloc[20:24]
    encoded, values = shap_values(fitted, rows, background, classes, seed=1)
    estimator = fitted["estimator"]
    if family == "catboost":
        texts = [name for name in encoded if encoded[name].dtype == "category"]
        output = estimator.predict(
            Pool(encoded, cat_features=texts), prediction_type="RawFormulaVal"
        )
    elif family == "linear" and classes:
        output = estimator.decision_function(encoded)
    else:
        output = predict(fitted, rows, len(classes))
        output = output[:, [1]] if len(classes) == 2 else output
    return values, np.asarray(output).reshape(2, -1)


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize(
    "family", ["catboost", "linear", "random_forest", "hist_gradient_boosting", "dummy"]
)
def test_shap_values_add_up_to_the_models_output(copy_of, task: str, family: str) -> None:
    """What is left is the average, the same for every row."""
    values, output = explained(copy_of(task), family)
    assert values.shape[2] == output.shape[1] == OUTPUTS[task]
    average = output - values.sum(axis=1)
    scale = np.ptp(output) or 1.0
    assert np.abs(average - average[0]).max() < 1e-5 * scale


def test_catboost_explains_unseen_and_missing_values(project: Project) -> None:
    model = artifact.load(Path("models/model.skops"))
    X, _, classes = read_side("validation")
    rows = X.head(3).copy()
    rows[rows.select_dtypes("float64").columns[0]] = np.nan
    _, values = shap_values(model, rows, X, classes, seed=1)
    assert np.isfinite(values).all()


def test_the_strongest_features_come_first(project: Project) -> None:
    for name, column in (("shap", "mean_abs_shap"), ("permutation", "loss")):
        table = pd.read_csv(f"reports/explain/{name}.csv")
        assert table[column].is_monotonic_decreasing
        assert set(table["feature"]) == set(read_side("train")[0].columns)


def test_a_feature_that_decides_everything_is_the_strongest(project: Project) -> None:
    model = read_yaml(project.folder / "params.yaml")["model"]
    X, y, classes = read_side("train")
    X = X.assign(answer=y + np.random.default_rng(0).normal(0, 0.01, len(y)))
    fitted = fit(build(model), model, X, y)
    encoded, values = shap_values(fitted, X, X, classes, seed=1)
    losses = permutation_losses(fitted, X, y, "roc_auc", classes, repeats=2, seed=1)
    assert encoded.columns[np.abs(values).mean(axis=(0, 2)).argmax()] == "answer"
    assert losses[0]["feature"] == "answer"
    assert losses[0]["loss"] > 0.3


def test_for_an_error_the_loss_is_what_it_grows_by(copy_of) -> None:
    copy_of("regression")
    losses = pd.read_csv("reports/explain/permutation.csv")
    assert losses["loss"].iloc[0] > 10  # grams


def test_shares_of_single_rows_sum_to_their_shap_values(project: Project) -> None:
    table = pd.read_csv("reports/explain/rows.csv")
    model = artifact.load(Path("models/model.skops"))
    X, _, classes = read_side("validation")
    assert table["validation_row"].nunique() == 3
    _, values = shap_values(model, X, X, classes, seed=1)
    for row, shares in table.groupby("validation_row"):
        assert shares["shap"].abs().is_monotonic_decreasing
        assert shares["shap"].sum() == pytest.approx(values[row].sum(), abs=1e-6)
        label = classes[predict(model, X.iloc[[row]], 2)[0].argmax()]
        assert shares["prediction"].str.startswith(f"{label} (").all()


def test_rows_to_explain_are_the_surest_the_least_sure_and_between() -> None:
    sure = np.array([0.9, 0.5, 0.7, 0.99, 0.6])
    prediction = np.column_stack([1 - sure, sure])
    assert pick_rows(prediction, 3) == [3, 2, 1]
    assert pick_rows(prediction, 99) == [3, 0, 2, 4, 1]
    assert pick_rows(np.array([3.0, 9.0]), 1) == [1]


def test_every_picture_is_drawn_and_twice_the_same(project: Project) -> None:
    pictures = {path.name: path.read_bytes() for path in Path("plots/explain").iterdir()}
    assert set(pictures) == {
        *("bar.png", "beeswarm.png", "permutation.png"),
        *(f"row_{number}.png" for number in (1, 2, 3)),
    }
    project.run("explain")
    assert {path.name: path.read_bytes() for path in Path("plots/explain").iterdir()} == pictures


def test_truth_values_among_the_features_are_explained(project: Project) -> None:
    model = read_yaml(project.folder / "params.yaml")["compare"]["models"]["linear"]
    X, y, classes = read_side("train")
    X = X.assign(flag=pd.Series(y == 1, dtype="boolean"))
    fitted = fit(build(model), model, X, y)
    encoded, values = shap_values(fitted, plain(X.head(3)), X, classes, seed=1)
    assert np.isfinite(values[:, list(encoded.columns).index("flag")]).all()
