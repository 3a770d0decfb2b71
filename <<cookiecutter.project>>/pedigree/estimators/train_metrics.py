"""What metrics/train.json says of the fitted model."""

from __future__ import annotations

from typing import Any

from pedigree.base.json_file import JsonFile
from pedigree.base.paths import METRICS


class TrainMetrics(JsonFile):
    """What was fitted, on what, and what became of it.

    Parameters
    ----------
    model, baseline : str
        Names of the settings of ``conf/model/`` that they were built from, or of the classes of your own estimators.
    estimator : str
        Dotted name of its class.
    rows : int
    features : list of str
    stopped_early_on : str or None
        The evaluation set of early stopping.
    models : int
        Of a bag, of which the model is the sum.
    iterations : int or None
        How many trees or steps the estimator kept, where its library reports it.
    calibration : dict or None
        What the calibrator says of itself.
    weights : dict of str to float, or None
        Of an ensemble's members.
    parameters : dict of str to str
        Of the estimator.
    """

    place = METRICS / "train.json"
    stage = "train"

    model: str
    baseline: str
    estimator: str
    rows: int
    features: list[str]
    stopped_early_on: str | None
    models: int
    iterations: int | None
    calibration: dict[str, Any] | None
    weights: dict[str, float] | None
    parameters: dict[str, str]
