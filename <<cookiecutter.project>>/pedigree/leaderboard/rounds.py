"""Scores of models on the same folds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pedigree.folds.folding import Fold, mean_and_spread
from pedigree.scoring.metrics import Metric
from pedigree.training.cross_validation import Outcome


@dataclass(frozen=True)
class Round:
    """Models that were measured on the same folds: the outcomes of each, fold by fold."""

    cut: list[Fold]
    outcomes: dict[str, list[Outcome]]

    def values(self, name: str, metric: str) -> list[float]:
        """Return a model's values of a metric, fold by fold."""
        return [one.scores[metric] for one in self.outcomes[name]]

    def ranked(self, metric: Metric) -> list[str]:
        """Name the models, the best first; those without a score on any fold come last."""
        sign = -1 if metric.greater_is_better else 1
        means = {
            name: sign * mean_and_spread(self.values(name, metric.name))[0]
            for name in self.outcomes
        }
        return sorted(means, key=lambda name: (np.isnan(means[name]), means[name]))

    def seconds(self, name: str) -> dict[str, float]:
        """Return how long a model took to fit and to predict on the average fold."""
        each = self.outcomes[name]
        return {
            "fit": round(float(np.mean([one.fit_seconds for one in each])), 4),
            "predict": round(float(np.mean([one.predict_seconds for one in each])), 4),
        }
