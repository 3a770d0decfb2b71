"""Choosers of `select`: planted features, whose worth is known."""

import numpy as np
import pandas as pd
import pytest
from library.projects import Project
from scipy.stats import chi2_contingency
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.feature_selection import RFECV

from pedigree.base.names import UserError
from pedigree.base.tools import instantiate
from pedigree.config.checks import check
from pedigree.features.selection.measures import ShapImportance
from pedigree.features.selection.selecting import columns_to_drop, encode_ordinal
from pedigree.features.selection.selector import Selector
from pedigree.features.selection.selectors import ChiSquare, Correlation, Permutation
from pedigree.folds.folding import FoldScheme

SIGNAL, NOISE = {"a", "b", "text"}, {f"noise{i}" for i in range(5)}


def planted(task: str, n: int = 250) -> tuple[pd.DataFrame, np.ndarray]:
    """Three features that tell, five of noise, and a text."""
    random = np.random.default_rng(3)
    X = pd.DataFrame({name: random.normal(size=n) for name in ("a", "b", *sorted(NOISE))})
    X["text"] = pd.Series(random.choice(["x", "y", "z"], n), dtype="str")
    value = 2 * X["a"] + 1.5 * X["b"] + 3 * (X["text"] == "y") + 0.3 * random.normal(size=n)
    y = {
        "binary": (value > value.median()).astype(int),
        "multiclass": pd.qcut(value, 3, labels=False),
        "regression": value,
    }[task]
    X.loc[::17, "a"] = None
    return X, y.to_numpy()


def selector(project: Project, *overrides: str) -> object:
    return instantiate(project.compose(*overrides).select.selector)


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
@pytest.mark.parametrize("name", ["chi2", "permutation", "shap"])
def test_noise_goes_and_what_tells_stays(copy_of, task: str, name: str) -> None:
    project = copy_of(task)
    chosen = selector(
        project, f"select={name}", *(["select.selector.k=3"] if name == "chi2" else [])
    )
    if (task, name) == ("regression", "chi2"):
        with pytest.raises(
            UserError, match="ChiSquare supports only classification, and the task is regression"
        ):
            check(project.compose("select=chi2"))
        return
    X, y = planted(task)
    made = [
        Selector(chosen).fit(X, y, FoldScheme(y, task != "regression", None, None, 0)) for _ in "12"
    ]
    assert set(made[0].kept_) == SIGNAL
    assert made[0].dropped_ == made[1].dropped_


def test_of_a_pair_that_tells_the_same_the_first_stays_and_is_named() -> None:
    X, y = planted("regression")
    X = X.drop(columns="text").assign(
        twin=lambda x: -(x["a"].fillna(x["a"].median()) ** 3), flag=0.0
    )
    X.loc[0, "flag"] = 1.0
    gone = columns_to_drop(Correlation(min_variance=0.005, max_correlation=0.95), X, y, None)
    assert gone == {
        "twin": "tells the same as a: rank correlation -1.000",
        "flag": "hardly varies: variance 0.004 in [0, 1]",
    }


def test_a_column_that_is_like_a_dropped_one_only_stays() -> None:
    """Of a and b, b goes; c is like b, but not so much like a."""
    random = np.random.default_rng(0)
    steps = random.normal(size=(3, 400))
    X = pd.DataFrame({"a": steps[0], "b": steps[0] + 0.3 * steps[1]})
    X["c"] = X["b"] + 0.3 * steps[2]
    limit = (X["a"].corr(X["c"], "spearman") + X["a"].corr(X["b"], "spearman")) / 2
    assert X["b"].corr(X["c"], "spearman") > limit
    assert list(columns_to_drop(Correlation(0.0, limit), X, np.zeros(400), None)) == ["b"]


