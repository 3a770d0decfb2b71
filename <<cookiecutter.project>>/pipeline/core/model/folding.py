"""The training rows cut into folds, as the settings say; shared by `compare` and `tune`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import clone
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    StratifiedGroupKFold,
    StratifiedKFold,
    TimeSeriesSplit,
)

from pipeline.core.base.names import UserError
from pipeline.core.base.paths import ENGINEER, SELECT, SPLIT
from pipeline.core.base.tables import read_json, read_table
from pipeline.core.data.target import encode, features, group_key
from pipeline.core.model import artifact

STRETCHES = 20  # of time, with as many rows each

if TYPE_CHECKING:
    import pandas as pd
    from omegaconf import DictConfig


@dataclass(frozen=True)
class Fold:
    """One fold: features made by transformers that were fitted on its own training rows."""

    X: pd.DataFrame
    y: np.ndarray
    X_held_out: pd.DataFrame
    y_held_out: np.ndarray
    rows: np.ndarray  # where X and y stand among the rows that were cut
    rows_held_out: np.ndarray
    groups: np.ndarray | None  # of the training rows: which ones inner folds keep together


def folds(
    X: pd.DataFrame,
    y: np.ndarray,
    transformers: list[Any],
    *,
    classify: bool,
    groups: np.ndarray | None,
    when: pd.Series | None,
    n: int,
    repeats: int,
    seed: int,
) -> Iterator[Fold]:
    """Cut the training rows into folds that follow the split.

    Parameters
    ----------
    X, y : DataFrame of shape (n, p), ndarray of shape (n,)
        Training rows before feature engineering.
    transformers : list of scikit-learn transformers
        Cloned and fitted again inside each fold, so that no held-out row takes part.
    classify : bool
        Keep the classes' proportions.
    groups : ndarray, shape (n,), or None
        Rows that stay together.
    when : Series, shape (n,), or None
        Times; each fold is held out from the past before it.
    n, repeats, seed : int
        Folds, how often they are drawn anew, and the first draw's seed.

    Raises
    ------
    UserError
        There are fewer rows of a class, or fewer groups, than folds; or no past has two classes.
    """
    scheme: Any
    keep = together(groups, when)
    for repeat in range(1 if when is not None else repeats):
        order = np.arange(len(X))
        if when is not None:
            dated = np.flatnonzero(when.notna())
            order = dated[np.argsort(when.to_numpy()[dated], kind="stable")]
            scheme = TimeSeriesSplit(n_splits=n)
        elif groups is not None:
            kind = StratifiedGroupKFold if classify else GroupKFold
            scheme = kind(n_splits=n, shuffle=True, random_state=seed + repeat)
        else:
            kind = StratifiedKFold if classify else KFold
            scheme = kind(n_splits=n, shuffle=True, random_state=seed + repeat)
        if classify and groups is None and when is None and np.bincount(y).min() < n:
            raise UserError(
                f"a class has {np.bincount(y).min()} training rows, fewer than the {n} folds; lower `folds`."
            )
        try:
            parts = list(scheme.split(order, y[order] if classify else None, groups))
        except ValueError as error:
            raise UserError(f"the training rows cannot be cut into {n} folds: {error}") from None
        too_early = 0
        for train, held_out in parts:
            train, held_out = order[train], order[held_out]
            if when is not None:  # as in the split: one moment, one side; rows without one train
                past = train[when.iloc[train] < when.iloc[held_out].min()]
                if not len(past):
                    raise UserError(
                        f"the training rows cannot be cut into {n} folds: too few moments."
                    )
                train = np.concatenate([np.flatnonzero(when.isna()), past])
                if classify and len(np.unique(y[train])) == 1:
                    too_early += 1  # there is nothing to tell apart yet
                    continue
            X_train, X_held_out = X.iloc[train], X.iloc[held_out]
            for transformer in map(clone, transformers):
                X_train = transformer.fit_transform(X_train, y[train])
                X_held_out = transformer.transform(X_held_out)
            inside = None if keep is None else keep[train]
            yield Fold(X_train, y[train], X_held_out, y[held_out], train, held_out, inside)
        if too_early == n:
            raise UserError(
                f"none of the {n} folds by time has a past with more than one class; use another split."
            )


def together(groups: np.ndarray | None, when: pd.Series | None) -> np.ndarray | None:
    """Tell which rows folds inside a model keep together: a number for each row, or None if they need not.

    Those of a group, or those of a stretch of time (the past alone could not do: every row needs a
    prediction of members that were fitted on others).
    """
    if when is None:
        return groups
    return np.ceil(when.rank(method="min", pct=True) * STRETCHES).fillna(0).to_numpy(dtype=int)


def inner_folds(
    cv: Any, y: np.ndarray, groups: np.ndarray, classify: bool
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Cut an estimator's own folds so that groups stay whole.

    Parameters
    ----------
    cv : int or scikit-learn splitter
        What the settings say: how many folds, drawn by which seed.
    y, groups : ndarray, shape (n,)
    classify : bool
        Keep the classes' proportions.

    Raises
    ------
    UserError
        There are fewer groups than folds.
    """
    n = getattr(cv, "n_splits", cv)
    if len(np.unique(groups)) < n:
        raise UserError(
            f"the training rows cannot be cut into {n} folds inside the model: too few groups; lower its `cv`."
        )
    kind = StratifiedGroupKFold if classify else GroupKFold
    scheme = kind(n_splits=n, shuffle=True, random_state=getattr(cv, "random_state", 0))
    return list(scheme.split(y, y, groups))


