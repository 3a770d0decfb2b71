"""Which options of conf/ settings were composed from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from omegaconf.errors import OmegaConfBaseException

from pedigree.base.names import UserError
from pedigree.base.paths import CONF
from pedigree.base.settings import leaves, read_yaml
from pedigree.config.composing import compose_references
from pedigree.config.keeping.overrides import changed_values, refers, resolved

PRESETS = "experiment"
TRIED = 2  # options of a group that are composed; the others have less in common with the settings
_MISSING = object()


@dataclass(frozen=True)
class Composition:
    """Settings that some options give.

    Parameters
    ----------
    options : dict
        Options that differ from those of conf/, by group, such as ``{"model": "linear"}``; None is no option.
    wanted : mapping
        The settings that are compared with these.
    """

    options: dict[str, str | None]
    wanted: Mapping[str, Any]

    @cached_property
    def _composed(self) -> tuple[dict[str, Any], dict[str, Any]]:
        options = self.options.items()
        return compose_references([f"{key}={one}" if one else f"~{key}" for key, one in options])

    @property
    def references(self) -> dict[str, Any]:
        """The settings, with the references in them."""
        return self._composed[0]

    @property
    def chosen(self) -> dict[str, Any]:
        """The options of all groups, also of those inside of others, such as ``model/encoder``."""
        return self._composed[1]

    @cached_property
    def differing(self) -> list[tuple[str, ...]]:
        """The paths of the values that differ from the wanted ones."""
        return [path for path, _ in changed_values(resolved(self.references), self.wanted)]

    def concerns(self, group: str) -> bool:
        """Return whether a value of a group differs that is its own, and not that of a setting to which it refers."""
        place = placed(group)
        own = (path for path in self.differing if path[: len(place)] == place)
        return not all(refers(self.references, path) for path in own)


def placed(group: str) -> tuple[str, ...]:
    """Return where the settings of a group are: ``model/encoder`` and ``model@train.baseline`` in sections of other groups."""
    name, _, place = group.partition("@")
    if name == PRESETS:
        return ()
    return tuple(place.split(".") if place else name.split("/"))


def infer_options(wanted: Mapping[str, Any], presets: bool = True) -> Composition:
    """Find the options with which the fewest values differ from settings: first a preset, then group by group, from outside.

    Parameters
    ----------
    wanted : mapping
        The settings.
    presets : bool
        Whether to choose a preset, or to leave out the one that conf/ chooses.

    Returns
    -------
    Composition
    """
    best, seen = Composition({}, wanted), set[str]()
    if not presets:
        seen.add(PRESETS)
        best = Composition({PRESETS: None}, wanted) if best.chosen.get(PRESETS) else best
    while groups := [one for one in {PRESETS, *best.chosen} - seen if best.concerns(one)]:
        group = min(groups, key=lambda one: (len(placed(one)), one))
        seen.add(group)
        for option in _likely(group, wanted, best.chosen.get(group)):
            other = Composition(best.options | {group: option}, wanted)
            try:
                best = min(best, other, key=lambda one: len(one.differing))
            except (UserError, OmegaConfBaseException):  # does not fit the other options
                continue
    return best


def _likely(group: str, wanted: Any, current: Any) -> list[str]:
    """Return the options whose values are mostly those of settings, without the current one."""
    for key in placed(group):
        wanted = wanted.get(key) if isinstance(wanted, Mapping) else None
    values = leaves(wanted)

    def common(path: Path) -> int:
        own = leaves({**(read_yaml(path) or {}), "defaults": None})
        literal = {k: one for k, one in own.items() if k != "defaults" and "${" not in str(one)}
        return sum(1 if values.get(k, _MISSING) == one else -1 for k, one in literal.items())

    files = sorted((CONF / group.partition("@")[0]).glob("*.yaml"))
    agreeing = {path.stem: common(path) for path in files if path.stem != current}
    likely = [name for name, more in agreeing.items() if more >= 0]
    return sorted(likely, key=lambda name: -agreeing[name])[:TRIED]
