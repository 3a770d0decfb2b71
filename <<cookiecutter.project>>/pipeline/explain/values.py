"""What each feature contributes: SHAP values and permutation importance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.core.model.metrics import gain, score
from pipeline.core.model.modelling import plain, predict

if TYPE_CHECKING:
    import pandas as pd
    from sklearn.pipeline import Pipeline


def shap_values(
    model: Pipeline, X: pd.DataFrame, background: pd.DataFrame, classes: list[str], seed: int
) -> tuple[pd.DataFrame, np.ndarray]:
    """Compute SHAP values (Lundberg and Lee 2017).

    CatBoost computes its own, exactly (in log-odds); other models go through shap's explainers.

    Parameters
    ----------
    model : Pipeline
    X, background : DataFrame of shape (n, p), (m, p)
        Rows to explain, and training rows that stand for the average.
    classes : list of str
        Empty for regression.
    seed : int

    Returns
    -------
    encoded : DataFrame, shape (n, q)
        The features as the estimator sees them.
    values : ndarray, shape (n, q, outputs)
        One output for regression and for two classes (the positive one), else one a class.
    """
    encode_step, estimator = model["encode"], model["estimator"]
    encoded = encode_step.transform(plain(X))
    if type(estimator).__module__.startswith("catboost"):
        from catboost import Pool

        texts = [name for name in encoded if encoded[name].dtype == "category"]
        values = np.asarray(
            estimator.get_feature_importance(Pool(encoded, cat_features=texts), type="ShapValues")
        )
        values = values[:, np.newaxis, :] if values.ndim == 2 else values
        return encoded, values[:, :, :-1].transpose(0, 2, 1)
    import shap

    # shap's masker and trees want numbers: categories travel as codes and come back before predicting.
    numbers, around = _codes(encoded), _codes(encode_step.transform(plain(background)))
    positive = 1 if len(classes) == 2 else None
    name = type(estimator).__name__
    if "Forest" in name or "ExtraTrees" in name or "DecisionTree" in name:
        values = np.asarray(shap.TreeExplainer(estimator)(numbers).values)
    elif hasattr(estimator, "coef_"):
        values = np.asarray(shap.LinearExplainer(estimator, around)(numbers).values)
    else:
        import pandas as pd

        def output(codes: np.ndarray) -> np.ndarray:
            frame = pd.DataFrame(codes, columns=encoded.columns)
            for column in encoded:
                if encoded[column].dtype == "category":
                    known = encoded[column].cat.categories
                    frame[column] = pd.Categorical.from_codes(
                        frame[column].astype(int), categories=known
                    )
            return estimator.predict_proba(frame) if classes else estimator.predict(frame)

        explainer = shap.PermutationExplainer(output, around.to_numpy(), seed=seed)
        values = np.asarray(explainer(numbers.to_numpy(), silent=True).values)
    if values.ndim == 2:
        values = values[:, :, np.newaxis]
    elif positive is not None:
        values = values[:, :, [positive]]
    return encoded, values


def permutation_losses(
    model: Pipeline,
    X: pd.DataFrame,
    y: np.ndarray,
    metric: str,
    classes: list[str],
    repeats: int,
    seed: int,
) -> list[dict[str, Any]]:
    """Measure how much the metric loses when a feature's values are shuffled (Breiman 2001).

    Returns
    -------
    list of dict
        feature, loss (mean, in the metric's units), std; the greatest loss first.
    """
    from sklearn.inspection import permutation_importance

    def scoring(fitted: Pipeline, rows: pd.DataFrame, truth: np.ndarray) -> float:
        return gain(metric, score(metric, truth, predict(fitted, rows, len(classes))), 0.0)

    found = permutation_importance(
        model, X, y, scoring=scoring, n_repeats=repeats, random_state=seed
    )
    losses = zip(X.columns, found.importances_mean, found.importances_std, strict=True)
    return sorted(
        ({"feature": name, "loss": loss, "std": std} for name, loss, std in losses),
        key=lambda one: -one["loss"],
    )


def _codes(encoded: pd.DataFrame) -> pd.DataFrame:
    return encoded.assign(
        **{c: encoded[c].cat.codes for c in encoded if encoded[c].dtype == "category"}
    ).astype(float)
