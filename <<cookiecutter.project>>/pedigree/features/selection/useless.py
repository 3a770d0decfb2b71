"""Columns that can teach a model nothing."""

from __future__ import annotations

from typing import Any

import pandas as pd


def useless(X: pd.DataFrame, identifier_share: float) -> dict[str, str]:
    """Name the columns that can teach a model nothing, each with the reason.

    Constant columns, copies of an earlier column, texts with (nearly) a value for each row, and
    whole numbers that count the rows: all distinct and packed in a range of less than three times
    their number.
    """
    out: dict[str, str] = {}
    seen: dict[tuple[Any, ...], str] = {}
    for name in map(str, X):
        values = X[name]
        present = values.dropna()
        distinct = present.nunique()
        content = tuple(pd.util.hash_pandas_object(values.astype("str"), index=False))
        if distinct == 0:
            out[name] = "no value in any row"
        elif distinct == 1 and not values.isna().any():
            out[name] = f"constant: always {present.tolist()[0]!r}"
        elif content in seen:
            out[name] = f"a copy of {seen[content]}"
        elif len(present) >= 20 and _names_rows(present, distinct, identifier_share):
            out[name] = f"identifier-like: {distinct} different values in {len(present)} rows"
        seen.setdefault(content, name)
    return out


def _names_rows(present: pd.Series, distinct: int, identifier_share: float) -> bool:
    if pd.api.types.is_bool_dtype(present):
        return False
    if not pd.api.types.is_numeric_dtype(present):
        return distinct >= identifier_share * len(present)
    whole = bool((present % 1 == 0).all())
    return whole and distinct == len(present) and present.max() - present.min() < 3 * len(present)
