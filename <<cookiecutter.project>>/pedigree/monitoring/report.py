"""The monitoring report: a page with tables, and a plot."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from pedigree.data.rules import rule_in_words
from pedigree.report.figures import BLUE, ORANGE, figure, shorten
from pedigree.report.page import Page
from pedigree.scoring.results import MonitorMetrics


def report(
    page: Page,
    result: MonitorMetrics,
    drifted: list[dict[str, Any]],
    paths: list[Path],
    broken: pd.DataFrame,
) -> None:
    """Write the page's text and tables.

    Parameters
    ----------
    page : Page
    result : MonitorMetrics
    drifted : list of dict
        A line for each column.
    paths : list of Path
        Files of the batch.
    broken : DataFrame
        Violations of the contract, with the indices of their rows.
    """
    verb = "Retrain the model" if result.retrain else "No need to retrain"
    page.paragraph(f"{verb}: {'; '.join(result.reasons)}.")
    rejected = "1 row violates" if result.rejected == 1 else f"{result.rejected:,} rows violate"
    page.paragraph(
        f"{result.rows:,} rows of {', '.join(path.name for path in paths)}; {rejected} the contract."
    )
    page.table(
        [
            {
                "row": int(row) + 1,
                "violation": f"{one['column']} {rule_in_words(str(one['check']))}",
                "value": str(one["failure_case"]),
            }
            for row, one in broken.head(20).iterrows()
        ]
    )
    if p := result.performance:
        page.heading("Performance")
        page.table(
            [
                {
                    "metric": p.metric,
                    "labelled rows": p.labelled,
                    "value": p.value,
                    "95% interval from": p.interval[0],
                    "to": p.interval[1],
                    "validation": p.validation,
                }
            ]
        )
    page.heading("Drift")
    page.paragraph(
        "Distance: Kolmogorov-Smirnov D for numbers, total variation for strings. p: with Holm's correction."
    )
    page.table(drifted)


def draw_distances(path: Path, drifted: list[dict[str, Any]], min_effect: float) -> None:
    """Plot the distance of each column; drifted columns have another colour.

    Parameters
    ----------
    path : Path
        The PNG file to write.
    drifted : list of dict
        As returned by `drift`.
    min_effect : float
        Distance from which on a column can be drifted, a dashed line.
    """
    with figure(path, size=(6, 1 + 0.3 * max(len(drifted), 1))) as axes:
        positions = range(len(drifted))
        axes.barh(
            positions,
            [one["distance"] for one in drifted],
            height=0.65,
            color=[ORANGE if one["drifted"] else BLUE for one in drifted],
        )
        axes.set_yticks(positions, [shorten(one["column"]) for one in drifted])
        axes.invert_yaxis()
        axes.axvline(min_effect, color=ORANGE, linewidth=0.8, linestyle="--")
        axes.set_title(
            "distance from the training rows (orange: drifted)" if drifted else "no batch yet"
        )
