"""``python -m pedigree adopt DATA --target COLUMN``: replace the example's data by your own."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from pedigree.adopting import Adoption, propose_settings
from pedigree.adopting.source import find_source
from pedigree.adopting.write import write
from pedigree.base.command import parser, plain_errors
from pedigree.base.names import terminal_text

SHOWN = 60  # columns in the table; the contract has all


@plain_errors("adopt")
def main(arguments: Sequence[str] | None = None) -> None:
    """Parse the command line, propose the settings, print them, and write them."""
    cli = parser(
        "adopt",
        "Scan data and write the settings with which `dvc repro` runs on it: "
        "conf/collect/, conf/problem/ and contracts/ get a file each, and conf/config.yaml selects them.",
    )
    cli.add_argument(
        "data",
        help="a file (CSV, TSV, Parquet, Feather, JSON lines, Excel, also compressed), a folder of such files, an "
        "address (https, s3, gs, az), or a source of conf/collect/ such as sql",
    )
    cli.add_argument("--target", required=True, help="the column to be predicted")
    cli.add_argument(
        "--task",
        choices=["binary", "multiclass", "regression"],
        help="the kind of problem (default: inferred from the target's values)",
    )
    cli.add_argument(
        "--dry-run",
        action="store_true",
        help="print the decisions and which files would change, without writing",
    )
    cli.add_argument("--force", action="store_true", help="also replace existing files that differ")
    options = cli.parse_args(arguments)
    with tempfile.TemporaryDirectory() as scratch:
        source = find_source(options.data, Path(scratch))
        adoption = propose_settings(source, options.target, options.task)
        print_decisions(adoption)
        spelled = adoption.problem.target.source_name
        if spelled != options.target:
            print(
                f"\nThe target '{options.target}' is the column '{terminal_text(spelled)}' of the data."
            )
        if options.dry_run:
            print("\nNothing was changed. Without --dry-run:")
        else:
            print()
        print(*write(adoption, options.force, options.dry_run), sep="\n")
        if not options.dry_run:
            print("\nNext: `dvc repro`.")


def print_decisions(adoption: Adoption) -> None:
    """Print the decision for each column, and the reason."""
    columns, problem = adoption.columns, adoption.problem
    print(
        f"{adoption.scan.rows:,} rows, {len(columns):,} columns; {problem.task}: {problem.target.name}"
    )
    print(
        f"  {terminal_text(problem.why)}; models are compared by {problem.metrics[0]}; split: {adoption.split}\n"
    )
    widths = [min(max(len(one.name) for one in columns), 40), max(len(one.kind) for one in columns)]
    # If not all columns can be shown, those that a person should check come first.
    order = (
        columns
        if len(columns) <= SHOWN
        else sorted(columns, key=lambda one: (not one.suspect, not one.left_out))
    )
    for one in order[:SHOWN]:
        fate = "left out: " if one.left_out else "SUSPECT: " if one.suspect else ""
        why = one.suspect or one.why
        print(
            f"  {one.name[:40]:<{widths[0]}}  {one.kind:<{widths[1]}}  {terminal_text(fate + why)}"
        )
    if len(columns) > SHOWN:
        kinds = Counter(one.kind for one in columns)
        counted = ", ".join(f"{count:,} {kind}" for kind, count in kinds.most_common())
        print(f"  ... all {len(columns):,}: {counted}")
