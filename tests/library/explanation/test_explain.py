from collections.abc import Callable
from itertools import combinations, permutations
from math import factorial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from library.explanation.planted import NUMBERS, TASKS, TEXT, explained_output, planted
from library.projects import Project, compose, leave_out_missing
from omegaconf import OmegaConf

from pedigree.base.names import UserError
from pedigree.base.settings import read_yaml
from pedigree.config.checks import check
from pedigree.estimators.building import build_model
from pedigree.estimators.fitting import fit
from pedigree.estimators.predicting import plain
from pedigree.estimators.settings import Model
from pedigree.explanation import tables
from pedigree.explanation.dependence import PartialDependence
from pedigree.explanation.encoded import column_features
from pedigree.explanation.interface import Explanation
from pedigree.explanation.permutation import PermutationImportance
from pedigree.explanation.shapley import Shap
from pedigree.explanation.subject import Codes, Subject, pick_rows
from pedigree.training.inputs import read_subset

METHODS = ("shap", "permutation", "partial_dependence", "lime", "eli5")


def shap(algorithm: str = "auto", **changes: Any) -> Shap:
    settings = {"rows": 12, "interaction_rows": 0, "background": 30, "draws": 2}
    return Shap(**settings | {"algorithm": algorithm, "predictions": 10**6, "seed": 1} | changes)


