"""``python -m pedigree runs A B ...``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pedigree.lineage.runs as command
from pedigree.base.command import parser, plain_errors
from pedigree.base.paths import REPORTS
from pedigree.report.charts.plots import TONES


@plain_errors("runs")
def main(arguments: Sequence[str] | None = None) -> None:
    """Compare runs: print how the scores differ, and write the page."""
    cli = parser("runs", command.__doc__)
    kinds = "an experiment's name, a commit, a branch, a tag, or `workspace`"
    cli.add_argument("first", metavar="RUN", help=kinds)
    cli.add_argument("others", nargs="+", metavar="RUN", help=f"up to {TONES - 1} more")
    cli.add_argument(
        "--out",
        type=Path,
        default=REPORTS / "runs.html",
        metavar="FILE",
        help="the page; default: %(default)s",
    )
    options = cli.parse_args(arguments)
    names = list(dict.fromkeys([options.first, *options.others]))
    if not 2 <= len(names) <= TONES:
        cli.error(f"compare 2 to {TONES} different runs")
    for line in command.compare_runs(names, options.out):
        print(line)
