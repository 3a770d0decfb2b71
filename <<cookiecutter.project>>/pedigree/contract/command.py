"""Validate data/raw/ against its contract, or propose a contract that the data satisfies.

`validate` lists the rules that the snapshot violates (exit code 1 if there are any). `update` shows the
widened contract as a diff: bounds extended by the width of the observed range, new categories appended, missing
values and wider types allowed. Check each line, because the data may be wrong and the contract right.
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
from pedigree.base.files.replacing import write_text
from pedigree.base.names import counted
from pedigree.base.settings import Loader, read_settings
from pedigree.collecting.snapshot import Snapshot
from pedigree.contract import Violation, violations
from pedigree.contract.text import edit
from pedigree.contract.widen import widen
from pedigree.data.contract_file import read_contract
from pedigree.data.rules import rule_in_words


@plain_errors("contract")
def main(arguments: Sequence[str] | None = None) -> None:
    """Run `validate` or `update`."""
    cli = parser("contract", __doc__)
    commands = cli.add_subparsers(dest="command", required=True)
    commands.add_parser("validate", help="list the rules that the snapshot violates")
    update = commands.add_parser("update", help="propose a contract that the snapshot satisfies")
    update.add_argument(
        "--write", action="store_true", help="write the contract instead of showing the changes"
    )
    update.add_argument(
        "--known-only",
        action="store_true",
        help="do not propose columns that the contract does not contain",
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
    """Print the violated rules.

    Parameters
    ----------
    rows : DataFrame
        The snapshot.
    contract : dict
        The contract.
    path : Path
        Path of the contract, for messages.

    Returns
    -------
    int
        Exit code: 1 if a rule is violated.
    """
    found = violations(rows, contract)
    if not found:
        print(f"all {len(rows):,} rows satisfy {path}")
        return 0
    print(f"the snapshot violates {path}:")
    print("\n".join(map(_line, found)))
    print(
        "Fix the data, or run `python -m pedigree contract update` to see a contract that the data satisfies."
    )
    return 1


def propose(rows: Any, contract: dict[str, Any], path: Path, options: argparse.Namespace) -> int:
    """Print or write the widened contract.

    Parameters
    ----------
    rows : DataFrame
        The snapshot.
    contract : dict
        The contract.
    path : Path
        Path of the contract.
    options : Namespace
        Options of the command line: `write` and `known_only`.

    Returns
    -------
    int
        Exit code: 1 if the data violates even the widened contract.
    """
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
        print(
            "\nthese rules cannot be widened automatically; fix the data, or change the rules manually:"
        )
        print("\n".join(map(_line, left)))
    elif not changes:
        print(f"nothing to change: all {len(rows):,} rows satisfy {path}")
    if changes and options.write:
        write_text(new, path)
        print(f"\n{path} is written; check it with `git diff {path}`, then commit it")
    elif changes:
        print("\nthe contract is unchanged; use --write to write it")
    return int(bool(left))


def _line(one: Violation) -> str:
    count = f": {counted(one.count, 'value')}" if one.count else ""
    first = f" ({', '.join(one.first)})" if one.first else ""
    rule = f"column {one.column} {rule_in_words(one.check)}" if one.column else one.check
    return f"  {rule}{count}{first}"
