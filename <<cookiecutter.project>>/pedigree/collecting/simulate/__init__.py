"""Rows made on the fly: the customers of a subscription business, of whom the truth is known."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from pedigree.base.names import UserError
from pedigree.collecting.parts import write_parts
from pedigree.collecting.simulate.spelling import table
from pedigree.collecting.simulate.truth import (
    LIMIT,
    MAX_MONTHS,
    MILLION,
    PROBABILITIES,
    draw,
    generator,
)

SAMPLE = 300_000  # rows from which the best scores are computed
MAX_PARTS = 100_000  # whose numbered names stand in their order
# Bounds of the settings; those of whole numbers stand in the second table.
SHARES = {
    "missing": (0, 0.25),
    "dirt": (0, 1),
    "duplicates": (0, 1),
    "drift": (0, 1),
    "signal": (0, 5),
}
COUNTS = {
    "rows": (1, 10**10),
    "rows_per_part": (1, 10**8),
    "months": (1, MAX_MONTHS),
    "seed": (0, 2**32 - 1),
}


def collect(
    folder: Path,
    rows: float,
    rows_per_part: float,
    missing: float,
    dirt: float,
    duplicates: float,
    drift: float,
    signal: float,
    months: int,
    seed: int,
) -> dict[str, Any]:
    """Make customers and what was observed of them each month, as Parquet parts.

    What stands in a row depends on its place, the seed and the other settings, not on how many rows
    there are or how they are cut into parts: a smaller snapshot is the beginning of a larger one.

    Parameters
    ----------
    folder : Path
        Where the snapshot goes.
    rows, rows_per_part : float
        Rows of the whole and of a part; whole numbers, also as 1e6.
    missing, dirt, duplicates : float
        Shares of missing values, of untidy spellings, of rows that come twice.
    drift : float
        How much customers and their reasons change over the months, in [0, 1].
    signal : float
        Multiplies what tells customers who leave from those who stay.
    months : int
        Months of observation.
    seed : int
        Of everything that is drawn.

    Raises
    ------
    UserError
        A setting is out of its bounds, or parts are too small for so many rows.
    """
    given = {key: value for key, value in locals().items() if key != "folder"}
    for key, value in given.items():
        _check(key, value)
    if rows > MAX_PARTS * rows_per_part:
        raise UserError(
            f"collect.rows_per_part is {rows_per_part}, which makes more than {MAX_PARTS} parts of {rows} rows; "
            "raise it."
        )
    truth: dict[str, Any] = {
        "seed": int(seed),
        "months": int(months),
        "drift": drift,
        "signal": signal,
    }
    spelling = {key: given[key] for key in ("missing", "dirt", "duplicates")}
    write_parts(_tables(int(rows), truth, spelling), folder, rows=int(rows_per_part))
    best = best_auc(**truth)
    return {
        "kind": "simulate",
        "what": "made-up customers of a subscription business, drawn by a formula that is known",
        "best_roc_auc": best["roc_auc"],
        "best_log_loss": best["log_loss"],
        "churn_rate": best["churn_rate"],
    }


def best_auc(
    seed: int = 42, months: int = 24, drift: float = 0, signal: float = 1, rows: int = SAMPLE
) -> dict[str, float]:
    """Return the scores of the true probability, which no model beats except by luck.

    They are expected values over all labels that may be drawn for a sample of rows, added up in
    whole numbers, so they are the same on every machine.

    Parameters
    ----------
    seed, months, drift, signal
        As in `collect`.
    rows : int
        Rows of the sample, at least.

    Returns
    -------
    dict of str to float
        ``roc_auc``, ``log_loss`` and ``churn_rate``, rounded to 4 decimals.
    """
    counts = np.zeros(len(PROBABILITIES), dtype=np.int64)
    for block in count():
        logits = draw(seed, block, months, drift, signal)["logit"]
        counts += np.bincount(logits + LIMIT, minlength=len(counts))
        if counts.sum() >= rows:
            break
    # Exact: Python's whole numbers, of which the products do not overflow.
    leaving = (counts * PROBABILITIES).astype(object)
    staying = (counts * (MILLION - PROBABILITIES)).astype(object)
    below = np.cumsum(staying) - staying
    ordered = int((leaving * (2 * below + staying)).sum())  # twice, for the ties' sake
    pairs = 2 * int(leaving.sum()) * int(staying.sum())
    p = PROBABILITIES / MILLION
    loss = -(counts * (p * np.log(p) + (1 - p) * np.log(1 - p))).sum() / counts.sum()
    return {
        "roc_auc": round(ordered / pairs, 4),
        "log_loss": round(float(loss), 4),
        "churn_rate": round(int(leaving.sum()) / int(counts.sum()) / MILLION, 4),
    }


def _tables(rows: int, truth: dict[str, Any], spelling: dict[str, Any]) -> Iterator[pa.Table]:
    """Make blocks of customers until there are enough rows."""
    from tqdm import tqdm

    with tqdm(total=rows, desc="simulate", unit=" rows", unit_scale=True, mininterval=1) as bar:
        for block in count():
            drawn = draw(block=block, **truth)
            made = table(drawn, generator(truth["seed"], block, 1), **spelling)
            made = made.slice(0, rows - bar.n)
            yield made
            bar.update(made.num_rows)
            if bar.n == rows:
                return


def _check(key: str, value: Any) -> None:
    """Refuse a setting that is out of its bounds, or no whole number where one is needed."""
    whole = key in COUNTS
    low, high = (COUNTS if whole else SHARES)[key]
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not low <= value <= high or (whole and value != int(value)):
        kind = "a whole number" if whole else "a number"
        raise UserError(f"collect.{key} is {value!r}; {kind} from {low} to {high} is needed.")
