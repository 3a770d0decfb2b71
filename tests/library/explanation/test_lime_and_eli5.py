"""LIME and ELI5, of the extra `explanations`: the same numbers as the libraries called directly."""

from collections.abc import Callable

import numpy as np
import pytest
from library.explanation.planted import TASKS, explained_output, planted
from library.projects import Project, extra

from pedigree.explanation.eli5 import BIAS, Eli5
from pedigree.explanation.lime import Lime
from pedigree.explanation.subject import Codes

lime_tabular = extra("lime.lime_tabular")
eli5 = extra("eli5")
LIME = Lime(rows=4, samples=300, kernel_width=None, seed=1)
ELI5 = Eli5(rows=4, repeats=2, seed=1)


@pytest.fixture(autouse=True)
def here(finished: Callable[[str], Project], monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test stands in a finished project."""
    monkeypatch.chdir(finished("binary").folder)


@pytest.mark.parametrize("task", TASKS)
def test_lime_equals_the_library_where_nothing_is_missing(task: str) -> None:
    subject = planted("linear", task)
    for rows in (subject.X, subject.train):
        rows["noise"] = rows["noise"].fillna(0.5)
        rows["sex"] = rows["sex"].fillna("male")
    found = LIME(subject).contributions
    assert found is not None
    codes = Codes(subject.train, subject.X)
    explainer = lime_tabular.LimeTabularExplainer(
        codes.code(subject.train),
        mode="classification" if subject.classes else "regression",
        categorical_features=[3, 4],
        random_state=1,
    )

    def output(drawn: np.ndarray) -> np.ndarray:
        return subject.predict(codes.rows(drawn))

    for i, row in enumerate(codes.code(subject.X.iloc[found.rows])):
        said = explainer.explain_instance(
            row, output, labels=subject.explained, num_features=5, num_samples=300
        )
        for place, code in enumerate(subject.explained):
            weights = dict(said.local_exp[code if subject.classes else 1])
            assert found.values[i, :, place] == pytest.approx([weights[k] for k in range(5)])


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("family", ["linear", "catboost"])
def test_lime_names_the_strongest_feature_first_and_draws_missing_values(
    family: str, task: str
) -> None:
    found = LIME(planted(family, task))
    assert [one.feature for one in found.strengths[:2]] == ["x", "third"]
    assert found.contributions is not None
    assert np.isfinite(found.contributions.values).all()


def test_a_missing_value_moves_limes_prediction_where_it_moves_the_model() -> None:
    """The planted answer becomes that `noise` is missing."""
    subject = planted("catboost", "binary")
    answer = subject.train["noise"].isna().to_numpy(dtype=int)
    subject.model["estimator"].fit(
        subject.model["encode"].transform(subject.train), answer, cat_features=["island", "sex"]
    )
    found = LIME(subject)
    assert found.strengths[0].feature == "noise"


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("family", ["linear", "random_forest", "decision_tree"])
def test_eli5_takes_predictions_apart_so_that_they_add_up(family: str, task: str) -> None:
    subject = planted(family, task)
    explanation = ELI5(subject)
    found = explanation.contributions
    assert found is not None
    assert found.scale != "raw score"
    whole = found.values.sum(axis=1) + found.base
    if found.scale == "softmax score":
        whole = whole - whole.mean(axis=1, keepdims=True)
    finite = np.clip(explained_output(subject, found.rows, found.scale), -50, 50)
    assert whole == pytest.approx(finite, abs=1e-4)
    assert explanation.strengths[0].feature == "x"
    sizes = dict(zip(found.shown, np.abs(found.values).mean(axis=(0, 2)), strict=True))
    assert max(sizes, key=sizes.get) == "x"


def test_eli5s_weights_are_the_librarys() -> None:
    subject = planted("linear", "regression")
    estimator = subject.model["estimator"]
    names = list(subject.model["encode"].transform(subject.X))
    said = eli5.explain_weights(estimator, feature_names=names, top=None).targets[0].feature_weights
    expected = {
        one.feature: abs(one.weight) for one in (*said.pos, *said.neg) if one.feature != BIAS
    }
    assert {one.feature: one.strength for one in ELI5(subject).strengths} == expected


@pytest.mark.parametrize("family", ["hist_gradient_boosting", "k_neighbors", "svm"])
def test_eli5_shuffles_the_features_of_models_that_it_does_not_know(
    family: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found = ELI5(planted(family, "binary"))
    assert "single predictions are not explained" in capsys.readouterr().out
    assert found.contributions is None
    assert found.unit == "loss of log_loss"
    assert found.strengths[0].feature == "x"
    assert found.strengths[0].spread is not None
