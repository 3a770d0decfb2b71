"""What the system refuses, in words: a full disk, missing permission, a missing folder."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SPACE = "free some space, then run it again"
ACCESS = "give this user access to it, then run it again"
# What to do about errors of writing, which the system reports without the name of a file.
WRITING = {
    errno.ENOSPC: SPACE,
    errno.EDQUOT: SPACE,
    errno.EFBIG: "raise the limit of file sizes (`ulimit -f`), then run it again",
    errno.EROFS: "choose a folder that can be written to",
    errno.EIO: "check the disk",
}
# And about those of opening a file, which have its name.
OPENING = {
    errno.EACCES: ACCESS,
    errno.EPERM: ACCESS,
    errno.ENOENT: "check that its folder exists",
    errno.ENOTDIR: "a folder above it is a file; move that away",
    errno.EISDIR: "it is a folder; name a file",
    errno.ENAMETOOLONG: "choose a shorter name",
    errno.ELOOP: "check its symbolic links",
    errno.EMFILE: "raise the limit of open files (`ulimit -n`)",
}


@contextmanager
def naming(path: Path, temporary: Path | None = None) -> Iterator[None]:
    """Let an error of the block name a path, instead of no file, or of a temporary one that has the content in the meantime.

    Parameters
    ----------
    path : Path
        What is being written.
    temporary : Path, optional
        Where it is being written.
    """
    try:
        yield
    except OSError as error:
        inside = [] if temporary is None else _inside(error, temporary)
        if inside or (not error.filename and error.errno in WRITING):
            error.filename, error.filename2 = str(path.joinpath(*inside[:1])), None
            error.strerror = os.strerror(error.errno or 0)
        raise


def _inside(error: OSError, folder: Path) -> list[Path]:
    """Return which paths inside a folder, relative to it, an error is about."""
    names = [error.filename, error.filename2]  # of a copy: source and target
    if str(folder) in str(error.args[:2]):  # Arrow names the file in its reason
        names.append(str(folder))
    found = [
        Path(os.fsdecode(one)).absolute()
        for one in names
        if isinstance(one, str | bytes | os.PathLike)
    ]
    place = folder.absolute()
    return [one.relative_to(place) for one in found if error.errno and one.is_relative_to(place)]


def disk_error_in_words(error: OSError) -> str | None:
    """Describe an error that the system reported while a file was used, and the way out; None for any other."""
    if "No usable temporary directory" in str(error):
        return f"no folder for temporary files can be written to; {SPACE}."
    way_out = (WRITING | (OPENING if error.filename else {})).get(error.errno or 0)
    if way_out is None:
        return None
    reason = os.strerror(error.errno or 0)
    place = f"{error.filename}: " if error.filename else ""
    return f"{place}{reason[:1].lower()}{reason[1:]}; {way_out}."
