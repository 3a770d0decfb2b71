"""Which SHAP algorithm computes exact values for which estimators."""

from __future__ import annotations

from typing import Any

# Algorithms that know one kind of estimator, by the packages of its class. Not scikit-learn's hist
# gradient boosting: shap does not read its splits by category.
KNOWN = {
    "native": ("catboost", "xgboost", "lightgbm"),
    "tree": ("sklearn.tree", "sklearn.ensemble._forest", "sklearn.ensemble._gb"),
    "linear": ("sklearn.linear_model",),
}


def algorithm_for(estimator: Any) -> str:
    """Return the exact algorithm for a class of estimators, or the one that serves any."""
    module = f"{estimator.__module__}."
    for algorithm, packages in KNOWN.items():
        if any(module.startswith(f"{package}.") for package in packages):
            return algorithm
    return "permutation"
