"""The settings a stage may see: the keys that ``dvc.yaml`` lists for it, and no others.

Reading them through the list makes the list true: a setting that a stage uses without naming it
under ``params:`` does not exist for that stage, so DVC always knows when to run it again.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import getitem
from pathlib import Path
from typing import Any

import yaml
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from pedigree.base.names import UserError, did_you_mean, snake_case
from pedigree.base.paths import DVC_YAML, PARAMS

# libyaml parses a few hundred lines in milliseconds; the pure Python parser takes ten times that.
Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_yaml(path: Path) -> Any:
    """Parse a YAML file.

    Raises
    ------
    UserError
        The file is missing or is not valid YAML.
    """
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=Loader)
    except FileNotFoundError:
        raise UserError(f"{path} is not there; run `dvc repro` to make it.") from None
    except yaml.YAMLError as error:
        raise UserError(f"{path} is not valid YAML: {error}") from None


def stage_keys(stage: str) -> list[str]:
    """Return the keys of params.yaml that ``dvc.yaml`` lists for a stage."""
    stages = read_yaml(DVC_YAML)["stages"]
    if stage not in stages:
        raise UserError(f"dvc.yaml has no stage '{stage}'; {did_you_mean(stage, stages)}")
    return list(stages[stage].get("params", []))


def read_settings(stage: str, overrides: Sequence[str] = ()) -> DictConfig:
    """Read a stage's own settings, with ``key=value`` overrides for one run by hand.

    Parameters
    ----------
    stage : str
        Name of the DVC stage.
    overrides : sequence of str
        ``section.key=value``, in Hydra's spelling for plain values.

    Raises
    ------
    UserError
        An override names a key that the stage does not have.
    """
    params = read_yaml(PARAMS)
    own = OmegaConf.create({})
    for key in stage_keys(stage):
        try:  # in the plain data: to make all of it OmegaConf's takes longer than some stages do
            value = reduce(getitem, key.split("."), params)
        except (KeyError, TypeError):
            raise UserError(
                f"{PARAMS} has no '{key}', which stage '{stage}' needs; run `dvc repro`."
            ) from None
        OmegaConf.update(own, key, value, force_add=True)
    OmegaConf.set_struct(own, True)
    for override in overrides:
        key, equals, _ = override.partition("=")
        if not equals or OmegaConf.select(own, key, default=_MISSING) is _MISSING:
            raise UserError(
                f"'{override}' overrides no setting of stage '{stage}'; write section.key=value, "
                f"{did_you_mean(key, leaves(own))}"
            )
        try:
            own.merge_with_dotlist([override])
        except OmegaConfBaseException as error:
            raise UserError(f"'{override}' is refused: {error}") from None
    own = _snake_case_columns(own)
    OmegaConf.set_readonly(own, True)
    return own


def as_dict(config: Any) -> dict[str, Any]:
    """Turn settings into plain dictionaries and lists, for libraries that know no others."""
    return OmegaConf.to_container(config) if OmegaConf.is_config(config) else config  # type: ignore[return-value]


def leaves(config: Any, prefix: str = "") -> dict[str, Any]:
    """Flatten nested settings into ``{"section.key": value}``."""
    data = as_dict(config)
    if not isinstance(data, dict):
        return {prefix: data}
    flat: dict[str, Any] = {}
    for key, value in data.items():
        flat |= leaves(value, f"{prefix}.{key}" if prefix else str(key))
    return flat


def _snake_case_columns(config: DictConfig) -> DictConfig:
    """Let people name columns in `problem` as their source spells them; `load` renames them."""
    problem: Any = config.get("problem") or {}
    for key in ("target", "time"):
        if problem.get(key):
            problem[key] = snake_case(problem[key])
    for key in ("group", "slices", "protected"):
        if problem.get(key):
            problem[key] = [snake_case(name) for name in problem[key]]
    if problem.get("exclude"):
        problem["exclude"] = {snake_case(name): why for name, why in problem["exclude"].items()}
    return config


_MISSING = object()
