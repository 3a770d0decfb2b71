"""Hold data/raw/ against its contract, or propose the contract that would hold.

`validate` lists the rules that the snapshot breaks (exit code 1 if there are any). `update` shows the
widened contract as a diff: bounds moved by the width of what was seen, new categories appended, gaps
and wider types allowed. Look at each line: it may be the data that is wrong.
"""

from __future__ import annotations

import argparse
import difflib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from pedigree.base.command import parser, plain_errors
from pedigree.base.settings import Loader, read_settings
from pedigree.base.tables import replacing
from pedigree.collecting.snapshot import Snapshot
from pedigree.contract import Violation, violations
from pedigree.contract.text import edit
from pedigree.contract.widen import widen
from pedigree.data.loading import read_contract


@plain_errors("contract")
def main(arguments: Sequence[str] | None = None) -> None:
    """Run `validate` or `update`."""
    cli = parser("contract", __doc__)
    commands = cli.add_subparsers(dest="command", required=True)
    commands.add_parser("validate", help="list the rules that the snapshot breaks")
    update = commands.add_parser("update", help="propose a contract that the snapshot honours")
    update.add_argument("--write", action="store_true", help="write it; Git shows and undoes it")
    update.add_argument(
        "--known-only", action="store_true", help="propose no columns that the contract leaves out"
    )
    options = cli.parse_args(arguments)
    settings = read_settings("load")
    path = Path(settings.load.contract)
    contract = read_contract(path)
    rows = Snapshot.read().table(list(settings.load.missing))
    if options.command == "validate":
        sys.exit(validate(rows, contract, path))
    sys.exit(propose(rows, contract, path, options))


def validate(rows: Any, contract: dict[str, Any], path: Path) -> int:
    """Print what is broken; the exit code is 1 if anything is."""
    found = violations(rows, contract)
    if not found:
        print(f"all {len(rows)} rows honour {path}")
        return 0
    print(f"{path} is broken:")
    print("\n".join(map(_line, found)))
    print(
        "Fix the data, or let `python -m pedigree contract update` propose a contract that holds."
    )
    return 1


def propose(rows: Any, contract: dict[str, Any], path: Path, options: argparse.Namespace) -> int:
    """Print, or write, the widened contract; the exit code is 1 if even that does not hold."""
    text = path.read_text(encoding="utf-8")
    changes = widen(rows, contract, not options.known_only)
    new = edit(text, changes) if changes else text
    for change in changes:
        print(f"{change.column}: {change.why}")
    if changes:
        diff = difflib.unified_diff(
            text.splitlines(keepends=True), new.splitlines(keepends=True), str(path), str(path)
        )
        print("\n" + "".join(diff), end="")
    left = violations(rows, yaml.load(new, Loader=Loader))
    if left:
        print("\nthese have no wider form; fix the data, or change the rule manually:")
        print("\n".join(map(_line, left)))
    elif not changes:
        print(f"nothing to change: all {len(rows)} rows honour {path}")
    if changes and options.write:
        with replacing(path) as temporary:
            temporary.write_text(new, encoding="utf-8", newline="\n")
        print(f"\n{path} is written; look at it with `git diff {path}`, then commit it")
    elif changes:
        print("\nnothing is written yet; --write does")
    return int(bool(left))


def _line(one: Violation) -> str:
    count = f": {one.count} value{'s' if one.count > 1 else ''}" if one.count else ""
    first = f" ({', '.join(one.first)})" if one.first else ""
    return f"  {f'column {one.column}: ' if one.column else ''}{one.check}{count}{first}"
