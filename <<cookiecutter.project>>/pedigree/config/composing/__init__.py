"""Compose conf/, as DVC does for an experiment."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf, open_dict
from omegaconf.errors import InterpolationKeyError, OmegaConfBaseException

from pedigree.base.names import UserError, did_you_mean
from pedigree.base.paths import CONF
from pedigree.base.settings import read_yaml
from pedigree.config.composing.diagnosis import lost_reference, unquoted_options
from pedigree.config.composing.resolvers import refuse_resolvers


def compose(overrides: Sequence[str] = (), folder: Path = CONF) -> dict[str, Any]:
    """Compose conf/ as `dvc exp run` does, all references resolved.

    Parameters
    ----------
    overrides : sequence of str
        Overrides as after `-S`.
    folder : Path
        Another version of conf/.

    Raises
    ------
    UserError
        A file or a reference is missing, a file is not valid YAML, or one calls a resolver such as `oc.env`.
    """
    config, _ = _compose(overrides, folder)
    try:
        OmegaConf.resolve(config)
    except OmegaConfBaseException as error:
        lost = lost_reference(error, config) if isinstance(error, InterpolationKeyError) else None
        raise UserError(lost or f"{CONF}/ cannot be composed: {error}") from None
    return OmegaConf.to_container(config)  # type: ignore[return-value]


def compose_references(overrides: Sequence[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Compose conf/ without resolving references.

    Parameters
    ----------
    overrides : sequence of str
        As for `compose`.

    Returns
    -------
    settings : dict
    options : dict
        The chosen option of each group.

    Raises
    ------
    UserError
        As by `compose`.
    """
    config, options = _compose(overrides, CONF)
    return OmegaConf.to_container(config), options  # type: ignore[return-value]


def _compose(overrides: Sequence[str], folder: Path) -> tuple[Any, dict[str, Any]]:
    """Compose a folder; return the settings, and the chosen option of each group."""
    from hydra import compose as hydra_compose
    from hydra import initialize_config_dir
    from hydra.errors import HydraException, MissingConfigException
    from yaml import YAMLError

    refuse_resolvers(overrides)
    try:
        with initialize_config_dir(str(folder.resolve()), version_base=None):
            config = hydra_compose("config", list(overrides), return_hydra_config=True)
    except MissingConfigException as error:
        raise UserError(missing_option(error)) from None
    except (HydraException, OmegaConfBaseException, YAMLError) as error:
        raise UserError(f"{CONF}/ cannot be composed: {error}") from None
    except (ValueError, AssertionError) as error:  # Hydra's, about an item of a list of defaults
        found = "\n  ".join(unquoted_options())
        raise UserError(found or f"{CONF}/ cannot be composed: {error}") from None
    chosen = config.hydra.runtime.choices.items()
    with open_dict(config):
        del config["hydra"]
    return config, {key: one for key, one in chosen if not key.startswith("hydra/")}


def missing_option(error: Exception) -> str:
    """Return a message that names the missing option and its group, and suggests a similar one."""
    name = getattr(error, "missing_cfg_file", None) or ""
    group, _, option = str(name).rpartition("/")
    there = [path.stem for path in (CONF / group).glob("*.yaml")] if group else []
    if awaits_data():
        return (
            "conf/config.yaml still chooses the example, which this project does not contain; run "
            "`python -m pedigree adopt FILE --target COLUMN` first, with your own data."
        )
    if not there:
        return f"{CONF}/ cannot be composed: {error}"
    return f"conf/{group}/ has no option '{option}' ({CONF}/{name}.yaml does not exist); {did_you_mean(option, there)}"


def awaits_data() -> bool:
    """Return whether the project was generated for its owner's data, and `adopt` has not run yet."""
    defaults = read_yaml(CONF / "config.yaml").get("defaults", ())
    return {"collect": "example"} in defaults and not (CONF / "collect/example.yaml").exists()
