"""Step 4, exploratory analysis: the data as it came, in pictures and reports.

It looks at all rows before the split, so nothing here feeds back into a model. Each entry of
`profile.reports` is a function that writes one page::

    report(rows, *, problem, title, page, pictures, **options)

It gets the rows (the target first), the settings of the question, a title that tells of a sample,
the HTML file to write, and a folder for pictures that stand on their own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd


def sample(rows: pd.DataFrame, max_rows: int, seed: int) -> pd.DataFrame:
    """Draw so many rows without replacement, kept in their order; all if there are no more."""
    if len(rows) <= max_rows:
        return rows
    drawn = np.random.default_rng(seed).choice(len(rows), max_rows, replace=False)
    return rows.iloc[np.sort(drawn)].reset_index(drop=True)
