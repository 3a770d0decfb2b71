"""What dvc.yaml declares: the template's stages and the owner's, in every form that DVC allows."""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pedigree.base.names import UserError, did_you_mean
from pedigree.base.paths import DVC_YAML
from pedigree.base.settings import listed_keys, read_yaml

OUTPUTS = ("outs", "metrics", "plots")


@dataclass(frozen=True)
class DeclaredStage:
    """A stage of dvc.yaml; for `foreach` and `matrix`, what all stages of the group have in common.

    Parameters
    ----------
    command : str
    description : str
        Empty if dvc.yaml has none.
    params : list of str
        Keys of params.yaml.
    deps, outs : list of str
        Paths; in a group, they may contain ``${item}``.
    frozen : bool
        Whether DVC skips the stage and leaves its outputs unchanged (`dvc freeze`).
    persistent : list of str
        Those of `outs` that DVC does not delete before it runs the stage again.
    """

    command: str
    description: str
    params: list[str]
    deps: list[str]
    outs: list[str]
    frozen: bool = False
    persistent: Sequence[str] = ()

    @classmethod
    def read(cls, declared: Mapping[str, Any]) -> DeclaredStage:
        """Read a stage from its entry in dvc.yaml."""
        stage = declared.get("do", declared)
        command = stage.get("cmd", "")
        outs = [path for kind in OUTPUTS for path in _paths(stage, kind)]
        return cls(
            command if isinstance(command, str) else " && ".join(command),
            stage.get("desc", ""),
            listed_keys(stage),
            list(_paths(stage, "deps")),
            outs,
            bool(stage.get("frozen")),
            [path for kind in OUTPUTS for path in _paths(stage, kind, "persist")],
        )


def _paths(stage: Mapping[str, Any], kind: str, flag: str = "") -> Iterator[str]:
    """Yield the paths of a kind; with a flag, those for which it is set."""
    for one in stage.get(kind) or ():
        path, flags = (one, {}) if isinstance(one, str) else next(iter(one.items()))
        if flag and not (flags or {}).get(flag):
            continue
        inside = posixpath.normpath(posixpath.join(stage.get("wdir", ""), path))
        yield path if "://" in path else inside


def declared(project: Path = Path()) -> dict[str, DeclaredStage]:
    """Read the stages of a project's dvc.yaml by name, in its order."""
    stages = read_yaml(project / DVC_YAML)["stages"]
    return {name: DeclaredStage.read(one) for name, one in stages.items()}


def started_by_dvc(stage: str) -> bool:
    """Return whether `dvc` runs this stage, rather than a person."""
    return os.environ.get("DVC_STAGE", "").rpartition(":")[2] == stage


def declared_stage(name: str) -> DeclaredStage:
    """Read one stage of dvc.yaml.

    Raises
    ------
    UserError
        The stage does not exist.
    """
    stages = declared()
    if name not in stages:
        raise UserError(f"stage '{name}' is not in dvc.yaml; {did_you_mean(name, stages)}")
    return stages[name]


def is_output(path: Path) -> bool:
    """Return whether a path is an output of a stage of dvc.yaml, or lies in one; False outside of a project."""
    if not DVC_YAML.exists():
        return False
    place = Path(os.path.relpath(path)).as_posix()
    outs = (re.escape(out) for stage in declared().values() for out in stage.outs)
    # In a group of stages, paths contain `${item}`.
    return any(
        re.fullmatch(re.sub(r"\\\$\\\{.*?\\\}", ".+", out) + "(/.*)?", place) for out in outs
    )
