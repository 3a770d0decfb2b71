"""Permutation importance (Breiman 2001): how much the metric worsens when a feature is shuffled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pedigree.explanation.interface import Explanation, Strength
from pedigree.explanation.subject import Subject
from pedigree.scoring.metrics import gain, score

if TYPE_CHECKING:
    import pandas as pd
    from sklearn.pipeline import Pipeline


@dataclass
class PermutationImportance:
    """scikit-learn's permutation importance, by the first metric of the problem.

    Parameters
    ----------
    repeats : int
        Shuffles of each feature.
    seed : int
    """

    repeats: int
    seed: int

    def __call__(self, subject: Subject) -> Explanation:
        """Explain."""
        from sklearn.inspection import permutation_importance

        def scoring(fitted: Pipeline, rows: pd.DataFrame, truth: np.ndarray) -> float:
            return float(
                gain(subject.metric, score(subject.metric, truth, subject.predict(rows)), 0.0)
            )

        found = permutation_importance(
            subject.model,
            subject.X,
            subject.y,
            scoring=scoring,
            n_repeats=self.repeats,
            random_state=self.seed,
        )
        losses = zip(subject.X, found.importances_mean, found.importances_std, strict=True)
        return Explanation(
            measure=f"loss when shuffled, mean of {self.repeats}, {len(subject.X)} validation rows",
            unit=f"loss of {subject.metric.name}",
            strengths=[Strength(str(name), loss, spread) for name, loss, spread in losses],
        )
