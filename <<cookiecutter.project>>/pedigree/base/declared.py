"""What dvc.yaml declares: the stages of the template and the owner's own, in whichever form DVC allows."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pedigree.base.names import UserError, did_you_mean
from pedigree.base.paths import DVC_YAML
from pedigree.base.settings import listed_keys, read_yaml


@dataclass(frozen=True)
class DeclaredStage:
    """A stage; of `foreach` and `matrix`, what all stages of the group have in common.

    Parameters
    ----------
    command : str
    description : str
        Empty if there is none.
    params : list of str
        Keys of params.yaml.
    deps, outs : list of str
        Paths; in a group, parts of them may still be ``${item}``.
    frozen : bool
        Whether DVC leaves its outputs as they are (`dvc freeze`).
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
        There is no such stage.
    """
    stages = declared()
    if name not in stages:
        raise UserError(f"dvc.yaml has no stage '{name}'; {did_you_mean(name, stages)}")
    return stages[name]
