"""Methods of comparison: on all folds, by successive halving, or with each model tuned inside each fold.

A method takes a `Contest` and returns its rounds: all models are in the first, and a model that is not
in the next has left.
"""

from __future__ import annotations

import math
import time
from typing import Any

import numpy as np

from pedigree.base.stage import say
from pedigree.folds.folding import Fold, mean_and_spread
from pedigree.folds.sampling import stratified_sample
from pedigree.leaderboard.contest import Contest
from pedigree.leaderboard.rounds import Round
from pedigree.training.space import sample_hyperparameters


def all_folds(contest: Contest) -> list[Round]:
    """Measure every model on every fold."""
    return [contest.hold(list(contest.models), contest.cut())]


def successive_halving(contest: Contest, finalists: int, folds: int, rows: float) -> list[Round]:
    """Keep the better half of the models in each round, on twice the rows each time (successive halving).

    Jamieson and Talwalkar 2016 (arXiv:1502.07943), with model families in place of hyperparameters.

    Parameters
    ----------
    contest : Contest
    finalists : int
        Models of the last round, which has all folds and all rows.
    folds : int
        Folds of each earlier round, taken from the end: by time, those with the longest past.
    rows : float
        Fraction of each fold's training rows in the first round, in (0, 1].
    """
    cut, names = contest.cut(), list(contest.models)
    rounds: list[Round] = []
    while len(names) > finalists:
        share = min(1.0, rows * 2 ** len(rounds))
        say(f"round {len(rounds) + 1}: {len(names)} models, {share:.0%} of the training rows")
        few = [
            fold.of(stratified_sample(fold.y, share, contest.classify, contest.seed))
            for fold in cut[-folds:]
        ]
        rounds.append(contest.hold(names, few))
        stay = max(finalists, math.ceil(len(names) / 2))
        ranked = rounds[-1].ranked(contest.metrics[0])
        names = ranked[:stay]
        say(f"{', '.join(ranked[stay:])} left in round {len(rounds)}")
    say(f"round {len(rounds) + 1}: {len(names)} models, all rows")
    return [*rounds, contest.hold(names, cut)]


def nested(contest: Contest, trials: int, seconds: float, folds: int) -> list[Round]:
    """Tune every model inside each fold, so that tuned models are compared (nested cross-validation).

    The search sees the fold's training rows only, split again; features are also fitted in the inner
    folds. Varma and Simon 2006 (doi:10.1186/1471-2105-7-91).

    Parameters
    ----------
    contest : Contest
    trials : int
        Trials of each model in each fold: its own settings, then random hyperparameters.
    seconds : float
        Time limit for all searches together; each search gets an equal part of the remaining time.
    folds : int
        Inner folds.
    """
    cut = contest.cut()
    held = Round(cut, {name: [] for name in contest.models})
    deadline, left = time.monotonic() + seconds, len(cut) * len(contest.models)
    cut_short: set[str] = set()
    for number, fold in enumerate(cut, start=1):
        inner = contest.training.cut(folds, 1, contest.seed, within=fold.rows, at_most=contest.rows)
        for name in contest.models:
            share, left = (deadline - time.monotonic()) / left, left - 1
            best, whole = _search(contest, name, inner, trials, share)
            held.outcomes[name].append(contest.measure(name, fold, best))
            cut_short |= set() if whole else {name}
        say(f"fold {number}/{len(cut)}: {len(contest.models)} models tuned")
    for name in contest.models:
        contest.print_scores(held, name)
    if cut_short:
        say(
            f"compare.method.seconds ended the searches of {', '.join(sorted(cut_short))} early, so another run may differ; "
            "lower compare.method.trials or raise compare.method.seconds."
        )
    return [held]


def _search(
    contest: Contest, name: str, inner: list[Fold], trials: int, seconds: float
) -> tuple[dict[str, Any], bool]:
    """Return a model's best hyperparameters on inner folds, and whether there was time for all trials."""
    metric, started = contest.metrics[0], time.monotonic()
    sign = -1 if metric.greater_is_better else 1
    space, random = contest.models[name].search_space, np.random.default_rng(contest.seed)
    best: tuple[float, dict[str, Any]] = (math.inf, {})
    # Its own settings first; without a search space nothing is tried.
    candidates = (
        [{}, *(sample_hyperparameters(space, random) for _ in range(trials - 1))] if space else []
    )
    for changes in candidates:
        if time.monotonic() - started > seconds:
            return best[1], False
        scores = [contest.measure(name, fold, changes).scores[metric.name] for fold in inner]
        loss = sign * mean_and_spread(scores)[0]
        if loss < best[0]:
            best = loss, changes
    return best[1], True
