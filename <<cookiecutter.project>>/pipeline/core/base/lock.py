"""What dvc.lock says of descent: which stage made a file, and what that stage was made from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pipeline.core.base.paths import PARAMS


def makers(stages: Mapping[str, Any]) -> dict[str, str]:
    """Map every recorded output to the stage that made it."""
    return {out["path"]: name for name, stage in stages.items() for out in stage.get("outs", ())}


def maker(path: str, made: Mapping[str, str]) -> str | None:
    """Name the stage that made a path, or the folder that it lies in."""
    return next((name for owner, name in made.items() if lies_in(path, owner)), None)


def lies_in(path: str, folder: str) -> bool:
    """Tell whether a path is a folder, or lies in it."""
    return path == folder or path.startswith(f"{folder}/")


def ancestors(stages: Mapping[str, Any], targets: Iterable[str]) -> list[str]:
    """List stages and all that they descend from: what made their inputs, and their settings.

    Parameters
    ----------
    stages : mapping
        As dvc.lock holds them.
    targets : iterable of str
        Names of stages.

    Returns
    -------
    list of str
        In the order of dvc.lock.
    """
    made = makers(stages)
    waiting, seen = list(targets), set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        paths = [dep["path"] for dep in stages[name].get("deps", ())]
        paths += [PARAMS.as_posix()] if stages[name].get("params") else []
        waiting += [above for path in paths if (above := maker(path, made))]
    return [name for name in stages if name in seen]
