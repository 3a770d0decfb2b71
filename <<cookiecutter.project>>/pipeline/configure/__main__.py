"""Compose conf/ into params.yaml and check every setting, before any data is touched."""

from __future__ import annotations

import os
from collections.abc import Sequence

from omegaconf import DictConfig, OmegaConf

from pipeline.configure.checks import check, refuse_secrets
from pipeline.core.base.command import plain_errors
from pipeline.core.base.lock import digest, recorded
from pipeline.core.base.names import UserError, did_you_mean
from pipeline.core.base.paths import CONF, PARAMS
from pipeline.core.base.settings import leaves, read_yaml
from pipeline.core.base.stage import say
from pipeline.core.base.tables import replacing

# DVC sets it while it runs an experiment, for which it has composed params.yaml itself, with the
# overrides of `-S`. Composing again would lose them and record the experiment as done.
EXPERIMENT = "DVC_EXP_NAME"
SHOWN = 15  # changed settings that are printed; another model changes fifty


def main() -> None:
    """Compose and check; write params.yaml unless an experiment did."""
    refuse_secrets(CONF)
    composed = compose()
    in_force = OmegaConf.create(read_yaml(PARAMS) if PARAMS.exists() else {})
    running = EXPERIMENT in os.environ
    if in_force and (running or (in_force != composed and taken_over())):
        check(in_force)
        where = "in this experiment" if running else "by the experiment that was taken over"
        report(leaves(composed), leaves(in_force), where)
        return
    check(composed)
    text = OmegaConf.to_yaml(composed)
    if not PARAMS.exists() or PARAMS.read_text(encoding="utf-8") != text:
        with replacing(PARAMS) as new:
            new.write_text(text, encoding="utf-8")
    report(leaves(in_force), leaves(composed), f"in {PARAMS}")


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


def missing_option(error: Exception) -> str:
    """Say which option of which group is not there, and what may have been meant."""
    name = getattr(error, "missing_cfg_file", None) or ""
    group, _, option = str(name).rpartition("/")
    there = [path.stem for path in (CONF / group).glob("*.yaml")] if group else []
    if not there:
        return f"{CONF}/ cannot be composed: {error}"
    return f"conf/{group}/ has no option '{option}' ({CONF}/{name}.yaml is not there); {did_you_mean(option, there)}"


def report(before: dict, after: dict, where: str) -> None:
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

if __name__ == "__main__":
    with plain_errors("configure"):
        main()
