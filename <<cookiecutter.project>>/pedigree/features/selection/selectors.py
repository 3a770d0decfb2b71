"""Selectors in addition to those of `sklearn.feature_selection`.

Their input is a data frame of numbers without missing values, with strings encoded as integers.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, clone, is_classifier
from sklearn.feature_selection import SelectorMixin

from pedigree.estimators.frames import as_frame
from pedigree.folds.folding import Fold, interval_of_gain
from pedigree.scoring.metrics import score


class Correlation(SelectorMixin, BaseEstimator):
    """Drop columns with low variance, and the later column of each strongly correlated pair.

    Columns are processed in order, original before engineered ones; a column is dropped if it is
    correlated with one that was kept. The target is not used.

    Parameters
    ----------
    min_variance : float
        Minimum variance of a column scaled to [0, 1].
    max_correlation : float
        Maximum absolute value of Spearman's rank correlation.
    """

    def __init__(self, min_variance: float, max_correlation: float) -> None:
        self.min_variance = min_variance
        self.max_correlation = max_correlation

    def fit(self, X: pd.DataFrame, y: object = None) -> Correlation:
        """Select the columns; `reasons_` has the reason for each dropped one."""
        X = as_frame(self, X, reset=True)
        variance = ((X - X.min()) / (X.max() - X.min()).replace(0, 1)).var(ddof=0)
        correlation = X.rank().corr().fillna(0.0)
        kept: list[str] = []
        self.reasons_: dict[str, str] = {}
        for name in X:
            if variance[name] < self.min_variance:
                self.reasons_[name] = f"hardly varies: variance {variance[name]:.2g} in [0, 1]"
                continue
            near = correlation.loc[kept, name].abs()
            if len(near) and near.max() > self.max_correlation:
                twin = near.idxmax()
                value = correlation.loc[twin, name]
                self.reasons_[name] = f"tells the same as {twin}: rank correlation {value:.3f}"
                continue
            kept.append(name)
        self.support_ = np.array([name in kept for name in X])
        return self

    def _get_support_mask(self) -> np.ndarray:
        return self.support_


class ChiSquare(SelectorMixin, BaseEstimator):
    """Keep the features that depend most on the classes, by Pearson's chi-squared test.

    Numbers are binned at quantiles. Since features differ in their number of values, the statistics are
    compared after the transformation of Wilson and Hilferty (1931), which makes them nearly standard
    normal for independent features.

    Parameters
    ----------
    k : int
        Number of features to keep.
    bins : int
        Number of bins of numeric features with more distinct values.
    """

    def __init__(self, k: int, bins: int) -> None:
        self.k = k
        self.bins = bins

    def fit(self, X: pd.DataFrame, y: np.ndarray) -> ChiSquare:
        """Score the features; `scores_` has shape (p,)."""
        X = as_frame(self, X, reset=True)
        self.scores_ = np.array([self._score(X[name], y) for name in X])
        return self

    def _score(self, values: pd.Series, y: np.ndarray) -> float:
        from scipy.stats import chi2_contingency

        if values.dtype.kind == "f" and values.nunique() > self.bins:
            values = pd.qcut(values, self.bins, labels=False, duplicates="drop")
        table = pd.crosstab(values.to_numpy(), y).to_numpy()
        if min(table.shape) < 2:
            return -np.inf
        found = chi2_contingency(table, correction=False)
        spread = 2 / (9 * found.dof)
        return float(((found.statistic / found.dof) ** (1 / 3) - (1 - spread)) / np.sqrt(spread))

    def _get_support_mask(self) -> np.ndarray:
        best = np.argsort(-self.scores_, kind="stable")[: self.k]
        return np.isin(np.arange(len(self.scores_)), best)


class Permutation(SelectorMixin, BaseEstimator):
    """Keep the features with significant permutation importance on held-out rows (Breiman 2001).

    The importance is the increase of the log loss, or root mean squared error, when the values of a
    feature are shuffled. It can be low for each of several redundant features; `Correlation` finds those.

    Parameters
    ----------
    estimator : object
        A classifier or regressor with scikit-learn's interface.
    cv : int or list of pairs of ndarray
        Folds, or the positions of their training and held-out rows.
    n_repeats : int
        How often each feature is shuffled.
    confidence : float
        Confidence of the interval of the mean importance over folds; a feature is kept if it is above 0.
    random_state : int
    """

    def __init__(
        self, estimator: Any, cv: Any, n_repeats: int, confidence: float, random_state: int
    ) -> None:
        self.estimator = estimator
        self.cv = cv
        self.n_repeats = n_repeats
        self.confidence = confidence
        self.random_state = random_state

    def fit(self, X: pd.DataFrame, y: np.ndarray) -> Permutation:
        """Measure the losses; `low_` has shape (p,)."""
        X = as_frame(self, X, reset=True)
        from sklearn.model_selection import check_cv

        y = np.asarray(y)
        scheme = check_cv(self.cv, y, classifier=is_classifier(self.estimator))
        folds = [
            Fold(X.iloc[train], y[train], X.iloc[held_out], y[held_out], train, held_out, None)
            for train, held_out in scheme.split(X, y)
        ]
        n_classes = int(y.max()) + 1 if is_classifier(self.estimator) else 0
        losses = np.array([self._losses(fold, n_classes) for fold in folds])
        self.low_ = np.array([interval_of_gain(one, folds, self.confidence)[0] for one in losses.T])
        return self

    def _losses(self, fold: Fold, n_classes: int) -> np.ndarray:
        fitted = clone(self.estimator).fit(fold.X, fold.y)
        random = np.random.default_rng(self.random_state)
        truth = np.tile(fold.y_held_out, self.n_repeats)

        def shuffled(name: str) -> pd.DataFrame:
            values = [random.permutation(fold.X_held_out[name]) for _ in range(self.n_repeats)]
            rows = pd.concat([fold.X_held_out] * self.n_repeats, ignore_index=True)
            return rows.assign(**{name: np.concatenate(values)})

        whole = _score(fitted, fold.X_held_out, fold.y_held_out, n_classes)
        # All repeats are predicted in one call, since a forest's overhead per call is large.
        return np.array([whole - _score(fitted, shuffled(n), truth, n_classes) for n in fold.X])

    def _get_support_mask(self) -> np.ndarray:
        return self.low_ > 0


def _score(fitted: Any, X: pd.DataFrame, y: np.ndarray, n_classes: int) -> float:
    if not is_classifier(fitted):
        return -score("rmse", y, fitted.predict(X))
    probabilities = np.zeros((len(X), n_classes))  # the fold's training rows may lack a class
    probabilities[:, fitted.classes_] = fitted.predict_proba(X)
    return -score("log_loss", y, probabilities)
