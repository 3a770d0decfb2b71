"""``python -m pipeline.compare_runs A B ...``."""

from __future__ import annotations

from pathlib import Path

import pipeline.compare_runs as command
from pipeline.core.base.command import parser, plain_errors
from pipeline.core.base.paths import REPORTS
from pipeline.core.report.plots import TONES


@plain_errors("compare_runs")
def main() -> None:
    """Compare runs: print what differs in the scores, write the page."""
    arguments = parser("compare_runs", command.__doc__)
    arguments.add_argument(
        "runs",
        nargs="+",
        metavar="RUN",
        help="an experiment's name, a commit, a branch, a tag, or `workspace`",
    )
    arguments.add_argument(
        "--out",
        type=Path,
        default=REPORTS / "compare_runs.html",
        metavar="FILE",
        help="the page; default: %(default)s",
    )
    options = arguments.parse_args()
    names = list(dict.fromkeys(options.runs))
    if not 2 <= len(names) <= TONES:
        arguments.error(f"name two to {TONES} runs, each once")
    for line in command.compare(names, options.out):
        print(line)


if __name__ == "__main__":
    main()
