"""An example row for the API: typical values, column by column, so that it is the row of nobody."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from pedigree.estimators.signature import ExampleRow
from pedigree.prediction.bundle import Bundle

COMMON = 10  # rows in which a string must occur; a rarer one may identify a person


def make_example(bundle: Bundle, rows: pd.DataFrame) -> ExampleRow | None:
    """Make a row of typical values of the needed columns, and predict it.

    Parameters
    ----------
    bundle : Bundle
    rows : DataFrame
        As loaded, with the types of the contract.

    Returns
    -------
    ExampleRow or None
        None if such a row violates the contract, or its prediction is not finite.
    """
    types = bundle.signature.types
    row = {name: _typical(rows[name], types[name]) for name in bundle.needed}
    typed, broken = bundle.check(pd.DataFrame([row], dtype="object", index=[0]))
    if len(broken):
        return None
    (answer,) = bundle.answer(typed).to_dict("records")
    prediction = {str(name): value for name, value in answer.items()}
    numbers = [value for value in prediction.values() if not isinstance(value, str)]
    return ExampleRow(row=row, prediction=prediction) if all(map(math.isfinite, numbers)) else None


def _typical(values: pd.Series, dtype: str) -> Any:
    """Return the median of numbers and dates, and the most frequent of other values, as in JSON."""
    values = values.dropna()
    if values.empty:
        return None
    if dtype in ("float64", "int64", "datetime64[ns]"):
        middle = values.sort_values(ignore_index=True).iloc[len(values) // 2]
        if dtype == "datetime64[ns]":
            return middle.isoformat().removesuffix("T00:00:00")
        return int(middle) if dtype == "int64" else float(middle)
    counts = values.value_counts().sort_index(kind="stable")
    top = counts.idxmax()
    if dtype == "boolean":
        return bool(top)
    return str(top) if counts.max() >= COMMON else None
