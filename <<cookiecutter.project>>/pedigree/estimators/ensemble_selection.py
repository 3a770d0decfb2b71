"""Ensemble selection: a weighted mean of members, chosen by their predictions of held-out rows.

Every member is fitted once per fold and predicts the held-out rows, which are also its evaluation set for
early stopping; the models of all folds are kept and their mean is predicted (bagging). Then members are
added to the ensemble one by one, with replacement, always the one that lowers the ensemble's loss on those
predictions most; how often a member was added is its weight (Caruana et al. 2004,
doi:10.1145/1015330.1015432).
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, clone, is_classifier
from sklearn.utils.validation import check_is_fitted

from pedigree.base.stage import say
from pedigree.estimators.frames import as_frame
from pedigree.estimators.predicting import plain, predict
from pedigree.estimators.validation import training_rows
from pedigree.folds.sampling import splitter

if TYPE_CHECKING:
    import pandas as pd

    from pedigree.estimators.ensembles import Member

Fold = tuple[np.ndarray, np.ndarray]


class EnsembleSelection(BaseEstimator):
    """Members bagged over folds, with the weights of least loss on held-out rows.

    Parameters
    ----------
    estimators : list of (str, Member)
        In the order in which they are fitted.
    cv : int or list of (ndarray, ndarray)
        Number of random folds, or the positions of their training and held-out rows.
    rounds : int
        Members that are added to the ensemble, with replacement.
    max_rows : mapping of str to int
        Slow members by name, with the number of rows above which they are left out.
    seconds : float
        Time limit; after it no further member is fitted, nor one that would not finish in time, except the
        first. A selection that it ended is not reproducible.
    random_state : int
        Of the folds.
    """

    def __init__(
        self,
        estimators: list[tuple[str, Member]],
        cv: int | list[Fold],
        rounds: int,
        max_rows: Mapping[str, int],
        seconds: float,
        random_state: int,
    ) -> None:
        self.estimators = estimators
        self.cv = cv
        self.rounds = rounds
        self.max_rows = max_rows
        self.seconds = seconds
        self.random_state = random_state

    def fit(
        self, X: pd.DataFrame, y: np.ndarray, sample_weight: np.ndarray | None = None
    ) -> EnsembleSelection:
        """Fit the members fold by fold, then weigh them.

        Parameters
        ----------
        X, y : DataFrame of shape (n, p), ndarray of shape (n,)
            Training rows.
        sample_weight : ndarray, shape (n,), optional
            Weights of the rows in the loss.
        """
        X, y, sample_weight = training_rows(self, X, y, sample_weight)
        if is_classifier(self):
            self.classes_ = np.unique(y)
        deadline = time.monotonic() + self.seconds
        cut = self._cut(y)
        bags: dict[str, list[Member]] = {}
        predictions: dict[str, np.ndarray] = {}
        for name, member in self.estimators:
            if len(X) > self.max_rows.get(name, len(X)):
                say(f"{name}: left out, since it is slow on more than {self.max_rows[name]} rows")
                continue
            bag = self._bag(member, X, y, cut, deadline if bags else None)
            if bag is None:
                say(
                    f"{name}: left out without enough time, so another run may differ; raise `seconds`"
                )
                continue
            bags[name] = bag
            predictions[name] = np.empty(len(X))
            for one, (_, held_out) in zip(bag, cut, strict=True):
                predictions[name][held_out] = self._for_loss(
                    self._predict(one, X.iloc[held_out]), y[held_out]
                )
        truth = np.asarray(y, dtype=float)

        def loss(mixed: np.ndarray) -> float:
            return float(np.average(self._losses(mixed, truth), weights=sample_weight))

        weights = greedy_weights(list(predictions.values()), loss, self.rounds)
        self.losses_ = {name: loss(one) for name, one in predictions.items()}
        self.weights_ = {
            name: float(weight) for name, weight in zip(predictions, weights, strict=True) if weight
        }
        self.bags_ = {name: bags[name] for name in self.weights_}
        return self

    def _cut(self, y: np.ndarray) -> list[Fold]:
        """Split the rows into folds, stratified by class, unless the folds are given."""
        if not isinstance(self.cv, int):
            return list(self.cv)
        scheme = splitter(self.cv, is_classifier(self), self.random_state)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="The least populated class")
            return list(scheme.split(y, y))

    def _bag(
        self,
        member: Member,
        X: pd.DataFrame,
        y: np.ndarray,
        cut: list[Fold],
        deadline: float | None,
    ) -> list[Member] | None:
        """Fit a member on each fold; None if it would end after the deadline."""
        bag: list[Member] = []
        started = time.monotonic()
        for train, held_out in cut:
            if deadline is not None:
                each = (time.monotonic() - started) / len(bag) if bag else 0.0
                if time.monotonic() + each * (len(cut) - len(bag)) >= deadline:
                    return None
            evaluation_set = X.iloc[held_out], y[held_out]
            bag.append(clone(member).fit(X.iloc[train], y[train], evaluation_set=evaluation_set))
        return bag

    def _mean(self, X: pd.DataFrame) -> np.ndarray:
        """Average the members' predictions: over the folds of each, then by weight."""
        check_is_fitted(self)
        X = plain(as_frame(self, X))
        predicted = [
            weight * np.mean([self._predict(one, X) for one in self.bags_[name]], axis=0)
            for name, weight in self.weights_.items()
        ]
        return np.asarray(np.sum(predicted, axis=0))

    def _predict(self, member: Member, X: pd.DataFrame) -> np.ndarray:
        """Predict by a member: class probabilities of shape (n, k), or numbers of shape (n,)."""
        raise NotImplementedError

    def _for_loss(self, predicted: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Return the part of a member's predictions on which its loss depends, shape (n,)."""
        raise NotImplementedError

    def _losses(self, predictions: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Return the loss of each row, shape (n,)."""
        raise NotImplementedError


class EnsembleSelectionClassifier(ClassifierMixin, EnsembleSelection):
    """Ensemble selection by log loss."""

    def predict_proba(self, X: pd.DataFrame) -> np.ndarray:
        """Predict the classes' probabilities, shape (n, k)."""
        return self._mean(X)

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        """Predict classes, shape (n,)."""
        best = self._mean(X).argmax(axis=1)
        return np.asarray(self.classes_[best])

    def _predict(self, member: Member, X: pd.DataFrame) -> np.ndarray:
        predicted = predict(member.pipeline_, X, int(self.classes_[-1]) + 1)
        return predicted[:, self.classes_.astype(int)]

    def _for_loss(self, predicted: np.ndarray, y: np.ndarray) -> np.ndarray:
        return predicted[np.arange(len(y)), np.searchsorted(self.classes_, y)]

    def _losses(self, predictions: np.ndarray, y: np.ndarray) -> np.ndarray:
        return np.asarray(-np.log(np.clip(predictions, np.finfo(float).eps, None)))


class EnsembleSelectionRegressor(RegressorMixin, EnsembleSelection):
    """Ensemble selection by squared error."""

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        """Predict numbers, shape (n,)."""
        return self._mean(X)

    def _predict(self, member: Member, X: pd.DataFrame) -> np.ndarray:
        return predict(member.pipeline_, X, 0)

    def _for_loss(self, predicted: np.ndarray, y: np.ndarray) -> np.ndarray:
        return predicted

    def _losses(self, predictions: np.ndarray, y: np.ndarray) -> np.ndarray:
        return np.asarray((predictions - y) ** 2)


def greedy_weights(
    predictions: Sequence[np.ndarray], loss: Callable[[np.ndarray], float], rounds: int
) -> np.ndarray:
    """Weigh members by greedy selection with replacement.

    Parameters
    ----------
    predictions : sequence of ndarray, each of shape (n,)
        Predictions of the rows by each member.
    loss : callable
        Takes a mean of such predictions; returns its loss.
    rounds : int
        Maximum additions; the best ensemble so far is taken, so it is never worse than the best member.

    Returns
    -------
    ndarray, shape (len(predictions),)
        Weights that sum to one; of equally good additions, the first member was taken.
    """
    taken: list[int] = []
    total = np.zeros_like(predictions[0])
    best, kept = np.inf, 0
    for size in range(1, rounds + 1):
        losses = [loss((total + one) / size) for one in predictions]
        taken.append(int(np.argmin(losses)))
        total = total + predictions[taken[-1]]
        if losses[taken[-1]] < best:
            best, kept = losses[taken[-1]], size
    return np.bincount(taken[:kept], minlength=len(predictions)) / kept
