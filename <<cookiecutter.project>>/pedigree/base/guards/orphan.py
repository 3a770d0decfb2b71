"""One process at a time runs a stage: a run waits for the process that an interrupted one left behind."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from pedigree.base.dvc_files.declared import declared_stage, started_by_dvc
from pedigree.base.logs import LOGGER
from pedigree.base.paths import TIMINGS

PATIENCE = 1.0  # seconds without a message
PAUSE = 0.1


@contextmanager
def only_process(stage: str) -> Iterator[None]:
    """Wait until no other process runs a stage in this project, and keep others waiting until the block ends.

    If `dvc` is killed and its stage is not, the stage continues: an orphan, which would write into the outputs of the
    next run. The kernel releases the lock when its holder ends, however it ends, so nothing has to be cleaned up.
    """
    TIMINGS.mkdir(exist_ok=True)
    with (TIMINGS / f".{stage}.lock").open("a+", encoding="utf-8") as file:
        began, silent = time.monotonic(), True
        while not _acquired(file):
            if silent and time.monotonic() - began > PATIENCE:
                silent = False
                file.seek(0)
                LOGGER.warning(
                    "waiting for process %s, which still runs `%s` of an interrupted run",
                    file.read().strip() or "(unknown)",
                    stage,
                )
            time.sleep(PAUSE)
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        # A pool's workers may outlive a killed stage, idle and for ever; a run must not wait for them.
        if sys.platform != "win32":
            os.register_at_fork(after_in_child=file.close)
        _remove_what_an_orphan_wrote(stage)
        yield


if sys.platform == "win32":
    import msvcrt

    def _acquired(file: IO[str]) -> bool:
        """Lock a byte beyond the file's end, since nobody else could read a locked one."""
        file.seek(1 << 20)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _acquired(file: IO[str]) -> bool:
        """Lock the file if nobody else has; a file system without locks allows every process."""
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError as error:
            LOGGER.debug("no lock on %s: %s", file.name, error)
        return True


def _remove_what_an_orphan_wrote(stage: str) -> None:
    """Delete outputs that appeared after `dvc` had deleted them, which it does before it starts a stage."""
    if not started_by_dvc(stage):
        return
    entry = declared_stage(stage)
    for path in map(Path, set(entry.outs) - set(entry.persistent)):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