@pytest.fixture(autouse=True)
def here(finished: Callable[[str], Project], monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test that does not copy a project stands in a finished one."""
    monkeypatch.chdir(finished("binary").folder)


# --- SHAP ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize(
    ("family", "algorithm", "scale"),
    [
        ("catboost", "native", "log"),
        ("xgboost", "native", "log"),
        ("lightgbm", "native", "log"),
        ("linear", "linear", "log"),
        ("random_forest", "tree", "probability"),
        ("decision_tree", "auto", "probability"),
        ("hist_gradient_boosting", "permutation", "probability"),
        ("linear", "kernel", "probability"),
        ("dummy", "auto", "probability"),
    ],
)
def test_shap_values_and_the_base_add_up_to_the_prediction(
    task: str, family: str, algorithm: str, scale: str
) -> None:
    subject = planted(family, task)
    explanation = shap(algorithm)(subject)
    found = explanation.contributions
    assert found is not None
    log = {"binary": "log-odds", "multiclass": "softmax score"}
    expected = scale if scale == "probability" else log.get(task, "")
    assert found.scale == ("units of mass" if task == "regression" else expected)
    assert set(found.shown) == {*TEXT, *NUMBERS}
    assert found.values.shape == (12, 5, 3 if task == "multiclass" else 1)
    whole = found.values.sum(axis=1) + found.base
    if found.scale == "softmax score":
        whole = whole - whole.mean(axis=1, keepdims=True)
    output = explained_output(subject, found.rows, found.scale)
    assert whole == pytest.approx(output, abs=1e-4)
    if family != "dummy":
        assert explanation.strengths[0].feature == "x"


@pytest.mark.parametrize(("algorithm", "near"), [("kernel", 1e-9), ("permutation", 0.02)])
def test_shap_values_of_any_model_are_shapleys(algorithm: str, near: float) -> None:
    """The mean gain of a feature over all orders in which the features may come to be known."""
    subject = planted("linear", "binary")
    found = shap(algorithm, rows=3, background=4, draws=100)(subject).contributions
    assert found is not None
    background, names = subject.background(4), list(subject.X)
    for i, row in enumerate(found.rows):
        known = subject.X.iloc[row]

        worth = {
            frozenset(some): subject.outputs(background.assign(**known[list(some)]))[:, 0].mean()
            for n in range(len(names) + 1)
            for some in combinations(names, n)
        }
        expected = dict.fromkeys(names, 0.0)
        for order in permutations(names):
            for place, name in enumerate(order):
                gained = worth[frozenset(order[: place + 1])] - worth[frozenset(order[:place])]
                expected[name] += gained / factorial(len(names))
        assert found.values[i, :, 0] == pytest.approx(list(expected.values()), abs=near)


@pytest.mark.parametrize("family", ["catboost", "xgboost", "random_forest"])
def test_interactions_of_a_feature_add_up_to_its_shap_value(family: str) -> None:
    from pedigree.explanation.shapley import as_outputs, interaction_strengths, interaction_values

    subject = planted(family, "binary")
    found = shap()(subject).contributions
    assert found is not None
    encoded = subject.model["encode"].transform(plain(subject.X.iloc[found.rows]))
    values = interaction_values(subject.model["estimator"], encoded)
    assert values is not None
    sums, _ = as_outputs(values.sum(axis=2), np.zeros(values.shape[3]), subject)
    assert sums.sum(axis=1) == pytest.approx(found.values.sum(axis=1), abs=1e-4)
    said = shap(interaction_rows=12)(subject).interactions
    assert said == sorted(interaction_strengths(subject, found.rows), key=lambda one: -one.strength)
    assert {said[0].feature, said[0].other} == {"x", "third"}  # through the sigmoid of their sum
    assert (
        len(said) == 10
    )  # interaction_strengths of five features, whatever the encoder made of them


def test_an_algorithm_that_does_not_know_the_model_is_refused(project: Project) -> None:
    subject = planted("k_neighbors", "binary")
    with pytest.raises(UserError, match="'tree' of shap does not support KNeighborsClassifier"):
        shap("tree")(subject)
    config = project.compose("explain.methods.shap.algorithm=linear")
    with pytest.raises(
        UserError, match="'linear' does not support CatBoostClassifier; use auto, native"
    ):
        check(config)
    config.explain.methods.shap.algorithm = "treee"
    with pytest.raises(
        UserError, match=r"explain\.methods\.shap\.algorithm: should be 'auto', 'nat"
    ):
        check(config)


def test_few_predictions_mean_few_rows() -> None:
    found = shap(rows=50, predictions=10_000)(planted("dummy", "binary")).contributions
    assert found is not None
    assert len(found.rows) == 10_000 // (2 * (2 * 5 + 1) * 30)


# --- the other methods -----------------------------------------------------------------------------


@pytest.mark.parametrize("task", TASKS)
def test_partial_dependence_is_the_average_prediction_with_the_value_put_in(task: str) -> None:
    subject = planted("random_forest", task)
    explanation = PartialDependence(rows=10, points=4, predictions=10**6)(subject)
    rows = subject.X.iloc[subject.sample(10)]
    assert {one.feature for one in explanation.curves} == {*TEXT, *NUMBERS}
    for curve in explanation.curves:
        output = subject.names.index(curve.output)
        for place, x in enumerate(curve.x):
            expected = subject.outputs(rows.assign(**{curve.feature: x}))[:, output]
            assert curve.lines[:, place] == pytest.approx(expected)
    (sex,) = {tuple(one.x) for one in explanation.curves if one.feature == "sex"}
    assert sex == ("female", "male")
    assert [one.feature for one in explanation.strengths[:2]] == ["x", "third"]


def test_permutation_importance_is_the_loss_of_the_metric() -> None:
    subject = planted("linear", "regression")
    found = PermutationImportance(repeats=3, seed=1)(subject)
    assert found.unit == "loss of rmse"
    assert [one.feature for one in found.strengths[:2]] == ["x", "third"]
    # Shuffled, x errs by three times the difference of two standard normal draws.
    assert found.strengths[0].strength == pytest.approx(3 * np.sqrt(2), rel=0.3)


# --- rows, codes and columns -----------------------------------------------------------------------


def test_rows_to_explain_are_the_surest_the_least_sure_and_between() -> None:
    sure = np.array([0.9, 0.5, 0.7, 0.99, 0.6])
    prediction = np.column_stack([1 - sure, sure])
    assert pick_rows(prediction, 3) == [3, 2, 1]
    assert pick_rows(prediction, 99) == [3, 0, 2, 4, 1]
    assert pick_rows(np.array([3.0, 9.0]), 1) == [1]


def test_codes_lead_back_to_the_rows() -> None:
    rows = pd.DataFrame(
        {
            "text": ["b", None, "a"],
            "number": [1.5, np.nan, 3],
            "whole": [1, 2, 3],
            "flag": pd.array([True, None, False], dtype="boolean"),
        }
    )
    other = rows.assign(text=["c", "a", "a"])
    codes = Codes(rows, other)
    assert codes.code(rows)[:, 0].tolist() == [1, -1, 0]
    back = codes.rows(codes.code(rows))
    pd.testing.assert_frame_equal(back, plain(rows), check_dtype=False)
    assert back["text"].dtype == rows["text"].dtype


def test_encoded_columns_belong_to_the_feature_they_were_made_of() -> None:
    subject = planted("linear", "binary")
    rows = subject.X.rename(columns={"third": "sex_third"})
    model: Any = OmegaConf.to_container(
        compose(Path("conf").resolve(), "model=linear", "++model.imputer.add_indicator=true").model
    )
    encode = fit(build_model(model), Model.model_validate(model), rows, subject.y)["encode"]
    owned = column_features(encode, encode.transform(rows), rows).idxmax(axis=1)
    assert owned["sex_third"] == "sex_third"
    assert owned["missingindicator_noise"] == "noise"
    assert owned["sex_male"] == "sex"
    assert owned["island_Dream"] == "island"


# --- the stage -------------------------------------------------------------------------------------


@pytest.mark.parametrize("task", ["binary", "regression"])
def test_the_tables_tell_measure_and_unit_and_single_rows_add_up(
    copy_of: Callable[[str], Project], task: str
) -> None:
    copy_of(task)
    said = tables.read()
    overall = said["global"].set_index("method")
    assert set(overall.index) == {"shap", "permutation"}
    unit = "log-odds of male" if task == "binary" else "units of body_mass_g"
    assert set(overall.loc["shap", "unit"]) == {unit}
    assert overall.loc["shap", "measure"].str.contains(r"\d+ validation rows").all()
    assert set(overall.loc["shap", "feature"]) == set(read_subset("train")[0])
    for _, strengths in overall.groupby("method")["strength"]:
        assert strengths.is_monotonic_decreasing
    rows = said["rows"]
    assert rows["validation_row"].nunique() == 3
    for _, one in rows.groupby("validation_row"):
        output = one["contribution"].sum() + one["base"].iloc[0]
        output = 1 / (1 + np.exp(-output)) if task == "binary" else output
        assert output == pytest.approx(one["prediction"].iloc[0], rel=1e-4)
        assert one["contribution"].abs().is_monotonic_decreasing
    every = said["contributions"]
    assert not every.duplicated(["method", "feature", "output", "validation_row"]).any()
    assert len(every) == every["feature"].nunique() * every["validation_row"].nunique()
    keys = ["method", "feature", "output", "validation_row", "value", "contribution"]
    assert len(rows.merge(every, on=keys)) == len(rows)
    assert said["curves"].empty
    assert said["interactions"].empty
    for name, columns in tables.COLUMNS.items():
        assert (tables.FOLDER / f"{name}.csv").read_text().split("\n")[0] == ",".join(columns)


def test_names_that_look_like_missing_values_stay_names(project: Project) -> None:
    path = tables.FOLDER / "global.csv"
    path.write_text(f"{','.join(tables.COLUMNS['global'])}\nshap,NA,0.5,,what,None\n")
    (line,) = tables.read()["global"].to_dict("records")
    assert (line["feature"], line["unit"]) == ("NA", "None")
    assert np.isnan(line["spread"])


@pytest.mark.slow
@pytest.mark.parametrize("task", TASKS)
def test_all_methods_fill_the_same_tables(copy_of: Callable[[str], Project], task: str) -> None:
    project = copy_of(task)
    project.compose("explain=all", "explain.methods.shap.interaction_rows=5")
    project.run("explain", "report")
    said = tables.read()
    assert set(said["global"]["method"]) == set(METHODS)
    assert set(said["curves"]["method"]) == {"partial_dependence"}
    assert set(said["interactions"]["method"]) == {"shap"}
    assert set(said["rows"]["method"]) == {"shap", "lime"}  # ELI5 knows no inside of CatBoost
    classes = Subject.read(project.settings("explain")).names
    assert set(said["curves"]["output"]) == set(classes)
    pictures = {path.stem for path in Path("plots/explain").glob("*.png")}
    assert pictures == {
        *(f"{name}_bar" for name in METHODS),
        *(f"{name}_beeswarm" for name in ("shap", "lime")),
        *(f"{name}_row_{n}" for name in ("shap", "lime") for n in (1, 2, 3)),
        "shap_interactions",
        "partial_dependence_curves",
    }


@pytest.mark.parametrize("option", ["lime", "eli5", "partial_dependence", "permutation", "shap"])
def test_one_word_chooses_a_method(project: Project, option: str) -> None:
    config = project.compose(f"explain={option}")
    assert list(config.explain.methods) == [option]
    leave_out_missing(config.explain)
    check(config)
    params = read_yaml(project.folder / "params.yaml")
    assert params["explain"]["methods"][option]["_target_"].startswith("pedigree.explanation.")


# --- The owner's methods ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        (None, r"None; an explainer must return an Explanation"),
        ({"a": 1.0}, r"a dict; an explainer must return an Explanation"),
        (Explanation.of("m", "u", {"body_mass_gg": 1}), r"'body_mass_gg' is not a feature of the model; did you mean 'body_mass_g'"),
        (Explanation.of("m", "u", {"body_mass_g": float("nan")}), r"the strength of 'body_mass_g' is nan"),
    ],
)  # fmt: skip
def test_an_owners_method_must_explain_the_features(
    returned: Any, message: str, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "mine", lambda: lambda subject: returned, raising=False)
    subject = Subject.read(project.settings("explain"))
    method = OmegaConf.create({"_target_": "pedigree.explanation.tables.mine"})
    name = r"pedigree\.explanation\.tables\.mine returned"
    with pytest.raises(UserError, match=rf"^explain\.methods\.own: {name}.*{message}"):
        subject.explain("own", method)
    with pytest.raises(UserError, match=rf"^own returned.*{message}"):
        tables.write_explanations({"own": returned}, subject)
