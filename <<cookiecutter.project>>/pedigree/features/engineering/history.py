"""Features of the past: values of rows with a strictly earlier time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from pedigree.base.names import UserError
from pedigree.data.target import row_key
from pedigree.estimators.frames import as_frame
from pedigree.features.engineering.steps import ColumnStep, number_columns, unknown

RUNNING = (
    "mean",
    "median",
    "min",
    "max",
    "std",
    "sum",
)  # statistics that pandas computes over a window
TARGET = "target"  # column name of the target
Memory = dict[str, np.ndarray]


def keys(X: pd.DataFrame, by: Sequence[str]) -> pd.Series:
    """Join the columns that identify a row's group to one string; missing if one of them is."""
    if not by:
        return pd.Series("", index=X.index, dtype="str")
    return row_key(X, by).where(X[list(by)].notna().all(axis=1))


def moments(values: pd.Series) -> np.ndarray:
    """Convert times to float64 of shape (n,): dates to days since 1970, numbers unchanged.

    Rounding keeps the order. Dates a fraction of a microsecond apart may become equal; that leaks nothing,
    since rows of equal time do not use each other.

    Raises
    ------
    UserError
        The column has neither dates nor numbers.
    """
    if values.dtype.kind == "M":
        values = (values - pd.Timestamp("1970-01-01")) / pd.Timedelta(days=1)
    if not pd.api.types.is_numeric_dtype(values):
        raise UserError(
            f"column '{values.name}' cannot order rows in time, since it has neither dates nor numbers."
        )
    return np.asarray(values.to_numpy("float64", na_value=np.nan))


def remember(key: pd.Series, moment: np.ndarray, known: pd.DataFrame) -> Memory:
    """Store the values that are known after each event, as plain arrays.

    Parameters
    ----------
    key, moment : Series and ndarray of shape (n,)
        Group and time of each event, without missing values, in ascending order of time.
    known : DataFrame of shape (n, p)
        Numbers that are known after the event.

    Returns
    -------
    Memory
        Plain arrays: keys, codes, moments and known.
    """
    codes, names = pd.factorize(key, sort=True)
    return {
        "keys": np.asarray(names, dtype="str"),
        "codes": codes.astype("int64"),
        "moments": moment,
        "known": known.to_numpy("float64"),
    }


