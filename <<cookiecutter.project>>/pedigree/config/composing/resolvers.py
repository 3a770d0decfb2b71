"""Calls of OmegaConf's resolvers in conf/ and contracts/: what they return would be written into params.yaml."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import yaml

from pedigree.base.names import UserError
from pedigree.base.paths import CONF, CONTRACTS
from pedigree.base.secrets.finding import (
    REFERENCE,
    called_resolver,
    override_mistakes,
    refusal,
    secrets,
)
from pedigree.base.secrets.forms import TOKENS, credential_form
from pedigree.base.settings import Loader


def refuse_resolvers(overrides: Iterable[str] = ()) -> None:
    """Refuse `${oc.env:...}` and other resolvers in every file, also of options that are not chosen.

    The nodes of the files are examined as YAML reads them, so that comments, line breaks and quotes make no difference.

    Parameters
    ----------
    overrides : iterable of str
        Overrides, which may refer to other settings only, too.

    Raises
    ------
    UserError
        Names the file and line, or the key of the override.
    """
    for mistake in (one for override in overrides for one in override_mistakes(override)):
        raise UserError(mistake)
    for path in sorted(one for folder in (CONF, CONTRACTS) for one in folder.rglob("*.yaml")):
        text = path.read_text(encoding="utf-8")
        for number, line in enumerate(text.splitlines(), start=1):  # also in comments
            if kind := credential_form(line, TOKENS):
                raise UserError(
                    f"{path}, line {number} holds what looks like a credential ({kind}), and settings are committed; "
                    "remove it."
                )
        for node in _scalars(text) if REFERENCE in text else ():
            if name := called_resolver(node.value):
                raise UserError(f"{path}, line {node.start_mark.line + 1}: {refusal(name)}")
        for mistake in secrets(_data(text)):
            raise UserError(f"{path}: {mistake}")


def _data(text: str) -> Any:
    """Parse a file; whoever reads one that is not valid YAML describes the mistake."""
    try:
        return yaml.load(text, Loader=Loader)
    except yaml.YAMLError:
        return None


def _scalars(text: str) -> Iterator[yaml.ScalarNode]:
    """Yield the keys and values of a file, if it is valid YAML."""
    try:
        waiting = [yaml.compose(text, Loader=Loader)]
    except yaml.YAMLError:
        return
    seen = set()
    while waiting:
        node = waiting.pop()
        if id(node) in seen:  # an alias, perhaps of what it is part of
            continue
        seen.add(id(node))
        if isinstance(node, yaml.ScalarNode):
            yield node
        elif isinstance(node, yaml.SequenceNode):
            waiting += node.value
        elif isinstance(node, yaml.MappingNode):
            waiting += [one for pair in node.value for one in pair]
