"""The command: a trace for people, or as JSON for machines."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from pedigree.base.command import parser, plain_errors, print_found
from pedigree.base.git import git
from pedigree.base.settings import leaves
from pedigree.lineage import trace as package
from pedigree.lineage.trace import trace
from pedigree.lineage.trace.uses import format_uses, uses


@plain_errors("trace")
def main(arguments: Sequence[str] | None = None) -> None:
    """Trace a path, an MD5 or a bundle's id."""
    cli = parser("trace", package.__doc__)
    cli.add_argument(
        "target",
        help="path of an output, metric or model, or an MD5 (at least its first 6 digits), the id of a "
        "bundle (at least its first 8 digits), or a file of predictions",
    )
    cli.add_argument(
        "--uses",
        action="store_true",
        help="the other direction: every commit, model and metric that a data file was used for",
    )
    cli.add_argument("--json", action="store_true", help="print JSON for machines")
    options = cli.parse_args(arguments)
    found = uses(options.target) if options.uses else trace(options.target)
    shown = format_uses(found) if options.uses else format_trace(found)
    print_found(found, shown, options.json)


def format_trace(found: dict[str, Any]) -> str:
    """Format a trace for people."""
    lines = [f"{found['path']}  md5 {found['md5']}"]
    lines += [f"  bundle {found['bundle']}"] if found["bundle"] else []
    commit = found["commit"] and git("log", "-1", "--format=%h %s", found["commit"]).strip()
    none = "none of a branch" if found["experiments"] else "none yet: dvc.lock is not committed"
    lines.append(f"  Git commit: {commit or none}")
    for name, one in found["experiments"].items():
        lines.append(f"  experiment: {name} ({one[:7]})")
    lines += [f"  note: {note}" for note in found["notes"]]
    for stage in found["stages"]:
        lines += ["", f"{stage['stage']}: {stage['command']}"]
        for key, value in leaves(stage["parameters"] or {}, depth=2).items():
            shown = json.dumps(value, ensure_ascii=False)
            lines.append(f"  param  {key} = {shown if len(shown) <= 100 else shown[:97] + '...'}")
        lines += [f"  code   {path}  {md5}" for path, md5 in stage["code"].items()]
        for path, one in stage["inputs"].items():
            lines.append(
                f"  input  {path}  {one['md5']}" + (f"  <- {one['from']}" if one["from"] else "")
            )
        lines += [f"  output {path}  {md5}" for path, md5 in stage["outputs"].items()]
    lines.append("")
    if found["source"] is None:
        return "\n".join(
            [*lines, "source: the raw snapshot is not in the cache; run `dvc fetch` to get it"]
        )
    lines.append(
        "source: " + ", ".join(f"{key} {value}" for key, value in found["source"]["source"].items())
    )
    for file in found["source"]["files"]:
        lines.append(
            f"  {file['name']}: {file['rows']} rows, {file['bytes']} bytes, sha256 {file['sha256']}"
        )
    return "\n".join(lines)
