"""The one way from cleaned rows to predictions, for the verdict, the API and the monitor alike."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pipeline.core.base.paths import ENGINEER, MODEL, SELECT
from pipeline.core.model import artifact
from pipeline.core.model.modelling import plain, predict


@dataclass(frozen=True)
class Predictor:
    """What was fitted, in the order of its use, and the names of the classes."""

    engineer: Any
    select: Any
    model: Any
    classes: list[str]

    @classmethod
    def load(cls, folder: Path | None, classes: list[str]) -> Predictor:
        """Load the three fitted parts from models/, or from the folder of a bundle."""
        paths = [folder / path.name if folder else path for path in (ENGINEER, SELECT, MODEL)]
        engineer, select, model = map(artifact.load, paths)
        return cls(engineer, select, model, classes)

    def features(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Make the model's features of cleaned rows without target and excluded columns."""
        return self.select.transform(self.engineer.transform(rows))

    def predict(self, rows: pd.DataFrame) -> np.ndarray:
        """Predict class probabilities of shape (n, k), or numbers of shape (n,)."""
        return predict(self.model, self.features(rows), len(self.classes))

    def needed(self, rows: pd.DataFrame) -> list[str]:
        """Name the columns on which the features depend: those whose loss changes a feature."""
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
