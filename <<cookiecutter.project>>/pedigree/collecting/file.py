"""Source: files of rows, from data/external/, the web or an object store."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pedigree.base.extras import way_to_add
from pedigree.base.files.disk_errors import WRITING
from pedigree.base.files.replacing import copy_whole, replacing
from pedigree.base.names import UserError, did_you_mean
from pedigree.base.paths import EXTERNAL
from pedigree.data import formats
from pedigree.data.files import compression

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

SECONDS = 60  # timeout for connecting to, and waiting for, a web server


def collect(
    folder: Path,
    path: str | Sequence[str],
    reading: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Copy files unchanged to the snapshot.

    Parameters
    ----------
    folder : Path
        Folder of the snapshot.
    path : str or sequence of str
        Files or folders of data/external/, or addresses: https://..., and for object stores (s3, gs, az)
        also folders and patterns (``s3://bucket/2026/*.parquet``).
    reading : mapping, optional
        CSV dialect or sheet of the files (see `pedigree.data.formats`); keys that are missing are detected
        from the first file.

    Returns
    -------
    dict
        Description of the source, with the complete `reading`.

    Raises
    ------
    UserError
        A file is missing, empty, outside data/external/, of an unknown format, or cannot be downloaded.
    """
    paths = [path] if isinstance(path, str) else list(path)
    copies = [
        copy
        for one in paths
        for copy in (_fetch(one, folder) if "://" in one else _copy(one, folder))
    ]
    found = formats.file_dialect(copies[0])
    unknown = set(reading or {}) - set(found)
    if unknown:
        name = sorted(unknown)[0]
        raise UserError(f"collect.reading: unknown key '{name}'; {did_you_mean(name, found)}")
    return {"kind": "file", "path": path, "reading": {**found, **(reading or {})}}


def _copy(name: str, folder: Path) -> list[Path]:
    """Copy a file, or the files of a folder that have a known format."""
    source = Path(name)
    if EXTERNAL not in source.parents or ".." in source.parts:
        raise UserError(f"collect.path: '{name}' is not in {EXTERNAL}/; copy it there.")
    if source.is_dir():
        files = sorted(one for one in source.rglob("*") if formats.is_readable(one))
        if not files:
            raise UserError(f"collect.path: the folder {name} contains no file of a known format.")
    elif source.is_file():
        formats.file_kind(source)
        files = [source]
    else:
        existing = [one.name for one in EXTERNAL.iterdir() if formats.is_readable(one)]
        raise UserError(
            f"collect.path: {name} does not exist; {did_you_mean(source.name, existing)}"
        )
    copies = []
    for file in files:
        if file.stat().st_size == 0:
            raise UserError(f"collect.path: {file} is empty.")
        copy = folder / (file.relative_to(source) if source.is_dir() else file.name)
        if copy.exists():
            raise UserError(f"collect.path: two files are named {copy.name}; rename one.")
        copy_whole(file, copy)
        copies.append(copy)
    return copies


def _fetch(address: str, folder: Path) -> list[Path]:
    """Download a file, or the files of a folder or pattern that have a known format, with fsspec.

    Credentials are found by the library of the store.
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
            raise UserError(f"collect.path: {address} contains no file of a known format.")
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
            if not name or ".." in copy.parts:  # stores allow any name
                raise UserError(f"collect.path: {address} has no valid file name ({place}).")
            if copy.exists():
                raise UserError(f"collect.path: two files are named {name}; rename one.")
            if copy.suffix.lower() != ".zip":  # its content is unknown before the download
                formats.file_kind(Path(name))
            with replacing(copy) as new:
                store.get_file(place, str(new), callback=TqdmCallback(tqdm_kwargs=progress))
            if not copy.stat().st_size:
                raise UserError(f"collect.path: {address} is empty.")
            copies.append(copy)
        return copies
    except UserError:
        raise
    except FileNotFoundError:
        raise UserError(f"collect.path: {address} does not exist.") from None
    except ImportError as error:
        raise UserError(
            f"collect.path: {address} requires a package that is not installed ({error}); the extras s3, gs and azure "
            f"install those of the large stores: {way_to_add('s3')}."
        ) from None
    except Exception as error:  # each store's library has its own errors
        if isinstance(error, OSError) and error.errno in WRITING:
            raise
        reason = str(error).strip() or type(error).__name__
        raise UserError(f"collect.path: {address} cannot be downloaded: {reason}") from None


def _patient() -> dict[str, Any]:
    """Limit the time without progress, not the total time of a download."""
    import aiohttp

    timeout = aiohttp.ClientTimeout(total=None, sock_connect=SECONDS, sock_read=SECONDS)
    return {"client_kwargs": {"timeout": timeout}}


def _listed(store: AbstractFileSystem, path: str) -> dict[str, str]:
    """Return the files of a folder or pattern of a store, by their names relative to the folder."""
    if any(mark in path for mark in "*?["):
        above, places = re.split(r"[^/]*[*?[]", path, maxsplit=1)[0], store.glob(path)
    elif store.isdir(path):
        above, places = f"{path.rstrip('/')}/", store.find(path)
    else:
        return {PurePosixPath(path).name: path}
    names = {place.removeprefix(above): place for place in sorted(map(str, places))}
    return {
        name: place
        for name, place in names.items()
        if compression.suffix(Path(name)) in formats.KINDS
    }
