"""A related table: many of its rows (orders) belong to one row of the data (a customer)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from pedigree.base.names import UserError, did_you_mean, snake_case
from pedigree.base.paths import EXTERNAL
from pedigree.estimators.frames import as_frame
from pedigree.features.engineering.history import RUNNING, keys, moments, recall, remember, running
from pedigree.features.engineering.steps import ColumnStep, number_columns, unknown

STATISTICS = (*RUNNING, "last", "nunique")


class RelatedTable(ColumnStep):
    """What both ways of summing up a related table share: finding, reading and keeping it.

    The table is data and not learned from the rows, so it is read once, by the first fit; clones (one
    for each fold) take it along, and what is stored predicts without the file.
    """

    KEY_SETTINGS = ("key", "time")
    COLUMN_SETTINGS = ()
    READ: tuple[str, ...] = ()  # attributes that the file was turned into

    path: str
    key: str
    time: str | None
    child_key: str | None
    child_time: str | None
    reading: Mapping[str, Any] | None
    missing: Sequence[str]

    def __sklearn_clone__(self) -> RelatedTable:
        """Return an unfitted copy that has the table already."""
        twin = type(self)(**self.get_params())
        for name in self.READ:
            if hasattr(self, name):
                setattr(twin, name, getattr(self, name))
        return twin

    def mistakes(self) -> Iterator[str]:
        """Find a file that is not there or lies elsewhere, and a key that is not named."""
        path = Path(self.path or "")
        if not self.path:
            yield f"path: name the file of the related table, in {EXTERNAL}/."
        elif EXTERNAL not in path.parents or ".." in path.parts:
            yield f"path: '{path}' does not lie in {EXTERNAL}/; copy it there."
        elif not path.is_file():
            there = sorted(one.name for one in EXTERNAL.glob("*"))
            yield f"path: {path.as_posix()} is not there; {did_you_mean(path.name, there)}"
        if not self.key:
            yield "key: name the column that says to which row the related rows belong."

    @property
    def columns(self) -> tuple[str, str | None]:
        """Names of key and time in the table."""
        return self.child_key or self.key, self.time and (self.child_time or self.time)

    @property
    def name(self) -> str:
        """The table's name, which begins those of its features."""
        return snake_case(Path(self.path).name.split(".")[0])

    def read(self) -> tuple[pd.DataFrame, pd.Series, np.ndarray]:
        """Read the table in order of time; rows without key or moment are left out.

        Returns
        -------
        rows : DataFrame
            Typed.
        key : Series
            As texts.
        moment : ndarray
            0 for all where no time is named.

        Raises
        ------
        UserError
            The file cannot be read, or lacks the key or the time.
        """
        from pedigree.data.engine import infer, read_file, retype

        path = Path(self.path)
        if not path.is_file():
            raise UserError(f"{path} is not there; it is the related table of conf/engineer/.")
        rows = read_file(path, self.missing, self.reading)
        rows, _ = retype(rows, {name: infer(rows[name]) for name in rows})
        key, time = self.columns
        for name in filter(None, (key, time)):
            self.require_column(name, rows)
        moment = moments(rows[time]) if time else np.zeros(len(rows))
        texts = keys(rows, [key])
        order = np.argsort(moment, kind="stable")
        order = order[(texts.notna().to_numpy() & ~np.isnan(moment))[order]]
        rows, texts = (one.iloc[order].reset_index(drop=True) for one in (rows, texts))
        return rows, texts, moment[order]

    def require_column(self, name: str, rows: pd.DataFrame) -> None:
        """Refuse a column that the table does not have."""
        if name not in rows:
            raise UserError(f"{self.path} has no column '{name}'; {did_you_mean(name, rows)}")

    def key_and_time(self, X: pd.DataFrame) -> tuple[pd.Series, np.ndarray]:
        """Return key and moment of rows; without a time, all that is in the table lies before them."""
        moment = moments(X[self.time]) if self.time else np.ones(len(X))
        return keys(X, [self.key]), moment


