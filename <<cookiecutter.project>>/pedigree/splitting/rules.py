"""Sides that the rows themselves decide: by their time, a column, or a hash of their values."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from pedigree.base.names import UserError, did_you_mean, snake_case
from pedigree.data.target import row_key
from pedigree.splitting.subsets import LACKS, LEFT_OUT, SUBSETS

if TYPE_CHECKING:
    import pandas as pd

    from pedigree.splitting.settings import SplitProblem


def by_time(
    rows: pd.DataFrame, problem: SplitProblem, validation: float, test: float, gap: float = 0
) -> np.ndarray:
    """Put the past on the training side and the future on the test side; see `by_chance`.

    Rows of one moment stay together. Rows without a time train. So that answers that come late, and
    features that look back, do not reach over a cut, rows less than `gap` (days, or units of a time
    that is a number) before it are left out.

    Raises
    ------
    UserError
        `problem.time` names no column, or one without dates or numbers.
    """
    if problem.time is None:
        raise UserError(LACKS["time"])
    when = rows[problem.time]
    if when.dtype.kind not in "Mifu":
        raise UserError(f"problem.time: '{problem.time}' holds neither dates nor numbers.")
    moments = when.rank(method="max", pct=True)
    side = np.full(len(rows), "train", dtype="<U10")
    side[moments > 1 - test - validation] = "validation"
    side[moments > 1 - test] = "test"
    if gap:
        import pandas as pd

        width = pd.Timedelta(days=gap) if when.dtype.kind == "M" else gap
        starts = {name: when[side == name].min() for name in SUBSETS[1:]}
        for name, following in (("train", "validation"), ("validation", "test")):
            side[(side == name) & (when > starts[following] - width)] = LEFT_OUT
    return side


def by_column(rows: pd.DataFrame, problem: SplitProblem, column: str | None) -> np.ndarray:
    """Take each row's side from a column that says train, validation or test; see `by_chance`.

    Rows without a value are left out.

    Raises
    ------
    UserError
        There is no such column, or it says something else.
    """
    name = snake_case(column or "")
    if not column or name not in rows:
        raise UserError(
            f"split.column: '{column}' is not a column of the data; {did_you_mean(name, rows.columns)}"
        )
    said = rows[name].astype("str").str.strip().str.lower().where(rows[name].notna(), LEFT_OUT)
    for value in sorted(set(said) - {*SUBSETS, LEFT_OUT}):
        raise UserError(
            f"split.column: '{column}' says '{value}' of a row; {did_you_mean(value, SUBSETS)}"
        )
    return np.asarray(said.to_numpy(dtype="<U10"))


def by_hash(
    rows: pd.DataFrame,
    problem: SplitProblem,
    validation: float,
    test: float,
    key: Sequence[str],
    salt: int,
) -> np.ndarray:
    """Put each row where a hash of its own values says; see `by_chance`.

    Parameters
    ----------
    key : sequence of str
        Columns that identify a row; rows that agree in them share a side. Empty = all but the target.
    salt : int
        Another salt deals the rows anew.
    """
    for name in key:
        if name not in rows:
            raise UserError(
                f"split.key: '{name}' is not a column of the data; {did_you_mean(name, rows.columns)}"
            )
    columns = list(key) or [name for name in rows.columns if name != problem.target]
    draws = np.array([_unit_interval(f"{salt}\x1f{text}") for text in row_key(rows, columns)])
    side = np.full(len(rows), "train", dtype="<U10")
    side[draws < test + validation] = "validation"
    side[draws < test] = "test"
    return side


def _unit_interval(text: str) -> float:
    """Map a text to [0, 1) evenly (53 bits of BLAKE2b, as many as a float holds)."""
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    return (int.from_bytes(digest, "big") >> 11) / 2**53
