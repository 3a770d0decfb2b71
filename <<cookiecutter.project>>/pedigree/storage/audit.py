"""What a stored object may consist of: an exact name for each part, by the kind of node that builds it.

skops builds the objects that a file names, and some kinds of nodes call what they name. So the file is read here before
skops sees it: each node must be of a listed kind, and name a type or function that is listed for this kind, or is the
owner's. Nothing is imported for that, except the owner's modules.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from types import FunctionType
from typing import Any

PROTOCOL = 2  # of the files that skops 0.14 writes; an older one has other kinds of nodes
OWN = "pipeline.custom."
_ENTRY = re.compile(r"schema\.json|f\d+\.(npy|npz|bin)")
_NUMBERS = frozenset(
    f"numpy.{name}"
    for name in (
        *("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
        *("float16", "float32", "float64", "complex64", "complex128", "str_", "bytes_"),
        *("datetime64", "timedelta64"),
    )
)
_PLAIN = frozenset(f"builtins.{name}" for name in ("str", "int", "float", "bool", "NoneType"))
# What each kind of node may build. A kind that is missing here is refused: methods, operators, and constructors that a
# file supplies with arguments.
_ALLOWED: dict[str, frozenset[str]] = {
    "JsonNode": frozenset({"builtins.str"}),
    "ListNode": frozenset({"builtins.list"}),
    "TupleNode": frozenset({"builtins.tuple", "sklearn.impute._iterative._ImputerTriplet"}),
    "SetNode": frozenset({"builtins.set"}),
    "DictNode": frozenset({"builtins.dict", "collections.OrderedDict"}),
    "DefaultDictNode": frozenset({"collections.defaultdict"}),
    "BytesNode": frozenset({"builtins.bytes"}),
    "BytearrayNode": frozenset({"builtins.bytearray"}),
    "SliceNode": frozenset({"builtins.slice"}),
    # Keys of dictionaries are converted by the types that a file names, so only types without effects are allowed.
    "TypeNode": _PLAIN | _NUMBERS | {"collections.OrderedDict"},
    "NdArrayNode": _NUMBERS | {"numpy.ndarray"},
    "MaskedArrayNode": frozenset({"numpy.ma.MaskedArray"}),
    "DTypeNode": frozenset({"numpy.dtype"}),
    "RandomStateNode": frozenset({"numpy.random.mtrand.RandomState"}),
    "RandomGeneratorNode": frozenset({"numpy.random._generator.Generator"}),
    "TreeNode": frozenset({"sklearn.tree._tree.Tree"}),
    "PartialNode": frozenset({"functools.partial"}),
}


class Untrusted(Exception):
    """A stored object contains what is not trusted; the message names it."""


def audit(content: bytes) -> None:
    """Check the content of a file before any object in it is built.

    Parameters
    ----------
    content : bytes
        Of an archive as `artifact.save_model` writes it.

    Raises
    ------
    Untrusted
        It is no such archive, or contains a kind of node, a type or a function that is not listed.
    """
    try:
        schema = _schema(content)
    except (zipfile.BadZipFile, KeyError, ValueError, RecursionError, NotImplementedError) as error:
        raise Untrusted(f"no readable archive ({error})") from None
    if schema.get("protocol") != PROTOCOL:
        raise Untrusted(f"protocol {schema.get('protocol')!r}")
    foreign = sorted({name for node in _nodes(schema) if (name := _foreign(node))})
    if foreign:
        raise Untrusted(", ".join(foreign))


def _schema(content: bytes) -> dict[str, Any]:
    """Read the description of the objects; entries must be stored as they are, so that none is larger than the file."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        entries = archive.infolist()
        names = [one.filename for one in entries]
        if len(names) != len(set(names)) or not all(map(_ENTRY.fullmatch, names)):
            raise ValueError("unexpected entries")
        if any(one.compress_type != zipfile.ZIP_STORED for one in entries):
            raise ValueError("compressed entries")
        schema = json.loads(archive.read("schema.json"))
    if not isinstance(schema, dict):
        raise ValueError("schema.json is not a mapping")
    return schema


def _nodes(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield every mapping that skops would take for a node."""
    waiting: list[Any] = [schema]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            if "__loader__" in one:
                yield one
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one


def _foreign(node: dict[str, Any]) -> str | None:
    """Return what a node would build if that is not allowed."""
    kind, name = node["__loader__"], f"{node.get('__module__')}.{node.get('__class__')}"
    if kind == "CachedNode":  # refers to a node that is checked itself
        return None
    if not isinstance(kind, str):
        return "a node without a kind"
    if name in _ALLOWED.get(kind, ()) or name in trusted().get(kind, ()):
        return None
    if kind in ("ObjectNode", "FunctionNode") and name.startswith(OWN):
        return None if _is_own(kind, name) else name
    return name if kind in _ALLOWED or kind in trusted() else f"{name} ({kind})"


@cache
def trusted() -> dict[str, frozenset[str]]:
    """Return the listed types and functions by kind of node; `tools/trusted.py` writes the list."""
    lines = (Path(__file__).parent / "trusted.txt").read_text(encoding="utf-8").splitlines()
    pairs = [line.split() for line in lines if line and not line.startswith("#")]
    kinds = {kind for kind, _ in pairs}
    return {kind: frozenset(name for one, name in pairs if one == kind) for kind in kinds}


def _is_own(kind: str, name: str) -> bool:
    """Return whether a name is that of an estimator class, or of a function, of the owner's modules."""
    module, _, attribute = name.rpartition(".")
    if not re.fullmatch(r"\w+(\.\w+)*", module):
        return False
    try:
        found = getattr(import_module(module), attribute, None)
    except ImportError:
        return False
    wanted = FunctionType if kind == "FunctionNode" else type
    if not isinstance(found, wanted) or f"{found.__module__}.{found.__qualname__}" != name:
        return False
    return kind == "FunctionNode" or hasattr(found, "get_params")
