"""Source: files of rows, from data/external/, the web or an object store."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from pedigree.base.extras import way_to_add
from pedigree.base.files.disk_errors import WRITING
from pedigree.base.files.replacing import copy_whole, replacing
from pedigree.base.names import UserError, did_you_mean
from pedigree.base.paths import EXTERNAL
from pedigree.base.secrets.redaction import redact
from pedigree.data import formats
from pedigree.data.files import compression

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

    from pedigree.collecting.web import Client

WEB = ("http", "https")
STORES = ("s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "adl")
CONNECT = 60  # seconds for connecting to a web server
PROGRESS = {"desc": "collect", "unit": "B", "unit_scale": True, "disable": None, "leave": False}


def collect(
    folder: Path,
    path: str | Sequence[str],
    reading: Mapping[str, Any] | None = None,
    hosts: Sequence[str] = (),
    retries: int = 2,
    read_timeout: float = 60,
    max_bytes: int = 10**10,
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
    hosts : sequence of str
        Further hosts, with public addresses, to which web servers may redirect.
    retries : int
        Further attempts of a download from a web server.
    read_timeout : float
        Seconds without data after which an attempt has failed.
    max_bytes : int
        Maximum size of all files at addresses; a larger download is an error.

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
    copies: list[Path] = []
    for one in paths:
        scheme, is_address, _ = one.partition("://")
        size = sum(copy.stat().st_size for copy in copies)
        if not is_address:
            copies += _copy(one, folder)
        elif scheme in WEB:
            client = _client(one, hosts, retries, read_timeout)
            copies.append(_download(client, one, folder, max_bytes - size))
        else:
            copies += _fetch(one, folder, max_bytes - size)
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
        _refuse_links_outside(file)
        if file.stat().st_size == 0:
            raise UserError(f"collect.path: {file} is empty.")
        name = str(file.relative_to(source)) if source.is_dir() else file.name
        copy = _new_file(folder, name, str(file))
        copy_whole(file, copy)
        copies.append(copy)
    return copies


def _refuse_links_outside(file: Path) -> None:
    """Raise an error for a link to a file outside data/external/, except to one that DVC keeps."""
    real = file.resolve()
    if EXTERNAL.resolve() not in real.parents and not _is_kept_by_dvc(real):
        raise UserError(
            f"collect.path: {file} is a link to a file outside {EXTERNAL}/; copy the file there."
        )


def _is_kept_by_dvc(real: Path) -> bool:
    """Return whether a file is an object of DVC's cache, named by its MD5, to which `cache.type` can make links."""
    name = "".join(real.parts[-2:])
    return "files" in real.parts and bool(re.fullmatch(r"[0-9a-f]{32}", name))


def _new_file(folder: Path, name: str, place: str) -> Path:
    """Return the path of a file to be collected, whose name may come from elsewhere."""
    copy = folder / name
    if not name or ".." in copy.parts or folder not in copy.parents:  # stores allow any name
        raise UserError(f"collect.path: {redact(place)} has no valid file name.")
    if copy.exists():
        raise UserError(f"collect.path: two files are named {copy.name}; rename one.")
    if copy.suffix.lower() != ".zip":  # its content is unknown before the download
        formats.file_kind(Path(name))
    copy.parent.mkdir(parents=True, exist_ok=True)
    return copy


def _client(address: str, hosts: Sequence[str], retries: int, read_timeout: float) -> Client:
    from pedigree.collecting.web import Client

    return Client(
        address,
        headers={"User-Agent": "pedigree", "Accept-Encoding": "identity"},
        pause=0,
        retries=retries,
        backoff=0.5,
        max_wait=60,
        connect_timeout=CONNECT,
        read_timeout=read_timeout,
        hosts=hosts,
        key="collect.path",
    )


def _download(client: Client, address: str, folder: Path, max_bytes: int) -> Path:
    """Download a file of a web server, with the rules of `Client` for redirects and sizes."""
    from tqdm import tqdm

    from pedigree.collecting.web import RequestFailed

    name = unquote(urlsplit(address).path.rpartition("/")[2])
    copy = _new_file(folder, name, address)
    shown = redact(address)
    try:
        with replacing(copy) as new, client, tqdm(**PROGRESS) as progress:
            client.download(address, new, max_bytes, progress.update)
    except RequestFailed as error:
        if error.status == 404:
            raise UserError(f"collect.path: {shown} does not exist.") from None
        raise UserError(f"collect.path: {shown} cannot be downloaded: {error}") from None
    if not copy.stat().st_size:
        raise UserError(f"collect.path: {shown} is empty.")
    return copy


def _fetch(address: str, folder: Path, max_bytes: int) -> list[Path]:
    """Download a file of a store, or the files of a folder or pattern that have a known format, with fsspec.

    Credentials are found by the library of the store.
    """
    import fsspec
    from fsspec.callbacks import TqdmCallback

    shown = redact(address)
    scheme = address.partition("://")[0]
    if "::" in address or scheme not in STORES:  # fsspec reads local files, too, also in chains
        raise UserError(
            f"collect.path: {shown} is neither an address of the web nor of a store (s3, gs, az); copy other files to "
            f"{EXTERNAL}/ and name them there."
        )
    try:
        store, path = fsspec.url_to_fs(address)
        found = _listed(store, path)
        if not found:
            raise UserError(f"collect.path: {shown} contains no file of a known format.")
        size = sum(store.size(place) or 0 for place in found.values())
        if size > max_bytes:
            raise UserError(
                f"collect.path: {shown} has {size} bytes, but {max_bytes} remain of collect.max_bytes; if this is "
                "correct, raise the limit."
            )
        copies = []
        for name, place in found.items():
            copy = _new_file(folder, name, f"{address} ({place})")
            with replacing(copy) as new:
                store.get_file(place, str(new), callback=TqdmCallback(tqdm_kwargs=PROGRESS))
            if not copy.stat().st_size:
                raise UserError(f"collect.path: {shown} is empty.")
            copies.append(copy)
        return copies
    except UserError:
        raise
    except FileNotFoundError:
        raise UserError(f"collect.path: {shown} does not exist.") from None
    except ImportError as error:
        raise UserError(
            f"collect.path: {shown} requires a package that is not installed ({error}); the extras s3, gs and azure "
            f"install those of the large stores: {way_to_add('s3')}."
        ) from None
    except Exception as error:  # each store's library has its own errors
        if isinstance(error, OSError) and error.errno in WRITING:
            raise
        reason = redact(str(error).strip()) or type(error).__name__
        raise UserError(f"collect.path: {shown} cannot be downloaded: {reason}") from None


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
