"""A contract's YAML, edited without changing its comments and layout."""

from __future__ import annotations

import io
import re
from typing import Any

import yaml
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from pedigree.contract.widen import Change

# A list may be written with or without indentation under its key.
LAYOUTS = ({"mapping": 2, "sequence": 4, "offset": 2}, {"mapping": 2, "sequence": 2, "offset": 0})


def edit(text: str, changes: list[Change]) -> str:
    """Return the text of a contract with changes applied."""
    parser = _parser(text)
    document = parser.load(text)
    columns = document["columns"]
    if not columns:  # `columns: {}`
        columns.fa.set_block_style()
    for change in changes:
        promise = columns.get(change.column)
        if promise is None:
            promise = columns[change.column] = _flow({})
        for key in change.remove:
            promise.pop(key, None)
        for key, value in change.add.items():
            _put(promise, key, value)
    return _spaced(_dump(parser, document), text)


def _spaced(text: str, old: str) -> str:
    """Put comments two spaces behind lines that have changed; the parser would keep their old column."""
    before = set(old.splitlines())
    lines = [
        line if line in before else re.sub(r"(?<=}) +(?=# )", "  ", line)
        for line in text.splitlines()
    ]
    spaced = "\n".join(lines) + "\n"
    return spaced if yaml.safe_load(spaced) == yaml.safe_load(text) else text


def _put(promise: Any, key: str, value: Any) -> None:
    old = promise.get(key)
    if isinstance(value, list) and isinstance(old, list):
        old.extend(_plain(one) for one in value[len(old) :])
    elif isinstance(value, dict) and isinstance(old, dict):
        old.update(value)
    else:
        promise[key] = _flow(value) if isinstance(value, dict) else _plain(value)


def _flow(values: dict[str, Any]) -> CommentedMap:
    made = CommentedMap({key: _plain(value) for key, value in values.items()})
    made.fa.set_flow_style()
    return made


def _plain(value: Any) -> Any:
    """Quote a string that the stages' parser (YAML 1.1) would read as another type, such as No."""
    if isinstance(value, list):
        made = CommentedSeq(map(_plain, value))
        made.fa.set_flow_style()
        return made
    quoted = isinstance(value, str) and not _is_itself(value)
    return DoubleQuotedScalarString(value) if quoted else value


def _is_itself(text: str) -> bool:
    try:
        return bool(yaml.safe_load(f"[{text}]") == [text])
    except yaml.YAMLError:
        return False


def _parser(text: str) -> YAML:
    """Return a parser with the layout of the text, if the text has one of the known layouts."""
    parsers = []
    for layout in LAYOUTS:
        parser = YAML()
        parser.preserve_quotes = True
        parser.width = 2**20  # do not wrap lines
        parser.indent(**layout)
        parsers.append(parser)
    return next((one for one in parsers if _dump(one, one.load(text)) == text), parsers[0])


def _dump(parser: YAML, document: Any) -> str:
    stream = io.StringIO()
    parser.dump(document, stream)
    return stream.getvalue()