@dataclass(frozen=True)
class Training:
    """The training rows as they were split, and what it takes to cut them into folds.

    Parameters
    ----------
    X : DataFrame, shape (n, p)
        Before feature engineering.
    y : ndarray, shape (n,)
        Class codes, or numbers.
    classes : list of str
        Class names in the order of their codes; empty for regression.
    transformers, groups, when
        As in `folds`.
    """

    X: pd.DataFrame
    y: np.ndarray
    classes: list[str]
    transformers: list[Any]
    groups: np.ndarray | None
    when: pd.Series | None

    @classmethod
    def read(cls, settings: DictConfig) -> Training:
        """Read data/split/train/; `settings` hold `problem` and `split.name`, which folds follow."""
        rows = read_table(SPLIT / "train")
        problem, method = settings.problem, settings.split.name
        target = read_json(SPLIT / "target.json")
        return cls(
            features(rows, problem),
            encode(rows[problem.target], target["classes"]),
            target["classes"],
            [artifact.load(ENGINEER), artifact.load(SELECT)],
            group_key(rows, problem) if method == "group" else None,
            rows[problem.time] if method == "time" else None,
        )

    def cut(self, n: int, repeats: int, seed: int, within: np.ndarray | None = None) -> list[Fold]:
        """Cut all rows into folds, or those `within` (positions), as nested cross-validation does."""
        rows = np.arange(len(self.y)) if within is None else within
        return list(
            folds(
                self.X.iloc[rows],
                self.y[rows],
                self.transformers,
                classify=bool(self.classes),
                groups=None if self.groups is None else self.groups[rows],
                when=None if self.when is None else self.when.iloc[rows],
                n=n,
                repeats=repeats,
                seed=seed,
            )
        )


def training_groups(settings: DictConfig) -> np.ndarray | None:
    """Tell which training rows folds inside a model keep together, as the split does (see `together`)."""
    rows = read_table(SPLIT / "train")
    problem, method = settings.problem, settings.split.name
    return together(
        group_key(rows, problem) if method == "group" else None,
        rows[problem.time] if method == "time" else None,
    )


def training_folds(
    settings: DictConfig, n: int, repeats: int, seed: int
) -> tuple[list[Fold], list[str]]:
    """Cut data/split/train/ into folds that follow the split; returns them and the classes' names."""
    training = Training.read(settings)
    return training.cut(n, repeats, seed), training.classes


def mean_and_spread(values: list[float]) -> tuple[float, float]:
    """Return the mean over folds and the standard deviation between them (NaN left out)."""
    return float(np.nanmean(values)), float(np.nanstd(values, ddof=1)) if len(values) > 1 else 0.0
