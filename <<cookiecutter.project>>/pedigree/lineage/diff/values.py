"""Values of two versions of a column: which differ, and whether their distributions do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from pedigree.data.target import labels
from pedigree.monitoring.drift import column_drift

if TYPE_CHECKING:
    import pandas as pd

MANY = 1000  # distinct strings; if most rows have a different one, they are names without a distribution


def differ(old: pd.Series, new: pd.Series) -> np.ndarray:
    """Return where two columns of equal length differ; 1 and 1.0 are equal, and so are two missing values."""
    both_missing = (old.isna() & new.isna()).to_numpy()
    if old.dtype.kind in "iu" and new.dtype.kind in "iu":
        return np.asarray(old.to_numpy() != new.to_numpy())
    if _is_number(old) and _is_number(new):
        before, after = (one.to_numpy(float, na_value=np.nan) for one in (old, new))
        return np.asarray((before != after) & ~both_missing)
    if old.dtype != new.dtype:
        old, new = labels(old), labels(new)
    return np.asarray((old != new).fillna(True).to_numpy(dtype=bool) & ~both_missing)


def shifts(
    before: pd.DataFrame,
    after: pd.DataFrame,
    columns: Sequence[str],
    alpha: float,
    min_effect: float,
) -> dict[str, dict[str, Any]]:
    """Compare the distribution of each column, as `monitor` does; dates are left out.

    Parameters
    ----------
    before, after : DataFrame
        The two versions.
    columns : sequence of str
        Columns of both versions.
    alpha, min_effect : float
        Limits of significance and distance; see `monitor.drift`.

    Returns
    -------
    dict of str to dict
        For each compared column: distance, p, shifted.
    """
    import pandas as pd

    old, new = {}, {}
    for name in columns:
        old[name], new[name] = before[name], after[name]
        if _is_number(before[name]) != _is_number(after[name]):
            old[name], new[name] = labels(before[name]), labels(after[name])
        distinct = 0 if _is_number(old[name]) else old[name].nunique()
        if distinct > MANY and distinct > len(before) / 2:
            del old[name], new[name]
    if before.empty or after.empty or not old:
        return {}
    lines = column_drift(pd.DataFrame(old), pd.DataFrame(new), alpha, min_effect)
    return {
        one["column"]: {"distance": one["distance"], "p": one["p"], "shifted": one["drifted"]}
        for one in lines
    }


def json_rows(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Return rows as mappings of values that JSON can store."""
    return [
        {name: json_value(value) for name, value in row.items()}
        for row in rows.to_dict(orient="records")
    ]


def json_value(value: Any) -> Any:
    """Convert a value to one that JSON can store."""
    import pandas as pd

    if pd.isna(value):
        return None
    value = value.item() if hasattr(value, "item") else value
    return value if isinstance(value, bool | int | float) else str(value)


def _is_number(values: pd.Series) -> bool:
    import pandas as pd

    return pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values)
