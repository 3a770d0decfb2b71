"""What a model is fitted on and asked about: the selected features and coded answers of a side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pedigree.base.paths import FEATURES, SELECT, SPLIT
from pedigree.base.stage import say
from pedigree.base.tables import read_json, read_table
from pedigree.data.target import encode
from pedigree.estimators import artifact

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


def read_subset(side: str) -> tuple[pd.DataFrame, np.ndarray, list[str]]:
    """Read data/features/<side>/.

    Rows of a class that no training row has are left out, since no model can predict it.

    Parameters
    ----------
    side : {"train", "validation"}

    Returns
    -------
    X : DataFrame, shape (n, p)
        The selected features.
    y : ndarray, shape (n,)
        Class codes, or numbers for regression.
    classes : list of str
        Names of the codes; empty for regression.
    """
    target = read_json(SPLIT / "target.json")
    rows = read_table(FEATURES / side)
    y = encode(rows[target["name"]], target["classes"])
    if target["classes"] and (y < 0).any():
        say(f"{(y < 0).sum()} {side} rows are of a class that no training row has; left out")
        rows, y = rows[y >= 0].reset_index(drop=True), y[y >= 0]
    return artifact.load(SELECT).transform(rows), y, target["classes"]
