"""Drift: whether a classifier can distinguish the test set from the training set, and by which columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pedigree.leakage.evidence import SURE, Evidence, Finding

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_CATEGORIES = 200  # maximum categories of a column in the trees' histograms
SHOWN = 3


def drift(evidence: Evidence, limit: float, folds: int, trees: int, max_rows: int) -> list[Finding]:
    """Distinguish test rows from training rows by boosted trees, scored on held-out rows.

    The measure is the area under the ROC curve; it is a finding if the lower end of its one-sided 99 %
    interval is above the limit. Rows of a group stay in one fold, so that trees cannot recognize the
    group. In a split by time the subsets are expected to differ, which is reported but no finding.

    Parameters
    ----------
    evidence : Evidence
    limit : float
    limit : float
        Area under the ROC curve, in [0.5, 1].
    folds : int
        Of cross-validation.
    trees : int
        Of each fit.
    max_rows : int
        Maximum rows of each subset; of more rows a sample is drawn.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.model_selection import StratifiedGroupKFold

    drawn = {s: evidence.draw(len(evidence.rows[s]), max_rows) for s in ("train", "test")}
    whole = pd.concat([evidence.rows[s].iloc[rows] for s, rows in drawn.items()], ignore_index=True)
    rows = pd.concat([evidence.features(s).iloc[r] for s, r in drawn.items()], ignore_index=True)
    is_test = np.repeat([0, 1], [len(one) for one in drawn.values()])
    groups = evidence.groups(whole)
    folds = min(folds, *(len(np.unique(groups[is_test == side])) for side in (0, 1)))
    if rows.empty or folds < 2:
        return [
            Finding("train and test", False, None, limit, "There are too few rows for this check.")
        ]
    X, texts = _numbers(rows)
    tree = HistGradientBoostingClassifier(
        max_iter=trees,
        max_leaf_nodes=8,
        early_stopping=False,
        categorical_features=texts,
        random_state=0,
    )
    probability = np.zeros(len(X))
    cut = StratifiedGroupKFold(folds, shuffle=True, random_state=evidence.settings.seed)
    for train, held_out in cut.split(X, is_test, groups):
        tree.fit(X[train], is_test[train])
        probability[held_out] = tree.predict_proba(X[held_out])[:, 1]
    auc, error = area(is_test, probability, groups)
    differs = auc - SURE * error > limit
    says = f"A classifier distinguishes test rows from training rows with a ROC AUC of {auc:.2f} ± {SURE * error:.2f}"
    if differs:
        says += f", mostly by {', '.join(_strongest(rows, is_test))}"
        says += "; this is expected for a split by time." if evidence.by_time else "."
    else:
        says += "; 0.5 is chance."
    found = bool(differs and not evidence.by_time)
    return [Finding("train and test", found, auc, limit, says)]


def area(truth: np.ndarray, scores: np.ndarray, groups: np.ndarray) -> tuple[float, float]:
    """Compute the area under the ROC curve and its standard error.

    By the rows' placements (DeLong 1988), summed over groups (Obuchowski 1997).

    Parameters
    ----------
    truth : ndarray of 0 and 1, shape (n,)
    scores : ndarray, shape (n,)
    groups : ndarray of int, shape (n,)
        Group of each row, from 0 on; rows of a group are correlated.
    """
    from scipy.stats import rankdata

    hit = truth == 1
    m, n = hit.sum(), (~hit).sum()
    all_ranks, placement = rankdata(scores), np.empty(len(scores))
    placement[hit] = (all_ranks[hit] - rankdata(scores[hit])) / n
    placement[~hit] = 1 - (all_ranks[~hit] - rankdata(scores[~hit])) / m
    auc = placement[hit].mean()
    influence = (placement - auc) / np.where(hit, m, n)
    _, codes = np.unique(groups, return_inverse=True)
    return float(auc), float(np.sqrt((np.bincount(codes, influence) ** 2).sum()))


def _numbers(rows: pd.DataFrame) -> tuple[np.ndarray, list[bool]]:
    """Return columns as numbers, shape (n, p), and which are categories; rare categories are merged into one."""
    columns, texts = [], []
    for name in rows:
        values = rows[name]
        text = values.dtype.kind not in "iufbM" and values.dtype != "boolean"
        if text:
            codes = pd.factorize(values, sort=True)[0]
            rank = np.argsort(np.argsort(-np.bincount(codes[codes >= 0]), kind="stable"))
            numbers = np.where(codes < 0, np.nan, np.minimum(rank[codes], MOST_CATEGORIES))
        elif values.dtype.kind == "M":
            numbers = values.astype("int64").where(values.notna()).to_numpy(dtype=float)
        else:
            numbers = values.astype("float64").to_numpy()
        columns.append(numbers)
        texts.append(text)
    return np.column_stack(columns), texts


def _strongest(rows: pd.DataFrame, is_test: np.ndarray) -> Sequence[str]:
    """Name the columns whose distributions differ most: by the greatest difference of cumulative fractions, or of categories' fractions."""
    from scipy.stats import ks_2samp

    distance = {}
    for name in map(str, rows):
        old, new = rows[name][is_test == 0], rows[name][is_test == 1]
        if old.dtype.kind in "iufM" and old.notna().any() and new.notna().any():
            kind = "int64" if old.dtype.kind == "M" else "float64"
            sides = (one.dropna().astype(kind).to_numpy() for one in (old, new))
            distance[name] = float(ks_2samp(*sides, method="asymp").statistic)
        else:
            shares = [one.value_counts(normalize=True) for one in (old, new)]
            distance[name] = float(shares[0].sub(shares[1], fill_value=0).abs().sum() / 2)
    return sorted(distance, key=lambda name: -distance[name])[:SHOWN]
