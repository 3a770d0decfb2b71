"""What an owner's model predicts is checked where it is predicted, and named with its class."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.pipeline import Pipeline

from pedigree.base.names import UserError
from pedigree.estimators.fitting import fit_estimator
from pedigree.estimators.predicting import predict
from pedigree.features.engineering import Apply

X = pd.DataFrame({"a": [1.0, 2.0, 3.0]})
Y = np.array([0, 1, 1])


class Classifier(ClassifierMixin, BaseEstimator):
    """Returns what it is told to."""

    def __init__(self, returned: Any = None, classes: Any = (0, 1)) -> None:
        self.returned = returned
        self.classes = classes

    def fit(self, X: Any, y: Any) -> "Classifier":
        self.fitted_ = True
        if self.classes is not None:
            self.classes_ = np.array(self.classes)
        return self

    def predict_proba(self, X: Any) -> Any:
        return self.returned


class Regressor(RegressorMixin, BaseEstimator):
    def __init__(self, returned: Any = None) -> None:
        self.returned = returned

    def fit(self, X: Any, y: Any) -> "Regressor":
        return self

    def predict(self, X: Any) -> Any:
        return self.returned


class Learned(Regressor):
    def fit(self, X: Any, y: Any) -> "Learned":
        self.fitted_ = True
        return self


def pipeline(estimator: Any) -> Pipeline:
    return Pipeline([("estimator", estimator.fit(X, Y))])


@pytest.mark.parametrize(
    ("estimator", "n_classes", "message"),
    [
        (Classifier(np.ones(3)), 2, r"\.Classifier\.predict_proba returned a ndarray of shape \(3,\), expected an array of shape \(3, 2\): a column for each of classes_\."),
        (Classifier(np.ones((3, 3))), 2, r"returned a ndarray of shape \(3, 3\), expected an array of shape \(3, 2\)"),
        (Classifier(None), 2, r"\.Classifier\.predict_proba returned None, expected"),
        (Classifier("high"), 2, r"\.Classifier\.predict_proba returned 'high'; return an array of numbers"),
        (Classifier([[0.5, np.nan]] * 3), 2, r"\.Classifier\.predict_proba returned missing or infinite values for 3 of 3 rows"),
        (Classifier(np.ones((3, 2)), None), 2, r"\.Classifier has classes_ None after fit; set self\.classes_ = np\.unique\(y\) in fit\."),
        (Classifier(np.ones((3, 2)), ("no", "yes")), 2, r"\.Classifier has classes_ a ndarray of shape \(2,\) after fit"),
        (Learned([1.0, np.inf, 2.0]), 0, r"\.Learned\.predict returned missing or infinite values for 1 of 3 rows"),
        (Learned(np.ones((3, 2))), 0, r"\.Learned\.predict returned a ndarray of shape \(3, 2\), expected an array of shape \(3,\): a number for each row"),
        (Regressor(np.ones(3)), 0, r"\.Regressor is not fitted .* keep what it learns under names that end in _"),
    ],
)  # fmt: skip
def test_a_wrong_prediction_is_one_sentence(estimator: Any, n_classes: int, message: str) -> None:
    with pytest.raises(UserError, match=message):
        predict(pipeline(estimator), X, n_classes, finite=True)


def test_a_search_may_try_a_model_that_predicts_no_number() -> None:
    found = predict(pipeline(Learned([1.0, np.nan, 2.0])), X, 0)
    assert np.isnan(found).tolist() == [False, True, False]


def test_predictions_of_one_column_are_numbers() -> None:
    assert predict(pipeline(Learned(np.ones((3, 1)))), X, 0).shape == (3,)


def test_a_classifier_without_classes_is_refused_when_it_is_fitted(model: Any = None) -> None:
    class Settings:
        sampler = type("Sampler", (), {"target": None})
        class_weight = early_stopping = None

    with pytest.raises(UserError, match="Classifier has classes_ None after fit"):
        fit_estimator(Classifier(classes=None), Settings(), X, Y)  # type: ignore[arg-type]


class Halving(BaseEstimator):
    def __init__(self, least: int = 1) -> None:
        self.least = least

    def fit(self, X: Any, y: Any = None) -> Any:
        return self if self.least else None

    def transform(self, X: Any) -> Any:
        return X[: self.least]


@pytest.mark.parametrize(
    ("least", "message"),
    [(0, r"\.Halving\.fit returned None; end it with"), (1, r"\.Halving\.transform returned 1 rows for 3 rows")],
)  # fmt: skip
def test_a_wrong_transformer_is_one_sentence(least: int, message: str) -> None:
    with pytest.raises(UserError, match=message):
        Apply(Halving(least)).fit(X).transform(X)
