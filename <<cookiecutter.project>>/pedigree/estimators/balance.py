"""Rare classes: training rows are resampled or weighted. Held-out rows stay as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pedigree.base.names import UserError
from pedigree.base.tools import instantiate

if TYPE_CHECKING:
    import pandas as pd

    from pedigree.base.section import OptionalTool


def resample(
    sampler: OptionalTool, X: pd.DataFrame, y: np.ndarray
) -> tuple[pd.DataFrame, np.ndarray]:
    """Resample encoded training rows with an imbalanced-learn sampler, or leave them.

    Parameters
    ----------
    sampler : OptionalTool
        A file of ``conf/model/sampler/``; without a `_target_`, the rows stay.
    X, y : DataFrame of shape (n, p), ndarray of shape (n,)
        Encoded features and class codes.

    Returns
    -------
    DataFrame of shape (m, p), ndarray of shape (m,)
    """
    return instantiate(sampler).fit_resample(X, y) if sampler.target else (X, y)


def weights(class_weight: str, y: np.ndarray) -> np.ndarray:
    """Return each row's weight; "balanced": n / (k * rows of its class), so that all classes have the same weight."""
    from sklearn.utils.class_weight import compute_sample_weight

    return np.asarray(compute_sample_weight(class_weight, y))


class Smote:
    """New rows between a rare class's neighbours (SMOTE, Chawla et al. 2002, doi:10.1613/jair.953).

    Categories that the encoder left as they are take the neighbours' most frequent one (SMOTE-NC, or
    SMOTE-N where there is nothing else).

    Parameters
    ----------
    k_neighbors : int
        Number of nearest rows of the same class from which a neighbour is drawn.
    random_state : int
    """

    needs = ("imblearn",)

    def __init__(self, k_neighbors: int, random_state: int) -> None:
        self.k_neighbors = k_neighbors
        self.random_state = random_state

    def fit_resample(self, X: pd.DataFrame, y: np.ndarray) -> tuple[pd.DataFrame, np.ndarray]:
        """Fill up every class to the size of the largest.

        Raises
        ------
        UserError
            A feature has missing values, or a class has fewer than `k_neighbors` other rows.
        """
        from imblearn.over_sampling import SMOTE, SMOTEN, SMOTENC

        gaps = X.columns[X.isna().any()]
        if len(gaps):
            raise UserError(
                f"model.sampler: the feature '{gaps[0]}' has missing values, which SMOTE cannot handle; fill them "
                "(model/imputer=median), or choose model/sampler=oversample."
            )
        rarest = np.unique(y, return_counts=True)[1].min()
        if rarest <= self.k_neighbors:
            raise UserError(
                f"model.sampler: a class has {rarest} training rows, too few for {self.k_neighbors} neighbours; "
                f"lower model.sampler.k_neighbors, or choose model/sampler=oversample."
            )
        options: dict[str, Any] = {
            "k_neighbors": self.k_neighbors,
            "random_state": self.random_state,
        }
        categories = list(X.select_dtypes("category").columns)
        if not categories:
            method = SMOTE(**options)
        elif len(categories) == X.shape[1]:
            method = SMOTEN(**options)
        else:
            method = SMOTENC(categories, **options)
        rows, answers = method.fit_resample(X, y)
        return rows, answers
