"""Metrics by name, on codes, probabilities and numbers."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from pedigree.base.names import did_you_mean
from pedigree.scoring.decision import PredictedRows

ECE_BINS = 10


@dataclass(frozen=True)
class Metric:
    """A metric and what it needs.

    Parameters
    ----------
    name : str
    function : str or callable
        Name in `sklearn.metrics`, or a function of the true target values and `PredictedRows`; values for each row are averaged.
    needs : {"label", "probability", "positive", "value", "costs", "interval"}
        The argument after the true target values: class codes, all probabilities, that of the positive
        class, or predicted numbers. Costs and intervals come with `PredictedRows` of the whole pipeline only.
    tasks : tuple of str
        The tasks that the metric fits.
    greater_is_better : bool
    options : dict
        Keyword arguments.
    meaning : str
        A clause for people, of a custom metric.
    settings : mapping or None
        What a custom metric was made from.
    """

    name: str
    function: str | Callable[[np.ndarray, PredictedRows], Any]
    needs: str
    tasks: tuple[str, ...]
    greater_is_better: bool = True
    options: tuple[tuple[str, Any], ...] = ()
    meaning: str = ""
    settings: Mapping[str, Any] | None = field(default=None, hash=False)


def ece(truth: np.ndarray, prediction: PredictedRows) -> float:
    """Return the expected calibration error: the average distance of probabilities from observed frequencies.

    Over `ECE_BINS` bins of about equal count (equal probabilities share one), of the positive class's probability, or
    of several classes that of the most probable one (Naeini et al. 2015, doi:10.1609/aaai.v29i1.9602; Guo et al. 2017).
    It grows as the number of rows falls: even a perfect model's is about the bins' sampling error.
    """
    values = prediction.values
    if values.shape[1] == 2:
        probability, hit = values[:, 1], truth == 1
    else:
        probability, hit = values.max(axis=1), truth == values.argmax(axis=1)
    edges = np.quantile(probability, np.linspace(0, 1, ECE_BINS + 1)[1:-1])
    bins = np.searchsorted(edges, probability)
    return float(np.abs(np.bincount(bins, probability - hit)).sum() / len(truth))


def price(truth: np.ndarray, prediction: PredictedRows) -> np.ndarray:
    """Return what each row's decision costs, in the units of `problem.threshold.costs`; NaN without costs."""
    if prediction.threshold is None or not prediction.threshold.costs:
        return np.full(len(truth), np.nan)
    costs, labels = prediction.threshold.costs, prediction.labels
    return costs["false_positive"] * (labels > truth) + costs["false_negative"] * (labels < truth)


def covered(truth: np.ndarray, prediction: PredictedRows) -> np.ndarray:
    """Return whether each target value lies in its prediction interval, ends included (1 or 0); NaN without intervals."""
    if prediction.interval is None:
        return np.full(len(truth), np.nan)
    low, high = prediction.interval.T
    return np.asarray(((low <= truth) & (truth <= high)).astype(float))


def widths(truth: np.ndarray, prediction: PredictedRows) -> np.ndarray:
    """Return the widths of the prediction intervals, in the target's units; NaN without intervals."""
    if prediction.interval is None:
        return np.full(len(truth), np.nan)
    return np.asarray(prediction.interval[:, 1] - prediction.interval[:, 0])


_BOTH = ("binary", "multiclass")
_BUILT_IN = (
    Metric("roc_auc", "roc_auc_score", "probability", _BOTH),
    Metric("average_precision", "average_precision_score", "positive", ("binary",)),
    Metric("brier", "brier_score_loss", "positive", ("binary",), greater_is_better=False),
    Metric("log_loss", "log_loss", "probability", _BOTH, greater_is_better=False),
    Metric("f1", "f1_score", "label", ("binary",), options=(("zero_division", 0),)),
    Metric("precision", "precision_score", "label", ("binary",), options=(("zero_division", 0),)),
    Metric("recall", "recall_score", "label", ("binary",), options=(("zero_division", 0),)),
    Metric(
        "f1_macro", "f1_score", "label", _BOTH, options=(("average", "macro"), ("zero_division", 0))
    ),
    Metric("accuracy", "accuracy_score", "label", _BOTH),
    Metric("balanced_accuracy", "balanced_accuracy_score", "label", _BOTH),
    Metric("matthews", "matthews_corrcoef", "label", _BOTH),
    Metric("rmse", "root_mean_squared_error", "value", ("regression",), greater_is_better=False),
    Metric("mae", "mean_absolute_error", "value", ("regression",), greater_is_better=False),
    Metric(
        "mape", "mean_absolute_percentage_error", "value", ("regression",), greater_is_better=False
    ),
    Metric(
        "median_absolute_error",
        "median_absolute_error",
        "value",
        ("regression",),
        greater_is_better=False,
    ),
    Metric("r2", "r2_score", "value", ("regression",)),
    Metric("ece", ece, "probability", _BOTH, greater_is_better=False),
    Metric("cost", price, "costs", ("binary",), greater_is_better=False),
    Metric("coverage", covered, "interval", ("regression",)),
    Metric("interval_width", widths, "interval", ("regression",), greater_is_better=False),
)
METRICS = {metric.name: metric for metric in _BUILT_IN}
# Metrics of the calibration and the decision, which folds do not have: reported beside the metrics that the problem lists.
DECIDED = tuple(name for name, metric in METRICS.items() if metric.needs in ("costs", "interval"))


