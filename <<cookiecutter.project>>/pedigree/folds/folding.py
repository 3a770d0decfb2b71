"""Rows cut into folds that follow the split, and what the folds' scores say together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.model_selection import TimeSeriesSplit
from sklearn.utils.validation import has_fit_parameter

from pedigree.base.names import UserError
from pedigree.folds.sampling import some, splitter

STRETCHES = 20  # of time, with as many rows each
Positions = tuple[np.ndarray, np.ndarray]  # of training and held-out rows


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

    def of(self, kept: np.ndarray) -> Fold:
        """Restrict it to some of its training rows, named by their positions among them."""
        groups = None if self.groups is None else self.groups[kept]
        X, y, rows = self.X.iloc[kept], self.y[kept], self.rows[kept]
        return replace(self, X=X, y=y, rows=rows, groups=groups)


@dataclass(frozen=True)
class FoldScheme:
    """How rows are cut into folds that follow the split, for whatever chooses by folds of its own.

    Parameters
    ----------
    y, classify, groups, when, seed
        As in `folds`.
    """

    y: np.ndarray
    classify: bool
    groups: np.ndarray | None
    when: pd.Series | None
    seed: int

    def of(self, rows: np.ndarray) -> FoldScheme:
        """Restrict it to some of the rows, named by their positions."""
        groups = None if self.groups is None else self.groups[rows]
        when = None if self.when is None else self.when.iloc[rows]
        return replace(self, y=self.y[rows], groups=groups, when=when)

    def __call__(self, n: int) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return the positions of n folds' training and held-out rows, as scikit-learn's `cv` takes them."""
        rows = pd.DataFrame(index=range(len(self.y)))
        made = folds(rows, transformers=[], n=n, repeats=1, **vars(self))
        return [(fold.rows, fold.rows_held_out) for fold in made]


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
    at_most: int | None = None,
    enough: int | None = None,
) -> Iterator[Fold]:
    """Cut the training rows into folds that follow the split.

    Parameters
    ----------
    X, y : DataFrame of shape (n, p), ndarray of shape (n,)
        Training rows before feature engineering.
    transformers : list of scikit-learn transformers
        Cloned and fitted again inside each fold, so that no held-out row takes part. One whose `fit`
        takes a `cut` (a `FoldScheme` of its rows) chooses by folds of its own.
    classify : bool
        Keep the classes' proportions.
    groups : ndarray, shape (n,), or None
        Rows that stay together.
    when : Series, shape (n,), or None
        Times; each fold is held out from the past before it.
    n, repeats, seed : int
        Folds, how often they are drawn anew, and the first draw's seed.
    at_most : int, optional
        Training rows of a fold; where there are more, so many are drawn, each time the same.
    enough : int, optional
        Held-out rows: folds are left out as long as the others hold out so many.

    Raises
    ------
    UserError
        There are fewer rows of a class, or fewer groups, than folds; or no past has two classes.
    """
    keep = together(groups, when)
    for repeat in range(1 if when is not None else repeats):
        if when is not None:
            parts = _by_time(y, classify, when, n)
        else:
            parts = _at_random(y, classify, groups, n, seed + repeat)
        if enough is not None:
            parts = _last(parts, enough)
        for train, held_out in parts:
            if at_most is not None and len(train) > at_most:
                train = train[some(y[train], at_most / len(train), classify, seed)]
            X_train, X_held_out = X.iloc[train], X.iloc[held_out]
            inner = FoldScheme(y, classify, groups, when, seed).of(train)
            for transformer in map(clone, transformers):
                further = {"cut": inner} if has_fit_parameter(transformer, "cut") else {}
                X_train = transformer.fit_transform(X_train, y[train], **further)
                X_held_out = transformer.transform(X_held_out)
            inside = None if keep is None else keep[train]
            yield Fold(X_train, y[train], X_held_out, y[held_out], train, held_out, inside)


