"""Compose conf/ into params.yaml, and give each step its own part of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import yaml
from omegaconf import DictConfig, OmegaConf

from pedigree.base.lock import digest, recorded
from pedigree.base.names import UserError, did_you_mean
from pedigree.base.paths import CONF, PARAMS, SETTINGS
from pedigree.base.settings import Dumper, settings_file
from pedigree.base.stage import say
from pedigree.base.tables import replacing
from pedigree.config.schema.steps import STEPS, select

# DVC sets it while it runs an experiment, for which it has composed params.yaml itself, with the
# overrides of `-S`. Composing again would lose them and record the experiment as done.
EXPERIMENT = "DVC_EXP_NAME"
SHOWN = 15  # changed settings that are printed; another model changes fifty


def taken_over() -> bool:
    """Tell whether dvc.lock records params.yaml as it is, and that it was made from conf/ as it is.

    Then what sets the two apart are overrides of an experiment, and they stay in force until conf/ is
    edited: other code, or a run by force in a clone, is no reason to lose them.
    """
    stage = recorded().get("configure", {})
    known = {one["path"]: one["md5"] for kind in ("deps", "outs") for one in stage.get(kind, ())}
    return all(digest(path) == known.get(path.name) for path in (CONF, PARAMS))


def compose(overrides: Sequence[str] = ()) -> DictConfig:
    """Compose conf/ as `dvc exp run` does, all references resolved.

    Parameters
    ----------
    overrides : sequence of str
        As behind `-S`.

    Raises
    ------
    UserError
        A file or a reference is missing, or a file is no valid YAML.
    """
    from hydra import compose as hydra_compose
    from hydra import initialize_config_dir
    from hydra.errors import HydraException, MissingConfigException
    from omegaconf.errors import OmegaConfBaseException
    from yaml import YAMLError

    try:
        with initialize_config_dir(str(CONF.resolve()), version_base=None):
            config = hydra_compose("config", list(overrides))
        OmegaConf.resolve(config)
    except MissingConfigException as error:
        raise UserError(missing_option(error)) from None
    except (HydraException, OmegaConfBaseException, YAMLError) as error:
        raise UserError(f"{CONF}/ cannot be composed: {error}") from None
    return config


def hand_out(params: dict[str, Any]) -> None:
    """Write each step's own settings to ``settings/<step>.yaml``.

    Parameters
    ----------
    params : dict
        All settings, checked.
    """
    with replacing(SETTINGS) as folder:
        folder.mkdir()
        for name, step in STEPS.items():
            text = yaml.dump(
                select(step, params), Dumper=Dumper, sort_keys=False, allow_unicode=True
            )
            (folder / settings_file(name).name).write_text(text, encoding="utf-8", newline="\n")


def missing_option(error: Exception) -> str:
    """Say which option of which group is not there, and what may have been meant."""
    name = getattr(error, "missing_cfg_file", None) or ""
    group, _, option = str(name).rpartition("/")
    there = [path.stem for path in (CONF / group).glob("*.yaml")] if group else []
    if not there:
        return f"{CONF}/ cannot be composed: {error}"
    return f"conf/{group}/ has no option '{option}' ({CONF}/{name}.yaml is not there); {did_you_mean(option, there)}"


def report(before: dict[str, Any], after: dict[str, Any], where: str) -> None:
    """Print which values changed."""
    if not before:
        say(f"{len(after)} settings written to {PARAMS}")
        return
    keys = before | after
    changed = [key for key in keys if before.get(key, _NONE) != after.get(key, _NONE)]
    for key in changed[:SHOWN]:
        old, new = before.get(key, "(not set)"), after.get(key, "(gone)")
        say(f"{key}: {old} -> {new}")
    if len(changed) > SHOWN:
        say(f"... and {len(changed) - SHOWN} more (`git diff {PARAMS}` shows all)")
    say(f"{len(changed)} of {len(keys)} settings changed {where}")


_NONE = object()
