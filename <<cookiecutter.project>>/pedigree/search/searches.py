"""Searches that require no library. Each takes a search space and a study, and begins trials.

A search ends when it returns, or when the study raises `Spent`. A trial's loss may be read on a few
folds first; more folds reuse their scores.
"""

from __future__ import annotations

import itertools

import numpy as np

from pedigree.search.study import Study, Trial
from pedigree.training.space import Space, points_of, sample_hyperparameters


def off(space: Space, study: Study) -> None:
    """Propose nothing."""


def grid(space: Space, study: Study, points: int) -> None:
    """Try every combination of a few values of each hyperparameter.

    Parameters
    ----------
    space : mapping
        The neutral search space of ``conf/model``.
    study : Study
    points : int
        Values of each number, evenly (or, if `log`, geometrically) spaced from low to high.
    """
    for combination in itertools.product(*(points_of(one, points) for one in space.values())):
        study.trial(dict(zip(space, combination, strict=True))).loss()


def random(space: Space, study: Study, seed: int) -> None:
    """Try hyperparameters drawn evenly (or, if `log`, evenly in the logarithm).

    Parameters
    ----------
    space : mapping
        The neutral search space of ``conf/model``.
    study : Study
    seed : int
    """
    generator = np.random.default_rng(seed)
    while True:
        study.trial(sample_hyperparameters(space, generator)).loss()


def halving(space: Space, study: Study, candidates: int, factor: int, seed: int) -> None:
    """Try many hyperparameters on one fold, and only the best of them on more: successive halving.

    Jamieson and Talwalkar 2016 (arXiv:1502.07943), with folds as the resource: a score on one fold is
    that of a model fitted on all its training rows, and is part of the score on more folds.

    Parameters
    ----------
    space : mapping
        The neutral search space of ``conf/model``.
    study : Study
    candidates : int
        Random hyperparameters at the start of a round; rounds follow until a budget is spent.
    factor : int
        One of `factor` candidates goes on, to `factor` times as many folds.
    seed : int
    """
    generator = np.random.default_rng(seed)
    while study.left:
        field: list[Trial] = []
        folds = 1
        for _ in range(min(candidates, study.left)):
            field.append(study.trial(sample_hyperparameters(space, generator)))
            field[-1].loss(folds)
        while folds < study.folds:
            field.sort(key=lambda trial: trial.loss(folds))
            folds = min(folds * factor, study.folds)
            field = field[: -(-len(field) // factor)]
            for trial in field:
                trial.loss(folds)
