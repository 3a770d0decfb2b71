"""Choosers that scikit-learn does not have: selectors like those of `sklearn.feature_selection`.

They see a data frame of numbers without gaps, in which texts are codes in columns of whole numbers.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, clone, is_classifier
from sklearn.feature_selection import SelectorMixin

from pedigree.features.frames import as_frame
from pedigree.folds.folding import Fold, interval_of_gain
from pedigree.scoring.metrics import score


class Correlation(SelectorMixin, BaseEstimator):
    """Drop what hardly varies, and of each strongly correlated pair the later column.

    Columns are visited in their order, the measured before the engineered; one goes if it correlates
    with one that stays. The target is not asked.

    Parameters
    ----------
    min_variance : float
        Of a column scaled to [0, 1].
    max_correlation : float
        Greatest absolute value of Spearman's rank correlation.
    """

    def __init__(self, min_variance: float, max_correlation: float) -> None:
        self.min_variance = min_variance
        self.max_correlation = max_correlation

    def fit(self, X: pd.DataFrame, y: object = None) -> Correlation:
        """Visit the columns; `reasons_` says what each dropped one is like."""
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
    """Keep the features whose values and the classes are least likely to be independent.

    Pearson's test on the table of a feature's values and the classes; numbers are cut at quantiles.
    Features differ in their number of values, so that the statistics are compared after the
    transformation of Wilson and Hilferty (1931), which makes each nearly standard normal where
    the feature tells nothing.

    Parameters
    ----------
    k : int
        Features that stay.
    bins : int
        Values into which a number is cut, if it has more.
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
    """Keep the features without whose values a model predicts rows worse that it has not seen.

    On each fold the estimator is fitted, and its loss on the held-out rows compared with the loss
    when a feature's values there are shuffled (Breiman 2001): log loss, or the root mean squared
    error. Of features that tell the same, none may be missed; `correlation` finds them.

    Parameters
    ----------
    estimator : object
        A classifier or regressor of scikit-learn's kind.
    cv : int or list of pairs of ndarray
        Folds, or the positions of their training and held-out rows.
    n_repeats : int
        How often each feature is shuffled.
    confidence : float
        A feature stays if the interval of its mean loss over the folds lies above 0.
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
        cut = [
            Fold(X.iloc[train], y[train], X.iloc[held_out], y[held_out], train, held_out, None)
            for train, held_out in scheme.split(X, y)
        ]
        n_classes = int(y.max()) + 1 if is_classifier(self.estimator) else 0
        losses = np.array([self._losses(fold, n_classes) for fold in cut])
        self.low_ = np.array([interval_of_gain(one, cut, self.confidence)[0] for one in losses.T])
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
        # All repeats are predicted at once: a forest takes longer to be asked than to answer.
        return np.array([whole - _score(fitted, shuffled(n), truth, n_classes) for n in fold.X])

    def _get_support_mask(self) -> np.ndarray:
        return self.low_ > 0


def _score(fitted: Any, X: pd.DataFrame, y: np.ndarray, n_classes: int) -> float:
    if not is_classifier(fitted):
        return -score("rmse", y, fitted.predict(X))
    probabilities = np.zeros((len(X), n_classes))  # the fold's training rows may lack a class
    probabilities[:, fitted.classes_] = fitted.predict_proba(X)
    return -score("log_loss", y, probabilities)
