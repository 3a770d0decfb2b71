"""What dvc.yaml declares: the template's stages and the owner's, in every form that DVC allows."""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pedigree.base.names import UserError, did_you_mean
from pedigree.base.paths import DVC_YAML
from pedigree.base.settings import listed_keys, read_yaml


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
    """

    command: str
    description: str
    params: list[str]
    deps: list[str]
    outs: list[str]
    frozen: bool = False

    @classmethod
    def read(cls, declared: Mapping[str, Any]) -> DeclaredStage:
        """Read a stage from its entry in dvc.yaml."""
        stage = declared.get("do", declared)
        command = stage.get("cmd", "")
        outs = [path for kind in ("outs", "metrics", "plots") for path in _paths(stage, kind)]
        return cls(
            command if isinstance(command, str) else " && ".join(command),
            stage.get("desc", ""),
            listed_keys(stage),
            list(_paths(stage, "deps")),
            outs,
            bool(stage.get("frozen")),
        )


def _paths(stage: Mapping[str, Any], kind: str) -> Iterator[str]:
    for one in stage.get(kind) or ():
        path = one if isinstance(one, str) else next(iter(one))
        inside = posixpath.normpath(posixpath.join(stage.get("wdir", ""), path))
        yield path if "://" in path else inside


def declared(project: Path = Path()) -> dict[str, DeclaredStage]:
    """Read the stages of a project's dvc.yaml by name, in its order."""
    stages = read_yaml(project / DVC_YAML)["stages"]
    return {name: DeclaredStage.read(one) for name, one in stages.items()}


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
