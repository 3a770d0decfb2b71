"""Fit a model on the training rows of folds, and score it on those held out."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from pedigree.estimators.building import build
from pedigree.estimators.fitting import fit
from pedigree.estimators.predicting import predict
from pedigree.folds.sampling import set_aside
from pedigree.scoring.metrics import score

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

    from pedigree.folds.folding import Fold

WATCHED_SEED = 0  # draws the rows of a fold that early stopping watches


class Outcome(NamedTuple):
    """What became of a model on one fold."""

    scores: dict[str, float]
    fit_seconds: float
    predict_seconds: float


def fit_on(
    model: Mapping[str, Any],
    fold: Fold,
    classify: bool,
    changes: Mapping[str, Any] | None = None,
) -> Pipeline:
    """Fit a model on a fold's training rows.

    A library that can stop early watches some of them meanwhile, never those held out.
    """
    X, y, groups, watched = fold.X, fold.y, fold.groups, None
    if model["early_stopping"]:
        kept, aside = set_aside(y, groups, classify, WATCHED_SEED)
        watched = (X.iloc[aside], y[aside]) if len(aside) else None
        X, y = X.iloc[kept], y[kept]
        groups = None if groups is None else groups[kept]
    return fit(build(model, changes), model, X, y, watched, groups)


def try_on(
    model: Mapping[str, Any],
    fold: Fold,
    metrics: Sequence[str],
    n_classes: int,
    changes: Mapping[str, Any] | None = None,
) -> Outcome:
    """Fit a model on a fold's training rows, and score it on those held out."""
    started = time.perf_counter()
    pipeline = fit_on(model, fold, bool(n_classes), changes)
    fitted = time.perf_counter()
    prediction = predict(pipeline, fold.X_held_out, n_classes)
    predicted = time.perf_counter()
    scores = {name: score(name, fold.y_held_out, prediction) for name in metrics}
    return Outcome(scores, fitted - started, predicted - fitted)


def cross_validate(
    model: Mapping[str, Any],
    cut: Sequence[Fold],
    metrics: Sequence[str],
    n_classes: int,
    changes: Mapping[str, Any] | None = None,
) -> list[dict[str, float]]:
    """Fit and score a model on each fold; returns each fold's metrics."""
    return [try_on(model, fold, metrics, n_classes, changes).scores for fold in cut]
