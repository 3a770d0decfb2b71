"""Random splits: of rows, of rows stratified by class, and of whole groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pedigree.base.names import UserError
from pedigree.data.target import group_key, labels
from pedigree.splitting.subsets import REQUIREMENTS

if TYPE_CHECKING:
    import pandas as pd

    from pedigree.splitting.settings import SplitProblem


def by_chance(
    rows: pd.DataFrame, problem: SplitProblem, validation: float, test: float, seed: int
) -> np.ndarray:
    """Assign each row to a subset at random.

    Parameters
    ----------
    rows : DataFrame, shape (n, p)
        Labelled rows.
    problem : SplitProblem
        With the target, group and time columns.
    validation, test : float
        Fractions of the rows, in (0, 1), with a sum below 1.
    seed : int

    Returns
    -------
    ndarray of str, shape (n,)
        One of "train", "validation", "test" for each row.
    """
    order = np.random.default_rng(seed).permutation(len(rows))
    return _cut(order, validation, test)


def by_stratum(
    rows: pd.DataFrame, problem: SplitProblem, validation: float, test: float, seed: int
) -> np.ndarray:
    """Assign each row to a subset at random, stratified by class.

    Parameters
    ----------
    rows : DataFrame, shape (n, p)
        Labelled rows.
    problem : SplitProblem
        With `target`.
    validation, test : float
        Fractions of the rows, in (0, 1), with a sum below 1.
    seed : int

    Returns
    -------
    ndarray of str, shape (n,)
        One of "train", "validation", "test" for each row.

    Raises
    ------
    UserError
        The task is regression, which has no classes.
    """
    if problem.kind == "regression":
        raise UserError(REQUIREMENTS["stratified"])
    random = np.random.default_rng(seed)
    subset = np.full(len(rows), "train", dtype="<U10")
    target = labels(rows[problem.target]).to_numpy()
    for name in sorted(set(target)):
        members = np.flatnonzero(target == name)
        subset[members] = _cut(random.permutation(len(members)), validation, test)
    return subset


def by_group(
    rows: pd.DataFrame, problem: SplitProblem, validation: float, test: float, seed: int
) -> np.ndarray:
    """Assign whole groups to subsets at random, approximately stratified by class.

    Parameters
    ----------
    rows : DataFrame, shape (n, p)
        Labelled rows.
    problem : SplitProblem
        With `group`, `target` and `kind`.
    validation, test : float
        Fractions of the rows, in (0, 1), with a sum below 1.
    seed : int

    Returns
    -------
    ndarray of str, shape (n,)
        One of "train", "validation", "test" for each row.

    Raises
    ------
    UserError
        `problem.group` is empty, or there are too few groups.
    """
    from sklearn.model_selection import GroupKFold, StratifiedGroupKFold

    key = group_key(rows, problem)
    if key is None:
        raise UserError(REQUIREMENTS["group"])
    subset = np.full(len(rows), "train", dtype="<U10")
    rest = np.arange(len(rows))
    stratify = problem.kind == "classification"
    target = labels(rows[problem.target]).to_numpy() if stratify else np.zeros(len(rows))
    for name, fraction in (("test", test), ("validation", validation / (1 - test))):
        folds = (StratifiedGroupKFold if stratify else GroupKFold)(
            n_splits=max(2, round(1 / fraction)), shuffle=True, random_state=seed
        )
        try:
            _, taken = next(folds.split(rest, target[rest], key[rest]))
        except ValueError as error:
            raise UserError(f"split: too few groups or rows for a {name} set: {error}") from None
        subset[rest[taken]] = name
        rest = np.delete(rest, taken)
    return subset


def _cut(order: np.ndarray, validation: float, test: float) -> np.ndarray:
    """Assign positions 0..n-1, given in random order, to subsets."""
    subset = np.full(len(order), "train", dtype="<U10")
    tests, validations = round(len(order) * test), round(len(order) * validation)
    subset[order[:tests]] = "test"
    subset[order[tests : tests + validations]] = "validation"
    return subset
