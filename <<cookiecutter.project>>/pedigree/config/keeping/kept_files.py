"""Files of conf/ that contain what `keep` found: options in the list of defaults, values in files beside the options."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from pedigree.base.paths import CONF
from pedigree.base.settings import Loader
from pedigree.config.keeping.options import Composition, placed
from pedigree.config.keeping.overrides import (
    REMOVED,
    in_order_of,
    put,
    with_overrides,
    without_references,
)

CONFIG = CONF / "config.yaml"
WRITTEN = "# Written by `python -m pedigree keep`; yours to change."
Values = dict[tuple[str, ...], Any]
Item = dict[str, str | None]  # of a list of defaults


def kept_files(found: Composition, whole: bool) -> dict[Path, str]:
    """Return the files that make conf/ compose settings.

    Parameters
    ----------
    found : Composition
        The options that come nearest to the settings.
    whole : bool
        Whether sections with other values are written whole, and not as additions to an option.

    Returns
    -------
    dict of Path to str
        The text of each file that changes.
    """
    text = CONFIG.read_text(encoding="utf-8")
    config, lists = yaml.load(text, Loader=Loader), _lists(text)
    settings, overrides = with_overrides(found.references, found.wanted)
    options = {key: one for key, one in found.options.items() if key in lists}
    inner = {key: one for key, one in found.options.items() if key not in lists}
    values: dict[str, Values] = {placed(key)[0]: {} for key in inner}
    for path, value in overrides.items():
        if _contains(config, path) and value is not REMOVED:
            text = _replaced(text, _node(text, path), without_references(value))
        elif path[0] in lists and path[1:]:
            values.setdefault(path[0], {})[path[1:]] = value
    files: dict[Path, str] = {}
    for section, own in values.items():
        base = options.get(section, found.chosen.get(section))
        items = [
            _item(section, key, one) for key, one in inner.items() if placed(key)[0] == section
        ]
        if whole or base is None or REMOVED in own.values():
            everything = in_order_of(settings[section], found.wanted[section])
            file, content = _free(section), _new(everything)
        else:
            file, content = _beside(CONF / section / f"{base}.yaml", own, items)
        files[file], options[section] = content, file.stem
    for group, option in options.items():
        text = _replaced(text, _lists(text)[group], option)
    return {**files, CONFIG: text}


def _beside(option: Path, values: Values, items: list[Item]) -> tuple[Path, str]:
    """Return a file that adds values and inner options to an option, and its text; an earlier file of `keep` is edited."""
    old = option.read_text(encoding="utf-8")
    if old.startswith(WRITTEN) and ("\ndefaults:" in old or not items):
        return option, _edited(old, values, items)
    content: dict[str, Any] = {"defaults": [option.stem, *items, "_self_"]}
    for path, value in values.items():
        put(content, path, without_references(value))
    return _free(option.parent.name), _new(content)


def _lists(text: str) -> dict[str, Any]:
    """Return the node of each group's option in the list of defaults of conf/config.yaml."""
    defaults = _node(text, ("defaults",)).value
    pairs = (pair for one in defaults if isinstance(one, yaml.MappingNode) for pair in one.value)
    return {key.value.split()[-1].lstrip("/"): value for key, value in pairs}


def _node(text: str, path: tuple[str, ...]) -> Any:
    """Return the node of a value in a YAML text."""
    node: Any = yaml.compose(text, Loader=Loader)
    for key in path:
        node = next(value for name, value in node.value if name.value == key)
    return node


def _replaced(text: str, node: Any, value: Any) -> str:
    """Return a YAML text with another value in place of a node; all else stays as it is."""
    start, end = node.start_mark.index, node.end_mark.index
    end = start + len(text[start:end].rstrip())  # of a block, which ends before what follows
    return text[:start] + _flow(value) + text[end:]


def _flow(value: Any) -> str:
    text = yaml.safe_dump(
        value, default_flow_style=True, allow_unicode=True, sort_keys=False, width=float("inf")
    )
    return text.removesuffix("\n").removesuffix("\n...")


def _contains(config: Any, path: tuple[str, ...]) -> bool:
    """Return whether conf/config.yaml itself sets a value, which comes after those of the options."""
    for key in path:
        if not isinstance(config, Mapping) or key not in config:
            return False
        config = config[key]
    return True


def _item(section: str, group: str, option: str | None) -> Item:
    """Return the item of a list of defaults, in a file of a section, that chooses an option inside the section."""
    name, _, place = group.partition("@")
    if not place:
        return {f"override {name.removeprefix(f'{section}/')}": option}
    return {f"override /{name}@{place.removeprefix(section).removeprefix('.') or '_here_'}": option}


def _free(section: str) -> Path:
    """Return a file that does not exist yet."""

    def names() -> Iterator[Path]:
        yield CONF / section / "kept.yaml"
        yield from (CONF / section / f"kept_{n}.yaml" for n in range(2, 1000))

    return next(path for path in names() if not path.exists())


def _new(content: Mapping[str, Any]) -> str:
    text = yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=float("inf"))
    return f"{WRITTEN}\n{text}"


def _edited(text: str, values: Values, items: list[Item]) -> str:
    """Return the text of an earlier file of `keep` with other values and options; comments are kept."""
    parser = YAML()
    parser.preserve_quotes = True
    parser.width = 1_000_000
    document = parser.load(text)
    for path, value in values.items():
        put(document, path, _quoted(without_references(value)))
    for item in items:
        defaults = document["defaults"]
        for earlier in [one for one in defaults if isinstance(one, dict) and {*one} == {*item}]:
            defaults.remove(earlier)
        defaults.insert(defaults.index("_self_"), item)
    stream = io.StringIO()
    parser.dump(document, stream)
    return stream.getvalue()


def _quoted(value: Any) -> Any:
    """Quote strings that YAML 1.1 would read as something else, which ruamel.yaml does not."""
    if isinstance(value, dict):
        return {key: _quoted(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_quoted(one) for one in value]
    quoted = isinstance(value, str) and not _flow(value).startswith(value[:1] or "?")
    return DoubleQuotedScalarString(value) if quoted else value
