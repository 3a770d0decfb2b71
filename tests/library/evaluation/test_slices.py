"""A slice on which a model is weak is found and told from what chance alone makes of many slices."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from library.evaluation.birds import FOLDS, birds, cuts, sexes
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import cross_val_predict

from pedigree.evaluation.bootstrap import bootstrap
from pedigree.evaluation.slices import COLUMNS, slice_scores, worst
from pedigree.scoring.decision import PredictedRows, Threshold
from pedigree.scoring.metrics import METRICS, score

SETTINGS = {"min_rows": 32, "resamples": 300, "confidence": 0.95, "seed": 0}
GIVEN = ["species", "island", "clutch_completion"]


def table(
    metrics: list[str],
    truth: np.ndarray,
    said: np.ndarray | PredictedRows,
    rows: pd.DataFrame,
    **changed: Any,
) -> list[dict[str, Any]]:
    known = {"groups": None, "cuts": cuts(rows), **SETTINGS, **changed}
    given = said if isinstance(said, PredictedRows) else PredictedRows(said)
    return slice_scores(metrics, truth, given, rows, **known)


def weak(lines: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(one["column"], one["slice"]) for one in lines if one["surely_worse"] == "yes"]


# --- what is found -------------------------------------------------------------------------------


def test_a_species_that_the_model_has_never_seen_is_the_worst_slice() -> None:
    rows, male = birds()
    said = sexes("Adelie")
    found = worst(table(["accuracy"], male, said, rows[GIVEN]), "accuracy")
    assert found is not None
    assert found["column"] == "species"
    assert found["slice"].startswith("Adelie")
    assert found["surely_worse"] == "yes"
    assert found["high"] < score("accuracy", male, said)
    assert ("species", found["slice"]) in weak(table(["accuracy"], male, said, rows))


def test_a_model_that_knows_all_species_has_no_slice_that_is_surely_worse() -> None:
    rows, male = birds()
    for metric in ("accuracy", "roc_auc", "log_loss"):
        lines = table([metric, "accuracy"], male, sexes(None), rows[GIVEN])
        assert weak(lines) == []
        found = worst(lines, metric)
        assert found is not None
        assert found["surely_worse"] == "no"


def test_numbers_that_the_model_is_blind_to_are_the_worst_slice() -> None:
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    thin = X["bmi"] <= X["bmi"].quantile(0.75)
    model = LinearRegression().fit(X.loc[thin, ["sex"]], y[thin])
    lines = table(["rmse"], y.to_numpy(), model.predict(X[["sex"]]), X[["bmi", "sex"]])
    fat = [one["slice"] for one in lines if one["slice"].startswith(">")]
    assert weak(lines) == [("bmi", *fat)]
    found = worst(lines, "rmse")
    assert found is not None
    assert found["slice"] == fat[0]


def test_no_alarm_on_clean_sets() -> None:
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    said = cross_val_predict(LinearRegression(), X, y, cv=FOLDS)
    shuffled = np.random.default_rng(0).permutation(len(X))  # slices that say nothing of the rows
    assert weak(table(["rmse"], y.to_numpy(), said, X.iloc[shuffled])) == []
    X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    forest = RandomForestClassifier(30, random_state=0)
    said = cross_val_predict(forest, X, y, cv=FOLDS, method="predict_proba")
    rows = X.iloc[np.random.default_rng(0).permutation(len(X)), :12]
    assert weak(table(["roc_auc"], y.to_numpy(), said, rows)) == []


@pytest.mark.slow
def test_noise_is_called_surely_worse_no_more_often_than_the_confidence_allows() -> None:
    random = np.random.default_rng(0)
    alarms = []
    for _ in range(40):
        truth = random.integers(0, 2, 200)
        positive = np.clip(truth * 0.3 + random.uniform(0, 0.7, 200), 0, 1)
        rows = pd.DataFrame({name: random.choice([*"abcd"], 200) for name in "uvwxyz"})
        said = np.column_stack([1 - positive, positive])
        alarms.append(bool(weak(table(["accuracy"], truth, said, rows, resamples=100))))
    assert np.mean(alarms) <= 0.1


# --- each line -----------------------------------------------------------------------------------


def test_a_slice_is_scored_as_its_rows_alone_are() -> None:
    rows, male = birds()
    said = sexes(None)
    for one in table(["roc_auc"], male, said, rows[["island"]]):
        own = (rows["island"] == one["slice"]).to_numpy()
        assert one["rows"] == own.sum()
        assert one["value"] == pytest.approx(score("roc_auc", male[own], said[own]))
        assert one["low"] <= one["value"] <= one["high"]
        assert tuple(one) == COLUMNS


def test_an_interval_is_about_that_of_the_rows_alone() -> None:
    rows, male = birds()
    said = sexes(None)
    own = (rows["island"] == "Biscoe").to_numpy()
    options = {"resamples": 1000, "confidence": 0.95, "seed": 1}
    alone = bootstrap(["log_loss"], male[own], {"model": said[own]}, groups=None, **options)
    line = table(["log_loss"], male, said, rows[["island"]], resamples=1000)[0]
    assert [line["low"], line["high"]] == pytest.approx(alone.interval("log_loss"), rel=0.1)


def test_rows_of_one_group_count_once() -> None:
    """Each row five times says no more than once; told of the groups, nothing becomes surer."""
    rows, male = birds()
    said = sexes("Adelie")
    five = [np.repeat(one, 5, axis=0) for one in (male, said)]
    many = rows[["species"]].loc[rows.index.repeat(5)].reset_index(drop=True)
    once, grouped, unaware = (
        table(["accuracy"], male, said, rows[["species"]]),
        table(["accuracy"], *five, many, groups=np.repeat(np.arange(len(rows)), 5)),
        table(["accuracy"], *five, many),
    )
    widths = [[one["high"] - one["low"] for one in lines] for lines in (once, grouped, unaware)]
    assert widths[1] == pytest.approx(widths[0])
    assert all(np.array(widths[2]) < np.array(widths[0]) / 1.8)


def test_small_slices_are_shown_and_not_judged() -> None:
    rows, male = birds()
    said = sexes(None).copy()
    said[0] = said[0, ::-1]
    few = rows.assign(island=["Torgersen"] * 10 + ["Dream"] * 3 + ["Biscoe"] * (len(rows) - 13))
    lines = {one["slice"]: one for one in table(["accuracy"], male, said, few[["island"]])}
    assert lines["Torgersen"]["surely_worse"] is None
    assert lines["Torgersen"]["low"] < lines["Torgersen"]["value"] == 0.9
    assert lines["Dream"]["value"] == 1
    assert lines["Dream"]["low"] is None  # three rows do not tell how much they vary
    assert lines["Biscoe"]["surely_worse"] == "no"  # nearly all rows, whatever the others are


def test_a_slice_that_lacks_a_class_is_scored_by_the_next_metric_and_not_compared() -> None:
    rows, male = birds()
    marked = rows.assign(plumage=np.where(male == 1, "dark", None)).fillna({"plumage": "pale"})
    lines = table(["roc_auc", "accuracy"], male, sexes(None), marked[["plumage", "species"]])
    assert [one["metric"] for one in lines] == ["accuracy"] * 2 + ["roc_auc"] * 3
    found = worst(lines, "roc_auc")
    assert found is not None
    assert found["column"] == "species"


def test_a_slice_that_no_metric_fits_has_no_value_and_no_judgement() -> None:
    _, male = birds()
    line = table(["roc_auc"], male, sexes(None), pd.DataFrame({"sex": male.astype(str)}))[0]
    assert np.isnan(line["value"])
    assert line["surely_worse"] is None
    assert worst([line], "roc_auc") is None


def test_rows_that_are_all_right_are_not_certain_to_stay_so() -> None:
    rows, male = birds()
    line = table(["accuracy"], male, np.eye(2)[male], rows[["island"]])[0]
    assert (line["value"], line["low"], line["high"]) == (1, None, None)
    assert line["surely_worse"] == "no"


def test_all_rows_are_no_slice_to_be_judged() -> None:
    rows, male = birds()
    lines = table(["accuracy"], male, sexes(None), rows.assign(planet="Earth")[["planet"]])
    assert [one["surely_worse"] for one in lines] == [None]


@pytest.mark.parametrize("name", METRICS)
def test_every_metric_can_be_sliced_and_the_worst_is_worst_by_it(name: str) -> None:
    rows, male = birds()
    dream = (rows["island"] == "Dream").to_numpy()
    if "regression" in METRICS[name].tasks:
        truth = rows["body_mass_g"].to_numpy(dtype=float)
        values = truth + np.where(dream, 500.0, 10.0)
        within = np.where(dream, 200.0, 100.0)
        said = PredictedRows(values, interval=np.column_stack([values - within, values + within]))
    else:
        truth, values = male, sexes(None).copy()
        values[dream] = values[dream][:, ::-1]
        said = PredictedRows(values, Threshold(0.4, {"false_positive": 1, "false_negative": 2}))
    groups = np.arange(len(rows)) // 60  # so few that some are left out of a resample
    for known in (None, groups):
        lines = table([name], truth, said, rows[["island"]], groups=known, resamples=100)
        found = worst(lines, name)
        assert found is not None
        assert found["slice"] == "Dream"


def test_the_same_seed_gives_the_same_table() -> None:
    rows, male = birds()
    one, again, other = (table(["accuracy"], male, sexes(None), rows, seed=s) for s in (1, 1, 2))
    assert one == again != other
