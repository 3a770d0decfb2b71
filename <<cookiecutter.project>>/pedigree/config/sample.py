"""Sample rows that follow a contract, with which `configure` fits the owner's transformers before any data exist."""

from __future__ import annotations

from itertools import cycle, islice
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

ROWS = 24  # enough for folds and quantiles, and fitted in milliseconds


def sample_rows(columns: dict[str, Any]) -> pd.DataFrame:
    """Return rows that have the types, bounds and values that a contract lists for its columns.

    Patterns (`str_matches`) are ignored.

    Parameters
    ----------
    columns : dict of str to dict
        The key `columns` of a contract.

    Returns
    -------
    DataFrame of shape (24, n_columns)
        The last value of a nullable column is missing.
    """
    import pandas as pd

    made = {}
    for name, rules in columns.items():
        rules = rules or {}
        dtype = rules.get("dtype") or "str"
        values = list(islice(cycle(_values(dtype, rules)), ROWS))
        if rules.get("nullable"):
            values[-1] = None
            dtype = "float64" if dtype == "int64" else dtype  # as `load` types them
        made[name] = pd.Series(values, dtype=dtype)
    return pd.DataFrame(made)


def _values(dtype: str, rules: dict[str, Any]) -> list[Any]:
    """List distinct values that a column may have."""
    if isinstance(listed := rules.get("isin"), list) and listed:
        return listed
    if dtype == "datetime64[ns]":
        return [f"2001-0{month}-15" for month in range(1, 9)]
    if dtype == "boolean":
        return [False, True]
    if dtype in ("int64", "float64"):
        low, high = rules.get("ge", rules.get("gt")), rules.get("le", rules.get("lt"))
        low = low if low is not None else (high - ROWS if high is not None else 0)
        high = high if high is not None else low + ROWS
        inner = [low + (high - low) * step / (ROWS + 1) for step in range(1, ROWS + 1)]
        return [round(one) for one in inner] if dtype == "int64" else inner
    return ["a", "b", "c"]
