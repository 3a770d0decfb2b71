"""Groups and categories shared by the subsets of a split, and their order in time."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pedigree.leakage.evidence import Evidence, Finding, at_most, lower_bound

if TYPE_CHECKING:
    from collections.abc import Iterator

FEW = 10  # a column of at most so many values is a category and does not name groups


def groups(
    evidence: Evidence,
    limit: float,
    min_correlation: float,
    significance: float,
    permutations: int,
    max_rows: int,
    identifiers: str,
) -> list[Finding]:
    """Find groups in several subsets: those of `problem.group`, or those that a column seems to name.

    A column seems to name groups if its name matches `identifiers`, its values repeat, and the target of
    training and validation rows with the same value is correlated, by the intraclass correlation (Fisher
    1925) and a permutation test. It is a leak if a model can recognize a group: by the column itself, or
    because the features are correlated too. In a split by time it is no leak, since groups will also
    return in use.

    Parameters
    ----------
    evidence : Evidence
    limit : float
        Fraction of the validation and test rows with a group of the training set, in [0, 1].
    min_correlation : float
        Minimum intraclass correlation of the target, or of the features.
    significance : float
        Significance of the permutation test.
    permutations : int
        Of the permutation test.
    max_rows : int
        Maximum rows; of more rows a sample is drawn.
    identifiers : str
        Regular expression for the names of columns that may name groups.
    """
    named = list(evidence.settings.problem.group or ())
    if named:
        shared, n = _shared(evidence, named)
        says = f"{shared:.0%} of {n} validation and test rows belong to a group (problem.group) of a training row."
        return [Finding(" and ".join(named), shared > 0, shared, 0, says)]
    sides = ("train", "validation")  # the target of the test set is not used
    rows = pd.concat([evidence.rows[side] for side in sides], ignore_index=True)
    features = pd.concat([evidence.features(side) for side in sides], ignore_index=True)
    findings = []
    for name, values in rows.items():
        if not re.search(identifiers, str(name)) or not FEW < values.nunique() < values.count():
            continue
        shared, n = _shared(evidence, [str(name)])
        known = evidence.draw(len(values), max_rows)
        known = known[values.notna().to_numpy()[known]]
        codes = pd.factorize(values.iloc[known])[0]
        answers = _standard(rows[[evidence.settings.problem.target]].iloc[known])
        others = features.iloc[known].drop(columns=name, errors="ignore")

        rho, p = _intraclass(codes, answers, permutations, evidence.settings.seed)
        alike_answers = rho > min_correlation and p <= significance
        known_again = name in features
        if alike_answers and not known_again:
            again, p = _intraclass(codes, _standard(others), permutations, evidence.settings.seed)
            # Of many columns, only some may be correlated.
            known_again = again > min_correlation and p <= 5 * significance
        matters = alike_answers and known_again and not evidence.by_time
        found = matters and lower_bound(shared * n, n) > limit
        says = (
            f"{shared:.0%} of {n} validation and test rows share their {name} with a training row; the target's correlation "
            f"within a {name} is {rho:.2f}"
        )
        says += ", so a model can recognize them." if found else "."
        findings.append(Finding(str(name), found, shared, limit, says))
    none = Finding("", False, None, limit, "No column seems to identify groups of rows.")
    return [one for one in findings if one.found] or findings[:1] or [none]


def _shared(evidence: Evidence, names: list[str]) -> tuple[float, int]:
    """Return the fraction of validation and test rows with a group of the training set, and the number of these rows."""
    parts = [evidence.rows[side][names] for side in ("train", "validation", "test")]
    key = (
        pd.concat(parts, ignore_index=True)
        .groupby(names, dropna=len(names) > 1, sort=True)
        .ngroup()
    )
    train, others = key[: len(parts[0])], key[len(parts[0]) :]
    return float((others.isin(train) & (others >= 0)).mean()), len(others)


def _standard(rows: pd.DataFrame) -> np.ndarray:
    """Return columns as standardized numbers, shape (n, k); strings as indicators of their most frequent values."""
    columns = []
    for name in rows:
        values = rows[name]
        if values.dtype.kind in "iuf":
            columns.append(values.to_numpy(dtype=float))
        elif values.dtype.kind != "M":
            common = values.value_counts().index[:FEW]
            columns += [(values == one).fillna(False).to_numpy(dtype=float) for one in common]
    table = np.column_stack([np.zeros(len(rows)), *columns])
    table = np.nan_to_num(table - np.nanmean(table, axis=0))
    return np.asarray(table / np.where(table.std(axis=0) > 0, table.std(axis=0), 1))


def _intraclass(
    codes: np.ndarray, values: np.ndarray, permutations: int, seed: int
) -> tuple[float, float]:
    """Estimate the intraclass correlation (one-way, of groups of unequal size) and its p value."""
    counts = np.bincount(codes)
    n, g = len(codes), len(counts)
    size = (n - (counts**2).sum() / n) / (g - 1)
    total = (values**2).sum()

    def between(order: np.ndarray) -> float:
        sums = [np.bincount(codes, column[order]) for column in values.T]
        return float(sum((one**2 / counts).sum() for one in sums))

    random, real = np.random.default_rng(seed), between(np.arange(n))
    if n <= g or total == 0:
        return 0.0, 1.0
    reached = sum(between(random.permutation(n)) >= real for _ in range(permutations))
    mean_between, mean_within = real / (g - 1), (total - real) / (n - g)
    rho = (mean_between - mean_within) / (mean_between + (size - 1) * mean_within)
    return float(rho), (reached + 1) / (permutations + 1)


def time(evidence: Evidence, limit: float, min_ordered: float) -> list[Finding]:
    """Find training rows that are later than the rows that they predict.

    Only a split by time is checked, and a split by a column if its subsets are almost in the order of
    time, which was then intended.

    Parameters
    ----------
    evidence : Evidence
    limit : float
        Fraction of the earlier subset's rows that may be as late as a row of the later subset.
    min_ordered : float
        Minimum fraction of pairs of a training and a test row in order, in a split by a column.
    """
    name, method = evidence.settings.problem.time, evidence.settings.split.name
    if name is None or method not in ("time", "column"):
        return [Finding(name or "", False, None, limit, "The split is not by time.")]
    when = {side: rows[name].dropna() for side, rows in evidence.rows.items()}
    if method == "column" and _in_order(when["train"], when["test"]) < min_ordered:
        return [Finding(name, False, None, limit, "The subsets are not in the order of time.")]
    findings = []
    for early, late in (("train", "validation"), ("train", "test"), ("validation", "test")):
        share = float((when[early] >= when[late].min()).mean()) if len(when[early]) else 0.0
        says = (
            f"{share:.1%} of the {early} rows are not earlier than the first {late} row by {name}."
        )
        findings.append(Finding(f"{early} before {late}", share > limit, share, limit, says))
    return [one for one in findings if one.found] or findings[:1]


def _in_order(early: pd.Series, late: pd.Series) -> float:
    """Return the fraction of pairs whose first is earlier than, or as early as, the second."""
    values = np.sort(early.to_numpy())
    return float(
        np.searchsorted(values, late.to_numpy(), side="right").mean() / max(len(values), 1)
    )


def categories(evidence: Evidence, limit: float) -> list[Finding]:
    """Find columns with categories of validation or test rows that no training row has.

    Some categories are new in any split: their expected fraction is that of the training rows whose
    category no other row (or group) has (Good 1953, doi:10.1093/biomet/40.3-4.237).

    Parameters
    ----------
    evidence : Evidence
    limit : float
        Fraction of a subset's rows with a new category, beyond the expected fraction.
    """
    train = evidence.features("train")
    belongs = evidence.groups(evidence.rows["train"])
    findings = []
    for name, side in _texts(evidence):
        old, new = train[name], evidence.features(side)[name]
        codes, known = pd.factorize(old)
        pairs = np.unique(codes[codes >= 0] * len(old) + belongs[codes >= 0])  # value and group
        once = np.bincount(pairs // len(old), minlength=len(known)) == 1
        alone = int(once[codes[codes >= 0]].sum())
        unseen = new.notna() & ~new.isin(known)
        hits, n = int(unseen.sum()), len(new)
        excess = lower_bound(hits, n) - at_most(alone, len(old))
        found = bool(excess > limit and not evidence.by_time)
        shown = ", ".join(sorted(set(map(str, new[unseen])))[:3])
        says = f"{hits} of {n} {side} rows have a {name} that no training row has" + (
            f" ({shown}); {alone / len(old):.1%} are expected." if hits else "."
        )
        if excess > limit and evidence.by_time:
            says += " For a split by time this is drift."
        findings.append(Finding(f"{name}, {side}", found, hits / n, limit, says))
    alarms = [one for one in findings if one.found]
    none = Finding("", False, 0.0, limit, "There are no categorical columns.")
    return alarms or [max(findings, key=lambda one: one.measured or 0, default=none)]


def _texts(evidence: Evidence) -> Iterator[tuple[str, str]]:
    for name, values in evidence.features("train").items():
        if values.dtype.kind not in "iufM":
            for side in ("validation", "test"):
                yield str(name), side
