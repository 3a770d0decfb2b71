"""Ensembles: models of other models, which are families of ``conf/model`` themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, clone, is_classifier
from sklearn.utils.validation import check_is_fitted

from pedigree.base.settings import as_dict
from pedigree.estimators.fitting import fit
from pedigree.estimators.frames import as_frame
from pedigree.estimators.predicting import plain
from pedigree.estimators.settings import Model
from pedigree.estimators.validation import training_rows

if TYPE_CHECKING:
    import pandas as pd
    from sklearn.pipeline import Pipeline


class Member(BaseEstimator):
    """A family of models as one estimator, which scikit-learn's ensembles clone and fit.

    It is fitted as outside of an ensemble, with its own encoder, imputer, scaler, sampler and class
    weights; only `EnsembleSelection` passes an evaluation set for early stopping.

    Parameters
    ----------
    pipeline : Pipeline
        Built from the family's settings; cloned before it is fitted.
    model : mapping
        The family's settings, of ``conf/model``.
    """

    def __init__(self, pipeline: Pipeline, model: Mapping[str, Any]) -> None:
        self.pipeline = pipeline
        self.model = model

    def fit(
        self,
        X: pd.DataFrame,
        y: np.ndarray,
        sample_weight: np.ndarray | None = None,
        evaluation_set: tuple[pd.DataFrame, np.ndarray] | None = None,
    ) -> Member:
        """Fit the family's pipeline.

        Parameters
        ----------
        X, y : DataFrame of shape (n, p), ndarray of shape (n,)
            Training rows.
        sample_weight : ndarray, shape (n,), optional
            Not used: it is for the estimator on the members' predictions, and each member computes its own.
        evaluation_set : tuple of DataFrame and ndarray, optional
            Evaluation set for early stopping.
        """
        X, y, _ = training_rows(self, X, y, sample_weight)
        self.pipeline_ = fit(
            clone(self.pipeline), Model.model_validate(self.model), X, y, evaluation_set
        )
        return self

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        """Predict classes or numbers, shape (n,)."""
        check_is_fitted(self)
        return np.ravel(self.pipeline_.predict(plain(as_frame(self, X))))


class MemberClassifier(ClassifierMixin, Member):
    """A member that predicts classes."""

    @property
    def classes_(self) -> np.ndarray:
        """The classes that it was fitted on."""
        return np.asarray(self.pipeline_["estimator"].classes_)

    def predict_proba(self, X: pd.DataFrame) -> np.ndarray:
        """Predict the classes' probabilities, shape (n, k)."""
        check_is_fitted(self)
        return np.asarray(self.pipeline_.predict_proba(plain(as_frame(self, X))))


class MemberRegressor(RegressorMixin, Member):
    """A member that predicts numbers."""


def member(pipeline: Pipeline, model: Model) -> Member:
    """Make a member of a built pipeline and the settings it was built from."""
    kind = MemberClassifier if is_classifier(pipeline) else MemberRegressor
    return kind(pipeline, as_dict(model))  # a plain dict, since it is stored with the fitted model
