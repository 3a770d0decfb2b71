"""Fit a model on the training rows of folds, and score it on the held-out rows."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from pedigree.estimators.building import build_model
from pedigree.estimators.fitting import fit
from pedigree.estimators.predicting import predict
from pedigree.folds.sampling import early_stopping_split
from pedigree.scoring.metrics import Metric, as_metric, score

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

    from pedigree.estimators.settings import Model
    from pedigree.folds.folding import Fold

EVALUATION_SET_SEED = 0  # draws the evaluation set of a fold for early stopping


class Outcome(NamedTuple):
    """Scores and times of a model on one fold."""

    scores: dict[str, float]
    fit_seconds: float
    predict_seconds: float


def fit_on(pipeline: Pipeline, fold: Fold, classify: bool, model: Model | None) -> Pipeline:
    """Fit a pipeline in place on a fold's training rows.

    The evaluation set for early stopping is taken from them, never from the held-out rows.

    Parameters
    ----------
    pipeline : Pipeline
        Unfitted.
    fold : Fold
    classify : bool
        Keep the classes' proportions in the evaluation set.
    model : Model or None
        The settings it was built from; None fits the pipeline by its own `fit`.
    """
    X, y, groups, evaluation_set = fold.X, fold.y, fold.groups, None
    if model and model.early_stopping:
        kept, aside = early_stopping_split(y, groups, classify, EVALUATION_SET_SEED)
        evaluation_set = (X.iloc[aside], y[aside]) if len(aside) else None
        X, y = X.iloc[kept], y[kept]
        groups = None if groups is None else groups[kept]
    return fit(pipeline, model, X, y, evaluation_set, groups)


def try_on(
    model: Model,
    fold: Fold,
    metrics: Sequence[str | Metric],
    n_classes: int,
    changes: Mapping[str, Any] | None = None,
) -> Outcome:
    """Fit a model on a fold's training rows, and score it on the held-out rows.

    Parameters
    ----------
    model : Model
        Settings of ``conf/model``.
    fold : Fold
    metrics : sequence of str or Metric
    n_classes : int
        0 for regression.
    changes : mapping, optional
        Hyperparameters that replace those of the settings.
    """
    started = time.perf_counter()
    pipeline = fit_on(build_model(model, changes), fold, bool(n_classes), model)
    fitted = time.perf_counter()
    # Other hyperparameters may be too extreme for the model; its own settings must give numbers.
    prediction = predict(pipeline, fold.X_held_out, n_classes, finite=not changes)
    predicted = time.perf_counter()
    scores = {one.name: score(one, fold.y_held_out, prediction) for one in map(as_metric, metrics)}
    return Outcome(scores, fitted - started, predicted - fitted)


def cross_validate(
    model: Model,
    cut: Sequence[Fold],
    metrics: Sequence[str | Metric],
    n_classes: int,
    changes: Mapping[str, Any] | None = None,
) -> list[dict[str, float]]:
    """Fit and score a model on each fold.

    Parameters
    ----------
    model : Model
        Settings of ``conf/model``.
    cut : sequence of Fold
    metrics : sequence of str or Metric
    n_classes : int
        0 for regression.
    changes : mapping, optional
        Hyperparameters that replace those of the settings.

    Returns
    -------
    list of dict
        Each fold's metrics by name.
    """
    return [try_on(model, fold, metrics, n_classes, changes).scores for fold in cut]
