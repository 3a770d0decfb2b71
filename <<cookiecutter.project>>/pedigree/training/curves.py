"""Learning curves: the metrics that a library reports of each iteration, under the same names for all libraries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# Where fitted estimators keep their learning curves: CatBoost, XGBoost, LightGBM, then scikit-learn.
BY_ROWS = ("get_evals_result", "evals_result", "evals_result_")
PLAIN = {
    "train_score_": "train/score",
    "validation_score_": "watched/score",
    "loss_curve_": "train/loss",
    "validation_scores_": "watched/score",
}


def learning_curves(estimator: object) -> dict[str, list[float]]:
    """Read the learning curves of a fitted estimator.

    Returns
    -------
    dict
        ``{"train/Logloss": [...], "watched/Logloss": [...]}``, a value for each iteration, of the
        training rows and of the evaluation set for early stopping ("watched"), as far as the library
        reports them; empty if it reports none.
    """
    found: dict[str, list[float]] = {}
    for name in BY_ROWS:
        reported: Any = getattr(estimator, name, None)
        try:
            reported = reported() if callable(reported) else reported
        except Exception:  # XGBoost raises an error of its own without an evaluation set
            continue
        if isinstance(reported, Mapping):
            for rows, metrics in reported.items():
                side = "train" if rows in ("learn", "training") else "watched"
                for metric, values in metrics.items():
                    found[f"{side}/{metric}"] = [float(value) for value in values]
    for name, curve in PLAIN.items():
        values = getattr(estimator, name, None)
        if values is not None and len(values):
            found[curve] = [float(value) for value in values]
    return found
