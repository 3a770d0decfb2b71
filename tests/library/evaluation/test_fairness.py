"""Figures of fairness are fairlearn's, and their intervals know of groups of rows."""

import fairlearn.metrics as fl
import numpy as np
import pandas as pd
import pytest
from library.evaluation.birds import birds, cuts, sexes
from sklearn.datasets import load_diabetes, load_wine
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from pedigree.evaluation.fairness import COLUMNS, fairness, largest
from pedigree.scoring.decision import PredictedRows, Threshold

SETTINGS = {"groups": None, "min_rows": 20, "resamples": 200, "confidence": 0.95, "seed": 0}


def by_measure(lines: list[dict]) -> dict[str, dict]:
    return {one["measure"]: one for one in lines}


def of_birds(column: str, **changed) -> dict[str, dict]:
    rows, male = birds()
    options = {**SETTINGS, **changed}
    lines = fairness(
        male,
        PredictedRows(sexes("Adelie")),
        ["female", "male"],
        rows,
        cuts(rows, column),
        **options,
    )
    return by_measure(lines)


@pytest.mark.parametrize("column", ["species", "island"])
def test_the_figures_of_two_classes_are_fairlearns(column: str) -> None:
    rows, male = birds()
    told, said = of_birds(column), sexes("Adelie").argmax(axis=1)
    for name in ("demographic_parity_difference", "demographic_parity_ratio", "equalized_odds_difference"):  # fmt: skip
        expected = getattr(fl, name)(male, said, sensitive_features=rows[column])
        assert told[name]["value"] == pytest.approx(expected), name
    for name in ("selection_rate", "true_positive_rate", "false_positive_rate"):
        each = fl.MetricFrame(
            metrics=getattr(fl, name), y_true=male, y_pred=said, sensitive_features=rows[column]
        )
        for group, expected in each.by_group.items():
            assert told[f"{name}[{group}]"]["value"] == pytest.approx(expected)


def test_what_is_decided_goes_by_the_threshold() -> None:
    rows, male = birds()
    strict, lax = (
        by_measure(
            fairness(
                male,
                PredictedRows(sexes("Adelie"), Threshold(value)),
                ["female", "male"],
                rows,
                cuts(rows, "species"),
                **SETTINGS,
            )
        )
        for value in (0.9, 0.0)
    )
    assert strict["demographic_parity_difference"]["value"] > 0.1
    assert lax["demographic_parity_difference"]["value"] == 0  # all are taken for males
    assert lax["demographic_parity_ratio"]["value"] == 1


def test_of_several_classes_each_is_held_against_the_rest() -> None:
    X, y = load_wine(return_X_y=True, as_frame=True)
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.001)).fit(X, y)
    rows, truth = X[["alcohol"]], y.to_numpy()
    known, probability = cuts(rows), model.predict_proba(X)
    told = by_measure(
        fairness(truth, PredictedRows(probability), [*"abc"], rows, known, **SETTINGS)
    )
    bins = np.array(known["alcohol"].names)[known["alcohol"].codes(rows)]
    for code, name in enumerate("abc"):
        expected = fl.demographic_parity_difference(
            truth == code, probability.argmax(axis=1) == code, sensitive_features=bins
        )
        value = told[f"demographic_parity_difference[{name}]"]["value"]
        assert value == pytest.approx(expected)
    greatest = largest(list(told.values()), "demographic_parity_difference")
    assert greatest is not None
    assert greatest["value"] == max(
        one["value"] for name, one in told.items() if name.startswith("demographic_parity_diff")
    )


def test_of_numbers_the_means_and_errors_differ() -> None:
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    said, truth = LinearRegression().fit(X, y).predict(X), y.to_numpy()
    rows = pd.DataFrame({"sex": np.where(X["sex"] > 0, "a", "b")})
    told = by_measure(fairness(truth, PredictedRows(said), [], rows, cuts(rows), **SETTINGS))
    for name, each in (
        ("mean_prediction", said),
        ("mean_error", said - truth),
        ("mean_absolute_error", abs(said - truth)),
    ):
        means = pd.Series(each).groupby(rows["sex"]).mean()
        assert told[f"{name}[a]"]["value"] == pytest.approx(means["a"])
        assert told[f"{name}_difference"]["value"] == pytest.approx(abs(means["a"] - means["b"]))


def test_a_model_that_is_blind_to_a_group_errs_on_it_and_another_does_not() -> None:
    rows, male = birds()
    options = {**SETTINGS, "min_rows": 32}
    names = ["female", "male"]
    blind, seeing = (
        by_measure(
            fairness(male, PredictedRows(said), names, rows, cuts(rows, "species"), **options)
        )
        for said in (sexes("Adelie"), sexes(None))
    )
    name = "equalized_odds_difference"
    assert blind[name]["low"] > 0.5
    assert blind[name]["value"] > 0.6
    assert seeing[name]["high"] < 0.3


def test_intervals_hold_what_they_are_about() -> None:
    told = of_birds("culmen_depth_mm")
    assert all(tuple(one) == COLUMNS for one in told.values())
    assert told["demographic_parity_difference"]["low"] > 0
    rates = [one for name, one in told.items() if "[" in name and one["low"] is not None]
    assert len(rates) > 8  # of 12; the others are of groups of which all are decided on alike
    assert all(one["low"] < one["value"] < one["high"] for one in rates)


def test_rows_of_one_group_count_once() -> None:
    rows, male = birds()
    said, names, known = sexes("Adelie"), ["female", "male"], cuts(rows, "species")
    five = [np.repeat(one, 5, axis=0) for one in (male, said)]
    many = rows.loc[rows.index.repeat(5)].reset_index(drop=True)
    grouped = {**SETTINGS, "groups": np.repeat(np.arange(len(rows)), 5)}
    once = fairness(male, PredictedRows(said), names, rows, known, **SETTINGS)
    again = fairness(five[0], PredictedRows(five[1]), names, many, known, **grouped)
    assert [one["high"] for one in again] == pytest.approx([one["high"] for one in once])


def test_small_groups_are_left_out_and_told_of(capsys: pytest.CaptureFixture) -> None:
    told = of_birds("species", min_rows=100)
    assert "Chinstrap penguin" in capsys.readouterr().out
    assert not any("Chinstrap" in name for name in told)
    assert of_birds("species", min_rows=140) == {}
    assert "fewer than two groups are left" in capsys.readouterr().out


def test_a_rate_among_a_handful_of_rows_is_not_told() -> None:
    """Of three males, all or none may be recognised by chance: nothing that a group can be blamed for."""
    rows, male = birds()
    group = np.where((male == 0) | (np.cumsum(male) <= 3), "few", "many")
    rows = pd.DataFrame({"g": np.where(np.arange(len(rows)) % 2, "other", group)})
    few = (rows["g"] == "few").to_numpy()
    assert 0 < male[few].sum() < 5
    told = by_measure(
        fairness(male, PredictedRows(sexes(None)), ["f", "m"], rows, cuts(rows), **SETTINGS)
    )
    assert np.isnan(told["true_positive_rate[few]"]["value"])
    assert np.isfinite(told["selection_rate[few]"]["value"])
    assert np.isfinite(told["equalized_odds_difference"]["value"])  # of the two other groups


def test_what_cannot_be_told_is_no_figure() -> None:
    assert largest([], "mean_error_difference") is None
    line = {"column": "a", "measure": "mean_error_difference", "value": float("nan")}
    assert largest([line], "mean_error_difference") is None
