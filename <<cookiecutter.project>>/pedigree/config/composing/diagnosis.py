"""Where the mistake is for which Hydra cannot compose conf/: its own messages name neither file nor line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

from pedigree.base.names import nearest
from pedigree.base.paths import CONF
from pedigree.base.settings import Loader

# What YAML reads instead of a string.
KINDS = {"bool": "a boolean", "int": "a number", "float": "a number"}


def unquoted_options() -> Iterator[str]:
    """Find options in lists of defaults that YAML does not read as strings, such as `tune: off`.

    Yields
    ------
    str
        A sentence with file, line and the way out.
    """
    for path in sorted(CONF.rglob("*.yaml")):
        root = yaml.compose(path.read_text(encoding="utf-8"), Loader=Loader)
        keys = root.value if isinstance(root, yaml.MappingNode) else ()
        for listed in (value for key, value in keys if key.value == "defaults"):
            for prefix, node in _scalars(listed):
                if kind := KINDS.get(node.tag.rpartition(":")[2]):
                    yield (
                        f"{path}, line {node.start_mark.line + 1}: `{prefix}{node.value}` is read as {kind}; "
                        f'write `{prefix}"{node.value}"`.'
                    )


def _scalars(node: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the scalars of a list of defaults, each with the key before it."""
    if isinstance(node, yaml.ScalarNode):
        yield prefix, node
    elif isinstance(node, yaml.SequenceNode):
        for one in node.value:
            yield from _scalars(one)
    else:
        for key, value in node.value:
            yield from _scalars(key)
            yield from _scalars(value, f"{key.value}: ")


def lost_reference(error: Exception, settings: Any) -> str | None:
    """Describe a reference to a setting that does not exist.

    Parameters
    ----------
    error : Exception
        OmegaConf's InterpolationKeyError.
    settings : DictConfig
        Composed and not resolved.

    Returns
    -------
    str or None
        A sentence with file, line and the most similar setting; None if no file contains the reference.
    """
    lost = re.search(r"Interpolation key '([\w.]+)' not found", str(error))
    used = lost and _first_line(re.escape("${" + lost[1] + "}"), sorted(CONF.rglob("*.yaml")))
    if not lost or not used:
        return None
    known = _keys_beside(settings, lost[1])
    near = nearest(lost[1], known)
    hint = "correct it."
    if near:
        group = CONF / near.partition(".")[0]
        config = [CONF / "config.yaml"]
        there = f"{group}/" if group.is_dir() else _first_line(rf"^{re.escape(near)}\s*:", config)
        hint = f"the most similar is '{near}' ({there}); correct one of the two names."
    return f"{used}: `${{{lost[1]}}}` refers to a setting that does not exist; {hint}"


def _keys_beside(settings: Any, key: str) -> list[str]:
    """List the keys of the sections that exist on the way to a key, the longest way last."""
    *path, _ = key.split(".")
    found = [str(one) for one in settings]
    for depth, part in enumerate(path, start=1):
        settings = settings._get_node(part) if part in settings else None
        if not hasattr(settings, "_get_node") or not hasattr(settings, "keys"):
            return found
        found = [".".join([*path[:depth], str(one)]) for one in settings]
    return found


def _first_line(pattern: str, files: Iterable[Path]) -> str | None:
    """Return file and line of the first match outside of comments."""
    for path in files:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            if re.search(pattern, line) and not line.lstrip().startswith("#"):
                return f"{path}, line {number}"
    return None
