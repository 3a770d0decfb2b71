"""Fitted objects as files: skops instead of pickle, and the same bytes for the same object.

A pickle can run any code when it is opened; a skops file only builds the objects that it names (skops: "Secure
persistence with skops"), and `audit` checks these names first.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Container, Mapping
from functools import partial
from importlib import import_module
from pathlib import Path
from types import FunctionType
from typing import Any

import sklearn.utils

from pedigree.base.files.replacing import StrPath, write_bytes
from pedigree.base.logs import LOGGER
from pedigree.base.names import UserError
from pedigree.storage.audit import Untrusted, audit
from pedigree.storage.inspection import inspect

_ID = re.compile(r'(?<="__id__": )\d+')
_FILE = re.compile(r'(?<=")[\w-]+(?=\.(?:npy|npz|bin)")')
# zip's earliest date: an archive with the time of its creation could not be reproduced.
_EPOCH = (1980, 1, 1, 0, 0, 0)


def save_model(model: Any, path: StrPath) -> None:
    """Write a fitted object; equal objects give equal bytes.

    Raises
    ------
    UserError
        A part of it cannot be stored or read back; an earlier file stays.

    Examples
    --------
    >>> from pedigree import load_model, paths, save_model
    >>> from sklearn.linear_model import LinearRegression
    >>> save_model(LinearRegression().fit([[0], [1]], [1, 3]), paths.REPORTS / "mine.skops")
    >>> load_model(paths.REPORTS / "mine.skops").predict([[2]]).round(6)
    array([5.])
    """
    try:
        content = _pack(model)
        _unpack(content)
    except Exception as error:
        raise UserError(f"{path} cannot be stored: the object's {unstorable(model)}") from error
    write_bytes(content, path)


def load_model(path: StrPath) -> Any:
    """Read a fitted object that `save_model` wrote.

    Raises
    ------
    UserError
        The file is missing, damaged, or contains what is not listed (see `audit`).

    Examples
    --------
    >>> from pedigree import load_model, paths
    >>> list(load_model(paths.MODEL).named_steps)
    ['encode', 'estimator']
    """
    path = Path(path)
    if not path.exists():
        raise UserError(f"{path} is missing; run `dvc repro` (or `dvc checkout`) to make it.")
    LOGGER.debug("read %s", path)
    return open_model(path.read_bytes(), path)


def open_model(content: bytes, path: Path, own: Container[str] | None = None) -> Any:
    """Build the fitted object in the content of a file.

    Parameters
    ----------
    content : bytes
    path : Path
        Where it was read, for messages.
    own : container of str, optional
        The modules of pipeline/custom/ that it may name; default all.

    Raises
    ------
    UserError
        The content is damaged, or contains what is not listed (see `audit`).
    """
    try:
        return _unpack(content, own)
    except Untrusted as error:
        raise UserError(
            f"{path} contains {error}, which stored objects may not contain; do not open files of unknown origin."
        ) from None
    except Exception as error:  # skops and NumPy raise many kinds
        raise UserError(
            f"{path} is damaged, or was written by another version: {type(error).__name__}: {error!s:.200}; run "
            f"`dvc checkout {path}`, or `dvc repro` to make it again."
        ) from error


def _pack(value: Any) -> bytes:
    """Return the content of a file for an object."""
    _drop_catboost_stamps(value)
    return _normalise(_skops().dumps(value))


def _unpack(content: bytes, own: Container[str] | None = None) -> Any:
    """Return the object in the content of a file.

    Raises
    ------
    Untrusted
        The content is refused by `audit`, before anything in it is built.
    ValueError
        `inspect` refuses what was built.
    """
    audit(content, own)
    skops = _skops()
    # All of it is listed: skops has a list of its own, with other types and fewer kinds of nodes that it looks into.
    value = skops.loads(content, trusted=skops.get_untrusted_types(data=content))
    inspect(value)
    return value


def unstorable(value: Any) -> str | None:
    """Return which part of an object cannot be stored or read back, why, and what to do; None if all can."""
    error = _failure(value)
    return None if error is None else _blame(value, error, "", set())


def _failure(value: Any) -> Exception | None:
    try:
        _unpack(_pack(value))
    except Exception as error:
        return error
    return None


def _blame(value: Any, error: Exception, path: str, seen: set[int]) -> str:
    """Describe the innermost part that causes the failure."""
    seen.add(id(value))
    for step, part in _parts(value):
        if id(part) not in seen and (inner := _failure(part)):
            return _blame(part, inner, f"{path}{step}", seen)
    kind = value if isinstance(value, type | FunctionType) else type(value)
    name, shown = f"{kind.__module__}.{kind.__qualname__}", path.removeprefix(".") or "class"
    if "<" in kind.__qualname__:
        return f"{shown} is {name}, a lambda or defined inside a function; define it at the top of a module."
    if isinstance(error, Untrusted):
        return (
            f"{shown} is {name}, which stored objects may not contain; move your own class into pipeline/custom/, derive "
            "a class there from another package's, or keep arrays, numbers, strings, lists or dictionaries."
        )
    return (
        f"{shown} is {name}, which cannot be read back without pickle ({error}); keep arrays, numbers, strings, lists, "
        "dictionaries or estimators."
    )


def _parts(value: Any) -> list[tuple[str, Any]]:
    """List the parts of an object, each with the expression that accesses it."""
    if isinstance(value, Mapping):
        return [(f"[{key!r}]", part) for key, part in value.items()]
    if isinstance(value, list | tuple):
        return [(f"[{place}]", part) for place, part in enumerate(value)]
    if isinstance(value, partial):
        return [(".func", value.func), (".args", value.args), (".keywords", value.keywords)]
    is_estimator = hasattr(value, "get_params") and not isinstance(value, type)
    own = type(value).__module__.split(".")[0] in ("pedigree", "pipeline")
    attributes = getattr(value, "__dict__", {}) if is_estimator or own else {}
    return [(f".{name}", part) for name, part in attributes.items()]


def _skops() -> Any:
    """Import skops.io without its list of scikit-learn's estimators, which `load` trusts by their package.

    To make that list it imports all of scikit-learn, and PyTorch where it is installed: half a second, or
    two, in each of a dozen stages. Other callers of skops have to pass it scikit-learn's types.
    """
    listing = sklearn.utils.all_estimators
    sklearn.utils.all_estimators = lambda: []
    try:
        return import_module("skops.io")
    finally:
        sklearn.utils.all_estimators = listing


def _normalise(archive: bytes) -> bytes:
    """Renumber the names that skops makes from memory addresses or at random, and drop the time stamps."""
    with zipfile.ZipFile(io.BytesIO(archive)) as source:
        schema = source.read("schema.json").decode()
        ids: dict[str, str] = {}
        schema = _ID.sub(lambda match: ids.setdefault(match[0], str(len(ids))), schema)
        files: dict[str, str] = {}
        schema = _FILE.sub(lambda match: files.setdefault(match[0], f"f{len(files)}"), schema)
        target = io.BytesIO()
        with zipfile.ZipFile(target, "w") as out:
            out.writestr(zipfile.ZipInfo("schema.json", _EPOCH), schema)
            for old, new in files.items():
                (name,) = (n for n in source.namelist() if n.rpartition(".")[0] == old)
                info = zipfile.ZipInfo(f"{new}.{name.rpartition('.')[2]}", _EPOCH)
                out.writestr(info, source.read(name))
    return target.getvalue()


def _drop_catboost_stamps(value: Any) -> None:
    """Blank the random id and the time in every CatBoost model that an object contains."""
    if type(value).__module__.startswith("catboost"):
        if value.is_fitted():
            metadata = value.get_metadata()
            for key in list(
                metadata
            ):  # a sum of models also has those of each model: model0:model_guid
                if key.rpartition(":")[2] in ("model_guid", "train_finish_time"):
                    metadata[key] = ""
    elif isinstance(value, dict):
        for one in value.values():
            _drop_catboost_stamps(one)
    elif isinstance(value, list | tuple):
        for one in value:
            _drop_catboost_stamps(one)
    elif hasattr(value, "get_params"):  # a pipeline, an ensemble, a selector
        _drop_catboost_stamps(vars(value))
