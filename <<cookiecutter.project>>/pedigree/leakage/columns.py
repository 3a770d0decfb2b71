"""Single columns that predict the target too well, or although they are identifiers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pedigree.data.target import labels
from pedigree.leakage.evidence import SURE, Evidence, Finding, names_rows

if TYPE_CHECKING:
    from collections.abc import Iterator


def single_columns(
    evidence: Evidence, limit: float, folds: int, leaves: int, max_rows: int
) -> list[Finding]:
    """Find columns that predict the target almost perfectly by themselves.

    The measure is the fraction of the error of a constant prediction (wrong classes, or squares) that the
    column alone removes on held-out training rows: by a small tree, or for a column of strings by the
    other rows with the same value. It is a finding if the lower end of its one-sided 99 % interval is
    above the limit.

    Parameters
    ----------
    evidence : Evidence
    limit : float
        Fraction of the error, in [0, 1].
    folds : int
        Of cross-validation.
    leaves : int
        Maximum leaves of the tree, at least two per class.
    max_rows : int
        Maximum training rows; of more rows a sample is drawn.
    """
    kept = evidence.draw(len(evidence.y), max_rows)
    y, n_classes = evidence.y[kept], len(evidence.classes)
    leaves = max(leaves, 2 * n_classes)
    columns = {name: values.iloc[kept] for name, values in _columns(evidence)}
    # On the rows it was fitted on a tree is at least as good, so only few columns need cross-validation.
    seen = {
        name: _error_reduction(_predict_by_column(values, y, n_classes, 0, leaves), y, n_classes)[0]
        for name, values in columns.items()
    }
    promising = [name for name in seen if seen[name] >= limit] or [max(seen, key=seen.__getitem__)]
    findings = []
    for name in promising:
        explained, low = _error_reduction(
            _predict_by_column(columns[name], y, n_classes, folds, leaves), y, n_classes
        )
        says = f"{name} alone removes {explained:.1%} of the error of a constant prediction (lower end of its interval: {max(low, 0):.1%})."
        findings.append(Finding(name, low > limit, explained, limit, says))
    return [one for one in findings if one.found] or [
        max(findings, key=lambda one: one.measured or 0)
    ]


def identifiers(
    evidence: Evidence, limit: float, significance: float, max_rows: int, identifiers: str
) -> list[Finding]:
    """Find columns that name or count the rows, and whose order is correlated with the target.

    The measure is the fraction of the variance of the target's ranks that the column's order explains: the
    squared rank correlation (Spearman 1904), or epsilon squared of Kruskal and Wallis (1952) for classes.

    Parameters
    ----------
    evidence : Evidence
    limit : float
        Fraction of the variance, in [0, 1].
    significance : float
        Level of the test of the correlation.
    max_rows : int
        Maximum training rows; of more rows a sample is drawn.
    identifiers : str
        Regular expression for the names of integer columns that identify rows.
    """
    from scipy.stats import kruskal, spearmanr

    kept = evidence.draw(len(evidence.y), max_rows)
    findings = []
    for name, whole in evidence.features("train").items():
        if not names_rows(whole, str(name), identifiers):
            continue
        values = whole.iloc[kept]
        known = values.notna().to_numpy()
        order, y = _order(values[known]), evidence.y[kept][known]
        if evidence.classes:
            statistic, p = kruskal(*(order[y == code] for code in np.unique(y)))
            explained = statistic / (len(y) - 1)
        else:
            r, p = spearmanr(order, y)
            explained = r**2
        found = bool(explained > limit and p < significance)
        says = f"{name} identifies rows, and its order explains {explained:.1%} of the variance of the target's ranks."
        findings.append(Finding(str(name), found, float(explained), limit, says))
    alarms = [one for one in findings if one.found]
    none = Finding("", False, None, limit, "No feature identifies or numbers the rows.")
    return alarms or [max(findings, key=lambda one: one.measured or 0, default=none)]


def _columns(evidence: Evidence) -> Iterator[tuple[str, pd.Series]]:
    """Yield the columns that a model may see, and the features that were made of them."""
    raw, made = evidence.features("train"), evidence.made
    yield from ((str(name), raw[name]) for name in raw)
    yield from ((str(name), made[name]) for name in made if name not in raw)


def _error_reduction(guess: np.ndarray, y: np.ndarray, n_classes: int) -> tuple[float, float]:
    """Return which fraction of a constant prediction's error a column removes, and the lower end of its interval."""
    if n_classes:
        error, base = ((one != y).astype(float) for one in (guess, np.bincount(y).argmax()))
    else:
        error, base = ((one - y) ** 2 for one in (guess, y.mean()))
    if base.sum() == 0:
        return 0.0, 0.0
    left = error.sum() / base.sum()
    spread = np.sqrt(((error - left * base) ** 2).sum()) / base.sum()  # of a ratio of sums
    return float(max(1 - left, 0)), float(1 - left - SURE * spread)


def _predict_by_column(
    values: pd.Series, y: np.ndarray, n_classes: int, folds: int, leaves: int
) -> np.ndarray:
    """Predict each row by a column: by a tree fitted on other rows, or without folds on all rows."""
    from sklearn.model_selection import KFold, cross_val_predict
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    if values.dtype.kind not in "iufbM" and values.dtype != "boolean":
        return _predict_by_value(values, y, n_classes)
    x = values.astype("int64").where(values.notna()) if values.dtype.kind == "M" else values
    x = x.astype("float64").to_numpy()[:, None]
    kind = DecisionTreeClassifier if n_classes else DecisionTreeRegressor
    tree = kind(max_leaf_nodes=leaves, random_state=0)
    if not folds:
        return np.asarray(tree.fit(x, y).predict(x))
    return np.asarray(cross_val_predict(tree, x, y, cv=KFold(folds, shuffle=True, random_state=0)))


def _predict_by_value(values: pd.Series, y: np.ndarray, n_classes: int) -> np.ndarray:
    """Predict each row by the others with its value, or by the constant prediction if its value is unique."""
    codes = pd.factorize(values, use_na_sentinel=False)[0]
    counts = np.bincount(codes)[codes]
    if not n_classes:
        others = np.bincount(codes, y)[codes] - y
        return np.asarray(np.where(counts > 1, others / np.maximum(counts - 1, 1), y.mean()))
    table = np.zeros((codes.max() + 1, n_classes))
    np.add.at(table, (codes, y), 1)
    votes = table[codes] + np.bincount(y, minlength=n_classes) / len(y) / 2  # breaks ties
    votes[np.arange(len(y)), y] -= 1
    return np.asarray(votes.argmax(axis=1))


def _order(values: pd.Series) -> np.ndarray:
    """Return numbers in the order of the values; strings that end in a number (A17) are sorted by it, others by letters."""
    if values.dtype.kind in "iuf":
        return np.asarray(values.to_numpy())
    texts = labels(values)
    numbers = texts.str.extract(r"(\d+)\D*$")[0].str[-15:].astype("float64")
    return np.asarray(numbers if numbers.notna().all() else pd.factorize(texts, sort=True)[0])
