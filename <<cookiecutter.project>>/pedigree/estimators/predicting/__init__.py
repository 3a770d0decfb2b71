"""Predictions of a fitted pipeline."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import Pipeline

from pedigree.base.names import UserError
from pedigree.estimators.protocols.models import checked_output, classes_of
from pedigree.estimators.protocols.signatures import name_of

if TYPE_CHECKING:
    import pandas as pd


def predict(
    pipeline: Pipeline, X: pd.DataFrame, n_classes: int, *, finite: bool = False
) -> np.ndarray:
    """Predict class probabilities of shape (n, n_classes), or numbers of shape (n,).

    A class that the pipeline was not fitted on gets the probability 0.

    Parameters
    ----------
    pipeline : Pipeline
        Fitted.
    X : DataFrame, shape (n, p)
    n_classes : int
        0 for regression.
    finite : bool
        Refuse missing and infinite values, which a search for hyperparameters may try.

    Raises
    ------
    UserError
        The estimator has no `classes_`, or predicts values of another shape.
    """
    X, n = plain(X), len(X)
    estimator = pipeline[-1] if isinstance(pipeline, Pipeline) else pipeline
    codes = classes_of(estimator, np.arange(n_classes)).astype(int) if n_classes else np.arange(0)
    try:
        found = pipeline.predict_proba(X) if n_classes else pipeline.predict(X)
    except NotFittedError as error:
        raise UserError(
            f"{name_of(estimator)} is not fitted ({str(error).partition(',')[0]}); "
            "its fit must keep what it learns under names that end in _, such as self.mean_."
        ) from error
    if not n_classes:
        return checked_output(found, estimator, "predict", (n,), finite)
    probabilities = np.zeros((n, n_classes))
    shape = (n, len(codes))
    probabilities[:, codes] = checked_output(found, estimator, "predict_proba", shape, finite)
    return probabilities


def plain(X: pd.DataFrame) -> pd.DataFrame:
    """Convert nullable booleans to NumPy's float, which every estimator takes."""
    return X.astype({name: "float64" for name in X if X[name].dtype == "boolean"})
