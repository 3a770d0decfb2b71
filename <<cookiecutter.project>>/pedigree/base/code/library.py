"""Which version of the library the project contains, and whether its files have been changed."""

from __future__ import annotations

from pathlib import Path

import pedigree
from pedigree.base.tables import sha256

MANIFEST = "SHA256SUMS"  # in sha256sum's format, so that `sha256sum -c` can check it


def folder() -> Path:
    """Return the library's folder."""
    return Path(pedigree.__path__[0])


def files(root: Path) -> list[str]:
    """List the files of a library, sorted by path, without Python's bytecode."""
    found = (path for path in root.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return sorted(path.relative_to(root).as_posix() for path in found if path.name != MANIFEST)


def manifest(root: Path) -> str:
    """Return the manifest of the files in their current state: a line of SHA-256 and path for each."""
    return "".join(f"{sha256(root / name)}  {name}\n" for name in files(root))


def changed(root: Path | None = None) -> list[str]:
    """List the files that differ from the manifest, are not in it, or are missing."""
    root = root or folder()
    path = root / MANIFEST
    sealed = path.read_text(encoding="utf-8") if path.exists() else ""
    pairs = set(sealed.splitlines()) ^ set(manifest(root).splitlines())
    return sorted({pair.partition("  ")[2] for pair in pairs})


def describe_library() -> dict[str, object]:
    """Return the version of the library, and the files that differ from that version."""
    return {"version": pedigree.__version__, "changed": changed()}
