"""Reading the bytes of files, decompressed if necessary."""

from __future__ import annotations

import csv
import io
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Any

import pyarrow as pa

from pedigree.base.names import UserError
from pedigree.data.files.limits import Limits

CODECS = {".gz": "gzip", ".bz2": "bz2", ".zst": "zstd"}
COMPRESSED = (*CODECS, ".zip")
# Errors that readers raise for invalid content; Arrow's and Unicode's errors are subclasses.
READER_ERRORS = (
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
def reader_errors(path: Path) -> Iterator[None]:
    """Convert errors of readers to a `UserError` with the name of the file.

    Raises
    ------
    UserError
        The file cannot be read.
    """
    try:
        yield
    except READER_ERRORS as error:
        raise UserError(f"{path} cannot be read: {error or type(error).__name__}") from None


def suffix(path: Path) -> str:
    """Return a file's suffix in lower case, without that of a compression."""
    suffixes = [one.lower() for one in path.suffixes]
    if suffixes and suffixes[-1] in COMPRESSED:
        suffixes.pop()
    return suffixes[-1] if suffixes else ""


def is_compressed(path: Path) -> bool:
    """Return whether a file is compressed, by its name."""
    return path.suffix.lower() in COMPRESSED


def open_bytes(path: Path) -> IO[bytes]:
    """Open a file, decompressed if necessary.

    Raises
    ------
    UserError
        A ZIP archive does not contain exactly one file.
    """
    suffix = path.suffix.lower()
    if suffix == ".zip":
        archive = zipfile.ZipFile(path)
        member = archive.getinfo(zip_member(path))
        return _bounded(archive.open(member), path, lambda: member.compress_size)
    if suffix in CODECS:
        packed = path.open("rb")
        return _bounded(pa.CompressedInputStream(packed, CODECS[suffix]), path, packed.tell)
    stream: IO[bytes] = pa.input_stream(str(path), compression=None)
    return stream


def zip_member(path: Path) -> str:
    """Return the name of the only file in a ZIP archive.

    Raises
    ------
    UserError
        The file is not an archive, or does not contain exactly one file.
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
    except READER_ERRORS:
        raise UserError(f"{path} is not a ZIP archive; rename or replace it.") from None
    if len(names) != 1:
        raise UserError(f"{path} contains {len(names)} files, but one is expected; unpack it.")
    return names[0]


def read_bytes(path: Path) -> bytes:
    """Read a whole file, decompressed.

    Raises
    ------
    UserError
        The content is larger than `load.limits.unpacked_mb`.
    """
    limits, chunks, size = Limits.in_force(), [], 0
    with open_bytes(path) as stream:
        while chunk := stream.read(2**24):
            chunks.append(chunk)
            size += len(chunk)
            limits.check_memory(size, path)
    return b"".join(chunks)


def _bounded(stream: IO[bytes], path: Path, packed: Callable[[], int]) -> IO[bytes]:
    """Let a decompressed stream end with an error where it has unpacked too much.

    Parameters
    ----------
    stream : binary file
    path : Path
        For messages.
    packed : callable
        Returns the number of compressed bytes that have been read.
    """
    return io.BufferedReader(_Bounded(stream, path, packed), 2**20)


class _Bounded(io.RawIOBase):
    """A decompressed stream that counts its bytes."""

    def __init__(self, stream: IO[bytes], path: Path, packed: Callable[[], int]) -> None:
        self.stream, self.path, self.packed = stream, path, packed
        self.count, self.limits = 0, Limits.in_force()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        chunk = self.stream.read(len(buffer))
        buffer[: len(chunk)] = chunk
        self.count += len(chunk)
        self.limits.check_unpacked(self.count, self.packed(), self.path)
        return len(chunk)

    def close(self) -> None:
        self.stream.close()
        super().close()
