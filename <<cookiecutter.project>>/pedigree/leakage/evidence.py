"""The input and the result of the checks, and confidence bounds of fractions."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from pedigree.base.paths import SPLIT
from pedigree.base.tables import read_table
from pedigree.data.target import encode, features, group_key
from pedigree.scoring.results import LeakageMetrics
from pedigree.training.inputs import read_subset

if TYPE_CHECKING:
    import pandas as pd

    from pedigree.leakage.settings import LeakageSettings

SUBSETS = ("train", "validation", "test")
SURE = 2.3263479  # standard errors of a one-sided 99 % bound; there are many checks
NAMES_ROWS = 0.95  # minimum distinct values per row of a column that names its rows (as in `adopt`)


@dataclass(frozen=True)
class Finding:
    """The result of a check for a column or a pair of subsets.

    Parameters
    ----------
    where : str
        Column or subsets.
    found : bool
        Whether it is a leak.
    measured, limit : float or None
        None if nothing could be measured.
    says : str
        One sentence for people.
    """

    where: str
    found: bool
    measured: float | None
    limit: float | None
    says: str


@dataclass(frozen=True)
class Evidence:
    """The rows of all subsets before feature engineering, and the settings of the stage.

    Parameters
    ----------
    settings : LeakageSettings
        With `problem`, `split.name` and `seed`.
    rows : dict of str to DataFrame
        By subset, with all columns.
    classes : list of str
        Names of the codes; empty for regression.
    made : DataFrame
        The training rows' engineered and selected features.

    Examples
    --------
    >>> from pedigree import Evidence
    >>> from pedigree.settings import read_settings
    >>> evidence = Evidence.read(read_settings("leakage"))
    >>> sorted(evidence.rows)
    ['test', 'train', 'validation']
    """

    settings: LeakageSettings
    rows: dict[str, pd.DataFrame]
    classes: list[str]
    made: pd.DataFrame

    @classmethod
    def read(cls, settings: LeakageSettings) -> Evidence:
        """Read data/split/ and the training rows of data/features/."""
        rows = {side: read_table(SPLIT / side) for side in SUBSETS}
        made, _, classes = read_subset("train")
        return cls(settings, rows, classes, made)

    @cached_property
    def y(self) -> np.ndarray:
        """The training rows' target: class codes or numbers, shape (n,)."""
        return encode(self.rows["train"][self.settings.problem.target], self.classes)

    @property
    def by_time(self) -> bool:
        """Whether later rows are expected to be different."""
        return bool(self.settings.split.name == "time")

    def features(self, side: str) -> pd.DataFrame:
        """Return the columns of a subset that a model may use, before feature engineering."""
        return features(self.rows[side], self.settings.problem)

    def groups(self, rows: pd.DataFrame) -> np.ndarray:
        """Return the number of each row's group, shape (n,); without `problem.group` each row is a group."""
        key = group_key(rows, self.settings.problem)
        return np.arange(len(rows)) if key is None else key

    def metrics(self, lines: Sequence[Mapping[str, Any]]) -> LeakageMetrics:
        """Count the lines of reports/leakage.csv whose `found` is "yes", and name their checks."""
        checks = [line["check"] for line in lines if line["found"] == "yes"]
        every = len(self.settings.leakage.checks)
        return LeakageMetrics(
            findings=len(checks), checks=every, found_by=tuple(sorted(set(checks)))
        )

    def draw(self, n: int, max_rows: int) -> np.ndarray:
        """Draw positions of at most `max_rows` of n rows, in ascending order."""
        if n <= max_rows:
            return np.arange(n)
        random = np.random.default_rng(self.settings.seed)
        return np.sort(random.choice(n, max_rows, replace=False))


def lower_bound(hits: float, n: int) -> float:
    """Return the lower end of a fraction's one-sided 99 % interval (Wilson 1927)."""
    z2 = SURE**2
    middle, reach = hits + z2 / 2, SURE * np.sqrt(max(hits * (n - hits), 0) / n + z2 / 4)
    return float(max(middle - reach, 0.0) / (n + z2))


def at_most(hits: float, n: int) -> float:
    """Return the upper end of a fraction's one-sided 99 % interval; see `lower_bound`."""
    return 1 - lower_bound(n - hits, n)


def names_rows(values: pd.Series, name: str, pattern: str) -> bool:
    """Return whether a column names its rows: nearly each has a string or integer of its own.

        Integers are names only if the column's name matches `pattern` or they number the rows consecutively.

    Parameters
    ----------
    values : Series
    name : str
        Of the column.
    pattern : str
        Regular expression.
    """
    present = values.dropna()
    distinct = present.nunique()
    if len(present) < 10 or distinct < NAMES_ROWS * len(present):
        return False
    if present.dtype.kind in "bM":
        return False
    if present.dtype.kind not in "iuf":
        return True
    if (present % 1 != 0).any():
        return False
    fills = distinct >= 0.5 * (present.max() - present.min() + 1)
    return bool(fills or re.search(pattern, name))
