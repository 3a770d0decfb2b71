"""Calls of OmegaConf's resolvers in conf/ and contracts/: what they return would be written into params.yaml."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import yaml

from pedigree.base.names import UserError
from pedigree.base.paths import CONF, CONTRACTS
from pedigree.base.secrets.finding import (
    called_resolver,
    override_mistakes,
    secrets,
    why_refused,
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
        found = credential_form(text, TOKENS)  # also in comments
        for number, line in enumerate(text.splitlines() if found else (), start=1):
            if kind := credential_form(line, TOKENS):
                raise UserError(
                    f"{path}, line {number} holds what looks like a credential ({kind}), and settings are committed; "
                    "remove it."
                )
        node, data = _parsed(text)
        for scalar in _scalars(node):
            if name := called_resolver(scalar.value):
                raise UserError(f"{path}, line {scalar.start_mark.line + 1}: {why_refused(name)}")
        for mistake in secrets(data):
            raise UserError(f"{path}: {mistake}")


def _parsed(text: str) -> tuple[Any, Any]:
    """Return the node and the value of a YAML file; whoever reads one that is not valid describes the mistake."""
    loader = Loader(text)
    try:
        node = loader.get_single_node()
        return node, loader.construct_document(node) if node else None
    except yaml.YAMLError:
        return None, None
    finally:
        loader.dispose()


def _scalars(root: Any) -> Iterator[yaml.ScalarNode]:
    """Yield the keys and values below a node."""
    waiting, seen = [root], set()
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
