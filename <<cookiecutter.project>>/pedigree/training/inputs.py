"""What a model is fitted on: the features and the coded target of a subset."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pedigree.base.names import UserError, did_you_mean
from pedigree.base.paths import FEATURES, SELECT
from pedigree.base.stage import say
from pedigree.base.tables import read_table
from pedigree.data.target import EncodedTarget
from pedigree.storage import artifact

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

SUBSETS = ("train", "validation")  # the features of the test rows are made by `verdict`, in memory


def read_subset(name: str, *, selected: bool = True) -> tuple[pd.DataFrame, np.ndarray, list[str]]:
    """Read the features and the target of a subset.

    Rows of a class that no training row has are left out, since no model can predict it.

    Parameters
    ----------
    name : {"train", "validation"}
    selected : bool
        Only the columns that `select` kept.

    Returns
    -------
    X : DataFrame, shape (n, p)
        The selected features.
    y : ndarray, shape (n,)
        Class codes, or numbers for regression.
    classes : list of str
        Names of the codes; empty for regression.

    Raises
    ------
    UserError
        There is no such subset.

    Examples
    --------
    >>> from pedigree import read_subset
    >>> X, y, classes = read_subset("validation")
    >>> len(X) == len(y)
    True
    """
    if name not in SUBSETS:
        raise UserError(f"{FEATURES} has no subset '{name}'; {did_you_mean(name, SUBSETS)}")
    target = EncodedTarget.read()
    rows = read_table(FEATURES / name)
    y = target.encode(rows)
    if target.classes and (y < 0).any():
        say(f"{(y < 0).sum()} {name} rows are of a class that no training row has; left out")
        rows, y = rows[y >= 0].reset_index(drop=True), y[y >= 0]
    X = rows.drop(columns=target.name)
    return (artifact.load_model(SELECT).transform(X) if selected else X), y, target.classes