class Related(RelatedTable):
    """Count the rows of a related table, and add statistics of its columns.

    Parameters
    ----------
    path : str
        A file in data/external/, of any kind that `collect` reads.
    key : str
        Column by which the rows of both belong together.
    statistics : mapping of str to list of str, or None
        For columns of the table, some of `STATISTICS`; None = mean and sum of all numbers.
    time : str or None
        Column with a row's moment: only related rows strictly before it count. None = all count,
        which leaks the future where they go on after the moment of prediction.
    child_key, child_time : str or None
        Names of the two columns in the table, where they are others.
    reading : mapping or None
        How a text file is spelled (see conf/collect/file.yaml); None = found out.
    missing : list of str
        Texts that mean "no value".

    Notes
    -----
    A key that the table does not have gets the count 0 and no statistics; a row without key or moment
    gets neither.
    """

    READ = ("memory_", "names_")

    def __init__(
        self,
        path: str,
        key: str,
        statistics: Mapping[str, Sequence[str]] | None = None,
        time: str | None = None,
        child_key: str | None = None,
        child_time: str | None = None,
        reading: Mapping[str, Any] | None = None,
        missing: Sequence[str] = ("",),
    ) -> None:
        self.path = path
        self.key = key
        self.statistics = statistics
        self.time = time
        self.child_key = child_key
        self.child_time = child_time
        self.reading = reading
        self.missing = missing

    def mistakes(self) -> Iterator[str]:
        """Find also statistics that there are not."""
        yield from super().mistakes()
        for names in (self.statistics or {}).values():
            yield from unknown("statistic", names, STATISTICS)

    def fit(self, X: pd.DataFrame, y: object = None) -> Related:
        """Read the table and compute what is known after each of its rows.

        Raises
        ------
        UserError
            The file cannot be read, or lacks a column.
        """
        as_frame(self, X, reset=True)
        if hasattr(self, "memory_"):
            return self
        rows, key, moment = self.read()
        wanted = self.statistics or {
            name: ["mean", "sum"] for name in number_columns(rows) if name not in self.columns
        }
        known: dict[str, pd.Series] = {f"{self.name}_count": key.groupby(key).cumcount() + 1}
        for column, statistics in wanted.items():
            self.require_column(column, rows)
            for statistic in statistics:
                label = f"{self.name}_{column}_{statistic}"
                known[label] = self._after_each(key, rows[column], statistic)
        table = pd.DataFrame(known)
        if self.time is None:
            last = ~key.duplicated(keep="last")
            table, key, moment = table[last], key[last], moment[last]
        self.names_ = [*table, *([f"{self.name}_since_last"] if self.time else [])]
        self.memory_ = remember(key, moment, table)
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """Add the columns."""
        check_is_fitted(self)
        X = as_frame(self, X)
        key, moment = self.key_and_time(X)
        new, when = recall(self.memory_, key, moment)
        nothing = np.isnan(when) & key.notna().to_numpy() & ~np.isnan(moment)
        new[nothing, 0] = 0  # the count
        if self.time:
            new = np.column_stack([new, moment - when])
        return pd.concat([X, pd.DataFrame(new, index=X.index, columns=self.names_)], axis=1)

    def _after_each(self, key: pd.Series, values: pd.Series, statistic: str) -> pd.Series:
        if statistic == "nunique":
            new = values.notna() & ~pd.DataFrame({"key": key, "value": values}).duplicated()
            return new.groupby(key).cumsum()
        if not pd.api.types.is_numeric_dtype(values):
            raise UserError(
                f"{self.path}: '{values.name}' holds no numbers, so that it has no {statistic}; nunique counts its values."
            )
        values = values.astype("float64")
        if statistic == "last":
            return values.groupby(key).ffill()
        return running(key, values, statistic, None)
