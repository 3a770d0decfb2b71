"""Drift: the distribution of each column in a batch, compared with the training rows."""

from __future__ import annotations

from typing import Any

import pandas as pd


def column_drift(
    train: pd.DataFrame, batch: pd.DataFrame, alpha: float, min_effect: float
) -> list[dict[str, Any]]:
    """Compare the distribution of each column in a batch with that in the training rows.

    Numbers: two-sample Kolmogorov-Smirnov test, and its distance D. Strings: chi-squared test of the
    counts, and total variation distance of the fractions. For a column that has values in only one of both, missing
    values are compared in the same way. p values are corrected by Holm's method (1979). Dates are left out, since
    later dates are expected.

    Parameters
    ----------
    train, batch : DataFrame
        Cleaned rows with the same columns.
    alpha : float
        Significance after correction.
    min_effect : float
        Distance, in [0, 1], below which a significant difference does not matter.

    Returns
    -------
    list of dict
        column, kind, distance, p, drifted; the greatest distance first.
    """
    from scipy.stats import chi2_contingency, ks_2samp

    lines: list[dict[str, Any]] = []
    for name in map(str, train):
        old, new = train[name], batch[name]
        gaps = old.isna().all(), new.isna().all()
        if old.dtype.kind == "M" or all(gaps) or batch.empty:
            continue
        if any(gaps):
            kind, old, new = "gaps", old.isna(), new.isna()
        elif pd.api.types.is_numeric_dtype(old) and not pd.api.types.is_bool_dtype(old):
            kind = "number"
            test = ks_2samp(old.dropna().to_numpy(float), new.dropna().to_numpy(float))
            distance, p = float(test.statistic), float(test.pvalue)
        else:
            kind = "text"
        if kind != "number":
            sides = {"old": old, "new": new}
            texts = {s: v.astype("str").where(v.notna(), "(missing)") for s, v in sides.items()}
            counts = pd.DataFrame({s: v.value_counts() for s, v in texts.items()})
            counts = counts.fillna(0).sort_index()
            shares = counts / counts.sum()
            distance = float((shares.old - shares.new).abs().sum() / 2)
            p = float(chi2_contingency(counts).pvalue) if len(counts) > 1 else 1.0
        lines.append({"column": name, "kind": kind, "distance": distance, "p": p})
    worst = 0.0
    for rank, line in enumerate(sorted(lines, key=lambda one: one["p"])):
        worst = max(worst, min(1.0, (len(lines) - rank) * line["p"]))
        line["p"] = worst
        line["drifted"] = worst < alpha and line["distance"] >= min_effect
    return sorted(lines, key=lambda one: -one["distance"])
