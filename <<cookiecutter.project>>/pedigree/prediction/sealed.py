"""The files of a bundle: each is read once, compared with the manifest, and opened as it was compared."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from pedigree.base.json_file import JsonFile, parse_as
from pedigree.base.names import UserError
from pedigree.base.paths import MANIFEST
from pedigree.base.tables import as_json, sha256, write_json
from pedigree.estimators.signature import Signature
from pedigree.prediction.own_code import OwnCode
from pedigree.prediction.signing import check_signature
from pedigree.storage.artifact import open_model

Parsed = TypeVar("Parsed", bound=JsonFile)

# Of a bundle that is read; `package.max_megabytes` limits the ones that are made.
MAX_FILES = 100
MAX_MANIFEST = 100_000  # bytes
MAX_BYTES = 4 * 2**30  # of all files
ID = re.compile(r"[0-9a-f]{64}")


def seal(folder: Path) -> str:
    """Write the SHA-256 of every file of a bundle into its manifest; return the bundle's id."""
    hashes = {path.name: sha256(path) for path in sorted(folder.iterdir()) if path.name != MANIFEST}
    write_json(hashes, folder / MANIFEST)
    return sha256(folder / MANIFEST)


@dataclass(frozen=True)
class Sealed:
    """The verified content of a bundle.

    Parameters
    ----------
    folder : Path
        Where it was read, for messages.
    id : str
        SHA-256 of the manifest, which names the content of every file.
    files : dict of str to bytes
        The content of each file that predictions require, by its name.
    """

    folder: Path
    id: str
    files: dict[str, bytes]

    @classmethod
    def read(cls, folder: Path, expect: str | None = None, signed_by: Path | None = None) -> Sealed:
        """Read a bundle, and check every file of it against its manifest.

        Parameters
        ----------
        folder : Path
        expect : str, optional
            The id that the bundle must have.
        signed_by : Path, optional
            A public key; the bundle must have a signature of its private key (see `signing`).

        Raises
        ------
        UserError
            A file is missing, new or changed, or the bundle is not the expected one.
        """
        manifest = _manifest(folder)
        identity = hashlib.sha256(manifest).hexdigest()
        if expect is not None and identity != expect:
            raise UserError(f"{folder} is bundle {identity}, but bundle {expect} is expected.")
        if signed_by:
            check_signature(folder, manifest, signed_by)
        hashes = _hashes(folder, manifest)
        _check_names(folder, set(hashes))
        files = {}
        for name, digest in hashes.items():
            # Predictions open these two kinds; others, such as an exported model, may be large.
            kept = (folder / name).read_bytes() if name.endswith((".skops", ".json")) else None
            found = sha256(folder / name) if kept is None else hashlib.sha256(kept).hexdigest()
            if found != digest:
                raise UserError(f"the bundle {folder} is not what was packed: {name} was changed.")
            if kept is not None:
                files[name] = kept
        return cls(folder, identity, files)

    def parsed(self, kind: type[Parsed]) -> Parsed:
        """Parse the bundle's copy of a JSON file."""
        name = kind.place.name
        return parse_as(kind, self._content(name), self.folder / name, None)

    def model(self, name: str) -> Any:
        """Build a fitted object; only that code of the owner is imported with which the bundle was made."""
        return open_model(self._content(name), self.folder / name, self.own)

    @cached_property
    def own(self) -> OwnCode:
        """The modules of the owner that the bundle may name."""
        return OwnCode(self.folder, self.parsed(Signature).code)

    def _content(self, name: str) -> bytes:
        if name not in self.files:
            raise UserError(
                f"the bundle {self.folder} is incomplete: its manifest does not list {name}."
            )
        return self.files[name]


def _manifest(folder: Path) -> bytes:
    path = folder / MANIFEST
    if not path.is_file():
        raise UserError(
            f"{folder} contains no bundle ({MANIFEST} is missing); run `dvc repro package`."
        )
    with path.open("rb") as file:
        return file.read(MAX_MANIFEST + 1)


def _hashes(folder: Path, manifest: bytes) -> dict[str, str]:
    """Parse a manifest: the SHA-256 of each file by its name."""
    try:
        hashes = json.loads(manifest)
        sound = (
            len(manifest) <= MAX_MANIFEST
            and len(hashes) <= MAX_FILES
            and all(re.fullmatch(r"\w[\w.-]*", name) for name in hashes)
            and all(ID.fullmatch(digest) for digest in hashes.values())
            # Else two manifests, and so two ids, could stand for the same files.
            and manifest == as_json(hashes).encode()
        )
    except (ValueError, TypeError, AttributeError, RecursionError):
        sound = False
    if not sound:
        raise UserError(f"{folder / MANIFEST} is no manifest of a bundle; run `dvc repro package`.")
    return dict(hashes)


def _check_names(folder: Path, expected: set[str]) -> None:
    """Raise an error if the folder's files are not the expected ones, or too large to be read."""
    there = {path.name for path in folder.iterdir()} - {MANIFEST}
    for name in sorted(there ^ expected):
        raise UserError(
            f"the bundle {folder} is not what was packed: {ascii(name)[1:-1]:.80} is {'new' if name in there else 'missing'}."
        )
    odd = [name for name in sorted(expected) if not (folder / name).is_file()]
    if odd:
        raise UserError(f"the bundle {folder} is not what was packed: {odd[0]} is not a file.")
    if sum((folder / name).stat().st_size for name in expected) > MAX_BYTES:
        raise UserError(f"the bundle {folder} has more than {MAX_BYTES:,} bytes.")
