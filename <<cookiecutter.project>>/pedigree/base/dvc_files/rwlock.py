"""DVC's list of the paths that its running commands use, `.dvc/tmp/rwlock`."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from pedigree.base.names import UserError

RWLOCK = Path(".dvc/tmp/rwlock")
LOOKS, SECONDS = 5, 0.1  # before a list that cannot be read is damaged, and between two of them


class Damaged(Exception):
    """DVC cannot read its list."""


def damage(project: Path = Path()) -> str:
    """Return what is wrong with the list and the way out; an empty string if nothing is.

    DVC writes the file in place. After a full disk or a power cut it may be empty, and then DVC refuses to run any stage
    ("Unable to read RWLock-file").
    """
    try:
        _entries(project)
    except Damaged:
        place = (project / RWLOCK).as_posix()
        return (
            f"{place} is damaged, as after a full disk, so that DVC runs no stage; if no other `dvc` command is running, "
            f"delete it: rm {place}"
        )
    return ""


def running_commands(project: Path = Path()) -> dict[int, str]:
    """Return the command line of each `dvc` command that is running stages in a project, by its process.

    Raises
    ------
    UserError
        DVC's list is damaged.
    """
    import psutil

    if problem := damage(project):
        raise UserError(f"{problem}.")
    return {one["pid"]: one["cmd"] for one in _entries(project) if psutil.pid_exists(one["pid"])}


def _entries(project: Path) -> list[dict[str, Any]]:
    """Return the processes that the list names."""
    for _ in range(LOOKS):
        try:
            content = json.loads((project / RWLOCK).read_text(encoding="utf-8"))
            readers = [one for users in content.get("read", {}).values() for one in users]
            found = [*content.get("write", {}).values(), *readers]
            return [{"pid": int(one["pid"]), "cmd": str(one["cmd"])} for one in found]
        except FileNotFoundError:
            return []
        except (AttributeError, KeyError, TypeError, ValueError):
            time.sleep(SECONDS)  # DVC may be writing it
    raise Damaged
