"""Predictions of the validation rows, on which experiments are compared."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pedigree.base.paths import BASELINE, CALIBRATOR, FEATURES, MODEL, SPLIT
from pedigree.base.tables import read_table
from pedigree.data.target import EncodedTarget
from pedigree.estimators.predicting import predict
from pedigree.evaluation.evaluation import Evaluation
from pedigree.prediction.calibration import calibrated
from pedigree.scoring.custom import known
from pedigree.scoring.decision import decided
from pedigree.scoring.predictions import PredictionTable, dummy
from pedigree.storage import artifact
from pedigree.training.inputs import read_subset

if TYPE_CHECKING:
    from pedigree.evaluation.settings import JudgedColumns


def predict_validation(problem: JudgedColumns) -> Evaluation:
    """Predict the validation rows by the calibrated model, the linear baseline and a constant prediction.

    Parameters
    ----------
    problem : JudgedColumns
        With `group` and `custom_metrics`.

    Examples
    --------
    >>> from pedigree import predict_validation
    >>> from pedigree.settings import read_settings
    >>> evaluation = predict_validation(read_settings("evaluate").problem)
    >>> len(evaluation.prediction) == len(evaluation.y)
    True
    """
    X, truth, classes = read_subset("validation")
    target = EncodedTarget.read()
    rows = read_table(SPLIT / "validation")
    if classes:
        rows = rows[target.encode(rows) >= 0]
    trained_on = read_table(FEATURES / "train")[target.name]
    files = {"model": MODEL, "linear": BASELINE}
    of = {
        who: predict(artifact.load_model(path), X, len(classes), finite=True)
        for who, path in files.items()
    }
    of["dummy"] = dummy(trained_on, classes, len(X))
    prediction = calibrated(artifact.load_model(CALIBRATOR), of["model"])
    of["model"] = prediction.values
    predictions = PredictionTable.about(rows, problem, truth, classes, of)
    return Evaluation(predictions, decided(of, prediction), known=known(problem))
