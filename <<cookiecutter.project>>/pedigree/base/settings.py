"""The settings a stage may see: those of its own file, and the keys that ``dvc.yaml`` lists for it.

DVC tracks both, so every change of them runs the stage again; the stage cannot see any other setting.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import yaml

from pedigree.base.invalid import invalid_values
from pedigree.base.logs import LOGGER
from pedigree.base.names import UserError, did_you_mean, snake_case
from pedigree.base.paths import DVC_YAML, PARAMS, SETTINGS
from pedigree.base.secrets.finding import override_mistakes, references, secrets
from pedigree.base.steps import settings_class

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
    LOGGER.debug("read %s", path)
    written = path == PARAMS or path.parent == SETTINGS
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=Loader)
    except FileNotFoundError:
        way = "run `dvc repro` to create it" if written else f"restore it with `git restore {path}`"
        raise UserError(f"{path} does not exist; {way}.") from None
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        way = "; delete it and run `dvc repro`" if written else ""
        raise UserError(f"{path} is not valid YAML: {error}{way}") from None


def settings_file(stage: str) -> Path:
    """Return the path to which `configure` writes a stage's own settings."""
    return SETTINGS / f"{stage}.yaml"


def listed_keys(stage: Mapping[str, Any]) -> list[str]:
    """Return the keys of params.yaml that a stage of ``dvc.yaml`` lists under ``params``."""
    return [
        key for key in stage.get("params", ()) if isinstance(key, str)
    ]  # a mapping lists keys of other files


def read_settings(stage: str, overrides: Sequence[str] = ()) -> Any:
    """Read a stage's own settings, with ``key=value`` overrides for a single run.

    Parameters
    ----------
    stage : str
        Name of the DVC stage.
    overrides : sequence of str
        ``section.key=value``, in Hydra's syntax for plain values.

    Returns
    -------
    Excerpt
        Of the step's own class (see ``base/steps.py``), frozen; for a stage that the owner added, one with
        the keys that it lists as attributes.

    Raises
    ------
    UserError
        The settings are missing or invalid, or an override names a key that the stage does not have.
    """
    from pydantic import ValidationError

    stages = read_yaml(DVC_YAML)["stages"]
    if stage not in stages:
        raise UserError(f"stage '{stage}' is not in dvc.yaml; {did_you_mean(stage, stages)}")
    file, listed = settings_file(stage), listed_keys(stages[stage])
    data = read_yaml(file) if file.as_posix() in stages[stage].get("deps", ()) else {}
    params = read_yaml(PARAMS) if listed else {}
    for key in listed:
        _add(
            data,
            key.split("."),
            params,
            f"'{key}', which stage '{stage}' needs, is not in {PARAMS}",
        )
    if overrides:
        data = _overridden(stage, data, overrides)
    _snake_case_columns(data.get("problem") or {})
    try:
        return settings_class(stage).model_validate(data)
    except ValidationError as error:
        first = next(invalid_values(error.errors(), data))
        raise UserError(f"{'.'.join(first.place)}: {first.message}{first.shown}") from None


def _add(data: dict[str, Any], path: list[str], params: Any, missing: str) -> None:
    """Copy a key of params.yaml into a stage's settings."""
    for part in path[:-1]:
        params, data = (
            params.get(part) if isinstance(params, dict) else None,
            data.setdefault(part, {}),
        )
    if not isinstance(params, dict) or path[-1] not in params:
        raise UserError(f"{missing}; run `dvc repro`.")
    data[path[-1]] = params[path[-1]]


def _overridden(stage: str, data: dict[str, Any], overrides: Sequence[str]) -> dict[str, Any]:
    """Return the settings with the overrides applied."""
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    own = OmegaConf.create(data)
    for override in overrides:
        key, equals, _ = override.partition("=")
        for mistake in override_mistakes(override):  # before messages that show it
            raise UserError(mistake)
        if not equals or OmegaConf.select(own, key, default=_MISSING) is _MISSING:
            raise UserError(
                f"'{override}' overrides no setting of stage '{stage}'; write section.key=value, "
                f"{did_you_mean(key, leaves(data))}"
            )
        try:
            own.merge_with_dotlist([override])
        except OmegaConfBaseException as error:
            raise UserError(f"'{override}' is invalid: {error}") from None
    settings: dict[str, Any] = OmegaConf.to_container(own)  # type: ignore[assignment]
    for mistake in chain(secrets(settings), references(settings)):
        raise UserError(mistake)
    return settings


def as_dict(settings: Any) -> Any:
    """Convert settings to plain dictionaries and lists, for libraries that do not accept other types."""
    if hasattr(settings, "model_dump"):
        settings = settings.model_dump(by_alias=True, exclude_unset=True)
    if isinstance(settings, Mapping):
        return {key: as_dict(value) for key, value in settings.items()}
    if isinstance(settings, Sequence) and not isinstance(settings, str):
        return [as_dict(value) for value in settings]
    return settings


def leaves(config: Any, prefix: str = "", depth: int = -1) -> dict[str, Any]:
    """Flatten nested settings into ``{"section.key": value}``.

    Parameters
    ----------
    config : mapping or other value
        Settings.
    prefix : str
        The key under which they stand.
    depth : int
        Number of levels to flatten; -1 for all.

    Returns
    -------
    dict of str to object
    """
    data = as_dict(config)
    if not isinstance(data, dict) or not depth:
        return {prefix: data}
    flat: dict[str, Any] = {}
    for key, value in data.items():
        flat |= leaves(value, f"{prefix}.{key}" if prefix else str(key), depth - 1)
    return flat


def _snake_case_columns(problem: dict[str, Any]) -> None:
    """Let people write column names in `problem` as their source does; `load` renames the columns."""
    for key in ("target", "time"):
        if problem.get(key):
            problem[key] = snake_case(problem[key])
    for key in ("group", "slices", "protected"):
        if problem.get(key):
            problem[key] = [snake_case(name) for name in problem[key]]
    if problem.get("exclude"):
        problem["exclude"] = {snake_case(name): why for name, why in problem["exclude"].items()}


_MISSING = object()
