"""How a pipeline is fitted: encoding, early stopping, samplers and weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sklearn.base import is_classifier

from pedigree.base.names import UserError, did_you_mean
from pedigree.estimators.balance import resample, weights
from pedigree.estimators.predicting import plain
from pedigree.estimators.protocols.models import classes_of
from pedigree.folds.folding import inner_folds

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

    from pedigree.estimators.settings import Model

# The form in which fit() of a library takes the evaluation set for early stopping, by the name of
# `early_stopping.rows`.
EVALUATION_SET: dict[str, Callable[[Any, Any], dict[str, Any]]] = {
    "eval_set": lambda X, y: {"eval_set": [(X, y)]},
    "eval_X": lambda X, y: {"eval_X": X, "eval_y": y},
    "X_val": lambda X, y: {"X_val": X, "y_val": y},
}


def fit(
    pipeline: Pipeline,
    model: Model | None,
    X: pd.DataFrame,
    y: np.ndarray,
    evaluation_set: tuple[pd.DataFrame, np.ndarray] | None = None,
    groups: np.ndarray | None = None,
) -> Pipeline:
    """Fit a pipeline in place.

    Parameters
    ----------
    pipeline : Pipeline
        As built by `build_model`.
    model : Model or None
        The settings it was built from; its `sampler` and `class_weight` affect the training rows only. None fits the
        pipeline by its own `fit`, and nothing more.
    X, y : DataFrame of shape (n, p), ndarray of shape (n,)
        Training rows.
    evaluation_set : tuple of DataFrame and ndarray, optional
        Evaluation set for early stopping, for libraries that support it.
    groups : ndarray, shape (n,), optional
        Groups that stay together in the folds of the estimator itself (its argument `cv`), as in
        stacking and calibration.

    Raises
    ------
    UserError
        An estimator that replaced the one of the settings does not take features that are encoded for that one.
    """
    if model is None:
        try:
            return pipeline.fit(plain(X), y)
        except ValueError as error:
            if "encode" not in pipeline.named_steps:
                raise
            raise UserError(
                f"{type(pipeline[-1]).__name__} cannot be fitted on features as the settings encode them "
                f"({str(error).splitlines()[0]}); choose another encoder or imputer, as in "
                "`dvc exp run -S model/encoder=one_hot -S model/imputer=median`."
            ) from error
    encoded = fit_encoder(pipeline, model, X, y)
    if evaluation_set is not None and model.early_stopping:
        evaluation_set = pipeline["encode"].transform(plain(evaluation_set[0])), evaluation_set[1]
    fit_estimator(pipeline["estimator"], model, encoded, y, evaluation_set, groups)
    return pipeline


def fit_encoder(pipeline: Pipeline, model: Model, X: pd.DataFrame, y: np.ndarray) -> pd.DataFrame:
    """Fit a pipeline's encoder, and set the estimator's arguments that name features.

    Parameters
    ----------
    pipeline : Pipeline
    model : Model
        The settings it was built from.
    X, y : DataFrame of shape (n, p), ndarray of shape (n,)
        Training rows.

    Returns
    -------
    DataFrame, shape (n, c)
        The encoded features.
    """
    estimator = pipeline["estimator"]
    encoded = pipeline["encode"].fit_transform(plain(X), y)
    if model.categorical_argument:
        categories = encoded.select_dtypes("category").columns
        estimator.set_params(**{model.categorical_argument: list(categories)})
    if (monotone := model.monotone) and monotone.features:
        # XGBoost requires a tuple, the others a list.
        kind = tuple if type(estimator).__module__.startswith("xgboost") else list
        constraints = kind(signs(monotone.features, encoded))
        estimator.set_params(**{monotone.argument: constraints})
    return encoded


def fit_estimator(
    estimator: Any,
    model: Model,
    encoded: pd.DataFrame,
    y: np.ndarray,
    evaluation_set: tuple[pd.DataFrame, np.ndarray] | None = None,
    groups: np.ndarray | None = None,
) -> Any:
    """Fit an estimator in place on encoded rows.

    Parameters
    ----------
    estimator : estimator
        The last step of a pipeline.
    model : Model
        The settings it was built from.
    encoded, y : DataFrame of shape (n, c), ndarray of shape (n,)
        Encoded training rows.
    evaluation_set : tuple of DataFrame and ndarray, optional
        Evaluation set for early stopping, encoded.
    groups : ndarray, shape (n,), optional
        Groups that stay together in the folds of the estimator itself.

    Raises
    ------
    UserError
        A classifier does not keep its `classes_`.
    """
    arguments: dict[str, Any] = {}
    if evaluation_set is not None and model.early_stopping:
        estimator.set_params(**model.early_stopping.settings)
        arguments = EVALUATION_SET[model.early_stopping.rows](*evaluation_set)
        arguments |= model.early_stopping.fit
    encoded, y = resample(model.sampler, encoded, y)
    if model.class_weight:
        arguments["sample_weight"] = weights(model.class_weight, y)
    cv = estimator.get_params(deep=False).get("cv")
    # A sampler changes the rows, so that `groups` no longer fits them.
    if cv is not None and groups is not None and not model.sampler.target:
        estimator.set_params(cv=inner_folds(cv, y, groups, is_classifier(estimator)))
        estimator.fit(encoded, y, **arguments).set_params(cv=cv)
    else:
        estimator.fit(encoded, y, **arguments)
    if is_classifier(estimator):
        classes_of(estimator, np.unique(y))
    if "n_jobs" in estimator.get_params():
        # With several threads, a forest sums its trees in the order in which they finish.
        estimator.set_params(n_jobs=1)
    return estimator


def signs(features: Mapping[str, int], encoded: pd.DataFrame) -> list[int]:
    """Return a sign for each encoded feature: 1 or -1 where the prediction may only rise or fall, else 0.

    Raises
    ------
    UserError
        A feature is not among them, or is not numeric.
    """
    numbers = list(encoded.select_dtypes("number").columns)
    for name in features:
        if name not in numbers:
            raise UserError(
                f"model.monotone.features: '{name}' is not a numeric feature of the model; {did_you_mean(name, numbers)}"
            )
    return [features.get(str(name), 0) for name in encoded]
