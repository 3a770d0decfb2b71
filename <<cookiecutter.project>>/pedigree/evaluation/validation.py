"""Step 11, model evaluation: the validation rows, on which experiments are compared."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from pedigree.base.paths import (
    BASELINE,
    CALIBRATOR,
    FEATURES,
    MODEL,
    SPLIT,
)
from pedigree.base.tables import read_json, read_table
from pedigree.data.target import encode
from pedigree.estimators import artifact
from pedigree.estimators.predicting import predict
from pedigree.evaluation.bootstrap import Scores
from pedigree.evaluation.threshold import choose
from pedigree.evaluation.weakness import Weakness
from pedigree.prediction.calibration import calibrated
from pedigree.scoring.decision import Prediction
from pedigree.scoring.predictions import Predictions, dummy
from pedigree.training.inputs import read_subset

if TYPE_CHECKING:
    from omegaconf import DictConfig

Rows = list[dict[str, Any]]


def ask(problem: DictConfig) -> tuple[Predictions, Prediction]:
    """Ask model, linear baseline and dummy about the validation rows; also return what the calibrated model says."""
    X, truth, classes = read_subset("validation")
    target = read_json(SPLIT / "target.json")["name"]
    rows = read_table(SPLIT / "validation")
    if classes:
        rows = rows[encode(rows[target], classes) >= 0]
    answers = read_table(FEATURES / "train")[target]
    asked = {"model": MODEL, "linear": BASELINE}
    of = {who: predict(artifact.load(path), X, len(classes)) for who, path in asked.items()}
    of["dummy"] = dummy(answers, classes, len(X))
    prediction = calibrated(artifact.load(CALIBRATOR), of["model"])
    of["model"] = prediction.values
    return Predictions.about(rows, problem, truth, classes, of), prediction


def decision(
    asked: dict[str, Any] | None, truth: np.ndarray, prediction: Prediction
) -> tuple[dict[str, Any], Rows]:
    """Choose the threshold of two classes, and draw its curve; there is neither for other answers."""
    if prediction.values.ndim == 2 and prediction.values.shape[1] == 2:
        return choose(asked, truth, prediction.values[:, 1])
    return {"asked": None, "value": None}, []


def told(scores: Scores, weak: Weakness, further: dict[str, float]) -> dict[str, Any]:
    """Shape scores for DVC, whose tables show numbers and leave lists alone."""
    flat: dict[str, Any] = {}
    for name, of in scores.values.items():
        flat |= {name: of["model"], f"{name}_half_width": scores.half_width(name)}
    lists = {"metrics": scores.table(), "comparisons": scores.comparisons()}
    return flat | further | weak.told() | lists


def beside(scores: dict[str, float]) -> str:
    """Write the scores of the baselines in brackets, where the linear one has a score."""
    others = [f"{who} {value:.4g}" for who, value in scores.items() if who != "model"]
    return f" ({', '.join(others)})" if not np.isnan(scores["linear"]) else ""


def classification_curves(
    truth: np.ndarray, prediction: Prediction, classes: list[str], bins: int
) -> dict[str, Rows]:
    """Compute ROC, precision-recall and calibration curves and the confusion of classes.

    Parameters
    ----------
    truth : ndarray of int, shape (n,)
    prediction : Prediction
    classes : list of str
        Names of the k classes. Of two, curves show the last (positive) one; of more, each against
        the rest.
    bins : int
        Of the calibration curve, of equal count.
    """
    from sklearn.calibration import calibration_curve
    from sklearn.metrics import precision_recall_curve, roc_curve

    def each(curve: Callable, x: str, y: str) -> Rows:
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
    truth: np.ndarray, prediction: Prediction, classes: list[str], bins: int
) -> dict[str, Rows]:
    """List predicted against actual values and the residuals; see `classification_curves`."""
    pairs = sorted(zip(prediction.values.tolist(), truth.tolist(), strict=True))
    return {
        "predicted": [{"predicted": guess, "actual": actual} for guess, actual in pairs],
        "residuals": [{"predicted": guess, "residual": actual - guess} for guess, actual in pairs],
    }
