"""A related table: several of its rows (orders) belong to one row of the data (a customer)."""

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
    """Base of the transformers of a related table: they find, read and store it.

    The table is data rather than learned from the rows, so it is read once, by the first fit. Clones (one
    for each fold) copy it, and the stored transformer does not need the file.
    """

    KEY_SETTINGS = ("key", "time")
    COLUMN_SETTINGS = ()
    READ: tuple[str, ...] = ()  # attributes that contain the table

    path: str
    key: str
    time: str | None
    child_key: str | None
    child_time: str | None
    reading: Mapping[str, Any] | None
    missing: Sequence[str]

    def __sklearn_clone__(self) -> RelatedTable:
        """Return an unfitted copy that contains the table."""
        twin = type(self)(**self.get_params())
        for name in self.READ:
            if hasattr(self, name):
                setattr(twin, name, getattr(self, name))
        return twin

    def mistakes(self) -> Iterator[str]:
        """Find a file that is missing or outside the folder, and a missing key."""
        path = Path(self.path or "")
        if not self.path:
            yield f"path: not set; set it to the file of the related table in {EXTERNAL}/."
        elif EXTERNAL not in path.parents or ".." in path.parts:
            yield f"path: '{path}' is not in {EXTERNAL}/; copy it there."
        elif not path.is_file():
            there = sorted(one.name for one in EXTERNAL.glob("*"))
            yield f"path: {path.as_posix()} does not exist; {did_you_mean(path.name, there)}"
        if not self.key:
            yield "key: not set; set it to the column that identifies the row to which related rows belong."

    @property
    def columns(self) -> tuple[str, str | None]:
        """Names of the key and time columns in the table."""
        return self.child_key or self.key, self.time and (self.child_time or self.time)

    @property
    def name(self) -> str:
        """The table's name, the prefix of its features."""
        return snake_case(Path(self.path).name.split(".")[0])

    def read(self) -> tuple[pd.DataFrame, pd.Series, np.ndarray]:
        """Read the table in order of time, without rows that lack the key or the time.

        Returns
        -------
        rows : DataFrame
            With types.
        key : Series
            As strings.
        moment : ndarray
            As returned by `moments`; all 0 if no time is set.

        Raises
        ------
        UserError
            The file cannot be read, or lacks the key or time column.
        """
        from pedigree.data.engine import infer, read_file, retype

        path = Path(self.path)
        if not path.is_file():
            raise UserError(
                f"{path} does not exist, but conf/engineer/ uses it as a related table; put it there."
            )
        rows = read_file(path, self.missing, self.reading)
        rows, _ = retype(rows, {name: infer(rows[name]) for name in rows})
        key, time = self.columns
        for name in filter(None, (key, time)):
            self.require_column(name, rows)
        moment = moments(rows[time]) if time else np.zeros(len(rows))
        strings = keys(rows, [key])
        order = np.argsort(moment, kind="stable")
        order = order[(strings.notna().to_numpy() & ~np.isnan(moment))[order]]
        rows, strings = (one.iloc[order].reset_index(drop=True) for one in (rows, strings))
        return rows, strings, moment[order]

    def require_column(self, name: str, rows: pd.DataFrame) -> None:
        """Raise an error if the table does not have a column."""
        if name not in rows:
            raise UserError(f"{self.path} has no column '{name}'; {did_you_mean(name, rows)}")

    def key_and_time(self, X: pd.DataFrame) -> tuple[pd.Series, np.ndarray]:
        """Return key and time of rows; if no time is set, all rows of the table are earlier."""
        moment = moments(X[self.time]) if self.time else np.ones(len(X))
        return keys(X, [self.key]), moment


class Related(RelatedTable):
    """Count the rows of a related table, and add statistics of its columns.

    Parameters
    ----------
    path : str
        A file in data/external/, in any format that `collect` reads.
    key : str
        Column that identifies the row to which related rows belong.
    statistics : mapping of str to list of str, or None
        Columns of the table, each with a selection of `STATISTICS`; None = mean and sum of all numbers.
    time : str or None
        Column with the time of a row: only related rows strictly before it are used. None = all are used,
        which leaks the future if the table has rows after the time of prediction.
    child_key, child_time : str or None
        Names of the two columns in the table, if they differ.
    reading : mapping or None
        CSV dialect or sheet of the file (see conf/collect/file.yaml); None = detected.
    missing : list of str
        Strings that mark a missing value.

    Notes
    -----
    A key that the table does not contain gets the count 0 and no statistics; a row without key or time
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
        """Find also unknown statistics."""
        yield from super().mistakes()
        for names in (self.statistics or {}).values():
            yield from unknown("statistic", names, STATISTICS)

    def fit(self, X: pd.DataFrame, y: object = None) -> Related:
        """Read the table and compute the statistics after each of its rows.

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
                f"{self.path}: column '{values.name}' is not numeric, so it has no {statistic}; use nunique or remove it."
            )
        values = values.astype("float64")
        if statistic == "last":
            return values.groupby(key).ffill()
        return running(key, values, statistic, None)
