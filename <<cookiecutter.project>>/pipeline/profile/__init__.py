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

from pipeline.core.base.paths import LOADED, PLOTS, REPORTS
from pipeline.core.base.settings import as_dict
from pipeline.core.base.stage import say
from pipeline.core.base.tables import read_table, replacing
from pipeline.core.base.tools import instantiate

if TYPE_CHECKING:
    import pandas as pd
    from omegaconf import DictConfig


def main(settings: DictConfig) -> None:
    """Write every chosen report to reports/profile/ and its pictures to plots/profile/."""
    rows = read_table(LOADED)
    target = settings.problem.target
    rows = rows[[target, *(name for name in rows if name != target)]]
    with (
        replacing(PLOTS / "profile") as pictures,
        replacing(REPORTS / "profile") as pages,
    ):
        pictures.mkdir()
        pages.mkdir()
        for name, options in as_dict(settings.profile.reports).items():
            seen = sample(rows, options.pop("max_rows"), settings.seed)
            title = f"The data as it came: {target}"
            if len(seen) < len(rows):
                title += f" ({len(seen):,} of {len(rows):,} rows, drawn at random)"
            report = instantiate(options, _partial_=True)
            report(
                seen,
                problem=settings.problem,
                title=title,
                page=pages / f"{name}.html",
                pictures=pictures / name,
            )
            say(f"{len(seen)} of {len(rows)} rows; see {REPORTS}/profile/{name}.html")
    if not settings.profile.reports:
        say("no report is asked for")


def sample(rows: pd.DataFrame, max_rows: int, seed: int) -> pd.DataFrame:
    """Draw so many rows without replacement, kept in their order; all if there are no more."""
    if len(rows) <= max_rows:
        return rows
    drawn = np.random.default_rng(seed).choice(len(rows), max_rows, replace=False)
    return rows.iloc[np.sort(drawn)].reset_index(drop=True)
