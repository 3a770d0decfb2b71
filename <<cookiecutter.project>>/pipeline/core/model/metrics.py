"""Metrics by name, on codes and probabilities."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Metric:
    """A scikit-learn metric and what it needs.

    Parameters
    ----------
    function : str
        Name in `sklearn.metrics`.
    needs : {"label", "probability", "positive", "value"}
        The argument after the true answers: class codes, all probabilities, that of the positive
        class, or predicted numbers.
    tasks : tuple of str
        The tasks that the metric fits.
    greater_is_better : bool
    options : dict
        Keyword arguments.
    """

    function: str
    needs: str
    tasks: tuple[str, ...]
    greater_is_better: bool = True
    options: tuple[tuple[str, Any], ...] = ()


_BOTH = ("binary", "multiclass")
METRICS: dict[str, Metric] = {
    "roc_auc": Metric("roc_auc_score", "probability", _BOTH),
    "average_precision": Metric("average_precision_score", "positive", ("binary",)),
    "brier": Metric("brier_score_loss", "positive", ("binary",), greater_is_better=False),
    "log_loss": Metric("log_loss", "probability", _BOTH, greater_is_better=False),
    "f1": Metric("f1_score", "label", ("binary",), options=(("zero_division", 0),)),
    "precision": Metric("precision_score", "label", ("binary",), options=(("zero_division", 0),)),
    "recall": Metric("recall_score", "label", ("binary",), options=(("zero_division", 0),)),
    "f1_macro": Metric(
        "f1_score", "label", _BOTH, options=(("average", "macro"), ("zero_division", 0))
    ),
    "accuracy": Metric("accuracy_score", "label", _BOTH),
    "balanced_accuracy": Metric("balanced_accuracy_score", "label", _BOTH),
    "matthews": Metric("matthews_corrcoef", "label", _BOTH),
    "rmse": Metric("root_mean_squared_error", "value", ("regression",), greater_is_better=False),
    "mae": Metric("mean_absolute_error", "value", ("regression",), greater_is_better=False),
    "mape": Metric(
        "mean_absolute_percentage_error", "value", ("regression",), greater_is_better=False
    ),
    "median_absolute_error": Metric(
        "median_absolute_error", "value", ("regression",), greater_is_better=False
    ),
    "r2": Metric("r2_score", "value", ("regression",)),
}


def score(name: str, truth: np.ndarray, prediction: np.ndarray) -> float:
    """Score predictions by a metric.

    Parameters
    ----------
    name : str
        A key of `METRICS`.
    truth : ndarray, shape (n,)
        Class codes, or numbers.
    prediction : ndarray, shape (n, k) or (n,)
        Class probabilities, or numbers.

    Returns
    -------
    float
        NaN where the rows do not allow the metric (ROC of one class).
    """
    import sklearn.metrics

    metric = METRICS[name]
    options = dict(metric.options)
    n_classes = prediction.shape[1] if prediction.ndim == 2 else 0
    argument = prediction
    if metric.needs == "label":
        argument = labels(prediction)
    elif metric.needs == "positive" or (name == "roc_auc" and n_classes == 2):
        argument = prediction[:, 1]
    elif name == "roc_auc":
        options |= {"multi_class": "ovr", "labels": range(n_classes)}
    if name == "log_loss":
        options["labels"] = range(n_classes)
    function: Callable[..., float] = getattr(sklearn.metrics, metric.function)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the NaN says what the warning would
        try:
            return float(function(truth, argument, **options))
        except ValueError:
            return float("nan")


def labels(prediction: np.ndarray) -> np.ndarray:
    """Return the class that is predicted for each row, shape (n,), of its probabilities, shape (n, k)."""
    return prediction.argmax(axis=1)


def gain(name: str, value: Any, reference: Any) -> Any:
    """Return how much better values are than a reference, in the metric's units.

    A score that could not be computed (None, as JSON has no NaN) gives NaN.
    """
    if value is None or reference is None:
        return float("nan")
    return value - reference if METRICS[name].greater_is_better else reference - value
