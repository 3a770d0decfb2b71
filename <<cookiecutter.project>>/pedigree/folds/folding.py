"""Cross-validation folds that follow the split, and statistics of scores over folds."""

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
from pedigree.folds.sampling import splitter, stratified_sample

PERIODS = 20  # of time, with equally many rows
Positions = tuple[np.ndarray, np.ndarray]  # of training and held-out rows


@dataclass(frozen=True)
class Fold:
    """One fold, with features of transformers that were fitted on its training rows."""

    X: pd.DataFrame
    y: np.ndarray
    X_held_out: pd.DataFrame
    y_held_out: np.ndarray
    rows: np.ndarray  # positions of X and y among all rows
    rows_held_out: np.ndarray
    groups: np.ndarray | None  # of the training rows: which ones inner folds keep together

    def of(self, kept: np.ndarray) -> Fold:
        """Restrict the fold to a subset of its training rows, given by their positions in the fold."""
        groups = None if self.groups is None else self.groups[kept]
        X, y, rows = self.X.iloc[kept], self.y[kept], self.rows[kept]
        return replace(self, X=X, y=y, rows=rows, groups=groups)


@dataclass(frozen=True)
class FoldScheme:
    """Splits rows into folds that follow the split, for transformers with their own cross-validation.

    Parameters
    ----------
    y : ndarray, shape (n,)
    classify : bool
        Stratify by class.
    groups : ndarray, shape (n,), or None
        Rows of a group are in one fold.
    when : Series, shape (n,), or None
        Times; each fold is predicted from its past.
    seed : int
    """

    y: np.ndarray
    classify: bool
    groups: np.ndarray | None
    when: pd.Series | None
    seed: int

    def of(self, rows: np.ndarray) -> FoldScheme:
        """Restrict the scheme to a subset of the rows, given by their positions."""
        groups = None if self.groups is None else self.groups[rows]
        when = None if self.when is None else self.when.iloc[rows]
        return replace(self, y=self.y[rows], groups=groups, when=when)

    def __call__(self, n: int) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return the positions of training and held-out rows of n folds, as for scikit-learn's `cv`."""
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
    """Split the training set into folds that follow the split.

    Parameters
    ----------
    X, y : DataFrame of shape (n, p), ndarray of shape (n,)
        Training rows before feature engineering.
    transformers : list of scikit-learn transformers
        Cloned and fitted on the training rows of each fold. If `fit` has a parameter `cut`, it is passed a
        `FoldScheme` of these rows for cross-validation.
    classify : bool
        Stratify by class.
    groups : ndarray, shape (n,), or None
        Rows of a group are in one fold.
    when : Series, shape (n,), or None
        Times; each fold is predicted from its past.
    n, repeats, seed : int
        Number of folds and of repetitions, and the seed of the first repetition.
    at_most : int, optional
        Maximum training rows of a fold; of more rows a sample is drawn.
    enough : int, optional
        Minimum number of held-out rows in total; superfluous folds are left out.

    Yields
    ------
    Fold

    Raises
    ------
    UserError
        A class has fewer rows than folds, there are fewer groups than folds, or no fold has a past with
        two classes.
    """
    keep = fold_groups(groups, when)
    for repeat in range(1 if when is not None else repeats):
        if when is not None:
            parts = _by_time(y, classify, when, n)
        else:
            parts = _at_random(y, classify, groups, n, seed + repeat)
        if enough is not None:
            parts = _last(parts, enough)
        for train, held_out in parts:
            if at_most is not None and len(train) > at_most:
                train = train[stratified_sample(y[train], at_most / len(train), classify, seed)]
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
    """Split rows, or whole groups, at random."""
    if classify and groups is None and np.bincount(y).min() < n:
        raise UserError(
            f"a class has {np.bincount(y).min()} training rows, but {n} folds require as many; lower `folds`."
        )
    return _split(splitter(n, classify, seed, groups is not None), y, groups)


