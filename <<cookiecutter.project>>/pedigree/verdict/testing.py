"""Predictions of the test rows: the model, its baselines and the model in use."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pedigree.base.paths import BASELINE, SPLIT
from pedigree.base.tables import read_table
from pedigree.data.target import EncodedTarget, features
from pedigree.estimators.predicting import predict
from pedigree.evaluation.evaluation import Evaluation
from pedigree.prediction.predictor import Predictor
from pedigree.scoring.custom import known
from pedigree.scoring.decision import decided
from pedigree.scoring.predictions import PredictionTable, dummy
from pedigree.storage import artifact
from pedigree.verdict import champion

if TYPE_CHECKING:
    from pedigree.verdict.settings import VerdictProblem


def predict_test(problem: VerdictProblem) -> Evaluation:
    """Predict the test rows by the model as it is deployed, the baselines and the champion.

    Parameters
    ----------
    problem : VerdictProblem
        With `target`, `exclude`, `group` and `custom_metrics`.

    Examples
    --------
    >>> from pedigree import predict_test
    >>> from pedigree.settings import read_settings
    >>> evaluation = predict_test(read_settings("verdict").problem)
    >>> sorted(evaluation.by)
    ['dummy', 'linear', 'model']
    """
    target = EncodedTarget.read()
    classes = target.classes
    rows = read_table(SPLIT / "test")
    truth = target.encode(rows)
    trained = truth >= 0 if classes else np.ones(len(rows), dtype=bool)
    rows, truth = rows[trained].reset_index(drop=True), truth[trained]
    predictor = Predictor.load(classes)
    X = predictor.features(features(rows, problem))
    prediction = predictor.predict_features(X)
    values = {
        "model": prediction.values,
        "linear": predict(artifact.load_model(BASELINE), X, len(classes)),
        "dummy": dummy(read_table(SPLIT / "train")[problem.target], classes, len(rows)),
    }
    of = decided(values, prediction)
    answer, which = champion.predict_by_champion(rows, problem.target, classes)
    if answer is not None:
        of["champion"] = champion.priced(answer, prediction)
        values["champion"] = answer.values
    notes = [f"{len(rows)} test rows"]
    if untrained := (~trained).sum():
        notes.append(f"{untrained} other test rows have a class without training rows")
    predictions = PredictionTable.about(rows, problem, truth, classes, values)
    return Evaluation(predictions, of, (*notes, which), known(problem))
