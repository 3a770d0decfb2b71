"""Files and folders that appear whole or not at all.

Each is written under a temporary name in its own folder, brought to the disk, and renamed. After an error the earlier
version is unchanged and nothing is left; what a killed process leaves is ignored by Git and DVC, and is removed when the
same path is written again.
"""

from __future__ import annotations

import glob
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from os import PathLike
from pathlib import Path

from pedigree.base.files.disk_errors import naming
from pedigree.base.files.ownership import refuse_foreign
from pedigree.base.logs import LOGGER
from pedigree.base.names import UserError

StrPath = str | PathLike[str]

# A new version, and an old one that it is about to replace: `.new-PID-NAME`, with the process that writes it.
NEW, OLD = ".new-", ".old-"
LONGEST = 50  # characters of a name that a temporary name repeats; names are limited to 255 bytes


@contextmanager
def replacing(path: StrPath) -> Iterator[Path]:
    """Yield a temporary path; the file that the block writes there takes the place of ``path`` if the block succeeds.

    Raises
    ------
    UserError
        The path is a folder, which a file never replaces.
    """
    path = Path(path)
    if path.is_dir():
        raise UserError(f"{path} is a folder; name a file.")
    with _temporary(path) as new:
        yield new
        _to_disk(new)
        new.replace(path)
    LOGGER.debug("wrote %s", path)


@contextmanager
def new_folder(path: StrPath, replace: bool = False) -> Iterator[Path]:
    r"""Yield an empty folder that replaces ``path`` if the block succeeds; otherwise ``path`` is unchanged.

    Parameters
    ----------
    path : str or path-like
        An output of a stage, such as ``paths.PLOTS / "evaluate"``.
    replace : bool
        Replace a folder whatever it contains.

    Raises
    ------
    UserError
        There is a folder with files that neither a stage nor the library wrote.

    Examples
    --------
    >>> from pedigree import new_folder, paths
    >>> with new_folder(paths.PLOTS / "mine") as folder:
    ...     _ = (folder / "points.csv").write_text("x,y\n1,2\n")
    >>> [path.name for path in (paths.PLOTS / "mine").iterdir()]
    ['points.csv']
    """
    path = Path(path)
    if not replace:
        refuse_foreign(path)
    with _temporary(path) as new:
        new.mkdir()
        yield new
        for file in new.rglob("*"):
            _to_disk(file)
        _swap(new, path)
    LOGGER.debug("wrote %s", path)


def write_text(text: str, path: StrPath) -> None:
    """Write a text file with the same bytes on every system."""
    write_bytes(text.encode(), path)


def write_bytes(content: bytes, path: StrPath) -> None:
    """Write a file."""
    with replacing(path) as new:
        new.write_bytes(content)


def copy_whole(source: Path, target: Path, replace: bool = False) -> None:
    """Copy a file or a folder; the copy appears whole or not at all.

    Parameters
    ----------
    source, target : Path
    replace : bool
        Replace a folder whatever it contains.
    """
    if source.is_dir():
        with new_folder(target, replace) as new:
            for file in filter(Path.is_file, source.rglob("*")):
                copy = new / file.relative_to(source)
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, copy)
    else:
        with replacing(target) as new:
            shutil.copyfile(source, new)


def append(content: bytes, path: Path) -> None:
    """Add to the end of a file that only grows; its readers ignore a last part that is incomplete."""
    with naming(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as file:
            file.write(content)


def link_or_copy(source: Path, target: Path) -> None:
    """Make a file or folder available at a second path: as a symbolic link, or as a copy where Windows allows no links."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        target.symlink_to(source.resolve())
    except OSError:
        copy_whole(source, target)


@contextmanager
def _temporary(path: Path) -> Iterator[Path]:
    """Yield the path of a new version, which is removed at the end if it is still there."""
    new = _beside(path, NEW)
    with naming(path, new):
        path.parent.mkdir(parents=True, exist_ok=True)
        _sweep(path)
        try:
            yield new
        finally:
            _remove(new)


def _beside(path: Path, kind: str) -> Path:
    # Ends like the path, since libraries choose a format by the suffix.
    return path.with_name(f"{kind}{os.getpid()}-{path.name[-LONGEST:]}")


def _sweep(path: Path) -> None:
    """Remove what killed processes left beside a path; an old version whose successor never came takes its place again."""
    name = path.name[-LONGEST:]
    for left in path.parent.glob(f".*-{glob.escape(name)}"):
        match = re.fullmatch(rf"(\.new-|\.old-)(\d+)-{re.escape(name)}", left.name)
        if match and not _is_another(int(match[2])):
            if match[1] == OLD and not os.path.lexists(path):
                left.rename(path)
            _remove(left)


def _is_another(process: int) -> bool:
    import psutil

    return process != os.getpid() and psutil.pid_exists(process)


def _to_disk(path: Path) -> None:
    """Let the disk take the file now: some report only then that they are full."""
    if path.is_file() and not path.is_symlink():
        file = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
        try:
            os.fsync(file)
        finally:
            os.close(file)


def _swap(new: Path, path: Path) -> None:
    """Put a new folder into the place of an old one, which no system does in one step."""
    old = _beside(path, OLD)
    with suppress(FileNotFoundError):
        path.rename(old)
    try:
        new.rename(path)
    except OSError:
        with suppress(FileNotFoundError):
            old.rename(path)
        raise
    _remove(old)


def _remove(path: Path) -> None:
    """Remove a temporary file or folder, as far as possible."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink()