def _by_time(y: np.ndarray, classify: bool, when: pd.Series, n: int) -> list[Positions]:
    """Predict each fold from its past, with rows of equal time in one fold; undated rows are for training."""
    dated = np.flatnonzero(when.notna())
    order = dated[np.argsort(when.to_numpy()[dated], kind="stable")]
    parts = []
    for train, held_out in _split(TimeSeriesSplit(n_splits=n), order, None):
        train, held_out = order[train], order[held_out]
        past = train[when.iloc[train] < when.iloc[held_out].min()]
        if not len(past):
            raise UserError(
                f"the training set cannot be split into {n} folds by time: too few distinct times; lower `folds`."
            )
        train = np.concatenate([np.flatnonzero(when.isna()), past])
        if not classify or len(np.unique(y[train])) > 1:  # a classifier requires two classes
            parts.append((train, held_out))
    if not parts:
        raise UserError(
            f"none of the {n} folds by time has a past with more than one class; use another split."
        )
    return parts


def _last(parts: list[Positions], enough: int) -> list[Positions]:
    """Keep the last folds that hold out enough rows in total: by time, those with the longest past."""
    held_out = np.cumsum([len(rows) for _, rows in reversed(parts)])
    return parts[-1 - int(np.searchsorted(held_out, enough)) :]


def _split(scheme: Any, y: np.ndarray, groups: np.ndarray | None) -> list[Positions]:
    """Apply a splitter of scikit-learn, whose errors are due to the settings."""
    try:
        return list(scheme.split(y, y, groups))
    except ValueError as error:
        raise UserError(
            f"the training set cannot be split into {scheme.n_splits} folds: {error}"
        ) from None


def fold_groups(groups: np.ndarray | None, when: pd.Series | None) -> np.ndarray | None:
    """Return the group of each row for folds inside a model, or None.

    Without `when` these are the given groups, else periods of time: every row needs a prediction of a
    model that was fitted on other rows, so that the past alone is not sufficient.
    """
    if when is None:
        return groups
    return np.asarray(np.ceil(when.rank(method="min", pct=True) * PERIODS).fillna(0), dtype=int)


def inner_folds(
    cv: Any, y: np.ndarray, groups: np.ndarray, classify: bool
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return folds for an estimator's own cross-validation, with each group in one fold.

    Parameters
    ----------
    cv : int or scikit-learn splitter
        Number of folds and seed.
    y, groups : ndarray, shape (n,)
    classify : bool
        Stratify by class.

    Returns
    -------
    list of (ndarray, ndarray)
        Positions of training and held-out rows.

    Raises
    ------
    UserError
        There are fewer groups than folds.
    """
    n = getattr(cv, "n_splits", cv)
    if len(np.unique(groups)) < n:
        raise UserError(
            f"the training set cannot be split into {n} folds inside the model: too few groups; lower its `cv`."
        )
    scheme = splitter(n, classify, getattr(cv, "random_state", 0), grouped=True)
    return list(scheme.split(y, y, groups))


def mean_and_spread(values: list[float]) -> tuple[float, float]:
    """Return the mean over folds and the standard deviation between them (NaN left out)."""
    return float(np.nanmean(values)), float(np.nanstd(values, ddof=1)) if len(values) > 1 else 0.0


def interval_of_gain(gains: Sequence[float], cut: Sequence[Fold], confidence: float) -> list[float]:
    """Return the confidence interval of a mean gain over folds: the corrected resampled t interval.

    Folds share most of their training rows, so that their scores are correlated and the plain interval is
    too narrow. The variance is corrected by the ratio of held-out to training rows (Nadeau and Bengio
    2003, doi:10.1023/A:1024068626366).

    Parameters
    ----------
    gains : sequence of float
        Gain of one model over another in each fold (NaN left out).
    cut : sequence of Fold
    confidence : float
        Coverage, in (0, 1).

    Returns
    -------
    list of float
        Lower and upper bound; both NaN with fewer than two finite gains.
    """
    from scipy import stats

    known = np.asarray(gains)[np.isfinite(gains)]
    if len(known) < 2:
        return [float("nan")] * 2
    ratio = np.mean([len(fold.y_held_out) / len(fold.y) for fold in cut])
    error = np.sqrt((1 / len(known) + ratio) * known.var(ddof=1))
    reach = stats.t.ppf((1 + confidence) / 2, len(known) - 1) * error
    return [float(known.mean() - reach), float(known.mean() + reach)]
