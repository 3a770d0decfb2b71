import numpy as np
import pandas as pd
import pytest
from library.projects import Project
from sklearn.base import BaseEstimator, RegressorMixin

from pedigree.base.names import UserError
from pedigree.base.settings import read_yaml
from pedigree.estimators.settings import Model
from pedigree.folds.folding import folds
from pedigree.training.cross_validation import cross_validate


def test_a_model_is_scored_on_rows_that_it_has_not_seen(project: Project) -> None:
    """Labels by chance: a forest that had seen the rows would know them by heart."""
    model = read_yaml(project.folder / "params.yaml")["compare"]["models"]["random_forest"]
    X = pd.DataFrame({"x": np.random.default_rng(0).normal(size=200)})
    y = np.random.default_rng(5).integers(0, 2, 200)
    cut = folds(X, y, [], classify=True, groups=None, when=None, n=3, repeats=1, seed=0)
    scores = cross_validate(Model.model_validate(model), list(cut), ["roc_auc"], 2)
    assert len(scores) == 3
    assert np.mean([one["roc_auc"] for one in scores]) < 0.65


class Extreme(RegressorMixin, BaseEstimator):
    def __init__(self, value: float = float("nan")) -> None:
        self.value = value

    def fit(self, X: pd.DataFrame, y: np.ndarray) -> "Extreme":
        self.n_features_ = X.shape[1]
        return self

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        return np.full(len(X), self.value)


def test_only_other_settings_than_its_own_may_let_a_model_predict_no_number(
    project: Project,
) -> None:
    model = read_yaml(project.folder / "params.yaml")["compare"]["models"]["random_forest"]
    estimator = {"_target_": f"{__name__}.Extreme"}
    own = Model.model_validate(model | {"estimator": estimator, "search_space": {}})
    X, y = pd.DataFrame({"x": np.arange(30.0)}), np.arange(30.0)
    cut = list(folds(X, y, [], classify=False, groups=None, when=None, n=3, repeats=1, seed=0))
    with pytest.raises(
        UserError, match=r"Extreme\.predict returned missing or infinite values for"
    ):
        cross_validate(own, cut, ["rmse"], 0)
    scores = cross_validate(own, cut, ["rmse"], 0, {"value": float("inf")})
    assert not np.isfinite([one["rmse"] for one in scores]).any()
