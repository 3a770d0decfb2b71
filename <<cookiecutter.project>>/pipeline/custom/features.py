"""Your own features, named in conf/engineer/ as the transformer of a step (conf/engineer/README.md, `Apply`).

A feature is a transformer of scikit-learn. `fit` sees training rows only: those of the split, and again those of each
fold of a cross-validation. What it learns is stored without pickle: numbers, strings, arrays, lists, dictionaries and
estimators can be, but no data frames, dates, lambdas or open files. A function is passed as
``{_target_: hydra.utils.get_method, path: pipeline.custom.features.NAME}``, for example as ``func`` of scikit-learn's
``FunctionTransformer``. The one below is an example; change it or delete it.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data


class DistanceFromMedian(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Measure how far numbers are from their median, in median absolute deviations.

    Parameters
    ----------
    limit : float
        Greater distances become this one.

    Attributes
    ----------
    median_, deviation_ : ndarray of shape (n_features,)
        Of the training rows. A deviation of 0 is replaced by 1.

    Examples
    --------
    >>> DistanceFromMedian().fit_transform([[1.0], [2.0], [4.0]]).ravel().tolist()
    [1.0, 0.0, 2.0]
    """

    def __init__(self, limit: float = 10.0) -> None:
        self.limit = limit

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn median and deviation of each column; missing values are left out."""
        X = validate_data(self, X, dtype="float64", ensure_all_finite="allow-nan")
        self.median_ = np.nanmedian(X, axis=0)
        deviation = np.nanmedian(np.abs(X - self.median_), axis=0)
        self.deviation_ = np.where(deviation > 0, deviation, 1.0)
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Return the distances, of the shape of X; missing values stay missing."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype="float64", ensure_all_finite="allow-nan", reset=False)
        return np.asarray(np.minimum(np.abs(X - self.median_) / self.deviation_, self.limit))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags
