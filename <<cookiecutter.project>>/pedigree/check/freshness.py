"""Whether the workspace still holds the run that the verdict is about."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pedigree.base.dvc_files.lock import (
    ancestors,
    digest,
    lies_in,
    stage_that_made,
    stages_by_output,
)
from pedigree.base.dvc_files.stored import cached
from pedigree.base.git import git


def differences_from_workspace(stages: Mapping[str, Any], name: str) -> list[str]:
    """List in words what is missing or different in the workspace of all that a stage's recorded result is about.

    Outputs of the stage and of all that it depends on must exist and have the recorded MD5. `dvc repro` that fails in a
    stage leaves such a workspace: it has deleted that stage's outputs. In a clone without the data, they are neither
    deleted nor different: DVC's cache does not contain them.

    Parameters
    ----------
    stages : mapping
        Of `recorded_stages`.
    name : str
        Name of the stage.
    """
    behind = ancestors(stages, [name])
    outputs = [out for one in behind for out in stages[one]["outs"] if "://" not in out["path"]]
    deleted = [one["path"] for one in outputs if not Path(one["path"]).exists() and _was_here(one)]
    made = stages_by_output(stages)
    inputs = [dep for dep in stages[name]["deps"] if stage_that_made(dep["path"], made)]
    differing: list[str] = []
    for one in [
        *inputs,
        *reversed(outputs),
    ]:  # the nearest first; of a folder, the part that the stage reads
        path = one["path"]
        known = any(lies_in(part, path) for part in differing)
        if not known and digest(Path(path)) not in (None, one["md5"]):
            differing.append(path)
    return [f"{path} is missing" for path in deleted] + [f"{path} differs" for path in differing]


def _was_here(output: Mapping[str, str]) -> bool:
    """Return whether an output was in this workspace: Git has it, or DVC's cache."""
    return bool(git("ls-files", "--", output["path"])) or cached(output["md5"]).exists()
