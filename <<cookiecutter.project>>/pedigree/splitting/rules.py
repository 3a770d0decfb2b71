"""Deterministic splits: by time, by a column, or by a hash of the values."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from pedigree.base.names import UserError, did_you_mean, snake_case
from pedigree.data.target import row_key
from pedigree.splitting.subsets import LEFT_OUT, REQUIREMENTS, SUBSETS

if TYPE_CHECKING:
    import pandas as pd

    from pedigree.splitting.settings import SplitProblem


def by_time(
    rows: pd.DataFrame, problem: SplitProblem, validation: float, test: float, gap: float = 0
) -> np.ndarray:
    """Split by time: the past for training, the future for testing.

    Rows of equal time are in one subset; rows without a time are in the training set.

    Parameters
    ----------
    rows : DataFrame, shape (n, p)
    problem : SplitProblem
        With `time`.
    validation, test : float
        Fractions of the rows, in (0, 1), with a sum below 1.
    gap : float
        Rows less than this before the next subset are left out, in days or units of a numeric time, so
        that late labels and lagged features do not leak.

    Returns
    -------
    ndarray of str, shape (n,)

    Raises
    ------
    UserError
        `problem.time` is null, or neither a date nor a number.
    """
    if problem.time is None:
        raise UserError(REQUIREMENTS["time"])
    when = rows[problem.time]
    if when.dtype.kind not in "Mifu":
        raise UserError(f"problem.time: column '{problem.time}' is neither a date nor a number.")
    moments = when.rank(method="max", pct=True)
    subset = np.full(len(rows), "train", dtype="<U10")
    subset[moments > 1 - test - validation] = "validation"
    subset[moments > 1 - test] = "test"
    if gap:
        import pandas as pd

        width = pd.Timedelta(days=gap) if when.dtype.kind == "M" else gap
        starts = {name: when[subset == name].min() for name in SUBSETS[1:]}
        for name, following in (("train", "validation"), ("validation", "test")):
            subset[(subset == name) & (when > starts[following] - width)] = LEFT_OUT
    return subset


def by_column(rows: pd.DataFrame, problem: SplitProblem, column: str | None) -> np.ndarray:
    """Split by a column with the values train, validation and test.

    Rows without a value are left out.

    Parameters
    ----------
    rows : DataFrame, shape (n, p)
    problem : SplitProblem
    column : str
        Name of the column.

    Returns
    -------
    ndarray of str, shape (n,)

    Raises
    ------
    UserError
        The column is missing or has other values.
    """
    name = snake_case(column or "")
    if not column or name not in rows:
        raise UserError(
            f"split.column: column '{column}' is not in the data; {did_you_mean(name, rows.columns)}"
        )
    assigned = rows[name].astype("str").str.strip().str.lower().where(rows[name].notna(), LEFT_OUT)
    for value in sorted(set(assigned) - {*SUBSETS, LEFT_OUT}):
        raise UserError(
            f"split.column: column '{column}' has the value '{value}'; {did_you_mean(value, SUBSETS)}"
        )
    return np.asarray(assigned.to_numpy(dtype="<U10"))


def by_hash(
    rows: pd.DataFrame,
    problem: SplitProblem,
    validation: float,
    test: float,
    key: Sequence[str],
    salt: int,
) -> np.ndarray:
    """Split by a hash of values, so that a row stays in its subset when others are added.

    Parameters
    ----------
    rows : DataFrame, shape (n, p)
    problem : SplitProblem
    validation, test : float
        Fractions of the rows, in (0, 1), with a sum below 1.
    key : sequence of str
        Columns that identify a row; rows with equal keys are in one subset. Empty = all but the target.
    salt : int
        Changes the assignment, like a seed.

    Returns
    -------
    ndarray of str, shape (n,)

    Raises
    ------
    UserError
        A column of the key is not in the data.
    """
    for name in key:
        if name not in rows:
            raise UserError(
                f"split.key: column '{name}' is not in the data; {did_you_mean(name, rows.columns)}"
            )
    columns = list(key) or [name for name in rows.columns if name != problem.target]
    uniform = np.array([_unit_interval(f"{salt}\x1f{text}") for text in row_key(rows, columns)])
    subset = np.full(len(rows), "train", dtype="<U10")
    subset[uniform < test + validation] = "validation"
    subset[uniform < test] = "test"
    return subset


def _unit_interval(text: str) -> float:
    """Map a string to [0, 1) uniformly (53 bits of BLAKE2b, the precision of a float)."""
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    return (int.from_bytes(digest, "big") >> 11) / 2**53
