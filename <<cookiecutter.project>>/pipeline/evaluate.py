"""Step 11, model evaluation: the validation rows, on which experiments are compared."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.core.base.paths import METRICS, MODEL, PLOTS
from pipeline.core.base.stage import run, say
from pipeline.core.base.tables import replacing, write_json, write_rows
from pipeline.core.model import artifact
from pipeline.core.model.inputs import read_side
from pipeline.core.model.metrics import score
from pipeline.core.model.modelling import predict

if TYPE_CHECKING:
    from omegaconf import DictConfig

Rows = list[dict[str, Any]]


def main(settings: DictConfig) -> None:
    """Score the model on the validation rows and write the data of its curves."""
    X, truth, classes = read_side("validation")
    prediction = predict(artifact.load(MODEL), X, len(classes))
    scores = {name: score(name, truth, prediction) for name in settings.problem.metrics}
    write_json(scores, METRICS / "evaluate.json")
    with replacing(PLOTS / "evaluate") as folder:
        folder.mkdir()
        curves = classification_curves if classes else regression_curves
        for name, points in curves(
            truth, prediction, classes, settings.evaluate.calibration_bins
        ).items():
            write_rows(points, folder / f"{name}.csv")
    say(
        f"validation, {len(truth)} rows: "
        + ", ".join(f"{name} {value:.4g}" for name, value in scores.items())
    )


def classification_curves(
    truth: np.ndarray, prediction: np.ndarray, classes: list[str], bins: int
) -> dict[str, Rows]:
    """Compute ROC, precision-recall and calibration curves and the confusion of classes.

    Parameters
    ----------
    truth : ndarray of int, shape (n,)
    prediction : ndarray, shape (n, k)
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
            hit, probability = (truth == code).astype(int), prediction[:, code]
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
            for code, guess in zip(truth, prediction.argmax(axis=1), strict=True)
        ],
    }


def regression_curves(
    truth: np.ndarray, prediction: np.ndarray, classes: list[str], bins: int
) -> dict[str, Rows]:
    """List predicted against actual values and the residuals; see `classification_curves`."""
    pairs = sorted(zip(prediction.tolist(), truth.tolist(), strict=True))
    return {
        "predicted": [{"predicted": guess, "actual": actual} for guess, actual in pairs],
        "residuals": [{"predicted": guess, "residual": actual - guess} for guess, actual in pairs],
    }


if __name__ == "__main__":
    run("evaluate")
