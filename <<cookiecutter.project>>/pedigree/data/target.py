"""The target: which columns a model may see, and how answers become numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from pedigree.base.paths import SPLIT
from pedigree.base.tables import read_json

if TYPE_CHECKING:
    import pandas as pd
    from omegaconf import DictConfig


def features(rows: pd.DataFrame, problem: DictConfig) -> pd.DataFrame:
    """Return the columns that a model may see: all but the target and the excluded."""
    hidden = {problem.target, *problem.exclude}
    return rows[[name for name in rows.columns if name not in hidden]]


def features_and_target(rows: pd.DataFrame, problem: DictConfig) -> tuple[pd.DataFrame, np.ndarray]:
    """Separate what a model may see from what it predicts.

    Parameters
    ----------
    rows : DataFrame, shape (n, p)
        Cleaned rows, as in data/split/.
    problem : DictConfig
        With `target` and `exclude`.

    Returns
    -------
    X : DataFrame, shape (n, q)
        All columns but the target and the excluded.
    y : ndarray, shape (n,)
        Class codes in the order of data/split/target.json (-1: a class that no training row has), or numbers.

    Examples
    --------
    >>> from pedigree import features_and_target, paths, read_table
    >>> from pedigree.base.settings import read_settings
    >>> problem = read_settings("engineer").problem
    >>> X, y = features_and_target(read_table(paths.SPLIT / "train"), problem)
    >>> problem.target in X, len(X) == len(y)
    (False, True)
    """
    classes = read_json(SPLIT / "target.json")["classes"]
    return features(rows, problem), encode(rows[problem.target], classes)


def labels(answers: pd.Series) -> pd.Series:
    """Write values as texts, each the same way whatever the others are.

    Whole numbers go without a decimal point, so that 1.0 and 1 are one class, and dates as a whole.
    """
    if answers.dtype.kind == "f":
        texts = answers.astype("str").str.removesuffix(".0")
    elif answers.dtype.kind == "M":
        texts = answers.dt.strftime("%Y-%m-%dT%H:%M:%S.%f")
    else:
        texts = answers.astype("str")
    return texts.where(answers.notna())


def row_key(rows: pd.DataFrame, columns: Sequence[str]) -> pd.Series:
    """Write what a row holds in some columns as one text, which no other row has a part in."""
    import pandas as pd

    texts = [labels(rows[name]).fillna("") for name in columns]
    return pd.Series(list(map("\x1f".join, zip(*texts, strict=True))), rows.index, dtype="str")


def classes(answers: pd.Series, problem: DictConfig) -> list[str]:
    """List the classes in the order of their codes; of two, the positive one comes last.

    Parameters
    ----------
    answers : Series
        The training rows' answers.
    problem : DictConfig
        With `kind`, `task` and `positive`.

    Returns
    -------
    list of str
        Empty for regression.
    """
    if problem.kind == "regression":
        return []
    counts = labels(answers).value_counts()
    names = sorted(counts.index)
    if problem.task == "binary":
        # Ties go to the name that sorts last ("yes", "true", "1").
        rarer = max(names, key=lambda name: (-counts[name], name))
        positive = rarer if problem.positive is None else str(problem.positive)
        names.sort(key=lambda name: name == positive)
    return names


def encode(answers: pd.Series, names: Sequence[str]) -> np.ndarray:
    """Turn answers into class codes 0..k-1 (shape (n,), int), or into floats for regression.

    A class that the training rows do not know gets -1.
    """
    if not names:
        return np.asarray(answers, dtype=float)
    codes = {name: code for code, name in enumerate(names)}
    return np.asarray(labels(answers).map(codes).fillna(-1), dtype=int)


def group_key(rows: pd.DataFrame, problem: DictConfig) -> np.ndarray | None:
    """Return the number of each row's group (`problem.group`), shape (n,); None where none is named."""
    if not problem.group:
        return None
    return np.asarray(rows.groupby(list(problem.group), dropna=False, sort=True).ngroup())
