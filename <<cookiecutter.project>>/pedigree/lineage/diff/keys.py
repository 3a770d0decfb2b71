"""Columns that identify the rows of two versions."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from pedigree.base.names import UserError, did_you_mean
from pedigree.data.target import labels

if TYPE_CHECKING:
    import pandas as pd

MOST = 3  # maximum number of columns of a detected key
CANDIDATES = 8  # columns with the most distinct values, of which keys are built
MIN_KNOWN = 0.5  # fraction of the smaller version's keys that the other must contain


def check_key(key: Sequence[str], before: pd.DataFrame, after: pd.DataFrame) -> list[str]:
    """Raise an error if a key does not identify rows.

    Parameters
    ----------
    key : sequence of str
        Columns.
    before, after : DataFrame
        The two versions.

    Returns
    -------
    list of str
        The key.

    Raises
    ------
    UserError
        A column does not exist, or a value occurs in several rows; the message has the first one.
    """
    for frame, which in ((before, "first"), (after, "second")):
        for name in key:
            if name not in frame:
                raise UserError(
                    f"--key: '{name}' is not a column of the {which} version; {did_you_mean(name, frame.columns)}"
                )
        twice = frame.duplicated(list(key))
        if twice.any():
            row = frame.loc[twice, list(key)].iloc[0]
            shown = ", ".join(f"{name} {value}" for name, value in row.items())
            raise UserError(
                f"--key: {', '.join(key)} does not identify the rows of the {which} version: {shown} "
                f"occurs more than once ({twice.sum()} duplicate rows). Add a column, or omit --key."
            )
    return list(key)


def find_key(before: pd.DataFrame, after: pd.DataFrame) -> list[str]:
    """Find the fewest columns that identify the rows of both versions; empty if there are none.

    Floats are measurements and no keys. A key must match a fraction of the rows in the other version:
    a column with a different value in each row may have changed in each row.
    """
    columns = [
        name
        for name in before
        if name in after
        and all(one[name].dtype.kind != "f" and one[name].notna().all() for one in (before, after))
    ]
    distinct = {name: before[name].nunique() for name in columns}
    likely = sorted(columns, key=lambda name: -distinct[name])[:CANDIDATES]
    likely.sort(key=columns.index)
    for size in range(1, MOST + 1):
        found = []
        for key in map(list, combinations(likely, size)):
            if np.prod([float(distinct[name]) for name in key]) < len(before):
                continue
            if before.duplicated(key).any() or after.duplicated(key).any():
                continue
            known = len(match(before, after, key)) / max(min(len(before), len(after)), 1)
            if known >= MIN_KNOWN:
                found.append((known, key))
        if found:
            return max(found, key=lambda one: one[0])[1]
    return []


def match(before: pd.DataFrame, after: pd.DataFrame, key: list[str]) -> pd.DataFrame:
    """Match rows with equal keys.

    Parameters
    ----------
    before, after : DataFrame
        The two versions.
    key : list of str
        Columns that identify a row.

    Returns
    -------
    DataFrame
        Positions of the matching rows in columns `before` and `after`, in the order of the first version.
    """
    versions = {}
    for name, frame, other in (("before", before, after), ("after", after, before)):
        version = frame[key].assign(**{f"\0{name}": np.arange(len(frame))})
        for column in key:
            if frame[column].dtype != other[column].dtype:
                version[column] = labels(version[column])
        versions[name] = version
    both = versions["before"].merge(versions["after"], on=key, how="inner")
    return both.rename(columns={"\0before": "before", "\0after": "after"})[["before", "after"]]
