"""Run `dvc repro` as soon as no other `dvc` command runs stages here; the options are those of `dvc repro`.

DVC refuses to start while another command uses the same files, and a command that takes DVC's lock while a stage runs can
make the run fail after that stage. This one waits in both cases.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from pedigree.base.command import parser, plain_errors
from pedigree.base.dvc_files.rwlock import RWLOCK, running_commands
from pedigree.base.stage import say

TURN = Path(".dvc/tmp/repro.lock")  # of several runs that wait, one goes first
SECONDS = 1.0  # between two looks


@plain_errors("repro")
def main(arguments: Sequence[str] | None = None) -> int:
    """Wait, then run; return the exit code of `dvc repro`."""
    given = list(arguments or ())
    if {"-h", "--help"} & set(given):
        parser("repro", __doc__).parse_args(["--help"])
    from dvc.cli import main as dvc

    with _turn():
        wait()
        return int(dvc(["--wait-for-lock", "repro", *given]))


def wait() -> None:
    """Wait until no other `dvc` command runs stages; print which one is waited for.

    Raises
    ------
    UserError
        DVC's list of running commands is damaged.
    """
    seen: set[int] = set()
    while others := {one: of for one, of in running_commands().items() if one != os.getpid()}:
        for process in others.keys() - seen:
            say(
                f"waiting for process {process}, `{others[process]}` (if that is no longer running, delete {RWLOCK.as_posix()})"
            )
        seen |= others.keys()
        time.sleep(SECONDS)


def _turn() -> AbstractContextManager[object]:
    from dvc.lock import Lock

    if not Path(".dvc").is_dir():  # DVC says so
        return nullcontext()
    TURN.parent.mkdir(exist_ok=True)
    lock: AbstractContextManager[object] = Lock(str(TURN), wait=True)
    return lock
