"""The settings a stage may see: those of its own file, and the keys that ``dvc.yaml`` lists for it.

DVC knows both, so it always knows when to run the stage again: any other setting does not exist for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from operator import getitem
from pathlib import Path
from typing import Any

import yaml
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from pedigree.base.names import UserError, did_you_mean, snake_case
from pedigree.base.paths import DVC_YAML, PARAMS, SETTINGS

# libyaml takes milliseconds for a few hundred lines; the pure Python parser and writer take ten times that.
Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
Dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


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


def settings_file(stage: str) -> Path:
    """Return where `configure` writes a stage's own settings."""
    return SETTINGS / f"{stage}.yaml"


def listed_keys(stage: Mapping[str, Any]) -> list[str]:
    """Return the keys of params.yaml that a stage of ``dvc.yaml`` lists under ``params``."""
    return [key for key in stage.get("params", ()) if isinstance(key, str)]  # not of other files


def read_settings(stage: str, overrides: Sequence[str] = ()) -> DictConfig:
    """Read a stage's own settings, with ``key=value`` overrides for one run manually.

    Parameters
    ----------
    stage : str
        Name of the DVC stage.
    overrides : sequence of str
        ``section.key=value``, in Hydra's spelling for plain values.

    Raises
    ------
    UserError
        The settings are missing, or an override names a key that the stage does not have.
    """
    stages = read_yaml(DVC_YAML)["stages"]
    if stage not in stages:
        raise UserError(f"dvc.yaml has no stage '{stage}'; {did_you_mean(stage, stages)}")
    file, listed = settings_file(stage), listed_keys(stages[stage])
    own = OmegaConf.create(
        read_yaml(file) if file.as_posix() in stages[stage].get("deps", ()) else {}
    )
    params = read_yaml(PARAMS) if listed else {}
    for key in listed:
        try:
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


def leaves(config: Any, prefix: str = "", depth: int = -1) -> dict[str, Any]:
    """Flatten nested settings into ``{"section.key": value}``, down to a depth if one is given."""
    data = as_dict(config)
    if not isinstance(data, dict) or not depth:
        return {prefix: data}
    flat: dict[str, Any] = {}
    for key, value in data.items():
        flat |= leaves(value, f"{prefix}.{key}" if prefix else str(key), depth - 1)
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
