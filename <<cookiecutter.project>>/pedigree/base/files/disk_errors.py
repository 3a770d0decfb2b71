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
        named = os.fsdecode(error.filename or b"") if error.errno else ""
        inside = temporary and Path(named).absolute().is_relative_to(temporary.absolute())
        # Arrow names the file in its reason only.
        if temporary and not named and str(temporary) in str(error):
            named, inside = str(temporary), True
        if temporary and inside:
            path /= Path(named).absolute().relative_to(temporary.absolute())
        if inside or (not named and error.errno in WRITING):
            error.filename, error.filename2 = str(path), None
            error.strerror = os.strerror(error.errno or 0)
        raise


def sentence(error: OSError) -> str | None:
    """Describe an error that the system reported while a file was used, and the way out; None for any other."""
    if "No usable temporary directory" in str(error):
        return f"no folder for temporary files can be written to; {SPACE}."
    way_out = (WRITING | (OPENING if error.filename else {})).get(error.errno or 0)
    if way_out is None:
        return None
    reason = os.strerror(error.errno or 0)
    place = f"{error.filename}: " if error.filename else ""
    return f"{place}{reason[:1].lower()}{reason[1:]}; {way_out}."
