"""Predictions of a fitted pipeline."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from sklearn.pipeline import Pipeline


def predict(pipeline: Pipeline, X: pd.DataFrame, n_classes: int) -> np.ndarray:
    """Predict class probabilities of shape (n, n_classes), or numbers of shape (n,).

        A class that the pipeline was not fitted on gets the probability 0.

    Parameters
    ----------
    pipeline : Pipeline
        Fitted.
    X : DataFrame, shape (n, p)
    n_classes : int
        0 for regression.
    """
    X = plain(X)
    if not n_classes:
        return np.asarray(pipeline.predict(X), dtype=float)
    probabilities = np.zeros((len(X), n_classes))
    probabilities[:, np.asarray(pipeline.classes_, dtype=int)] = pipeline.predict_proba(X)
    return probabilities


def plain(X: pd.DataFrame) -> pd.DataFrame:
    """Convert nullable booleans to NumPy's float, which every estimator takes."""
    return X.astype({name: "float64" for name in X if X[name].dtype == "boolean"})
