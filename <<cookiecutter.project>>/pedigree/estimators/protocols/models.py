"""What a model must have before it is fitted, and what it must predict."""

from __future__ import annotations

from typing import Any

import numpy as np

from pedigree.base.names import UserError
from pedigree.base.tools import described
from pedigree.estimators.protocols.signatures import name_of, wrong_fit


def model_mistake(kind: type, classify: bool) -> str | None:
    """Return what the class of an estimator lacks; None if it has all.

    Parameters
    ----------
    kind : type
    classify : bool
        Whether the target is a class.
    """
    needed = ("fit", "predict_proba" if classify else "predict", "get_params", "set_params")
    if lacking := [method for method in needed if not hasattr(kind, method)]:
        what = "classifier" if classify else "regressor"
        base = " (inherit from sklearn.base.BaseEstimator)" if "get_params" in lacking else ""
        more = ", and the attribute classes_ after fit" if classify else ""
        return (
            f"{name_of(kind)} has no method {' and no '.join(lacking)}{base}; a {what} needs "
            f"{', '.join(needed[:-1])} and {needed[-1]}{more}."
        )
    return wrong_fit(kind)


def classes_of(estimator: Any, known: np.ndarray) -> np.ndarray:
    """Return the classes that a classifier was fitted on, some of the known ones.

    Raises
    ------
    UserError
        It does not keep them as `classes_`.
    """
    found = getattr(estimator, "classes_", None)
    classes = np.asarray(found)
    if found is None or classes.ndim != 1 or not np.isin(classes, known).all():
        raise UserError(
            f"{name_of(estimator)} has classes_ {described(found)} after fit; set self.classes_ = np.unique(y) in fit."
        )
    return classes


def checked_output(
    values: Any, estimator: Any, method: str, shape: tuple[int, ...], finite: bool
) -> np.ndarray:
    """Return what an estimator predicted, as numbers.

    Parameters
    ----------
    values : object
        What its method returned.
    estimator : object
    method : {"predict", "predict_proba"}
    shape : tuple of int
        The shape that is expected.
    finite : bool
        Whether missing and infinite values are refused.

    Raises
    ------
    UserError
        Names the class and method.
    """
    where = f"{name_of(estimator)}.{method}"
    try:
        numbers = np.asarray(values, dtype=float)
    except (TypeError, ValueError):
        raise UserError(
            f"{where} returned {described(values)}; return an array of numbers of shape {shape}."
        ) from None
    if numbers.shape != shape and not (len(shape) == 1 and numbers.shape == (*shape, 1)):
        meaning = "a column for each of classes_" if len(shape) == 2 else "a number for each row"
        raise UserError(
            f"{where} returned {described(values)}, expected an array of shape {shape}: {meaning}."
        )
    if finite and (
        wrong := int((~np.isfinite(numbers)).any(axis=tuple(range(1, numbers.ndim))).sum())
    ):
        raise UserError(
            f"{where} returned missing or infinite values for {wrong} of {shape[0]} rows; return finite numbers."
        )
    return numbers.reshape(shape)
