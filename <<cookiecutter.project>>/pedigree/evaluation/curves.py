"""Points of the curves that `evaluate` draws."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from pedigree.scoring.decision import PredictedRows

Rows = list[dict[str, Any]]


def classification_curves(
    truth: np.ndarray, prediction: PredictedRows, classes: list[str], bins: int
) -> dict[str, Rows]:
    """Compute ROC, precision-recall and calibration curves and the confusion matrix.

    Parameters
    ----------
    truth : ndarray of int, shape (n,)
    prediction : PredictedRows
    classes : list of str
        Names of the k classes. Of two, curves show the last (positive) one; of more, each against
        the rest.
    bins : int
        Of the calibration curve, of equal count.
    """
    from sklearn.calibration import calibration_curve
    from sklearn.metrics import precision_recall_curve, roc_curve

    def each(curve: Callable[..., Any], x: str, y: str) -> Rows:
        points: Rows = []
        for code in range(len(classes) == 2, len(classes)):
            hit, probability = (truth == code).astype(int), prediction.values[:, code]
            if 0 < hit.sum() < len(hit):
                points += [
                    {"class": classes[code], x: a, y: b}
                    for a, b in zip(*curve(hit, probability), strict=True)
                ]
        return points or [{"class": None, x: None, y: None}]

    return {
        "roc": each(
            lambda hit, p: roc_curve(hit, p)[:2], "false_positive_rate", "true_positive_rate"
        ),
        "precision_recall": each(
            lambda hit, p: precision_recall_curve(hit, p)[1::-1], "recall", "precision"
        ),
        "calibration": each(
            lambda hit, p: calibration_curve(hit, p, n_bins=bins, strategy="quantile")[::-1],
            "predicted",
            "observed",
        ),
        "confusion": [
            {"actual": classes[code], "predicted": classes[guess]}
            for code, guess in zip(truth, prediction.labels, strict=True)
        ],
    }


def regression_curves(
    truth: np.ndarray, prediction: PredictedRows, classes: list[str], bins: int
) -> dict[str, Rows]:
    """List predicted against actual values, and the residuals.

    Parameters
    ----------
    truth : ndarray, shape (n,)
    prediction : PredictedRows
    classes : list of str
        Empty.
    bins : int
        Not used.
    """
    pairs = sorted(zip(prediction.values.tolist(), truth.tolist(), strict=True))
    return {
        "predicted": [{"predicted": guess, "actual": actual} for guess, actual in pairs],
        "residuals": [{"predicted": guess, "residual": actual - guess} for guess, actual in pairs],
    }
