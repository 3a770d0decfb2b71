"""The models that are compared, the rows that they are fitted on, and their scores, round by round."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pedigree.base.stage import say
from pedigree.estimators.building import as_trained
from pedigree.folds.folding import Fold, mean_and_spread
from pedigree.leaderboard.board import last_round, leaderboard
from pedigree.leaderboard.rounds import Round
from pedigree.scoring.custom import problem_metrics
from pedigree.scoring.metrics import Metric
from pedigree.training.cross_validation import Outcome, try_on
from pedigree.training.data import Training

if TYPE_CHECKING:
    from pedigree.estimators.settings import Model
    from pedigree.leaderboard.settings import CompareSettings

    pass

CONFIDENCE = 0.95  # of the intervals of how far a model is behind the winner


@dataclass(frozen=True)
class Contest:
    """The models and rows that a method of comparison works with.

    Parameters
    ----------
    models : dict
        Settings of ``conf/model`` by name.
    training : Training
    metrics : list of Metric
        The first one decides.
    folds, repeats, seed : int
        Number of folds and of repetitions, and the seed of the first repetition.
    rows : int, optional
        Maximum training rows of a fold.

    Examples
    --------
    >>> from pedigree import Contest
    >>> from pedigree.settings import read_settings
    >>> contest = Contest.of(read_settings("compare"))
    >>> rounds = [contest.hold(["dummy"], contest.cut())]
    [1/1] dummy: ...
    >>> contest.leaderboard(rounds)[0]["model"]
    'dummy'
    """

    models: dict[str, Model]
    training: Training
    metrics: list[Metric]
    folds: int
    repeats: int
    seed: int
    rows: int | None = None

    @classmethod
    def of(cls, settings: CompareSettings) -> Contest:
        """Read the training rows and the models of `compare.models`.

        Parameters
        ----------
        settings : CompareSettings
            Of the step: `compare`, `problem`, `split.name`, `seed` and `train.early_stopping`.
        """
        options, early = settings.compare, settings.train.early_stopping
        return cls(
            {name: as_trained(model, early) for name, model in options.models.items()},
            Training.read(settings),
            problem_metrics(settings.problem),
            options.folds,
            options.repeats,
            settings.seed,
            options.rows,
        )

    def leaderboard(self, rounds: Sequence[Round]) -> list[dict[str, Any]]:
        """Rank the models by the rounds that a method returned (see `board.leaderboard`)."""
        return leaderboard(rounds, self.metrics, CONFIDENCE)

    def seconds(self, rounds: Sequence[Round]) -> dict[str, Any]:
        """Return each model's seconds to fit and to predict, in its last round."""
        return {name: rounds[last_round(rounds, name)].seconds(name) for name in self.models}

    @property
    def classify(self) -> bool:
        """Whether the target is a class."""
        return bool(self.training.classes)

    def cut(self) -> list[Fold]:
        """Split the training rows into the folds of the settings.

        If a fold has more training rows than `rows` allows, nothing is repeated: so many rows tell models apart.
        """
        in_fold = len(self.training.y) * (self.folds - 1) / self.folds
        repeats = 1 if self.rows and in_fold > self.rows else self.repeats
        return self.training.cut(self.folds, repeats, self.seed, at_most=self.rows)

    def measure(self, name: str, fold: Fold, changes: dict[str, Any] | None = None) -> Outcome:
        """Fit a model on a fold and score it there.

        Parameters
        ----------
        name : str
            Of the model.
        fold : Fold
        changes : dict, optional
            Hyperparameters that replace those of the settings.
        """
        classes = len(self.training.classes)
        return try_on(self.models[name], fold, self.metrics, classes, changes)

    def hold(self, names: Sequence[str], cut: list[Fold]) -> Round:
        """Measure models on each fold, and print their scores."""
        held = Round(cut, {})
        for number, name in enumerate(names, start=1):
            held.outcomes[name] = [self.measure(name, fold) for fold in cut]
            self.print_scores(held, name, f"[{number}/{len(names)}] ")
        return held

    def print_scores(self, held: Round, name: str, before: str = "") -> None:
        """Print a model's score and times in a round.

        Parameters
        ----------
        held : Round
        name : str
            Of the model.
        before : str
            Begins the line.
        """
        first = self.metrics[0].name
        mean, spread = mean_and_spread(held.values(name, first))
        took = held.seconds(name)
        say(
            f"{before}{name}: {first} {mean:.4g} ± {spread:.2g}, "
            f"fit {took['fit']:.3f} s, predict {took['predict']:.3f} s"
        )
