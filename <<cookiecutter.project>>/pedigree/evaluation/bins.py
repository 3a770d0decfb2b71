"""Rows divided into slices by the values of a column; the slices are learned on the training rows."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from pedigree.base.names import UserError, did_you_mean
from pedigree.data.target import labels

if TYPE_CHECKING:
    import pandas as pd

    from pedigree.evaluation.settings import JudgedColumns, Slices

OTHER, MISSING = "(other)", "(missing)"
LONGEST = 60  # characters of a slice's name; longer values with the same beginning are one slice


@dataclass(frozen=True)
class Binning:
    """Slices of a column: bins of numbers and dates, categories of everything else.

    Parameters
    ----------
    column : str
    names : list of str
        Of the slices, in their order; `MISSING` comes last.
    edges : ndarray or None
        Upper ends of all slices of numbers but the last; each belongs to the slice below.
    """

    column: str
    names: list[str]
    edges: np.ndarray | None

    @classmethod
    def learn(cls, values: pd.Series, *, bins: int, levels: int) -> Binning:
        """Learn the slices of a column on the training rows.

        Numbers and dates of more than `bins` values are divided at their quantiles. Otherwise the `levels`
        most frequent values are slices, and all others one more.

        Parameters
        ----------
        values : Series
        bins, levels : int
            Maximum slices of numbers and dates, and of other values.
        """
        column = str(values.name)
        if _is_number(values) and values.nunique() > bins:
            edges = _quantiles(_numbers(values), bins)
            marks = _marks(edges, values.dtype.kind == "M")
            inner = [f"({a}, {b}]" for a, b in pairwise(marks)]
            return cls(column, [f"≤ {marks[0]}", *inner, f"> {marks[-1]}", MISSING], edges)
        counts = _texts(values.dropna()).value_counts()
        kept = sorted(counts.index, key=lambda name: (-counts[name], name))[:levels]
        return cls(column, [*_in_order(kept), OTHER, MISSING], None)

    def codes(self, rows: pd.DataFrame) -> np.ndarray:
        """Return the position in `names` of each row's slice, shape (n,)."""
        values, missing = rows[self.column], len(self.names) - 1
        if self.edges is None:
            known = {name: code for code, name in enumerate(self.names)}
            found = _texts(values).map(known).fillna(missing - 1).to_numpy(dtype=int)
        else:
            found = np.searchsorted(self.edges, _numbers(values), side="left")
        return np.where(values.isna(), missing, found)


def learn(train: pd.DataFrame, problem: JudgedColumns, options: Slices) -> dict[str, Binning]:
    """Learn the slices of each column of `problem.slices` and `problem.protected`.

    If the settings name no columns, columns with the same slices of the training rows as another are left out.

    Parameters
    ----------
    train : DataFrame
        The cleaned training rows, data/split/train/.
    problem : JudgedColumns
        With `slices` (null: all suitable columns), `protected`, `target` and `exclude`.
    options : Slices
        `evaluate.slices`.

    Returns
    -------
    dict of str to Binning

    Raises
    ------
    UserError
        A column is missing.
    """
    for key in ("slices", "protected"):
        for name in getattr(problem, key) or ():
            if name not in train:
                raise UserError(
                    f"problem.{key}: column '{name}' is not in the cleaned rows; {did_you_mean(name, train)}"
                )
    hidden = {problem.target, *problem.exclude}
    named = problem.slices is not None
    found = [] if named else fitting(train.drop(columns=hidden, errors="ignore"), options.levels)
    cuts: dict[str, Binning] = {}
    seen: set[bytes] = set()
    for name in dict.fromkeys([*problem.protected, *(problem.slices or found)]):
        cut = Binning.learn(train[name], bins=options.bins, levels=options.levels)
        alike = _partition(cut.codes(train))
        if (
            named
            or name in problem.protected
            or (alike not in seen and len(cuts) < options.columns)
        ):
            cuts[name] = cut
            seen.add(alike)
    return cuts


def fitting(train: pd.DataFrame, levels: int) -> list[str]:
    """List the columns that can be divided into slices: categories first, then numbers and dates.

    Columns of one value, and strings of more than `levels` values, are left out.
    """
    counts = {str(name): train[name].nunique() for name in train}
    number = {str(name): _is_number(train[name]) for name in train}
    fit = [name for name, n in counts.items() if n > 1 and (number[name] or n <= levels)]
    return sorted(fit, key=lambda name: number[name])


def _partition(codes: np.ndarray) -> bytes:
    """Return a hash that is equal for columns with the same slices, whatever their names."""
    import pandas as pd

    return hashlib.sha256(pd.factorize(codes)[0].tobytes()).digest()


def _is_number(values: pd.Series) -> bool:
    return values.dtype.kind in "iufM"


def _numbers(values: pd.Series) -> np.ndarray:
    """Return numbers, or dates as nanoseconds, as floats; NaN where missing."""
    if values.dtype.kind == "M":
        values = values.astype("datetime64[ns]").astype("int64").where(values.notna())
    return np.asarray(values.to_numpy(dtype=float, na_value=np.nan))


def _texts(values: pd.Series) -> pd.Series:
    """Convert categories to strings of bounded length."""
    texts = labels(values)
    return texts.where(texts.str.len() <= LONGEST, texts.str.slice(0, LONGEST - 1) + "…")


def _in_order(names: Iterable[str]) -> list[str]:
    """Sort names, and numbers by their size."""
    names = list(names)
    try:
        return sorted(names, key=float)
    except ValueError:
        return sorted(names)


def _quantiles(values: np.ndarray, bins: int) -> np.ndarray:
    """Return edges of bins of about the same size; at least one, below the largest value."""
    known = np.sort(values[~np.isnan(values)])
    shares = np.arange(1, bins) / bins
    edges = np.unique(np.quantile(known, shares, method="inverted_cdf"))
    if edges[0] < known[-1]:
        return np.asarray(edges[edges < known[-1]])
    return np.asarray(known[known < known[-1]][-1:])


def _marks(edges: np.ndarray, are_dates: bool) -> Sequence[str]:
    """Format edges with as few digits as distinguish them."""
    if are_dates:
        import pandas as pd

        dates = pd.to_datetime(edges.astype("int64"))
        days = list(dates.strftime("%Y-%m-%d"))
        return days if len(set(days)) == len(days) else [str(date) for date in dates]
    if all(edges % 1 == 0) and max(abs(edges)) < 1e15:
        return [f"{edge:.0f}" for edge in edges]
    for digits in range(4, 18):
        marks = [f"{edge:.{digits}g}" for edge in edges]
        if len(set(marks)) == len(marks):
            break
    return marks
