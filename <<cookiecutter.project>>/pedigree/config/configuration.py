"""The settings in force: where they come from, and how params.yaml and the steps get them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml
from omegaconf import OmegaConf

from pedigree.base.dvc_files.lock import digest, recorded_stages
from pedigree.base.files.replacing import new_folder, write_text
from pedigree.base.paths import CONF, PARAMS, SETTINGS
from pedigree.base.secrets.finding import references, secrets
from pedigree.base.section import part_of
from pedigree.base.settings import Dumper, leaves, read_yaml, settings_file
from pedigree.base.steps import step_classes
from pedigree.config.checks import check
from pedigree.config.composing import compose
from pedigree.config.keeping.reverted import reverted

# DVC sets it while it runs an experiment, for which it has composed params.yaml itself, including the
# overrides of `-S`. Composing again would drop them, but the experiment would be recorded as if it had used them.
EXPERIMENT = "DVC_EXP_NAME"
SHOWN = 15  # changed settings that are printed; choosing another model changes fifty
_MISSING = object()


@dataclass(frozen=True)
class Configuration:
    """All settings, as conf/ composes them, or as an experiment has set them.

    Parameters
    ----------
    settings : dict
        The settings in force.
    before : dict
        What the settings are compared with: the previous params.yaml, or what conf/ composes in an experiment.
    where : str
        Where the settings changed, for messages.
    composed : bool
        Whether the settings come from conf/ alone, so that params.yaml must be written.

    Examples
    --------
    >>> from pedigree import Configuration
    >>> configuration = Configuration.read()
    >>> configuration.check()
    >>> configuration.settings["seed"]
    42
    """

    settings: Mapping[str, Any]
    before: Mapping[str, Any]
    where: str
    composed: bool

    @classmethod
    def read(cls) -> Configuration:
        """Compose conf/, unless an experiment has done so.

        Raises
        ------
        UserError
            conf/ cannot be composed, or would write a secret into params.yaml.
        """
        composed = compose()
        in_force = (read_yaml(PARAMS) if PARAMS.exists() else None) or {}
        if in_force and EXPERIMENT in os.environ:
            return cls(in_force, composed, "in this experiment", composed=False)
        if in_force and in_force != composed and taken_over():
            where = "by the applied experiment"
            return cls(in_force, composed, where, composed=False)
        return cls(composed, in_force, f"in {PARAMS}", composed=True)

    def check(self) -> None:
        """Raise an error if the settings contain mistakes; a params.yaml with a credential in it is not left.

        Raises
        ------
        UserError
            One line for each mistake.
        """
        leaked = not self.composed and [*secrets(self.settings), *references(self.settings)]
        if (
            leaked
        ):  # DVC wrote the overrides of an experiment, and a later commit would contain them
            self._write_params(self.before)
        check(self.settings)

    def write(self) -> None:
        """Write params.yaml, unless an experiment did, and the settings file of each step."""
        if self.composed:
            self._write_params(self.settings)
        hand_out(self.settings)

    def _write_params(self, settings: Mapping[str, Any]) -> None:
        text = OmegaConf.to_yaml(OmegaConf.create(dict(settings)))
        if not (PARAMS.exists() and PARAMS.read_text(encoding="utf-8") == text):
            write_text(text, PARAMS)

    def changes(self) -> Iterator[str]:
        """Yield lines that describe which values changed, and which of the last commit are lost."""
        before, after = leaves(self.before), leaves(self.settings)
        if not before:
            yield f"{len(after)} settings written to {PARAMS}"
            return
        keys = before | after
        changed = [key for key in keys if before.get(key, _MISSING) != after.get(key, _MISSING)]
        for key in changed[:SHOWN]:
            yield f"{key}: {before.get(key, '(not set)')} -> {after.get(key, '(gone)')}"
        if len(changed) > SHOWN:
            yield f"... and {len(changed) - SHOWN} more (`git diff {PARAMS}` shows all)"
        yield f"{len(changed) or 'none'} of {len(keys)} settings changed {self.where}"
        composed = self.settings if self.composed else self.before
        yield from (f"WARNING: {line}" for line in reverted(self.settings, composed))


def taken_over() -> bool:
    """Return whether dvc.lock records the current params.yaml, made from the current conf/.

    If so, the two differ by overrides of an applied experiment. They stay in force until conf/ is
    edited; changed code, or a forced run in a clone, must not drop them.
    """
    stage = recorded_stages().get("configure", {})
    known = {one["path"]: one["md5"] for kind in ("deps", "outs") for one in stage.get(kind, ())}
    return all(digest(path) == known.get(path.name) for path in (CONF, PARAMS))


def hand_out(settings: Mapping[str, Any]) -> None:
    """Write each step's own settings to ``settings/<step>.yaml``.

    Parameters
    ----------
    settings : mapping
        All of them, after `check`.
    """
    with new_folder(SETTINGS) as folder:
        for name, step in step_classes():
            own = part_of(settings, step)
            text = yaml.dump(own, Dumper=Dumper, sort_keys=False, allow_unicode=True)
            write_text(text, folder / settings_file(name).name)
