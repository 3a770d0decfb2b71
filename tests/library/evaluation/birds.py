"""Penguins whose sex is predicted, well or badly, for the figures of slices and groups."""

from functools import cache

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from pedigree.evaluation.bins import Binning

FOLDS = KFold(5, shuffle=True, random_state=0)
MEASURES = ["culmen_length_mm", "culmen_depth_mm", "flipper_length_mm", "body_mass_g"]


def cuts(rows: pd.DataFrame, *columns: str) -> dict[str, Binning]:
    return {name: Binning.learn(rows[name], bins=4, levels=10) for name in columns or rows}


@cache
def birds() -> tuple[pd.DataFrame, np.ndarray]:
    """Return penguins of known sex and size, and whether they are male."""
    from palmerpenguins import load_penguins_raw

    raw = load_penguins_raw().rename(columns=lambda n: n.lower().replace(" (", "_").strip(")"))
    raw = raw.rename(columns=lambda n: n.replace(" ", "_")).dropna(subset=[*MEASURES, "sex"])
    rows = raw[["species", "island", "clutch_completion", *MEASURES]].reset_index(drop=True)
    return rows, (raw["sex"] == "MALE").to_numpy(dtype=int)


@cache
def sexes(blind_to: str | None) -> np.ndarray:
    """Predict each bird's sex by a model of the others' measures, or of those of the other species only."""
    rows, male = birds()
    said = np.empty((len(rows), 2))
    for fit, held in FOLDS.split(rows):
        known = fit[~rows["species"].iloc[fit].str.startswith(blind_to)] if blind_to else fit
        features = pd.get_dummies(rows[[*MEASURES, *([] if blind_to else ["species"])]])
        model = make_pipeline(StandardScaler(), LogisticRegression())
        model.fit(features.iloc[known], male[known])
        said[held] = model.predict_proba(features.iloc[held])
    return said
