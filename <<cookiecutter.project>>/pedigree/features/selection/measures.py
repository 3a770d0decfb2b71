"""Scores of features for scikit-learn's selectors."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, MetaEstimatorMixin, clone
from sklearn.utils import get_tags

from pedigree.estimators.frames import as_frame


class MutualInformation:
    """scikit-learn's mutual information with each feature, as a score of `SelectKBest`.

    The estimator adds a little noise to numbers, so it requires a seed.

    Parameters
    ----------
    statistic : {"classif", "regression"}
        The kind of target.
    n_neighbors : int
        Rows around each, from which densities are estimated.
    random_state : int
    """

    def __init__(self, statistic: str, n_neighbors: int, random_state: int) -> None:
        self.statistic = statistic
        self.n_neighbors = n_neighbors
        self.random_state = random_state

    def __call__(self, X: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Score features of shape (n, p); return an array of shape (p,)."""
        from sklearn import feature_selection

        measure = getattr(feature_selection, f"mutual_info_{self.statistic}")
        return np.asarray(
            measure(X, y, n_neighbors=self.n_neighbors, random_state=self.random_state)
        )


class ShapImportance(MetaEstimatorMixin, BaseEstimator):
    """A tree model whose importances are mean absolute SHAP values on its training set.

    For `SelectFromModel` and `RFE`. CatBoost computes SHAP values (Lundberg and Lee 2017) itself; for
    other trees the package shap does.

    Parameters
    ----------
    estimator : object
        Of CatBoost, or trees of scikit-learn, XGBoost or LightGBM.
    """

    def __init__(self, estimator: Any) -> None:
        self.estimator = estimator

    def fit(self, X: Any, y: np.ndarray) -> ShapImportance:
        """Fit the model; `feature_importances_` has shape (p,)."""
        X = as_frame(self, X, reset=True)
        self.estimator_ = clone(self.estimator).fit(X, y)
        if type(self.estimator_).__module__.startswith("catboost"):
            from catboost import Pool

            values = self.estimator_.get_feature_importance(Pool(X), type="ShapValues")
            values = np.moveaxis(np.asarray(values)[..., :-1], -1, 1)  # the last is the base value
        else:
            import shap

            values = np.asarray(shap.TreeExplainer(self.estimator_)(X).values)
        # With several classes there are values for each class.
        self.feature_importances_ = np.abs(values.reshape(*values.shape[:2], -1)).mean(axis=(0, 2))
        return self

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = get_tags(self.estimator).input_tags.allow_nan
        return tags
