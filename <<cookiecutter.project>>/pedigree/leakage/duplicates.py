"""Rows that are in two subsets: identical, nearly identical, or more similar than expected by chance."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pedigree.data.target import labels
from pedigree.leakage.evidence import Evidence, Finding, lower_bound, names_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_COLUMNS = (
    30  # of the model of chance; fewer columns make duplicates more probable, so findings rarer
)
MAX_TWINS = 200  # duplicates that are judged, drawn at random
MIN_NUMBERS = 4  # minimum columns for distances; in fewer, many distances are zero or rounded
NEIGHBOURS = 10


def duplicates(
    evidence: Evidence,
    limit: float,
    significance: float,
    digits: int | None,
    max_rows: int,
    identifiers: str,
) -> list[Finding]:
    """Find rows of the validation and test set with the same features as a training row.

    With few and coarse columns, rows of different things are equal by chance. So a duplicate counts only
    if it is improbable: if fewer than `significance` training rows are expected to equal it. The
    expectation comes from a tree of the columns, in which each depends on one other (Chow and Liu 1968),
    fitted on the rows that are not equal to it.

    Parameters
    ----------
    evidence : Evidence
    limit : float
        Fraction of a subset's rows, in [0, 1].
    significance : float
        Expected number of equal training rows below which a duplicate counts.
    digits : int or None
        Compare numbers rounded to so many significant digits, and strings without case, spaces and
        punctuation; exact duplicates are left to the check without `digits`.
    max_rows : int
        Maximum training rows of the model of chance.
    identifiers : str
        Regular expression for the names of integer columns that identify rows, which are not compared.
    """
    sides = ["train", "validation", "test"]
    rows = pd.concat([evidence.features(side) for side in sides], ignore_index=True)
    rows = rows[[name for name in rows if not names_rows(rows[name], str(name), identifiers)]]
    side = np.repeat(sides, [len(evidence.rows[one]) for one in sides])
    codes, exact = _codes(rows, digits), _codes(rows, None)
    key = _key(codes)
    twin = np.isin(key, key[side == "train"])
    if digits is not None:
        known = _key(exact)
        twin &= ~np.isin(known, known[side == "train"])
    codes = codes[:, np.argsort(-codes.max(axis=0, initial=0), kind="stable")[:MAX_COLUMNS]]
    train = codes[side == "train"]
    seen = train[evidence.draw(len(train), max_rows)]
    tree = _tree(seen) if twin[side != "train"].any() else []
    findings = []
    for one in sides[1:]:
        n, twins = int((side == one).sum()), codes[twin & (side == one)]
        judged = twins[evidence.draw(len(twins), MAX_TWINS)]
        rare = [
            _expected(row, seen, tree) * len(train) / len(seen) < significance for row in judged
        ]
        odd = sum(rare) * len(twins) / max(len(judged), 1)
        like = "the same features as" if digits is None else "nearly the same features as"
        says = f"{len(twins)} of {n} {one} rows have {like} a training row; " + (
            f"for {odd:.0f} of them this is not chance." if twins.size else "none is expected."
        )
        findings.append(
            Finding(f"{one} in train", lower_bound(odd, n) > limit, odd / n, limit, says)
        )
    return _alarms(findings)


def neighbours(
    evidence: Evidence, limit: float, significance: float, max_rows: int, max_training_rows: int
) -> list[Finding]:
    """Find rows whose nearest training row is nearer than expected by chance, without being equal.

    In d dimensions the distances to the first and the k-th neighbour are distributed as
    ``(r1 / rk)^d ~ Beta(1, k - 1)``, whatever the density (the ratios of Facco et al. 2017,
    doi:10.1038/s41598-017-11873-y). d is estimated from the training rows' own ratios. Only numeric columns are used.

    Parameters
    ----------
    evidence : Evidence
    limit : float
        Fraction of a subset's rows, in [0, 1].
    significance : float
        Probability of a distance below which it counts.
    max_rows : int
        Maximum rows of the validation and test set each; of more rows a sample is drawn.
    max_training_rows : int
        Maximum training rows.
    """
    train = evidence.features("train")
    names = [n for n in train if train[n].dtype.kind in "iuf" and train[n].nunique() > NEIGHBOURS]
    if len(names) < MIN_NUMBERS or len(train) <= 3 * NEIGHBOURS:
        return [
            Finding(
                "", False, None, limit, "There are too few numeric columns to measure distances."
            )
        ]
    middle, width = train[names].median(), train[names].std().replace(0, 1)

    def scaled(side: str, most: int) -> np.ndarray:
        rows = evidence.features(side)[names]
        rows = rows.iloc[evidence.draw(len(rows), most)]
        return np.asarray((rows.fillna(middle) - middle) / width, dtype=float)

    cloud = np.unique(scaled("train", max_training_rows), axis=0)
    own = _distances(cloud[evidence.draw(len(cloud), max_rows)], cloud)
    half = np.median(own[:, NEIGHBOURS // 2] / own[:, NEIGHBOURS])
    dimensions = np.clip(np.log(0.5) / np.log(min(half, 1 - 1e-9)), 1, len(names))
    findings = []
    for side in ("validation", "test"):
        found = _distances(scaled(side, max_rows), cloud)
        near = found[:, 0] / np.maximum(found[:, NEIGHBOURS - 1], 1e-300)
        odds = 1 - (1 - near**dimensions) ** (NEIGHBOURS - 1)
        hits, n = int(((odds < significance) & (found[:, 0] > 0)).sum()), len(found)
        says = (
            f"{hits} of {n} {side} rows are much nearer to one training row than to all others; by chance, 1 of "
            f"{1 / significance:,.0f} rows is."
        )
        findings.append(
            Finding(f"{side} in train", lower_bound(hits, n) > limit, hits / n, limit, says)
        )
    return _alarms(findings)


def _alarms(findings: list[Finding]) -> list[Finding]:
    """Return the findings that are leaks, or otherwise the one with the greatest measure."""
    worst = max(findings, key=lambda one: one.measured or 0)
    return [one for one in findings if one.found] or [worst]


def _codes(rows: pd.DataFrame, digits: int | None) -> np.ndarray:
    """Return the values of each column as numbers from 0, shape (n, p)."""
    return np.column_stack([np.zeros(len(rows), int)] + [_coded(rows[n], digits) for n in rows])


def _coded(values: pd.Series, digits: int | None) -> np.ndarray:
    if digits is not None and values.dtype.kind in "iuf":
        numbers = values.to_numpy(dtype=float)
        size = np.where((numbers != 0) & np.isfinite(numbers), np.abs(numbers), 1.0)
        unit = 10.0 ** (np.floor(np.log10(size)) - digits + 1)
        values = pd.Series(np.round(numbers / unit) * unit).round(12)
    elif digits is not None and values.dtype.kind == "M":
        values = values.dt.floor("D")
    elif digits is not None:
        values = labels(values).str.casefold().str.replace(r"[\W_]+", "", regex=True)
    return np.asarray(pd.factorize(values)[0])


def _key(codes: np.ndarray) -> np.ndarray:
    return np.asarray(pd.util.hash_pandas_object(pd.DataFrame(codes), index=False))


def _tree(codes: np.ndarray) -> list[int]:
    """Return each column's parent in the tree of greatest mutual information; the first has itself.

    The bias of the information is subtracted (Miller 1955); otherwise columns of many values would seem
    to depend on one another.
    """
    n, p = codes.shape
    width = codes.max(axis=0) + 2

    def entropy(values: np.ndarray) -> float:
        counts = np.unique(values, return_counts=True)[1]
        return float(-(counts / n * np.log(counts / n)).sum() + (len(counts) - 1) / (2 * n))

    alone = [entropy(codes[:, j]) for j in range(p)]
    best, parent = np.full(p, -np.inf), [0] * p
    waiting, newest = set(range(1, p)), 0
    while waiting:
        for j in sorted(waiting):
            shared = alone[newest] + alone[j] - entropy(codes[:, newest] * width[j] + codes[:, j])
            if shared > best[j]:
                best[j], parent[j] = shared, newest
        newest = max(sorted(waiting), key=lambda j: best[j])
        waiting.remove(newest)
    return parent


def _expected(row: np.ndarray, seen: np.ndarray, parent: Sequence[int]) -> float:
    """Return how many of the rows seen are expected to equal a row, estimated from those that do not."""
    agree = seen == row
    agree = agree[~agree.all(axis=1)]
    if not len(agree):
        return float(len(seen))  # all are equal
    alone, both = agree.mean(axis=0), (agree & agree[:, parent]).sum(axis=0)
    given = (both + alone) / (
        agree.sum(axis=0)[list(parent)] + 1
    )  # smoothed with one row of the marginal distribution
    given[0] = alone[0]
    return float(len(seen) * given.prod())


def _distances(rows: np.ndarray, cloud: np.ndarray) -> np.ndarray:
    """Return each row's distances to its nearest points of a cloud, in order, shape (n, k + 1)."""
    k = NEIGHBOURS + 1
    lengths, out = (cloud**2).sum(axis=1), []
    for start in range(0, len(rows), 100):
        part = rows[start : start + 100]
        rough = lengths - 2 * part @ cloud.T  # without the constant term of each row
        nearest = np.argpartition(rough, k - 1, axis=1)[:, :k]
        exact = np.sqrt(((cloud[nearest] - part[:, None]) ** 2).sum(axis=2))
        out.append(np.sort(exact, axis=1))
    return np.concatenate(out)
