"""Files of rows: one, several or a folder, from data/external/ or from an address."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from pipeline.core.base.names import UserError, did_you_mean
from pipeline.core.base.paths import EXTERNAL
from pipeline.core.data import formats


def collect(
    folder: Path,
    path: str | Sequence[str],
    reading: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Copy files into the snapshot as they are.

    Parameters
    ----------
    folder : Path
        Where the snapshot goes.
    path : str or sequence of str
        Files or folders of data/external/, or addresses (https, s3, gs, az, ...).
    reading : mapping, optional
        How text files are to be read (see `core.data.formats`); found out from the first file where
        it is not given. All files are read alike.

    Raises
    ------
    UserError
        A file is missing, empty, lies elsewhere, is of no kind that can be read, or cannot be
        fetched.
    """
    paths = [path] if isinstance(path, str) else list(path)
    copies = [
        copy
        for one in paths
        for copy in (_fetch(one, folder) if "://" in one else _copy(one, folder))
    ]
    found = formats.find_reading(copies[0])
    unknown = set(reading or {}) - set(found)
    if unknown:
        name = sorted(unknown)[0]
        raise UserError(f"collect.reading: unknown key '{name}'; {did_you_mean(name, found)}")
    return {"kind": "file", "path": path, "reading": {**found, **(reading or {})}}


def _copy(name: str, folder: Path) -> list[Path]:
    """Copy a file, or the files of a folder that can be read."""
    source = Path(name)
    if EXTERNAL not in source.parents or ".." in source.parts:
        raise UserError(f"collect.path: '{name}' does not lie in {EXTERNAL}/; copy it there.")
    if source.is_dir():
        files = sorted(one for one in source.rglob("*") if formats.readable(one))
        if not files:
            raise UserError(f"collect.path: the folder {name} holds no file that can be read.")
    elif source.is_file():
        formats.kind(source)
        files = [source]
    else:
        there = [one.name for one in EXTERNAL.iterdir() if formats.readable(one)]
        raise UserError(f"collect.path: {name} is not there; {did_you_mean(source.name, there)}")
    copies = []
    for file in files:
        if file.stat().st_size == 0:
            raise UserError(f"collect.path: {file} is empty.")
        copy = folder / (file.relative_to(source) if source.is_dir() else file.name)
        if copy.exists():
            raise UserError(f"collect.path: two files are called {copy.name}; rename one.")
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, copy)
        copies.append(copy)
    return copies


def _fetch(address: str, folder: Path) -> list[Path]:
    """Fetch a file through fsspec; credentials come from where its library looks for them."""
    import fsspec

    copy = folder / PurePosixPath(urlsplit(address).path).name
    formats.kind(copy)
    try:
        with fsspec.open(address, "rb") as remote, copy.open("wb") as local:
            shutil.copyfileobj(remote, local, 2**20)
    except ImportError as error:
        raise UserError(
            f"collect.path: {address} needs a package that is not installed: {error}."
        ) from None
    except (OSError, ValueError) as error:
        raise UserError(f"collect.path: {address} cannot be fetched: {error}") from None
    if copy.stat().st_size == 0:
        raise UserError(f"collect.path: {address} is empty.")
    return [copy]
