"""The study of a search: trials within a budget, and a journal of all scores that were computed.

A score depends only on the model, its hyperparameters and the fold. So it is written to the journal
once, and a search that is run again (after an interruption, or with a greater budget) reads the same
scores, proposes the same trials and continues where the journal ends: its result is that of one long
search, byte for byte, with any library. The libraries' own storages do not guarantee this: Optuna's
sampler restarts its random numbers when its study is loaded.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from pedigree.base.code.imports import reached, versions
from pedigree.base.files.replacing import append
from pedigree.base.paths import TRIALS
from pedigree.base.settings import as_dict
from pedigree.base.stage import say
from pedigree.folds.folding import Fold, mean_and_spread
from pedigree.scoring.metrics import Metric
from pedigree.training.cross_validation import cross_validate

if TYPE_CHECKING:
    from pedigree.estimators.settings import Model


SCORED_BY = "pedigree.training.cross_validation"


class Spent(Exception):
    """A budget is spent; the argument names it."""


@dataclass(frozen=True)
class Objective:
    """The score of hyperparameters on one fold of the training rows."""

    model: Model
    cut: list[Fold]
    metric: Metric
    n_classes: int

    def __call__(self, changes: Mapping[str, Any], fold: int) -> float:
        """Fit and score the model with changed hyperparameters."""
        scores = cross_validate(
            self.model, [self.cut[fold]], [self.metric], self.n_classes, changes
        )
        return scores[0][self.metric.name]

    def fingerprint(self) -> str:
        """Hash everything that a score depends on: model, metric, rows of the folds, code, libraries and threads."""
        own = {key: one for key, one in as_dict(self.model).items() if "space" not in key}
        settings = json.dumps([own, self.metric.name, self.metric.settings, self.n_classes])
        digest = hashlib.sha256(settings.encode())
        for fold in self.cut:
            for name, part in vars(fold).items():
                table = pd.DataFrame(part)
                digest.update(repr([name, *table.dtypes.items()]).encode())
                digest.update(pd.util.hash_pandas_object(table, index=False).to_numpy().tobytes())
        named = re.findall(r'"_target_": "([\w.]+)\.\w+"', settings)
        files, libraries = reached([SCORED_BY, *named])
        for name in sorted(files):
            digest.update(name.encode() + files[name].read_bytes())
        threads = os.environ.get("OMP_NUM_THREADS")
        digest.update(repr([sys.version, versions(libraries), threads]).encode())
        return digest.hexdigest()


class Journal:
    """Scores by hyperparameters and fold, in a file that only grows.

    Parameters
    ----------
    path : Path
        A file of JSON lines. A last line that is incomplete, after a killed run, is ignored.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.scores: dict[str, float] = {}
        for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
            try:
                changes, fold, score = json.loads(line)
            except ValueError:
                continue
            self.scores[self._key(changes, fold)] = score

    def get(self, changes: Mapping[str, Any], fold: int) -> float | None:
        """Return a score, if it is known."""
        return self.scores.get(self._key(changes, fold))

    def add(self, changes: Mapping[str, Any], fold: int, score: float) -> None:
        """Append a score.

        Parameters
        ----------
        changes : mapping
            Hyperparameters that replace those of the settings.
        fold : int
        score : float
        """
        self.scores[self._key(changes, fold)] = score
        # Begins with a line break, so that an incomplete line stays apart.
        append(f"\n{json.dumps([changes, fold, score])}".encode(), self.path)

    @staticmethod
    def _key(changes: Mapping[str, Any], fold: int) -> str:
        return json.dumps([changes, fold], sort_keys=True)


@dataclass
class Trial:
    """Hyperparameters, and their scores on the folds so far."""

    study: Study
    changes: dict[str, Any]
    scores: list[float] = field(default_factory=list)

    def loss(self, folds: int | None = None) -> float:
        """Return the mean loss (lower is better) on the first folds, by default on all.

        Raises
        ------
        Spent
            The time is over; earlier scores are kept.
        """
        folds = folds or self.study.folds
        while len(self.scores) < folds:
            self.scores.append(self.study.score(self.changes, len(self.scores)))
        mean = mean_and_spread(self.scores[:folds])[0]
        loss = -mean if self.study.greater_is_better else mean
        return loss if loss == loss else float("inf")  # a trial without a score is the worst

    @property
    def pruned(self) -> bool:
        """Whether it was stopped before the last fold."""
        return len(self.scores) < self.study.folds


@dataclass
class Study:
    """The trials of a search.

    Parameters
    ----------
    objective : callable
        Takes hyperparameters and the number of a fold; returns a score.
    folds : int
    greater_is_better : bool
        Of the score.
    journal : Journal
    budget : int
        Trials.
    seconds : float
        Time limit; after it no score is computed, except those of the first trial.
    """

    objective: Callable[[Mapping[str, Any], int], float]
    folds: int
    greater_is_better: bool
    journal: Journal
    budget: int
    seconds: float
    trials: list[Trial] = field(default_factory=list)
    started: float = field(default_factory=time.monotonic)

    @cached_property
    def progress(self) -> Any:
        """The progress bar."""
        from tqdm import tqdm

        return tqdm(total=self.budget, desc="tune", unit="trial", mininterval=2)

    @property
    def left(self) -> int:
        """Trials that are left in the budget."""
        return self.budget - len(self.trials)

    @property
    def seconds_left(self) -> float:
        """Seconds that are left in the budget."""
        return self.seconds - (time.monotonic() - self.started)

    @classmethod
    def of(cls, objective: Objective, budget: int, seconds: float) -> Study:
        """Prepare a study whose journal is in .trials/, named by the objective's fingerprint.

        Parameters
        ----------
        objective : Objective
        budget : int
            Trials.
        seconds : float
            Time limit; after it no trial begins.
        """
        return cls(
            objective,
            folds=len(objective.cut),
            greater_is_better=objective.metric.greater_is_better,
            journal=Journal(TRIALS / f"{objective.fingerprint()[:16]}.jsonl"),
            budget=budget,
            seconds=seconds,
        )

    def run(self, search: Callable[[Study], None]) -> str:
        """Try the model's own settings, then the proposals of a search, until a budget is spent.

        Returns
        -------
        str
            What ended the search: "trials", "seconds" or "the end of the space".
        """
        if known := len(self.journal.scores):
            say(
                f"{known} scores of this model are known from earlier searches ({self.journal.path.parent}/)"
            )
        with self.progress:
            self.trial({}).loss()
            try:
                search(self)
            except Spent as spent:
                return str(spent)
        return "the end of the space" if self.left else "trials"

    def trial(self, changes: dict[str, Any]) -> Trial:
        """Begin a trial; nothing is fitted yet.

        Raises
        ------
        Spent
            The budget of trials is spent.
        """
        if not self.left:
            raise Spent("trials")
        self.trials.append(Trial(self, changes))
        self.progress.update(max(len(self.trials) - self.progress.n, 0))
        return self.trials[-1]

    def score(self, changes: Mapping[str, Any], fold: int) -> float:
        """Return a score from the journal, or compute it.

        Raises
        ------
        Spent
            The score is not in the journal, and the time is over.
        """
        known = self.journal.get(changes, fold)
        if known is not None:
            return known
        if len(self.trials) > 1 and self.seconds_left <= 0:
            raise Spent("seconds")
        score = self.objective(changes, fold)
        self.journal.add(changes, fold, score)
        return score

    def best(self) -> Trial:
        """Return the trial with the lowest loss on all folds; of equal ones, the first."""
        return min((one for one in self.trials if not one.pruned), key=Trial.loss)
