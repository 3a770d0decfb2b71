"""Bagging over folds: a model for each fold, which stops early on the rows held out, and their sum as the model.

So every training row decides for one of them when to stop, where a few validation rows would decide by chance,
and the validation rows take no part in the fit. Boosted trees add up to boosted trees: what predicts, explains
and exports one model does so with the sum (Breiman 1996, doi:10.1007/BF00058655, with folds for bootstraps).
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
    """How CatBoost models are bagged.

    Parameters
    ----------
    folds : int or None
        Of the training rows; None for a single model.
    max_rows : int
        With more training rows there is a single model.
    seed : int
        Of the folds.
    """

    folds: int | None
    max_rows: int
    seed: int

    def serves(self, rows: int) -> bool:
        """Tell whether so many training rows are few enough to be bagged."""
        return rows <= self.max_rows

    def cut(
        self, y: np.ndarray, groups: np.ndarray | None, classify: bool
    ) -> list[tuple[np.ndarray, np.ndarray]] | None:
        """Return the positions of each fold's training and held-out rows; None where one model is to do.

        That is: if so many rows or no folds are asked for, or if a class or the groups are too few for the folds.

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
        return convert(total).copy()  # a copy knows that it is fitted


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
    pipeline, model, X, y
        As in `fitting.fit`.
    bag : CatBoostBag
    cut : list of (ndarray, ndarray)
        Of `bag.cut`.

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
