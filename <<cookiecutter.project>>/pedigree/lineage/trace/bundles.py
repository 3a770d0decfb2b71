"""Find the recorded bundle that made a prediction, by the SHA-256 of the bundle's manifest."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from pedigree.base.dvc_files.lock import digest
from pedigree.base.dvc_files.stored import listing, read_object
from pedigree.base.names import UserError
from pedigree.base.paths import BUNDLE, CHAMPION, MANIFEST
from pedigree.base.tables import sha256
from pedigree.lineage.trace.records import Record

# Suffixes of files that `python -m pedigree predict` writes.
SUFFIXES = (".csv", ".parquet")
COLUMN = "bundle"


def identity(md5: str) -> str | None:
    """Return the id of a recorded bundle, if its manifest is in the workspace or DVC's cache; else None."""
    manifests = (read_object(one["md5"]) for one in listing(md5) if one["relpath"] == MANIFEST)
    if content := next(manifests, None):
        return hashlib.sha256(content).hexdigest()
    for folder in (BUNDLE, CHAMPION):
        if (folder / MANIFEST).is_file() and digest(folder) == md5:
            return sha256(folder / MANIFEST)
    return None


def find_bundle(start: str, records: Sequence[Record]) -> str:
    """Find a recorded bundle by the first digits of its id; return its MD5.

    Raises
    ------
    UserError
        No recorded bundle, or more than one, has such an id.
    """
    recorded = {
        md5 for one in records for _, path, md5 in one.outputs() if path == BUNDLE.as_posix()
    }
    known = {md5: identity(md5) for md5 in recorded}
    found = {name: md5 for md5, name in known.items() if name and name.startswith(start)}
    if len(found) > 1:
        raise UserError(
            f"the ids of {len(found)} bundles begin with {start}: {', '.join(sorted(found))}; give more digits."
        )
    if found:
        return next(iter(found.values()))
    message = (
        "no run in the workspace, a commit or an experiment recorded an output with the MD5, or a bundle with the id, "
        f"{start}."
    )
    if lost := sum(name is None for name in known.values()):
        message += (
            f" {lost} recorded bundles are not in DVC's cache; run `dvc fetch --all-commits {BUNDLE}` to get those that "
            "were pushed."
        )
    raise UserError(message)


def named_in(scored: Path) -> str | None:
    """Return the id of the bundle in a file of predictions; None if it is not such a file.

    Raises
    ------
    UserError
        It contains more than one id, or cannot be read.
    """
    from pedigree.data import formats

    if scored.suffix.lower() not in SUFFIXES:
        return None
    found: set[str] = set()
    for table in formats.iter_tables(scored, {}):
        if COLUMN not in table.column_names:
            return None
        found |= {str(one) for one in table[COLUMN].unique().to_pylist()}
    if len(found) > 1:
        raise UserError(
            f"{scored} contains predictions of {len(found)} bundles: {', '.join(sorted(found))}; trace one of them."
        )
    return next(iter(found), None)
