"""Files of rows: one, several or a folder, from data/external/ or from addresses."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pedigree.base.extras import way_to_add
from pedigree.base.names import UserError, did_you_mean
from pedigree.base.paths import EXTERNAL
from pedigree.data import formats, packed

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

SECONDS = 60  # without a sign from a web server, after which it is given up


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
        Files or folders of data/external/, or addresses: https://..., and of a store (s3, gs, az) also
        folders and patterns (``s3://bucket/2026/*.parquet``).
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
    """Fetch a file, or those of a folder or pattern that can be read, through fsspec.

    Credentials come from where the library of the store looks for them.
    """
    import fsspec
    from fsspec.callbacks import TqdmCallback

    web = address.startswith(("http://", "https://"))
    try:
        store, path = fsspec.url_to_fs(address, **(_patient() if web else {}))
        if "file" in store.protocol:
            raise UserError(
                f"collect.path: {address} is on this machine; copy it to {EXTERNAL}/ and name it there."
            )
        found = {urlsplit(address).path.rpartition("/")[2]: path} if web else _listed(store, path)
        if not found:
            raise UserError(f"collect.path: {address} holds no file that can be read.")
        progress = {
            "desc": "collect",
            "unit": "B",
            "unit_scale": True,
            "disable": None,
            "leave": False,
        }
        copies = []
        for name, place in found.items():
            copy = folder / name
            if not name or ".." in copy.parts:  # a store may call its files what it likes
                raise UserError(f"collect.path: {address} holds no file of a plain name ({place}).")
            if copy.exists():
                raise UserError(f"collect.path: two files are called {name}; rename one.")
            if copy.suffix.lower() != ".zip":  # which only tells what it holds once it is here
                formats.kind(Path(name))
            copy.parent.mkdir(parents=True, exist_ok=True)
            store.get_file(place, str(copy), callback=TqdmCallback(tqdm_kwargs=progress))
            if not copy.stat().st_size:
                raise UserError(f"collect.path: {address} is empty.")
            copies.append(copy)
        return copies
    except UserError:
        raise
    except FileNotFoundError:
        raise UserError(f"collect.path: {address} is not there.") from None
    except ImportError as error:
        raise UserError(
            f"collect.path: {address} needs a package that is not installed ({error}); the extras s3, gs and azure "
            f"bring those of the large stores: {way_to_add('s3')}."
        ) from None
    except Exception as error:  # each store's library has errors of its own
        reason = str(error).strip() or type(error).__name__
        raise UserError(f"collect.path: {address} cannot be fetched: {reason}") from None


def _patient() -> dict[str, Any]:
    """Let a download over the web take its time, as long as something comes."""
    import aiohttp

    timeout = aiohttp.ClientTimeout(total=None, sock_connect=SECONDS, sock_read=SECONDS)
    return {"client_kwargs": {"timeout": timeout}}


def _listed(store: AbstractFileSystem, path: str) -> dict[str, str]:
    """Return the files of a store, by their names from the folder on that is named or searched."""
    if any(mark in path for mark in "*?["):
        above, places = re.split(r"[^/]*[*?[]", path, maxsplit=1)[0], store.glob(path)
    elif store.isdir(path):
        above, places = f"{path.rstrip('/')}/", store.find(path)
    else:
        return {PurePosixPath(path).name: path}
    names = {place.removeprefix(above): place for place in sorted(map(str, places))}
    return {
        name: place for name, place in names.items() if packed.suffix(Path(name)) in formats.KINDS
    }
