"""The one way from cleaned rows to predictions, for the verdict, the API and the monitor alike."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from pedigree.base.paths import CALIBRATOR, ENGINEER, MODEL, SELECT, THRESHOLD
from pedigree.estimators.predicting import plain, predict
from pedigree.prediction.calibration import calibrated
from pedigree.prediction.sealed import Sealed
from pedigree.scoring.decision import ChosenThreshold, PredictedRows, Threshold
from pedigree.storage import artifact

# Every file that a prediction needs; a bundle contains them under the same names.
FITTED = (ENGINEER, SELECT, MODEL, CALIBRATOR)
PARTS = (*FITTED, THRESHOLD)


@dataclass(frozen=True)
class Predictor:
    """The fitted steps and the threshold, in the order of their use, and the names of the classes."""

    engineer: Any
    select: Any
    model: Any
    calibrator: Any
    threshold: Threshold | None
    classes: list[str]

    @classmethod
    def load(cls, classes: list[str], bundle: Sealed | None = None) -> Predictor:
        """Load the parts from models/, or from a bundle.

        Parameters
        ----------
        classes : list of str
            Names of the classes in the order of their codes; empty for regression.
        bundle : Sealed, optional
        """
        if bundle:
            engineer, select, model, calibrator = (bundle.model(path.name) for path in FITTED)
            chosen = bundle.parsed(ChosenThreshold)
        else:
            engineer, select, model, calibrator = map(artifact.load_model, FITTED)
            chosen = ChosenThreshold.read()
        return cls(engineer, select, model, calibrator, chosen.threshold, classes)

    def features(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Make the model's features of cleaned rows without target and excluded columns."""
        return self.select.transform(self.engineer.transform(rows))

    def predict(self, rows: pd.DataFrame) -> PredictedRows:
        """Predict cleaned rows: calibrated probabilities and the threshold, or numbers and their intervals."""
        k = len(self.classes)
        if not len(rows):  # libraries refuse an empty table; the shape of the result is known
            some = np.full((1, k), 1 / k) if k else np.zeros(1)
            return replace(calibrated(self.calibrator, some), threshold=self.threshold)[:0]
        return self.predict_features(self.features(rows))

    def predict_features(self, X: pd.DataFrame) -> PredictedRows:
        """Predict from the output of `features`, where another model predicts from it too."""
        values = predict(self.model, X, len(self.classes))
        return replace(calibrated(self.calibrator, values), threshold=self.threshold)

    def needed(self, rows: pd.DataFrame) -> list[str]:
        """Name the columns on which the features depend: those that change a feature when they are missing."""
        whole = plain(self.features(rows))
        return [
            str(name)
            for name in rows
            if not whole.equals(plain(self.features(_without(rows, name))))
        ]


def _without(rows: pd.DataFrame, name: str) -> pd.DataFrame:
    empty = pd.Series(
        None,
        index=rows.index,
        dtype="float64" if rows[name].dtype.kind in "iu" else rows[name].dtype,
    )
    return rows.assign(**{name: empty})
