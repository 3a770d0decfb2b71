"""Custom metrics: classes that `problem.custom_metrics` names, each with its parameters.

Such a class is called as scikit-learn's metrics are, ``metric(y_true, y_pred)`` or ``metric(y_true, y_proba)``, and
declares its use by three attributes, which pipeline/custom/metrics.py documents.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from pedigree.base.names import UserError
from pedigree.base.section import Tool
from pedigree.base.settings import as_dict
from pedigree.base.tools import instantiate
from pedigree.scoring.decision import PredictedRows
from pedigree.scoring.metrics import METRICS, Metric

TASKS = ("binary", "multiclass", "regression")


# Not compared by value: the owner's parameters may be arrays, which have no single boolean for ==.
@dataclass(frozen=True, eq=False)
class Owned:
    """An owner's metric as a function of the true target values and `PredictedRows`.

    Parameters
    ----------
    metric : callable
        An instance of the owner's class.
    """

    metric: Any

    def __call__(self, truth: np.ndarray, prediction: PredictedRows) -> Any:
        """Return the score, or a value for each row; NaN where the rows do not allow the metric."""
        try:
            return self.metric(truth, argument(self.metric, prediction))
        except (ValueError, ZeroDivisionError):  # of one class only, for example
            return float("nan")


def argument(metric: Any, prediction: PredictedRows) -> np.ndarray:
    """Return the second argument of an owner's metric, as scikit-learn's scorers choose it.

    Returns
    -------
    ndarray, shape (n,) or (n, k)
        Class codes or numbers; for `predict_proba` the probabilities of the positive one of two classes, or of all k.
    """
    values = prediction.values
    if values.ndim == 1:
        return values
    if response_method(metric) == "predict":
        return prediction.labels
    return values[:, 1] if values.shape[1] == 2 else values


def response_method(metric: Any) -> str:
    """Return the method whose output the metric takes, `predict` by default."""
    return getattr(metric, "response_method", "predict")


def custom(problem: Any) -> dict[str, Metric]:
    """Return the metrics of `problem.custom_metrics` by name.

    Raises
    ------
    UserError
        A metric cannot be made.
    """
    named = as_dict(problem).get("custom_metrics") or {}  # settings of older runs lack the key
    return {name: own(name, settings) for name, settings in named.items()}


def own(name: str, settings: Tool | Mapping[str, Any]) -> Metric:
    """Make a metric from its settings.

    Raises
    ------
    UserError
        The metric cannot be made, or lacks an attribute that declares its use.
    """
    try:
        metric = instantiate(settings)
    except Exception as error:
        raise UserError(f"problem.custom_metrics.{name}: {error}") from error
    try:
        tasks, method = tuple(metric.tasks), response_method(metric)
        answers = "value" if tasks == ("regression",) else "label"
        needs = "probability" if method == "predict_proba" else answers
        about = {"meaning": meaning(metric), "settings": as_dict(settings)}
        return Metric(name, Owned(metric), needs, tasks, metric.greater_is_better, **about)
    except (AttributeError, TypeError) as error:
        raise UserError(f"problem.custom_metrics.{name}: {error}") from None


def meaning(metric: Any) -> str:
    """Return the first sentence of a metric's docstring, as a clause."""
    kind = type(metric)
    first = (inspect.getdoc(kind) or "").partition("\n")[0].strip().rstrip(".")
    if first.startswith(f"{kind.__name__}("):  # what a dataclass has in place of a docstring
        return ""
    return first[:1].lower() + first[1:]


def known(problem: Any) -> dict[str, Metric]:
    """Return every metric by name, including those of `problem.custom_metrics`."""
    return METRICS | custom(problem)


def problem_metrics(problem: Any) -> list[Metric]:
    """Return the metrics of `problem.metrics`, the one that decides first."""
    metrics = known(problem)
    return [metrics[name] for name in as_dict(problem)["metrics"]]
