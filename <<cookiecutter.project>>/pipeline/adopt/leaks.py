"""Columns that give the target away: copies, and those that tell almost everything by themselves."""

from __future__ import annotations

import pandas as pd

from pipeline.core.data.target import labels

# From here on a single column is named. Honest columns stay well below: the best single column of
# titanic (sex) reaches 0.43 of what there is to know, of telco-churn 0.05.
SUSPECT = 0.95
MOST_VALUES = 0.2  # distinct values by row, above which values are taken as numbers or not at all
BINS = 50


def certain_copy(values: pd.Series, answers: pd.Series, task: str) -> bool:
    """Tell whether a column says the same as the target in other words."""
    if task == "regression":
        if values.dtype.kind not in "iuf" or values.nunique() < 10:
            return False
        return abs(values.astype("float64").corr(answers.astype("float64"))) > 1 - 1e-9
    classes = labels(answers)
    pairs = pd.DataFrame({"value": labels(values), "answer": classes}).value_counts()
    return len(pairs) == classes.nunique() == labels(values).nunique()


def gives_away(values: pd.Series, answers: pd.Series, task: str) -> float | None:
    """Measure how much of the target a column tells; None where that is not suspicious.

    Classes: the share of the majority's errors that knowing the column's value saves (Goodman and
    Kruskal's lambda, 1954), each row judged by the others with its value. Numbers are cut into bins
    of equal frequency, but for values that fill one by themselves. Regression: the squared rank
    correlation.
    """
    if task == "regression":
        if values.dtype.kind not in "iuf":
            return None
        correlation = values.astype("float64").corr(answers.astype("float64"), method="spearman")
        return correlation**2 if correlation**2 > SUSPECT else None
    if values.dtype.kind in "iuf" and values.nunique() > BINS:
        values = _binned(values.astype("float64"))
    if values.nunique() > MOST_VALUES * len(values):
        return None
    table = pd.crosstab(labels(values), labels(answers))
    # Left out of its own vote, a row is told right if its class leads without it.
    others = table.sum(axis=1)
    right = table.max(axis=1).where(others > 1, 0).sum()
    majority = table.sum().max()
    rows = len(values)
    if rows == majority:
        return None
    share = (right - majority) / (rows - majority)
    return float(share) if share > SUSPECT else None


def _binned(numbers: pd.Series) -> pd.Series:
    frequent = numbers.map(numbers.value_counts()) >= len(numbers) / BINS
    bins = pd.qcut(numbers.mask(frequent), BINS, duplicates="drop").cat.codes
    return labels(numbers).where(frequent, "bin " + bins.astype("str"))
