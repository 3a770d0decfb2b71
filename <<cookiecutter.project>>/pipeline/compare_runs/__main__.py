"""``python -m pipeline.compare_runs A B ...``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import pipeline.compare_runs as command
from pipeline.core.base.names import UserError
from pipeline.core.base.paths import REPORTS
from pipeline.core.report.plots import TONES


def main() -> None:
    """Compare runs: print what differs in the scores, write the page."""
    parser = argparse.ArgumentParser(
        prog="python -m pipeline.compare_runs",
        description=command.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "runs",
        nargs="+",
        metavar="RUN",
        help="an experiment's name, a commit, a branch, a tag, or `workspace`",
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=REPORTS / "compare_runs.html",
        metavar="FILE",
        help="the page; default: %(default)s",
    )
    options = parser.parse_args()
    names = list(dict.fromkeys(options.runs))
    if not 2 <= len(names) <= TONES:
        parser.error(f"name two to {TONES} runs, each once")
    try:
        for line in command.compare(names, options.out):
            print(line)
    except UserError as error:
        sys.exit(f"compare_runs: {error}")


if __name__ == "__main__":
    main()