def reported(listed: Sequence[str], prediction: PredictedRows) -> list[str]:
    """Name the metrics to report: those that the problem lists, and those of the calibration and the decision."""
    further = ["cost"] if prediction.threshold and prediction.threshold.costs else []
    further += ["coverage"] if prediction.interval is not None else []
    return list(dict.fromkeys([*listed, *further]))


def unfit(name: str, known: Mapping[str, Metric], tasks: Sequence[str]) -> str | None:
    """Return why a metric cannot be used, with a suggestion; None if it can.

    Parameters
    ----------
    name : str
        As a person wrote it.
    known : mapping of str to Metric
        All metrics by name.
    tasks : sequence of str
        The task of the problem; a metric has to fit one of them.
    """
    fitting = [one.name for one in known.values() if set(tasks) & set(one.tasks)]
    if name not in known:
        return f"metric '{name}' does not exist; {did_you_mean(name, fitting)}"
    if name not in fitting:
        return f"'{name}' does not fit task {tasks[0]}; choose from {', '.join(fitting)}."
    return None


def as_metric(metric: str | Metric) -> Metric:
    """Return a metric of the library by its name; a metric stays as it is."""
    return METRICS[metric] if isinstance(metric, str) else metric


def score(metric: str | Metric, truth: np.ndarray, prediction: PredictedRows | np.ndarray) -> float:
    """Score predictions by a metric.

    Parameters
    ----------
    metric : str or Metric
        A key of `METRICS`, or one of `pedigree.scoring.custom.known`.
    truth : ndarray, shape (n,)
        Class codes, or numbers.
    prediction : PredictedRows, or ndarray of shape (n, k) or (n,)
        Class probabilities, or numbers; without a threshold the most probable class is decided.

    Returns
    -------
    float
        NaN where the rows do not allow the metric (ROC of one class), or the prediction lacks costs or intervals.
    """
    import sklearn.metrics

    metric = as_metric(metric)
    name = metric.name
    given = prediction if isinstance(prediction, PredictedRows) else PredictedRows(prediction)
    if callable(metric.function):
        return float(np.mean(metric.function(truth, given)))
    options = dict(metric.options)
    argument = given.values
    n_classes = argument.shape[1] if argument.ndim == 2 else 0
    if metric.needs == "label":
        argument = given.labels
    elif metric.needs == "positive" or (name == "roc_auc" and n_classes == 2):
        argument = argument[:, 1]
    elif name == "roc_auc":
        options |= {"multi_class": "ovr", "labels": range(n_classes)}
    if name == "log_loss":
        options["labels"] = range(n_classes)
    function: Callable[..., float] = getattr(sklearn.metrics, metric.function)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # NaN carries the same information
        try:
            return float(function(truth, argument, **options))
        except ValueError:
            return float("nan")


def decided_labels(prediction: PredictedRows | np.ndarray) -> np.ndarray:
    """Return the code of the class that is decided for each row, shape (n,)."""
    return (
        prediction if isinstance(prediction, PredictedRows) else PredictedRows(prediction)
    ).labels


def gain(metric: str | Metric, value: Any, reference: Any) -> Any:
    """Return by how much values are better than a reference, in the metric's units.

    A score that could not be computed (None, as JSON has no NaN) gives NaN.

    Parameters
    ----------
    metric : str or Metric
    value, reference : float, ndarray or None
    """
    if value is None or reference is None:
        return float("nan")
    return value - reference if as_metric(metric).greater_is_better else reference - value