def _at_random(
    y: np.ndarray, classify: bool, groups: np.ndarray | None, n: int, seed: int
) -> list[Positions]:
    """Cut rows as they come, or whole groups."""
    if classify and groups is None and np.bincount(y).min() < n:
        raise UserError(
            f"a class has {np.bincount(y).min()} training rows, fewer than the {n} folds; lower `folds`."
        )
    return _split(splitter(n, classify, seed, groups is not None), y, groups)


def _by_time(y: np.ndarray, classify: bool, when: pd.Series, n: int) -> list[Positions]:
    """Hold rows out from the past before them, as in the split: one moment, one side; rows without one train."""
    dated = np.flatnonzero(when.notna())
    order = dated[np.argsort(when.to_numpy()[dated], kind="stable")]
    parts = []
    for train, held_out in _split(TimeSeriesSplit(n_splits=n), order, None):
        train, held_out = order[train], order[held_out]
        past = train[when.iloc[train] < when.iloc[held_out].min()]
        if not len(past):
            raise UserError(f"the training rows cannot be cut into {n} folds: too few moments.")
        train = np.concatenate([np.flatnonzero(when.isna()), past])
        if not classify or len(np.unique(y[train])) > 1:  # or there is nothing to tell apart yet
            parts.append((train, held_out))
    if not parts:
        raise UserError(
            f"none of the {n} folds by time has a past with more than one class; use another split."
        )
    return parts


def _last(parts: list[Positions], enough: int) -> list[Positions]:
    """Keep the last folds that hold out enough rows together: by time, those with the longest past."""
    held_out = np.cumsum([len(rows) for _, rows in reversed(parts)])
    return parts[-1 - int(np.searchsorted(held_out, enough)) :]


def _split(scheme: Any, y: np.ndarray, groups: np.ndarray | None) -> list[Positions]:
    """Ask a splitter of scikit-learn, whose refusals are the settings' fault."""
    try:
        return list(scheme.split(y, y, groups))
    except ValueError as error:
        raise UserError(
            f"the training rows cannot be cut into {scheme.n_splits} folds: {error}"
        ) from None


def together(groups: np.ndarray | None, when: pd.Series | None) -> np.ndarray | None:
    """Tell which rows folds inside a model keep together: a number for each row, or None if they need not.

    Those of a group, or those of a stretch of time (the past alone could not do: every row needs a
    prediction of members that were fitted on others).
    """
    if when is None:
        return groups
    return np.asarray(np.ceil(when.rank(method="min", pct=True) * STRETCHES).fillna(0), dtype=int)


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
    scheme = splitter(n, classify, getattr(cv, "random_state", 0), grouped=True)
    return list(scheme.split(y, y, groups))


def mean_and_spread(values: list[float]) -> tuple[float, float]:
    """Return the mean over folds and the standard deviation between them (NaN left out)."""
    return float(np.nanmean(values)), float(np.nanstd(values, ddof=1)) if len(values) > 1 else 0.0


def interval_of_gain(gains: Sequence[float], cut: Sequence[Fold], confidence: float) -> list[float]:
    """Return the interval of a mean gain over folds: the corrected resampled t interval.

    Folds share most of their training rows, so that their scores vary together, and the plain interval
    would be too narrow. The variance is corrected for it by the ratio of held-out to training rows
    (Nadeau and Bengio 2003, doi:10.1023/A:1024068626366).

    Parameters
    ----------
    gains : sequence of float
        Of one model over another, fold by fold (NaN left out).
    cut : sequence of Fold
    confidence : float
        Coverage, in (0, 1).

    Returns
    -------
    list of float
        Low and high; both NaN where fewer than two folds tell.
    """
    from scipy import stats

    known = np.asarray(gains)[np.isfinite(gains)]
    if len(known) < 2:
        return [float("nan")] * 2
    ratio = np.mean([len(fold.y_held_out) / len(fold.y) for fold in cut])
    error = np.sqrt((1 / len(known) + ratio) * known.var(ddof=1))
    reach = stats.t.ppf((1 + confidence) / 2, len(known) - 1) * error
    return [float(known.mean() - reach), float(known.mean() + reach)]
