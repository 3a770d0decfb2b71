"""Strength of association between columns of any types, on one scale from 0 to 1.

Uncorrected coefficients grow with the number of categories even for independent columns (a column of
names would be associated with every other), so these are corrected for bias.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pandas as pd

MOST_LEVELS = 100  # a string column with more distinct values identifies rows rather than groups


def kind(values: pd.Series) -> str:
    """Classify a column as a "number", a "category", or a "name" of its rows."""
    distinct = values.nunique()
    if values.dtype.kind in "iufM" and distinct > 2:
        return "number"
    return "category" if distinct <= MOST_LEVELS else "name"


def numeric(values: pd.Series) -> pd.Series:
    """Convert numbers to floats, and dates to years."""
    if values.dtype.kind == "M":
        days = (values - pd.Timestamp("1970-01-01")) / pd.Timedelta(days=1)
        return 1970 + days / 365.2425
    return values.astype("float64")


def associations(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Measure the association of each pair of columns on the rows that have both values; the strongest first.

    Returns
    -------
    list of dict
        With the keys column, with, measure, rows and strength (NaN if a column is constant).
    """
    kinds = {name: kind(rows[name]) for name in rows}
    found = []
    for one, other in itertools.combinations([n for n, k in kinds.items() if k != "name"], 2):
        # The number comes first, which leaves three cases.
        first, second = sorted((one, other), key=lambda name: kinds[name] != "number")
        pair = rows[[first, second]].dropna()
        if kinds[first] == "category":
            measure, strength = "Cramér's V", cramers_v(pair[first], pair[second])
        elif kinds[second] == "category":
            measure = "correlation ratio of ranks"
            strength = correlation_ratio(numeric(pair[first]).rank(), pair[second])
        else:
            measure = "Spearman's rank correlation"
            with np.errstate(invalid="ignore"):
                strength = abs(numeric(pair[first]).corr(numeric(pair[second]), method="spearman"))
        found.append(
            {
                "column": one,
                "with": other,
                "measure": measure,
                "rows": len(pair),
                "strength": float(strength),
            }
        )
    return sorted(found, key=lambda line: -np.nan_to_num(line["strength"], nan=-1.0))


def cramers_v(one: pd.Series, other: pd.Series) -> float:
    """Compute Cramér's V of two categorical columns, corrected for bias.

    Source: Bergsma, A bias-correction for Cramér's V and Tschuprow's T, 2013.
    """
    from scipy.stats import chi2_contingency

    table = pd.crosstab(one.astype("str"), other.astype("str")).to_numpy()
    n = table.sum()
    if n < 2 or min(table.shape) < 2:
        return float("nan")
    lines, columns = table.shape
    phi2 = chi2_contingency(table, correction=False).statistic / n
    phi2 = max(0.0, phi2 - (lines - 1) * (columns - 1) / (n - 1))
    left = min(k - (k - 1) ** 2 / (n - 1) for k in table.shape) - 1
    return float(np.sqrt(min(1.0, phi2 / left))) if left > 0 else float("nan")


def correlation_ratio(numbers: pd.Series, groups: pd.Series) -> float:
    """Compute the correlation ratio of a number by groups: the square root of the explained variance.

    The variance within groups is divided by its degrees of freedom, so that many small groups
    do not explain variance by their number alone (Kelley's epsilon squared, 1935).
    """
    by_group = numbers.groupby(groups.astype("str"))
    n, k = len(numbers), by_group.ngroups
    total = float(((numbers - numbers.mean()) ** 2).sum()) if n else 0.0
    if k < 2 or n <= k or total == 0:
        return float("nan")
    within = float(((numbers - by_group.transform("mean")) ** 2).sum())
    return float(np.sqrt(max(0.0, 1 - (within / (n - k)) / (total / (n - 1)))))
