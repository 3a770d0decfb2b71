"""Bagging over folds: a model for each fold, which stops early on the held-out rows, and the sum of them as the model.

So every training row is once in an evaluation set for early stopping, where a few validation rows would decide by
chance, and the validation rows take no part in the fit. The sum of boosted trees is a boosted model itself, so it is
predicted, explained and exported like one (Breiman 1996, doi:10.1007/BF00058655, with folds for bootstraps).
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pedigree.estimators.fitting import fit_encoder, fit_estimator
from pedigree.folds.folding import inner_folds
from pedigree.folds.sampling import splitter

if TYPE_CHECKING:
    import pandas as pd
    from catboost import CatBoost
    from sklearn.pipeline import Pipeline

    from pedigree.estimators.settings import Model


@dataclass(frozen=True)
class CatBoostBag:
    """Settings and sum of a bag of CatBoost models.

    Parameters
    ----------
    folds : int or None
        Of the training rows; None for a single model.
    max_rows : int
        With more training rows a single model is fitted.
    seed : int
        Of the folds.
    """

    folds: int | None
    max_rows: int
    seed: int

    def serves(self, rows: int) -> bool:
        """Return whether so many training rows are few enough to be bagged."""
        return rows <= self.max_rows

    def cut(
        self, y: np.ndarray, groups: np.ndarray | None, classify: bool
    ) -> list[tuple[np.ndarray, np.ndarray]] | None:
        """Return the positions of each fold's training and held-out rows, or None for a single model.

         A single model is fitted if there are more than `max_rows` rows, no folds in the settings, or too few groups or rows
        of a class for the folds.

        Parameters
        ----------
        y : ndarray, shape (n,)
        groups : ndarray, shape (n,), or None
            Rows that stay together.
        classify : bool
            Keep the classes' proportions.
        """
        if not self.folds or not self.serves(len(y)):
            return None
        if classify and np.unique(y, return_counts=True)[1].min() < self.folds:
            return None
        scheme = splitter(self.folds, classify, self.seed)
        if groups is None:
            return list(scheme.split(y, y))
        if len(np.unique(groups)) < self.folds:
            return None
        parts = inner_folds(scheme, y, groups, classify)
        whole = not classify or all(set(y[train]) == set(y) for train, _ in parts)
        return parts if whole else None

    def add_up(self, members: list[CatBoost]) -> CatBoost:
        """Return the model whose raw prediction is the members' mean."""
        from catboost import CatBoostClassifier, sum_models, to_classifier, to_regressor

        total = sum_models(members, weights=[1 / len(members)] * len(members))
        convert = to_classifier if isinstance(members[0], CatBoostClassifier) else to_regressor
        return convert(total).copy()  # a copy is marked as fitted


def fit_bag(
    pipeline: Pipeline,
    model: Model,
    X: pd.DataFrame,
    y: np.ndarray,
    bag: CatBoostBag,
    cut: list[tuple[np.ndarray, np.ndarray]],
) -> list[CatBoost]:
    """Fit a model on each fold and put their sum into the pipeline, in place.

    Parameters
    ----------
    pipeline : Pipeline
        Unfitted.
    model : Model
        The settings it was built from.
    X, y : DataFrame of shape (n, p), ndarray of shape (n,)
        Training rows.
    bag : CatBoostBag
    cut : list of (ndarray, ndarray)
        Positions of each fold's training and held-out rows, from `bag.cut`.

    Returns
    -------
    list of CatBoost
        The folds' models.
    """
    encoded = fit_encoder(pipeline, model, X, y)
    members = [
        fit_estimator(
            deepcopy(pipeline["estimator"]),
            model,
            encoded.iloc[train],
            y[train],
            (encoded.iloc[held_out], y[held_out]),
        )
        for train, held_out in cut
    ]
    pipeline.steps[-1] = ("estimator", bag.add_up(members))
    return members