def recall(memory: Memory, key: pd.Series, moment: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the values that were known strictly before each row's time.

    Parameters
    ----------
    memory : Memory
        As returned by `remember`.
    key : Series of shape (n,)
        Group of each row.
    moment : ndarray of shape (n,)
        Time of each row, as returned by `moments`.

    Returns
    -------
    known : ndarray of shape (n, p)
        Values of the last earlier event of the row's group; NaN without one.
    when : ndarray of shape (n,)
        Time of that event.
    """
    events = pd.DataFrame({"code": memory["codes"], "moment": memory["moments"]})
    codes = pd.Index(memory["keys"], dtype="object").get_indexer(key.astype("object"))
    rows = pd.DataFrame({"code": codes.astype("int64"), "moment": moment})
    rows = rows[rows["moment"].notna()].sort_values("moment", kind="stable")
    found = pd.merge_asof(
        rows.reset_index(),
        events.reset_index(names="event"),
        on="moment",
        by="code",
        allow_exact_matches=False,
    )
    event = np.full(len(key), -1)  # index of the row of NaN that is appended below
    event[found["index"]] = found["event"].fillna(-1).astype("int64")
    nothing = np.full((1, memory["known"].shape[1]), np.nan)
    return (
        np.vstack([memory["known"], nothing])[event],
        np.append(memory["moments"], np.nan)[event],
    )


def running(key: pd.Series, values: pd.Series, statistic: str, window: int | None) -> pd.Series:
    """Compute a running statistic within each group, including the row's own value.

    Parameters
    ----------
    key : Series of shape (n,)
        Group of each row.
    values : Series of shape (n,)
        Numbers in order of time.
    statistic : str
        One of `RUNNING`.
    window : int or None
        Number of last values; None = all.

    Returns
    -------
    Series of shape (n,)
    """
    groups = values.groupby(key.to_numpy())
    rows = groups.rolling(window, min_periods=1) if window else groups.expanding(min_periods=1)
    return getattr(rows, statistic)().droplevel(0).reindex(values.index)


class Lags(ColumnStep):
    """Add earlier values of a row's group, and statistics of the last few.

    The history consists of the fitted rows, and a row uses only rows with a strictly earlier time. Rows of
    a batch that is predicted do not use each other: which rows are predicted together, and whether
    their values are known by then, is not a property of a row. So a row has the same features alone
    and in a batch.

    Parameters
    ----------
    time : str
        Column of dates or numbers that order the rows.
    by : list of str
        Columns that identify groups of rows with a common history; empty = all rows are one series.
    columns : list of str or None
        Numeric columns; None = all.
    lags : list of int
        1 = value of the last earlier row, 2 = of the row before it.
    windows : list of int
        Numbers of earlier rows over which the statistics are computed.
    statistics : list of str
        A selection of `RUNNING`.
    target : bool
        Also use the target of earlier rows (a number, or 1 for the positive of two classes).
    delay : float
        Time (in days for dates) until the values of a row are known. Labels are often known late; a lag
        that uses them earlier leaks the future.
    """

    KEY_SETTINGS = ("by", "time")

    def __init__(
        self,
        time: str | None,
        by: Sequence[str] = (),
        columns: Sequence[str] | None = None,
        lags: Sequence[int] = (1,),
        windows: Sequence[int] = (3,),
        statistics: Sequence[str] = ("mean",),
        target: bool = False,
        delay: float = 0.0,
    ) -> None:
        self.time = time
        self.by = by
        self.columns = columns
        self.lags = lags
        self.windows = windows
        self.statistics = statistics
        self.target = target
        self.delay = delay

    def mistakes(self) -> Iterator[str]:
        """Find a missing time, and numbers that would use later rows."""
        if not self.time:
            yield "time: not set; set it to the column that orders the rows (problem.time)."
        yield from unknown("statistic", self.statistics, RUNNING)
        for setting in ("lags", "windows"):
            if any(not isinstance(n, int) or n < 1 for n in getattr(self, setting)):
                yield f"{setting}: these are counts of earlier rows; set integers of at least 1."
        if self.delay < 0:
            yield "delay: a negative delay would use later rows; set 0 or more."

    def fit(self, X: pd.DataFrame, y: np.ndarray | None = None) -> Lags:
        """Store the history of each group.

        Raises
        ------
        UserError
            A column is not numeric, or the target of earlier rows is missing or not numeric.
        """
        X = as_frame(self, X, reset=True)
        if self.columns is None:
            self.columns_ = [c for c in number_columns(X) if c not in (self.time, *self.by)]
        else:
            self.columns_ = list(self.columns)
        for name in self.columns_:
            if not pd.api.types.is_numeric_dtype(X[name]):
                raise UserError(
                    f"Lags requires numbers, and column '{name}' has none; remove it from columns."
                )
        values = X[self.columns_].astype("float64").reset_index(drop=True)
        if self.target:
            if y is None or (y.dtype.kind in "iu" and y.max() > 1):
                raise UserError(
                    "lags of the target require a numeric or binary target; set target to false."
                )
            values[TARGET] = np.asarray(y, dtype="float64")
        key, moment = keys(X, self.by).reset_index(drop=True), moments(X[self.time])
        order = np.argsort(moment, kind="stable")
        order = order[(key.notna().to_numpy() & ~np.isnan(moment))[order]]
        key, moment, values = key.iloc[order], moment[order], values.iloc[order]
        group = f"_by_{'_'.join(self.by)}" if self.by else ""
        known = {f"rows_before{group}": values.groupby(key.to_numpy()).cumcount() + 1}
        for name in values:
            for lag in self.lags:
                earlier = values[name].groupby(key.to_numpy()).shift(lag - 1)
                known[f"{name}_lag_{lag}{group}"] = earlier
            for window in self.windows:
                for statistic in self.statistics:
                    label = f"{name}_{statistic}_of_last_{window}{group}"
                    known[label] = running(key, values[name], statistic, window)
        self.names_ = [*known, f"{self.time}_since_last{group}"]
        self.memory_ = remember(key, moment, pd.DataFrame(known, index=values.index))
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """Add the columns, the number of earlier rows, and the time since the last of them."""
        check_is_fitted(self)
        X = as_frame(self, X)
        moment = moments(X[self.time])
        known, when = recall(self.memory_, keys(X, self.by), moment - self.delay)
        new = np.column_stack([known, moment - when])
        return pd.concat([X, pd.DataFrame(new, index=X.index, columns=self.names_)], axis=1)
