"""What a stored object may consist of: an exact name for each part, by the kind of node that builds it.

skops builds the objects that a file names, and some kinds of nodes call what they name. So the file is read here before
skops sees it: each node must be of a listed kind, and name a type or function that is listed for this kind, or is the
owner's. Nothing is imported for that, except the owner's modules. Arrays must be as large as their files say, so that
no object is much larger than its file.
"""

from __future__ import annotations

import io
import json
import math
import re
import zipfile
from collections.abc import Container, Iterable, Iterator, Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from types import FunctionType
from typing import Any

import numpy as np

from pedigree.storage.catboost_model import MAGIC, is_sound_catboost

PROTOCOL = 2  # of the files that skops 0.14 writes; an older one has other kinds of nodes
OWN = "pipeline.custom."
# Where functions of the owner may be that a transformer calls; a bundle must not call one that, say, collects data.
OWN_FUNCTIONS = ("pipeline.custom.features.", "pipeline.custom.models.")
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
    "DictNode": frozenset(
        {"builtins.dict", "collections.OrderedDict", "sklearn.utils._bunch.Bunch"}
    ),
    "DefaultDictNode": frozenset({"collections.defaultdict"}),
    "BytesNode": frozenset({"builtins.bytes"}),
    "BytearrayNode": frozenset({"builtins.bytearray"}),
    "SliceNode": frozenset({"builtins.slice"}),
    # These convert the keys of dictionaries, so only types without effects are allowed.
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


def audit(content: bytes, own: Container[str] | None = None) -> None:
    """Check the content of a file before any object in it is built.

    Parameters
    ----------
    content : bytes
        Of an archive as `artifact.save_model` writes it.
    own : container of str, optional
        The modules of pipeline/custom/ that it may name; default all. No other is imported.

    Raises
    ------
    Untrusted
        It is no such archive, or contains a kind of node, a type or a function that is not listed.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            schema = _schema(archive)
            shapes = {
                one: _shape(archive, one) for one in archive.namelist() if one.endswith(".npy")
            }
            blobs = [archive.read(one) for one in archive.namelist() if one.endswith(".bin")]
        if not all(is_sound_catboost(one) for one in blobs if one.startswith(MAGIC)):
            raise ValueError("the trees of a model of CatBoost have impossible splits or leaves")
        if schema.get("protocol") != PROTOCOL:
            raise Untrusted(f"protocol {schema.get('protocol')!r:.20}")
        nodes = list(_nodes(schema))
        foreign = {name for node in nodes if (name := _foreign(node, own))}
        foreign |= set(_misused(nodes, shapes))
    except (
        zipfile.BadZipFile,
        NotImplementedError,
        LookupError,
        TypeError,
        ValueError,
        RecursionError,
    ) as error:
        raise Untrusted(f"no readable archive ({error!s:.100})") from None
    if foreign:
        raise Untrusted(", ".join(sorted(foreign)))


def own_modules(content: bytes) -> set[str]:
    """Return the modules of pipeline/custom/ that an archive of `artifact.save_model` names."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        modules = {str(node.get("__module__")) for node in _nodes(_schema(archive))}
    return {name for name in modules if name.startswith(OWN)}


def _schema(archive: zipfile.ZipFile) -> dict[str, Any]:
    """Read the description of the objects; entries must be stored as they are, so that none is larger than the file."""
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


def _shape(archive: zipfile.ZipFile, name: str) -> tuple[int, ...]:
    """Return the shape of an array; its header must promise as many bytes as follow."""
    with archive.open(name) as file:
        formats = np.lib.format
        read = {(1, 0): formats.read_array_header_1_0, (2, 0): formats.read_array_header_2_0}
        shape, _, dtype = read[formats.read_magic(file)](file)
        size = archive.getinfo(name).file_size - file.tell()
    if dtype.hasobject or min(shape, default=0) < 0 or math.prod(shape) * dtype.itemsize != size:
        raise ValueError(f"{name} is not as large as its header says")
    return shape


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


def _name(node: dict[str, Any]) -> str:
    return f"{node.get('__module__')}.{node.get('__class__')}"


def _foreign(node: dict[str, Any], own: Container[str] | None) -> str | None:
    """Return what a node would build if that is not allowed."""
    kind, name = str(node["__loader__"]), _name(node)
    if name in _ALLOWED.get(kind, ()) or name in trusted().get(kind, ()):
        return None
    if kind in ("ObjectNode", "FunctionNode") and name.startswith(OWN):
        return None if _is_own(kind, name, own) else f"{name:.100}"
    return f"{name:.100}" if kind in _ALLOWED or kind in trusted() else f"{name:.100} ({kind:.40})"


def _calls(node: dict[str, Any]) -> bool:
    """Return whether something else than a type, or None, stands where it is called."""
    return node["__loader__"] not in ("TypeNode", "JsonNode")


def _misused(nodes: Iterable[dict[str, Any]], shapes: Mapping[str, Any]) -> Iterator[str]:
    """Find nodes of allowed types that stand where they would do something else than in a stored object.

    Parameters
    ----------
    nodes : iterable of dict
    shapes : mapping of str to tuple
        Shape of each array by its name in the archive.

    Yields
    ------
    str
        What is wrong.
    """
    built: dict[Any, tuple[Any, ...]] = {}
    for node in nodes:
        kind = node["__loader__"]
        # skops builds the first node of an id, and takes its object for all later ones.
        what = (kind, _name(node), node.get("file"))
        if "__id__" in node and built.setdefault(node["__id__"], what) != what:
            yield f"two objects with the id {node['__id__']!r:.20}"
        if kind == "DictNode" and any(map(_calls, node["key_types"]["content"])):
            yield "keys of a dictionary that are converted by other things than types"
        if kind == "DefaultDictNode" and _calls(node["content"]["default_factory"]):
            yield "a dictionary whose missing values are made by other things than types"
        if kind == "PartialNode" and _foreign(node["content"]["func"], ()):
            yield f"a partial of {_name(node['content']['func']):.100}"
        if kind == "TreeNode":
            _, classes, outputs = node["__reduce__"]["args"]["content"]
            if shapes[classes["file"]] != (json.loads(outputs["content"]),):
                yield "a decision tree with other numbers of classes than outputs"


@cache
def trusted() -> dict[str, frozenset[str]]:
    """Return the listed types and functions by kind of node; `tools/trusted.py` writes the list."""
    lines = (Path(__file__).parent / "trusted.txt").read_text(encoding="utf-8").splitlines()
    pairs = [line.split() for line in lines if line and not line.startswith("#")]
    kinds = {kind for kind, _ in pairs}
    return {kind: frozenset(name for one, name in pairs if one == kind) for kind in kinds}


def _is_own(kind: str, name: str, own: Container[str] | None) -> bool:
    """Return whether a name is that of an estimator class, or of a function, of the owner's modules."""
    module, _, attribute = name.rpartition(".")
    if not re.fullmatch(r"\w+(\.\w+)*", module) or (own is not None and module not in own):
        return False
    if kind == "FunctionNode" and not name.startswith(OWN_FUNCTIONS):
        return False
    try:
        found = getattr(import_module(module), attribute, None)
    except ImportError:
        return False
    wanted = FunctionType if kind == "FunctionNode" else type
    if not isinstance(found, wanted) or f"{found.__module__}.{found.__qualname__}" != name:
        return False
    return kind == "FunctionNode" or hasattr(found, "get_params")
