"""Who competes, on which rows, and what was measured, round by round."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pedigree.base.stage import say
from pedigree.folds.folding import Fold, mean_and_spread
from pedigree.scoring.metrics import METRICS
from pedigree.training.cross_validation import Outcome, try_on
from pedigree.training.data import Training


@dataclass(frozen=True)
class Round:
    """Models that were measured on the same folds: each one's outcomes, fold by fold."""

    cut: list[Fold]
    outcomes: dict[str, list[Outcome]]

    def values(self, name: str, metric: str) -> list[float]:
        """Return a model's values of a metric, fold by fold."""
        return [one.scores[metric] for one in self.outcomes[name]]

    def ranked(self, metric: str) -> list[str]:
        """Name the models, the best first; those that no fold could tell anything of come last."""
        sign = -1 if METRICS[metric].greater_is_better else 1
        means = {
            name: sign * mean_and_spread(self.values(name, metric))[0] for name in self.outcomes
        }
        return sorted(means, key=lambda name: (np.isnan(means[name]), means[name]))

    def seconds(self, name: str) -> dict[str, float]:
        """Return how long a model took to fit and to predict on the average fold."""
        each = self.outcomes[name]
        return {
            "fit": round(float(np.mean([one.fit_seconds for one in each])), 4),
            "predict": round(float(np.mean([one.predict_seconds for one in each])), 4),
        }


@dataclass(frozen=True)
class Contest:
    """What a method of comparing works with.

    Parameters
    ----------
    models : dict
        Settings of ``conf/model`` by name.
    training : Training
    metrics : list of str
        The first one decides.
    folds, repeats, seed : int
        As in `pedigree.folds.folding.folds`.
    rows : int, optional
        Training rows of a fold at most.
    """

    models: dict[str, dict[str, Any]]
    training: Training
    metrics: list[str]
    folds: int
    repeats: int
    seed: int
    rows: int | None = None

    @property
    def classify(self) -> bool:
        """Whether classes are told, not numbers."""
        return bool(self.training.classes)

    def cut(self) -> list[Fold]:
        """Cut the training rows into the folds of the settings.

        Where there are more rows than a fold may have, each is held out once: as many then tell families apart.
        """
        in_fold = len(self.training.y) * (self.folds - 1) / self.folds
        repeats = 1 if self.rows and in_fold > self.rows else self.repeats
        return self.training.cut(self.folds, repeats, self.seed, at_most=self.rows)

    def measure(self, name: str, fold: Fold, changes: dict[str, Any] | None = None) -> Outcome:
        """Fit a model, with other hyperparameters if told, and score it on a fold."""
        classes = len(self.training.classes)
        return try_on(self.models[name], fold, self.metrics, classes, changes)

    def hold(self, names: Sequence[str], cut: list[Fold]) -> Round:
        """Measure models on each fold, and print how each did."""
        held = Round(cut, {})
        for number, name in enumerate(names, start=1):
            held.outcomes[name] = [self.measure(name, fold) for fold in cut]
            self.tell(held, name, f"[{number}/{len(names)}] ")
        return held

    def tell(self, held: Round, name: str, before: str = "") -> None:
        """Print how a model did in a round."""
        mean, spread = mean_and_spread(held.values(name, self.metrics[0]))
        took = held.seconds(name)
        say(
            f"{before}{name}: {self.metrics[0]} {mean:.4g} ± {spread:.2g}, "
            f"fit {took['fit']:.3f} s, predict {took['predict']:.3f} s"
        )
