"""Files opened as the bytes they hold, unpacked where they are packed."""

from __future__ import annotations

import csv
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO

import pyarrow as pa

from pedigree.base.names import UserError

PACKED = (".gz", ".bz2", ".zst", ".zip")
MOST = 2**31  # bytes that are unpacked into memory; rows of text are streamed, whatever their size
# What readers of files raise over bytes that are not what the file's name says; Arrow's and
# Unicode's errors are among them.
BROKEN = (
    ValueError,
    OSError,
    EOFError,
    RuntimeError,
    ArithmeticError,
    MemoryError,
    LookupError,
    csv.Error,
    zlib.error,
    zipfile.BadZipFile,
    pa.ArrowException,
)


@contextmanager
def refusing(path: Path) -> Iterator[None]:
    """Turn the errors of readers into one that names the file.

    Raises
    ------
    UserError
        Reading failed.
    """
    try:
        yield
    except BROKEN as error:
        raise UserError(f"{path} cannot be read: {error or type(error).__name__}") from None


def suffix(path: Path) -> str:
    """Return a file's suffix, beneath that of a compression, in lower case."""
    suffixes = [one.lower() for one in path.suffixes]
    if suffixes and suffixes[-1] in PACKED:
        suffixes.pop()
    return suffixes[-1] if suffixes else ""


def is_packed(path: Path) -> bool:
    """Return whether a file is packed, by its name."""
    return path.suffix.lower() in PACKED


def open_bytes(path: Path) -> IO[bytes]:
    """Open a file, unpacked where it is packed.

    Raises
    ------
    UserError
        A ZIP archive holds no file, or more than one.
    """
    if path.suffix.lower() == ".zip":
        return zipfile.ZipFile(path).open(member(path))
    stream: IO[bytes] = pa.input_stream(str(path), compression="detect")
    return stream


def member(path: Path) -> str:
    """Name the one file of a ZIP archive.

    Raises
    ------
    UserError
        It is not an archive, or does not hold one file.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            names = [
                name
                for name in archive.namelist()
                if not name.endswith("/")
                and not name.startswith("__MACOSX")
                and not PurePosixPath(name).name.startswith(".")
            ]
    except BROKEN:
        raise UserError(f"{path} is not a ZIP archive, whatever its name says.") from None
    if len(names) != 1:
        raise UserError(f"{path} holds {len(names)} files; one is expected. Unpack it first.")
    return names[0]


def read_bytes(path: Path) -> bytes:
    """Read a file whole, unpacked.

    Raises
    ------
    UserError
        It is larger than what is unpacked into memory.
    """
    chunks, size = [], 0
    with open_bytes(path) as stream:
        while chunk := stream.read(2**24):
            chunks.append(chunk)
            size += len(chunk)
            if size > MOST:
                raise UserError(
                    f"{path} holds more than {MOST >> 30} GB when unpacked; unpack it, or store it as Parquet."
                )
    return b"".join(chunks)
