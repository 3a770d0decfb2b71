"""Two or more runs side by side: scores, settings, data and curves, on one page.

A run is an experiment, a commit, a branch, a tag, or `workspace`; the others are held against the
first. Scores are compared on the rows that both have judged, with intervals of the paired difference.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from pedigree.lineage.runs.origins import code, data, settings
from pedigree.lineage.runs.paired import SUBSETS, Pair, pair
from pedigree.lineage.runs.runs import UNJUDGED, Run, open_run, same_question
from pedigree.lineage.runs.scores import curves, gains, standing
from pedigree.report.elements import interval, number
from pedigree.report.page import Page
from pedigree.report.words import surely


def compare(names: Sequence[str], out: Path) -> Iterator[str]:
    """Write the page; yield what the terminal shows.

    Raises
    ------
    UserError
        A run is not known, has not got that far, answers another question, or its files are lost.
    """
    runs = [open_run(name) for name in names]
    same_question(runs)
    pairs = [
        pair(side, runs[0], other)
        for side in SUBSETS
        for other in runs[1:]
        if side != "test" or (runs[0].judged and other.judged)
    ]
    page = Page(f"Side by side: {', '.join(names)}")
    page.paragraph(
        f"{runs[0].facts.problem['goal']} The first run is what the others are held against."
    )
    standing(page, runs)
    gains(page, runs, pairs)
    curves(page, runs)
    settings(page, runs)
    data(page, runs)
    code(page, runs)
    page.write(out)
    yield from lines(runs, pairs)
    yield f"page: {out}"


def lines(runs: Sequence[Run], pairs: Sequence[Pair]) -> Iterator[str]:
    """Say in lines how the first metric differs."""
    for one in pairs:
        found = one.gains[0] if one.gains else None
        told = f"no row was judged by both {runs[0].name} and {one.other.name}"
        if found:
            reach = interval(*found["interval"])
            told = (
                f"{one.other.name} against {runs[0].name}: gain in {found['metric']} {number(found['gain'])} "
                f"[{reach}], {surely(*found['interval'])}"
            )
        yield f"{one.side}, {one.rows} rows of both: {told}"
    yield from (
        f"test: {one.name} {UNJUDGED}, so nothing is said of the test rows"
        for one in runs
        if not one.judged
    )
