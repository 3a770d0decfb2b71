"""Calibration of probabilities, and prediction intervals of numbers, fitted on rows that the model was not fitted on.

A calibrator is fitted on out-of-fold predictions of training rows (`Training.out_of_fold`), stored beside the model, and
applied to every prediction of the model.
"""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin

from pedigree.base.names import UserError
from pedigree.scoring.decision import PredictedRows

# Rows cannot support a probability closer to 0 or 1, whose log-odds would outweigh all others.
SUREST = 1e-6


class Probabilities:
    """Calibrated probabilities; of several classes, each against the rest.

    Parameters
    ----------
    method : {"sigmoid", "isotonic"}
        A sigmoid of the log-odds (Platt 1999) keeps their order and has two parameters per class; an isotonic
        curve (Zadrozny and Elkan 2002) needs some thousand rows.
    """

    def __init__(self, method: Literal["sigmoid", "isotonic"]) -> None:
        self.method = method

    def fit(self, values: np.ndarray, y: np.ndarray) -> Probabilities:
        """Fit on out-of-fold probabilities of shape (m, k) and class codes of shape (m,).

        Raises
        ------
        UserError
            A class has no row.
        """
        from sklearn.calibration import CalibratedClassifierCV
        from sklearn.frozen import FrozenEstimator

        n_classes = values.shape[1]
        if len(np.unique(y)) < n_classes:
            raise UserError(
                "train.calibration: a class has no row in the held-out folds; choose train/calibration=none, or "
                "another split."
            )
        every = np.arange(len(y))
        fitted = CalibratedClassifierCV(
            FrozenEstimator(LogOdds(n_classes)),
            method=self.method,
            cv=[(every, every)],  # the predictions are already out-of-fold
            ensemble=False,
        ).fit(values, y)
        self.fitted_, self.rows_ = fitted.set_params(cv=None), len(y)
        return self

    def about(self) -> dict[str, Any]:
        """Describe what was fitted."""
        return {"method": self.method, "rows": self.rows_}

    def apply(self, values: np.ndarray) -> PredictedRows:
        """Calibrate probabilities of shape (n, k).

        An isotonic curve may end in 0 and 1, which m rows cannot support; it is clipped at the rule of
        succession's 1 / (m + 2).
        """
        calibrated = self.fitted_.predict_proba(values)
        if self.method == "isotonic":
            least = 1 / (self.rows_ + 2)
            calibrated = calibrated.clip(least, 1 - least)
            calibrated /= calibrated.sum(axis=1, keepdims=True)
        return PredictedRows(calibrated)


class LogOdds(ClassifierMixin, BaseEstimator):
    """Pass given probabilities to scikit-learn's calibration as the log-odds of each class (of two, the second)."""

    def __init__(self, n_classes: int = 2) -> None:
        self.n_classes = n_classes

    @property
    def classes_(self) -> np.ndarray:
        """Class codes."""
        return np.arange(self.n_classes)

    def fit(self, X: Any, y: Any) -> LogOdds:
        """Learn nothing."""
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.requires_fit, tags.no_validation = False, True  # the columns are those of a model
        return tags

    def decision_function(self, X: np.ndarray) -> np.ndarray:
        """Return log-odds, shape (n, k), or (n,) of two classes."""
        p = np.clip(X, SUREST, 1 - SUREST)
        odds = np.log(p / (1 - p))
        return np.asarray(odds[:, 1] if self.n_classes == 2 else odds)

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Return the most probable class."""
        return np.asarray(np.argmax(X, axis=1))


class Intervals:
    """Prediction intervals of one width, by conformal prediction.

    The half width is the `confidence` quantile of the out-of-fold absolute residuals, corrected for their
    finite number: of m residuals the ceil((m + 1) * confidence)-th. That is
    cross-conformal prediction (Vovk 2015, doi:10.1007/s10472-013-9368-4) around the model that was fitted on
    all training rows; rows from the same distribution are covered about as often (the
    guarantee of Barber et al. 2021, doi:10.1214/20-AOS1965, which keeps the folds' models, is for CV+).

    Parameters
    ----------
    confidence : float
        Fraction of rows whose interval is to contain the target value, in (0, 1).
    """

    def __init__(self, confidence: float) -> None:
        self.confidence = confidence

    def fit(self, values: np.ndarray, y: np.ndarray) -> Intervals:
        """Fit on out-of-fold predictions and target values, both of shape (m,).

        Raises
        ------
        UserError
            There are too few rows for the confidence.
        """
        place = math.ceil((len(y) + 1) * self.confidence)
        if place > len(y):
            raise UserError(
                f"train.calibration: {len(y)} held-out rows are too few for intervals of confidence {self.confidence:g}; "
                "lower train.calibration.calibrator.confidence."
            )
        self.half_width_, self.rows_ = float(np.sort(np.abs(y - values))[place - 1]), len(y)
        return self

    def about(self) -> dict[str, Any]:
        """Describe what was fitted; the half width is in the target's units."""
        return {
            "method": "conformal",
            "rows": self.rows_,
            "confidence": self.confidence,
            "half_width": self.half_width_,
        }

    def apply(self, values: np.ndarray) -> PredictedRows:
        """Add intervals to numbers of shape (n,)."""
        ends = np.column_stack([values - self.half_width_, values + self.half_width_])
        return PredictedRows(values, interval=ends)


def calibrated(calibrator: Probabilities | Intervals | None, values: np.ndarray) -> PredictedRows:
    """Apply a calibrator to a model's predictions; None leaves them as they are."""
    return calibrator.apply(values) if calibrator else PredictedRows(values)
