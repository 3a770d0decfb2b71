"""A comparison of two or more runs: scores, settings, data and curves, on one page.

A run is an experiment, a commit, a branch, a tag, or `workspace`; the others are compared with the
first. Scores are compared on the rows that both have predicted, with intervals of the paired difference.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from pedigree.lineage.runs.differences import compare_code, compare_data, compare_settings
from pedigree.lineage.runs.paired import SUBSETS, Pair, pair
from pedigree.lineage.runs.runs import Run, open_run, same_problem
from pedigree.lineage.runs.scores import compare_curves, compare_gains, compare_verdicts
from pedigree.report.formatting import interval, number
from pedigree.report.labels import significance
from pedigree.report.page import Page


def compare_runs(names: Sequence[str], out: Path) -> Iterator[str]:
    """Write the page, and yield the lines for the terminal.

    Raises
    ------
    UserError
        A run does not exist, stopped before `evaluate`, has another problem, or its files are lost.
    """
    runs = [open_run(name) for name in names]
    same_problem(runs)
    pairs = [
        pair(subset, runs[0], other)
        for subset in SUBSETS
        for other in runs[1:]
        if subset != "test" or (runs[0].has_verdict and other.has_verdict)
    ]
    page = Page(f"Comparison: {', '.join(names)}")
    page.paragraph(
        f"{runs[0].outputs.goal.rstrip('.')}. The other runs are compared with the first."
    )
    page.add(compare_verdicts(runs), compare_gains(runs, pairs), compare_curves(runs))
    page.add(compare_settings(runs), compare_data(runs), compare_code(runs))
    page.write(out)
    yield from summary_lines(runs, pairs)
    yield f"page: {out}"


def summary_lines(runs: Sequence[Run], pairs: Sequence[Pair]) -> Iterator[str]:
    """Describe in lines how the first metric differs."""
    for one in pairs:
        result = f"{runs[0].name} and {one.other.name} have predicted no row in common"
        if one.gains:
            first = one.gains[0]
            result = (
                f"{one.other.name} compared with {runs[0].name}: gain in {first['metric']} {number(first['gain'])} "
                f"[{interval(*first['interval'])}], {significance(*first['interval'])}"
            )
        yield f"{one.subset}, {one.rows} rows in common: {result}"
    yield from (
        f"test: {one.name} stopped before `verdict`, so the test sets are not compared"
        for one in runs
        if not one.has_verdict
    )
