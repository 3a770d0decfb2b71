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

RUNNING = ("mean", "median", "min", "max", "std", "sum")  # what pandas computes over a window
TARGET = "target"  # the name of the answers among the columns
Memory = dict[str, np.ndarray]


def keys(X: pd.DataFrame, by: Sequence[str]) -> pd.Series:
    """Write the columns that name a row's group as one text; missing where one of them is."""
    if not by:
        return pd.Series("", index=X.index, dtype="str")
    return row_key(X, by).where(X[list(by)].notna().all(axis=1))


def moments(values: pd.Series) -> np.ndarray:
    """Return points in time as float64 of shape (n,): days since 1970 of dates, numbers as they are.

    Rounding keeps the order; dates a fraction of a microsecond apart may become equal, which is the
    safe side, as equal moments do not see each other.

    Raises
    ------
    UserError
        The column holds neither dates nor numbers.
    """
    if values.dtype.kind == "M":
        values = (values - pd.Timestamp("1970-01-01")) / pd.Timedelta(days=1)
    if not pd.api.types.is_numeric_dtype(values):
        raise UserError(f"'{values.name}' tells no time: it holds neither dates nor numbers.")
    return np.asarray(values.to_numpy("float64", na_value=np.nan))


def remember(key: pd.Series, moment: np.ndarray, known: pd.DataFrame) -> Memory:
    """Store what is known after each event, as plain arrays.

    Parameters
    ----------
    key, moment : Series and ndarray of shape (n,)
        Each event's group and time, none missing, in ascending order of time.
    known : DataFrame of shape (n, p)
        Numbers that are known once the event has happened.
    """
    codes, names = pd.factorize(key, sort=True)
    return {
        "keys": np.asarray(names, dtype="str"),
        "codes": codes.astype("int64"),
        "moments": moment,
        "known": known.to_numpy("float64"),
    }


def recall(memory: Memory, key: pd.Series, moment: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Look up what was known strictly before each row's moment.

    Returns
    -------
    known : ndarray of shape (n, p)
        Of the last earlier event of the row's group; NaN where there is none.
    when : ndarray of shape (n,)
        That event's moment.
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
    event = np.full(len(key), -1)  # the last of the arrays below, which is nothing
    event[found["index"]] = found["event"].fillna(-1).astype("int64")
    nothing = np.full((1, memory["known"].shape[1]), np.nan)
    return (
        np.vstack([memory["known"], nothing])[event],
        np.append(memory["moments"], np.nan)[event],
    )


def running(key: pd.Series, values: pd.Series, statistic: str, window: int | None) -> pd.Series:
    """Compute a statistic of each group's last `window` values (None = all), the row's own included."""
    groups = values.groupby(key.to_numpy())
    rows = groups.rolling(window, min_periods=1) if window else groups.expanding(min_periods=1)
    return getattr(rows, statistic)().droplevel(0).reindex(values.index)


class Lags(ColumnStep):
    """Add earlier values of a row's group, and statistics of the last few.

    The history is that of the fitted rows, and a row sees what is strictly earlier than itself:
    neither itself, nor another of the same moment, nor a later one. The rows of a batch that is to be
    predicted do not see each other either, since which of them come together, and whether their
    values are known by then, is not a property of a row. So a row alone gets the features that it gets
    among others.

    Parameters
    ----------
    time : str
        Column of dates, or of numbers that order the rows.
    by : list of str
        Columns whose rows have a history together; none = all rows are one series.
    columns : list of str or None
        Numbers; None = all.
    lags : list of int
        1 = the last earlier row's value, 2 = that of the one before it.
    windows : list of int
        Numbers of earlier rows that are summed up by the statistics.
    statistics : list of str
        Of `RUNNING`.
    target : bool
        Also of the earlier rows' answers (a number, or 1 for the positive of two classes).
    delay : float
        Time (days where it is a date) until a row is known. Answers often come late: a lag of what
        nobody knew yet is a leak.
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
        """Find what orders no rows, and numbers that would look ahead."""
        if not self.time:
            yield "time: name the column that orders the rows (problem.time)."
        yield from unknown("statistic", self.statistics, RUNNING)
        for setting in ("lags", "windows"):
            if any(not isinstance(n, int) or n < 1 for n in getattr(self, setting)):
                yield f"{setting}: count earlier rows, so they are whole numbers from 1 on."
        if self.delay < 0:
            yield "delay: is 0 or more; less would look ahead."

    def fit(self, X: pd.DataFrame, y: np.ndarray | None = None) -> Lags:
        """Remember the history of each group.

        Raises
        ------
        UserError
            A column holds no numbers, or the answers of earlier rows are not there or no numbers.
        """
        X = as_frame(self, X, reset=True)
        if self.columns is None:
            self.columns_ = [c for c in number_columns(X) if c not in (self.time, *self.by)]
        else:
            self.columns_ = list(self.columns)
        for name in self.columns_:
            if not pd.api.types.is_numeric_dtype(X[name]):
                raise UserError(f"Lags takes numbers, and '{name}' holds none.")
        values = X[self.columns_].astype("float64").reset_index(drop=True)
        if self.target:
            if y is None or (y.dtype.kind in "iu" and y.max() > 1):
                raise UserError(
                    "Lags of the target need answers that are numbers or one of two classes."
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
        """Add the columns; the number of earlier rows and the time since the last come with them."""
        check_is_fitted(self)
        X = as_frame(self, X)
        moment = moments(X[self.time])
        known, when = recall(self.memory_, keys(X, self.by), moment - self.delay)
        new = np.column_stack([known, moment - when])
        return pd.concat([X, pd.DataFrame(new, index=X.index, columns=self.names_)], axis=1)
