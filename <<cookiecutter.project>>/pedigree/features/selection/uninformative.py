"""Uninformative columns: constants, copies and identifiers."""

from __future__ import annotations

from typing import Any

import pandas as pd


def uninformative_columns(X: pd.DataFrame, identifier_fraction: float) -> dict[str, str]:
    """Find columns from which a model cannot learn: constants, copies and identifiers.

    Identifiers are strings with a distinct value in (nearly) each row, and integers that count the rows:
    all distinct, in a range of less than three times their number.

    Parameters
    ----------
    X : DataFrame
    identifier_fraction : float
        Fraction of distinct values from which a string column is an identifier.

    Returns
    -------
    dict of str to str
        Column to reason.
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
        elif len(present) >= 20 and _names_rows(present, distinct, identifier_fraction):
            out[name] = f"identifier-like: {distinct} different values in {len(present)} rows"
        seen.setdefault(content, name)
    return out


def _names_rows(present: pd.Series, distinct: int, identifier_fraction: float) -> bool:
    if pd.api.types.is_bool_dtype(present):
        return False
    if not pd.api.types.is_numeric_dtype(present):
        return distinct >= identifier_fraction * len(present)
    whole = bool((present % 1 == 0).all())
    return whole and distinct == len(present) and present.max() - present.min() < 3 * len(present)
