"""SHAP values that boosting libraries compute themselves: exact, fast, with native categories."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd


def native_shap(estimator: Any, encoded: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Compute SHAP values by CatBoost, XGBoost or LightGBM.

    Returns
    -------
    values : ndarray, shape (n, c, outputs)
    base : ndarray, shape (n, outputs)
        The average output.
    """
    package = type(estimator).__module__.split(".")[0]
    if package == "catboost":
        values = estimator.get_feature_importance(_pool(encoded), type="ShapValues")
    elif package == "xgboost":
        values = _xgboost(estimator, encoded, pred_contribs=True)
    else:
        values = estimator.predict(encoded, pred_contrib=True)
    # The base is the last column of each output.
    values = np.asarray(values, dtype=float).reshape(len(encoded), -1, encoded.shape[1] + 1)
    values = values.transpose(0, 2, 1)
    return values[:, :-1], values[:, -1]


def native_interactions(estimator: Any, encoded: pd.DataFrame) -> np.ndarray | None:
    """Compute SHAP interaction values by CatBoost or XGBoost; None for LightGBM and others.

    Returns
    -------
    ndarray, shape (n, c, c, outputs)
    """
    package = type(estimator).__module__.split(".")[0]
    if package == "catboost":
        values = estimator.get_feature_importance(_pool(encoded), type="ShapInteractionValues")
    elif package == "xgboost":
        values = _xgboost(estimator, encoded, pred_interactions=True)
    else:
        return None
    n, c = encoded.shape
    values = np.asarray(values, dtype=float).reshape(n, -1, c + 1, c + 1)
    return values[:, :, :-1, :-1].transpose(0, 2, 3, 1)


def _pool(encoded: pd.DataFrame) -> Any:
    from catboost import Pool

    return Pool(encoded, cat_features=[c for c in encoded if encoded[c].dtype == "category"])


def _xgboost(estimator: Any, encoded: pd.DataFrame, **what: bool) -> np.ndarray:
    """Predict with the trees that early stopping kept."""
    from xgboost import DMatrix

    booster = estimator.get_booster()
    last = booster.attr("best_iteration")
    end = int(last) + 1 if last is not None else 0
    rows = DMatrix(encoded, enable_categorical=True)
    return np.asarray(booster.predict(rows, iteration_range=(0, end), **what))
