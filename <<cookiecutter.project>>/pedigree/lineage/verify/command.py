"""The command: a line for each output, a summary and an exit code."""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from pedigree.base.command import parser, plain_errors
from pedigree.base.dvc_files.lock import LOCK, recorded_stages
from pedigree.base.git import git
from pedigree.base.names import first_of
from pedigree.base.stage import say
from pedigree.lineage import verify as package
from pedigree.lineage.verify import Output, compare_outputs, other_inputs, other_versions, rerun
from pedigree.lineage.verify.copy import clone, fetch

SHOWN = 5  # files or packages that a line lists


@plain_errors("verify")
def main(arguments: Sequence[str] | None = None) -> None:
    """Verify HEAD: exit code 0 if every output is bit-identical, else 1."""
    cli = parser("verify", package.__doc__)
    cli.add_argument(
        "--local",
        action="store_true",
        help="get the data from this machine's DVC cache instead of the remote",
    )
    cli.add_argument("--keep", action="store_true", help="keep the temporary folder")
    options = cli.parse_args(arguments)
    folder = Path(tempfile.mkdtemp(prefix="verify-"))
    try:
        same = verify_clone(folder / "clone", options.local)
    finally:
        if options.keep:
            say(f"kept: {folder / 'clone'}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    sys.exit(0 if same else 1)


def verify_clone(folder: Path, local: bool) -> bool:
    """Run HEAD again in a folder, print a comparison of the outputs, and return whether all are identical."""
    began = time.monotonic()
    project = clone(folder)
    say(f"HEAD: {git('log', '-1', '--format=%h %s').strip()}")
    if git("status", "--porcelain", "--untracked-files=no", "."):
        say("uncommitted changes are not included")
    head = recorded_stages(project)
    brought = fetch(project, local)
    origin = "this machine's DVC cache" if local else "the remote"
    say(
        f"from {origin}: {', '.join(brought)}"
        if brought
        else "no data to fetch, since DVC tracks no files"
    )
    rerun(project)
    stages = recorded_stages(project)
    outputs = compare_outputs(head, stages, project)
    say("")
    for one in outputs:
        say(_line(one))
    different = [one for one in outputs if not one.identical]
    say(
        f"\n{len(outputs) - len(different)} of {len(outputs)} outputs are bit-identical "
        f"({time.monotonic() - began:.0f} s)"
    )
    if different:
        first = different[0].stage
        say(
            f"the first different output was made by `{first}`; later ones may differ because of it"
        )
        if inputs := other_inputs(head, stages, first):
            say(
                f"HEAD differs from what `{first}` ran with in {', '.join(inputs[:SHOWN])}; "
                "run `dvc repro` and commit the result"
            )
        others = list(other_versions(project))
        if others:
            say(f"this environment differs from the pinned versions: {first_of(others, SHOWN)}")
    return not different


def _line(one: Output) -> str:
    if one.identical:
        return f"  identical  {one.path}  {one.made}"
    if one.recorded is None:
        return f"  NEW        {one.path}: HEAD's {LOCK} does not record it"
    if one.made is None:
        return f"  GONE       {one.path}: no stage writes it any more"
    inside = ", ".join(one.differing[:SHOWN]) + ", ..." * bool(one.differing[SHOWN:])
    return f"  DIFFERENT  {one.path}  {one.made}, recorded {one.recorded}" + f": {inside}" * bool(
        inside
    )
