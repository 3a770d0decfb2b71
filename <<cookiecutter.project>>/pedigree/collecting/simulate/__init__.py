"""Source: simulated customers of a subscription business, with known probabilities of leaving."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from pedigree.base.names import UserError
from pedigree.collecting.parts import write_parts
from pedigree.collecting.simulate.customers import (
    LIMIT,
    MAX_MONTHS,
    MILLION,
    PROBABILITIES,
    block_generator,
    draw_block,
)
from pedigree.collecting.simulate.rendering import render_rows

SAMPLE = 300_000  # rows from which the best scores are computed
MAX_PARTS = 100_000  # up to here the numbered names of files sort in order
# Bounds of the settings, of numbers and of integers.
FRACTIONS = {
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
    """Generate monthly observations of customers as Parquet files.

    A row depends on its position, the seed and the other settings, but not on the number of rows or
    files: a smaller snapshot is the beginning of a larger one.

    Parameters
    ----------
    folder : Path
        Folder of the snapshot.
    rows, rows_per_part : float
        Rows in total and per file; integers, also written as 1e6.
    missing, dirt, duplicates : float
        Fractions of missing values, of inconsistently formatted values, and of duplicate rows.
    drift : float
        Strength of the change of customers and their reasons over the months, in [0, 1].
    signal : float
        Factor of the differences between customers who leave and who stay.
    months : int
        Months of observation.
    seed : int
        Random seed.

    Returns
    -------
    dict
        Description of the source, with the best possible scores.

    Raises
    ------
    UserError
        A setting is out of bounds, or there would be too many files.
    """
    given = {key: value for key, value in locals().items() if key != "folder"}
    for key, value in given.items():
        _check(key, value)
    if rows > MAX_PARTS * rows_per_part:
        raise UserError(
            f"collect.rows_per_part is {rows_per_part}, which makes more than {MAX_PARTS} files of {rows} rows; "
            "raise it."
        )
    parameters: dict[str, Any] = {
        "seed": int(seed),
        "months": int(months),
        "drift": drift,
        "signal": signal,
    }
    rendering = {key: given[key] for key in ("missing", "dirt", "duplicates")}
    write_parts(_tables(int(rows), parameters, rendering), folder, rows=int(rows_per_part))
    best = best_auc(**parameters)
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
    """Return the scores of the true probability, the best that a model can reach in expectation.

    They are expected values over all possible labels of a sample of rows, summed in integers, so that
    they are the same on every machine.

    Parameters
    ----------
    seed, months : int
        Random seed, and months of observation.
    drift, signal : float
        Strength of drift, and factor of the differences between customers.
    rows : int
        Minimum size of the sample.

    Returns
    -------
    dict of str to float
        ``roc_auc``, ``log_loss`` and ``churn_rate``, rounded to 4 decimals.
    """
    counts = np.zeros(len(PROBABILITIES), dtype=np.int64)
    for block in count():
        logits = draw_block(seed, block, months, drift, signal)["logit"]
        counts += np.bincount(logits + LIMIT, minlength=len(counts))
        if counts.sum() >= rows:
            break
    # Python's integers, since the products overflow 64 bits.
    leaving = (counts * PROBABILITIES).astype(object)
    staying = (counts * (MILLION - PROBABILITIES)).astype(object)
    below = np.cumsum(staying) - staying
    ordered = int((leaving * (2 * below + staying)).sum())  # twice the count, in which ties are 1/2
    pairs = 2 * int(leaving.sum()) * int(staying.sum())
    p = PROBABILITIES / MILLION
    loss = -(counts * (p * np.log(p) + (1 - p) * np.log(1 - p))).sum() / counts.sum()
    return {
        "roc_auc": round(ordered / pairs, 4),
        "log_loss": round(float(loss), 4),
        "churn_rate": round(int(leaving.sum()) / int(counts.sum()) / MILLION, 4),
    }


def _tables(rows: int, parameters: dict[str, Any], rendering: dict[str, Any]) -> Iterator[pa.Table]:
    """Generate blocks of customers until there are enough rows."""
    from tqdm import tqdm

    with tqdm(total=rows, desc="simulate", unit=" rows", unit_scale=True, mininterval=1) as bar:
        for block in count():
            drawn = draw_block(block=block, **parameters)
            made = render_rows(drawn, block_generator(parameters["seed"], block, 1), **rendering)
            made = made.slice(0, rows - bar.n)
            yield made
            bar.update(made.num_rows)
            if bar.n == rows:
                return


def _check(key: str, value: Any) -> None:
    """Raise an error if a setting is out of bounds or not an integer as required."""
    whole = key in COUNTS
    low, high = (COUNTS if whole else FRACTIONS)[key]
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not low <= value <= high or (whole and value != int(value)):
        kind = "an integer" if whole else "a number"
        raise UserError(f"collect.{key} is {value!r}; set it to {kind} from {low} to {high}.")
