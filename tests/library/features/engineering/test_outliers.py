"""Outliers: limits of the training rows, and what becomes of the values and rows beyond them."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from library.projects import Project
from sklearn import ensemble

from pedigree.base.names import UserError
from pedigree.config.arguments import wrong_arguments
from pedigree.features.engineering import IsolationForest, Outliers
from pedigree.features.outlier_limits import DropOutliers, compute_limits
from pedigree.storage import artifact

FITTED = Path("models/engineer.skops")
METHODS = {"iqr": 3.0, "quantile": 0.05, "z_score": 2.0}
STEP = "engineer.steps.outliers"


def numbers(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.select_dtypes("float64")


@pytest.mark.parametrize("method", METHODS)
def test_the_limits_are_those_of_the_textbook(penguins: pd.DataFrame, method: str) -> None:
    mass = penguins["body_mass_g"]
    present = mass.dropna().to_numpy()
    q1, q3 = np.percentile(present, [25, 75])
    expected = {
        "iqr": [q1 - 3 * (q3 - q1), q3 + 3 * (q3 - q1)],
        "quantile": np.percentile(present, [5, 95]).tolist(),
        "z_score": [present.mean() + side * 2 * present.std(ddof=1) for side in (-1, 1)],
    }
    assert compute_limits(mass, method, METHODS[method]) == pytest.approx(expected[method])


def test_a_column_of_two_values_or_mostly_one_has_no_limits() -> None:
    assert compute_limits(pd.Series([0.0] * 99 + [1.0]), "z_score", 3) is None
    assert compute_limits(pd.Series([0.0] * 98 + [1.0, 2.0]), "iqr", 3) is None


@pytest.mark.parametrize(
    ("action", "expected"),
    [("clip", [-1.0, 2.0, 5.0, None]), ("missing", [None, 2.0, None, None])],
)
def test_far_values_are_treated_by_the_limits_of_the_fitted_rows(
    action: str, expected: list
) -> None:
    fitted = Outliers(threshold=1.0, action=action).fit(
        pd.DataFrame({"x": [0.0, 1, 2, 3, 4], "c": [5] * 5})
    )
    made = fitted.transform(pd.DataFrame({"x": [-99.0, 2, 99, None], "c": [5, 9, 9, 9]}))
    assert [None if pd.isna(value) else value for value in made["x"]] == expected
    assert made["c"].tolist() == [5, 9, 9, 9]


def test_far_values_may_be_flagged_and_left() -> None:
    fitted = Outliers(columns=["x"], threshold=1.0, action="flag").fit(
        pd.DataFrame({"x": range(5)})
    )
    made = fitted.transform(pd.DataFrame({"x": [-99.0, 2, 99, None]}))
    assert made["x_is_outlier"].tolist() == [1, 0, 1, 0]
    assert made["x"].tolist()[:3] == [-99, 2, 99]


def test_unlike_rows_are_flagged_by_several_columns_at_once(penguins: pd.DataFrame) -> None:
    columns = list(numbers(penguins))
    fitted = IsolationForest(columns, contamination=0.02, random_state=3).fit(penguins)
    made = fitted.transform(penguins)
    assert made["is_outlier"].sum() == pytest.approx(0.02 * len(penguins), abs=2)
    flagged = made["is_outlier"] == 1
    assert made["outlier_score"][flagged].min() > made["outlier_score"][~flagged].max()
    filled = numbers(penguins).fillna(numbers(penguins).median()).to_numpy()
    forest = ensemble.IsolationForest(contamination=0.02, random_state=3).fit(filled)
    assert (flagged == (forest.predict(filled) == -1)).all()
    far = penguins.head(1).assign(body_mass_g=60_000.0, flipper_length_mm=20.0)
    assert fitted.transform(far)["is_outlier"].tolist() == [1]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"method": "iqrr"}, "no method 'iqrr'"),
        ({"action": "drop"}, "no action 'drop'"),
        ({"method": "quantile"}, "`threshold` is the fraction of rows at each end"),
    ],
)
def test_wrong_settings_are_refused(settings: dict, said: str) -> None:
    with pytest.raises(UserError, match=said):
        Outliers(**settings).fit(pd.DataFrame({"x": [1.0, 2, 3]}))


def test_configure_knows_the_methods_and_actions() -> None:
    step = {
        "_target_": "pedigree.features.engineering.Outliers",
        "action": "drop",
        "method": "iqrr",
    }
    action, method = sorted(wrong_arguments({"engineer": {"steps": {"outliers": step}}}))
    assert action.startswith(f"{STEP}.action: should be 'clip', 'missing' or 'flag'")
    assert method.startswith(f"{STEP}.method: should be 'iqr', 'quantile' or 'z_score'")


@pytest.mark.parametrize("method", [*METHODS, "isolation_forest"])
def test_training_rows_with_outliers_can_be_left_out_of_a_fit(
    penguins: pd.DataFrame, method: str
) -> None:
    X = numbers(penguins).assign(species=penguins["species"])
    X.loc[[5, 9], ["body_mass_g", "flipper_length_mm"]] = [1e6, 1e4]
    y = np.arange(len(X)) % 2
    sampler = DropOutliers(method, METHODS.get(method, 0.02), random_state=0)
    kept, answers = sampler.fit_resample(X, y)
    assert not {5, 9} & set(kept.index)
    assert kept.columns.tolist() == X.columns.tolist()
    assert (answers == y[kept.index]).all()
    assert 3 in kept.index  # a bird that was not measured is not an outlier


def test_a_class_must_not_vanish() -> None:
    X = pd.DataFrame({"x": [0.0, 1, 2, 3, 4, 999]})
    with pytest.raises(UserError, match="no training row of a class is left"):
        DropOutliers().fit_resample(X, np.array([0, 0, 0, 0, 0, 1]))
    assert len(DropOutliers().fit_resample(X, np.arange(6.0))[0]) == 5  # numbers are no classes


@pytest.mark.slow
@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_outliers_are_treated_in_every_task_with_the_same_bytes(copy_of, task: str) -> None:
    project: Project = copy_of(task)
    forest = "{_target_: pedigree.features.engineering.IsolationForest, n_estimators: 20, random_state: 1}"
    project.compose(
        f"+{STEP}.action=flag", f"+{STEP}.method=z_score", f"+engineer.steps.unlike={forest}"
    )
    project.run("engineer")
    first = FITTED.read_bytes()
    made = pd.read_parquet("data/features/validation")
    assert {"is_outlier", "outlier_score", "flipper_length_mm_is_outlier"} <= set(made)
    assert ("body_mass_g_is_outlier" in made) == (task != "regression")
    rows = pd.read_parquet("data/split/validation")
    features = artifact.load_model(FITTED).transform(rows.drop(columns=made.columns[-1]))
    pd.testing.assert_series_equal(features["outlier_score"], made["outlier_score"])
    project.run("engineer")
    assert FITTED.read_bytes() == first