def test_chi_squared_is_that_of_the_table_of_values_and_classes(penguins: pd.DataFrame) -> None:
    rows = penguins.dropna(subset=["sex"])
    X, y = encode_ordinal(rows[["island", "body_mass_g"]]), pd.Categorical(rows["species"]).codes
    fitted = ChiSquare(k=1, bins=5).fit(X, y)
    for name, score in zip(X, fitted.scores_, strict=True):
        values = X[name] if name == "island" else pd.qcut(X[name], 5, labels=False)
        found = chi2_contingency(pd.crosstab(values.to_numpy(), y), correction=False)
        v = 2 / (9 * found.dof)
        assert score == pytest.approx(((found.statistic / found.dof) ** (1 / 3) - 1 + v) / v**0.5)


def test_a_text_of_many_values_that_tells_nothing_is_not_preferred() -> None:
    random = np.random.default_rng(0)
    y = np.arange(400) % 2
    X = pd.DataFrame(
        {"many": random.integers(0, 60, 400), "tells": (y + (random.random(400) < 0.4)) % 2}
    )
    X = X.assign(same=0)
    raw = [
        chi2_contingency(pd.crosstab(X[name], y), correction=False).statistic
        for name in ("many", "tells")
    ]
    assert raw[0] > raw[1]  # of the statistics alone, the wrong one
    assert ChiSquare(k=1, bins=5).fit(X, y).get_support().tolist() == [False, True, False]


def test_folds_of_a_selector_follow_the_split() -> None:
    """A feature that names the group: it tells the rows of known groups, and nothing of others."""
    random = np.random.default_rng(0)
    groups = np.repeat(np.arange(60), 5)
    y = random.integers(0, 2, 60)[groups]
    X = pd.DataFrame({"name": random.normal(size=60)[groups], "tells": y + random.normal(size=300)})
    permutation = Permutation(ExtraTreesClassifier(30, random_state=0), 5, 3, 0.9, 0)
    apart, mixed = (FoldScheme(y, True, which, None, 0) for which in (groups, None))
    assert "name" in columns_to_drop(permutation, X, y, apart)
    assert "name" not in columns_to_drop(permutation, X, y, mixed)


def test_a_selector_of_scikit_learn_is_given_the_folds_too() -> None:
    X, y = planted("binary")
    given = {}

    class Spy(RFECV):
        def fit(self, X: pd.DataFrame, y: np.ndarray) -> "Spy":
            given["cv"] = self.cv
            return super().fit(X, y)

    cut = FoldScheme(y, True, np.arange(250) // 5, None, 0)
    columns_to_drop(Spy(ExtraTreesClassifier(5, random_state=0), step=0.5, cv=3), X, y, cut)
    for (train, held_out), (known, unseen) in zip(given["cv"], cut(3), strict=True):
        assert (train.tolist(), held_out.tolist()) == (known.tolist(), unseen.tolist())


def test_a_class_that_a_folds_past_lacks_is_no_obstacle() -> None:
    X, y = planted("multiclass")
    late = np.sort(y)
    pairs = [(np.arange(0, 150), np.arange(150, 200)), (np.arange(0, 200), np.arange(200, 250))]
    made = Permutation(ExtraTreesClassifier(5, random_state=0), pairs, 2, 0.9, 0)
    assert np.isfinite(made.fit(encode_ordinal(X), late).low_).all()


@pytest.mark.parametrize("trees", ["catboost.CatBoost", "sklearn.ensemble.ExtraTrees"])
@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_the_importance_by_shap_is_the_mean_over_rows_and_classes(task: str, trees: str) -> None:
    import shap

    X, y = planted(task, n=80)
    X = encode_ordinal(X)
    kind = "Regressor" if task == "regression" else "Classifier"
    small = {"iterations": 5, "verbose": False, "allow_writing_files": False, "thread_count": 1}
    arguments = small if "catboost" in trees else {"n_estimators": 5, "random_state": 0}
    made = ShapImportance(instantiate({"_target_": trees + kind, **arguments})).fit(X, y)
    values = np.abs(shap.TreeExplainer(made.estimator_).shap_values(X))
    told = values.mean(axis=0) if values.ndim == 2 else values.mean(axis=(0, 2))
    assert made.feature_importances_ == pytest.approx(told, rel=1e-4)
