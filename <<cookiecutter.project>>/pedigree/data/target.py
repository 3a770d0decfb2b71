"""The target: separating it from the features, and encoding it as numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from pedigree.base.json_file import JsonFile
from pedigree.base.paths import SPLIT

if TYPE_CHECKING:
    import pandas as pd

    from pedigree.base.problem import Columns, Grouped, Target


class EncodedTarget(JsonFile):
    """The column that is predicted, and its classes in the order of their codes (none for regression)."""

    place = SPLIT / "target.json"
    stage = "split"

    name: str
    classes: list[str]

    def encode(self, rows: pd.DataFrame) -> np.ndarray:
        """Encode the target of rows (see `encode`)."""
        return encode(rows[self.name], self.classes)


def features(rows: pd.DataFrame, problem: Columns) -> pd.DataFrame:
    """Return the columns that are features: all but the target and the excluded ones."""
    other = {problem.target, *problem.exclude}
    return rows[[name for name in rows.columns if name not in other]]


def features_and_target(rows: pd.DataFrame, problem: Columns) -> tuple[pd.DataFrame, np.ndarray]:
    """Return the features and the encoded target.

    Parameters
    ----------
    rows : DataFrame, shape (n, p)
        Cleaned rows, as in data/split/.
    problem : Columns
        With `target` and `exclude`.

    Returns
    -------
    X : DataFrame, shape (n, q)
        All columns but the target and the excluded ones.
    y : ndarray, shape (n,)
        Class codes in the order of data/split/target.json (-1: a class without training rows), or numbers.

    Examples
    --------
    >>> from pedigree import features_and_target, paths, read_table
    >>> from pedigree.settings import read_settings
    >>> problem = read_settings("engineer").problem
    >>> X, y = features_and_target(read_table(paths.SPLIT / "train"), problem)
    >>> problem.target in X, len(X) == len(y)
    (False, True)
    """
    return features(rows, problem), EncodedTarget.read().encode(rows)


def labels(values: pd.Series) -> pd.Series:
    """Convert values to strings, each independently of the others.

    Integral floats lose their decimal point, so that 1.0 and 1 are one class; dates keep their time.
    """
    if values.dtype.kind == "f":
        strings = values.astype("str").str.removesuffix(".0")
    elif values.dtype.kind == "M":
        strings = values.dt.strftime("%Y-%m-%dT%H:%M:%S.%f")
    else:
        strings = values.astype("str")
    return strings.where(values.notna())


def row_key(rows: pd.DataFrame, columns: Sequence[str]) -> pd.Series:
    """Join the values of some columns to one string per row."""
    import pandas as pd

    strings = [labels(rows[name]).fillna("") for name in columns]
    return pd.Series(list(map("\x1f".join, zip(*strings, strict=True))), rows.index, dtype="str")


def classes(target: pd.Series, problem: Target) -> list[str]:
    """Return the classes in the order of their codes; in a binary task the positive class is the last.

    Parameters
    ----------
    target : Series
        Target of the training set.
    problem : Target
        With `kind`, `task` and `positive`.

    Returns
    -------
    list of str
        Empty for regression.
    """
    if problem.kind == "regression":
        return []
    counts = labels(target).value_counts()
    names = sorted(counts.index)
    if problem.task == "binary":
        # Of equally rare classes, the last in alphabetical order is positive ("yes", "true", "1").
        rarer = max(names, key=lambda name: (-counts[name], name))
        positive = rarer if problem.positive is None else str(problem.positive)
        names.sort(key=lambda name: name == positive)
    return names


def encode(target: pd.Series, names: Sequence[str]) -> np.ndarray:
    """Encode the target as class codes 0..k-1 (shape (n,), int), or as floats for regression.

    A class without training rows is encoded as -1.
    """
    if not names:
        return np.asarray(target, dtype=float)
    codes = {name: code for code, name in enumerate(names)}
    return np.asarray(labels(target).map(codes).fillna(-1), dtype=int)


def group_key(rows: pd.DataFrame, problem: Grouped) -> np.ndarray | None:
    """Return the number of each row's group, shape (n,), or None if `problem.group` is empty."""
    if not problem.group:
        return None
    return np.asarray(rows.groupby(list(problem.group), dropna=False, sort=True).ngroup())
