"""Find a file by its path, its MD5, or the SHA-256 that the snapshot recorded."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from pedigree.base.dvc_files.lock import LOCK, digest, lies_in
from pedigree.base.dvc_files.stored import read_object
from pedigree.base.names import UserError, did_you_mean
from pedigree.base.paths import RAW, SNAPSHOT
from pedigree.lineage.trace.folders import Folders, inputs, present
from pedigree.lineage.trace.records import Record


@dataclass(frozen=True)
class Wanted:
    """A version of a file, or of a folder with its files.

    Parameters
    ----------
    path : str
        Empty if only its MD5 is known.
    md5 : str
    files : dict of str to str
        Files of a folder, with their MD5.
    """

    path: str
    md5: str
    files: dict[str, str] = field(default_factory=dict)

    def inside(self, path: str, md5: str, folders: Folders) -> list[str] | None:
        """Return the files of an input that belong to this version.

        Parameters
        ----------
        path, md5 : str
            The input.
        folders : Folders
            Files of the recorded folders.

        Returns
        -------
        list of str or None
            Paths relative to the input, `""` for all of it; None if no file does.
        """
        if md5 == self.md5:
            return [""]
        entries = folders.files.get(md5, {})
        if not self.files:
            return [name for name, one in entries.items() if one == self.md5] or None
        if lies_in(path, self.path):
            return [""] if self.files.get(path[len(self.path) + 1 :]) == md5 else None
        if lies_in(self.path, path):
            start = self.path[len(path) + 1 :]
            same = all(entries.get(f"{start}/{name}") == one for name, one in self.files.items())
            return [start] if same else None
        return None


def find_version(
    target: str, records: list[Record], folders: Folders
) -> tuple[Wanted, dict[str, str]]:
    """Find a version of a file, and all recorded versions of its path.

    Parameters
    ----------
    target : str
        Path, MD5 or SHA-256.
    records : list of Record
        Oldest first.
    folders : Folders

    Returns
    -------
    wanted : Wanted
    versions : dict of str to str
        MD5 and the first commit that contains it.

    Raises
    ------
    UserError
        Neither the workspace nor a run has such a file.
    """
    if not records:
        raise UserError(
            f"{LOCK} exists neither here nor in a commit or experiment; run `dvc repro` first."
        )
    place = Path(target)
    if not place.exists() and re.fullmatch(r"[0-9a-f]{6,64}(\.dir)?", target):
        return _by_digits(target, records, folders)
    inside = place.resolve().is_relative_to(Path.cwd())
    path = (place.resolve().relative_to(Path.cwd()) if inside else place).as_posix()
    first: dict[str, int] = {}
    last: dict[str, int] = {}
    for number, record in enumerate(records):
        for at, md5 in _recorded(record, folders):
            if at == path:
                first.setdefault(md5, number)
                last[md5] = number
    # A record may contain two versions: stages that have not run again still refer to the previous one.
    order = sorted(first, key=lambda md5: (last[md5], first[md5], md5))
    versions = {md5: records[first[md5]].commit for md5 in order}
    if place.exists():
        md5 = str(digest(place))
        return Wanted(path, md5, present(place) if place.is_dir() else {}), versions
    if versions:
        md5 = next(reversed(versions))
        return Wanted(path, md5, folders.files.get(md5, {})), versions
    known = {
        at for record in records for at, _ in _recorded(record, folders) if lies_in(at, "data")
    }
    raise UserError(
        f"{path} is not in the workspace, and no run recorded it; {did_you_mean(path, known)}"
    )


def _recorded(record: Record, folders: Folders) -> list[tuple[str, str]]:
    """List every recorded path with its MD5, including files in folders."""
    owners = {(path, md5) for steps in (inputs(record), record.outputs()) for _, path, md5 in steps}
    return [
        *owners,
        *(
            (f"{path}/{name}", one)
            for path, md5 in owners
            for name, one in folders.files.get(md5, {}).items()
        ),
    ]


def _by_digits(
    start: str, records: list[Record], folders: Folders
) -> tuple[Wanted, dict[str, str]]:
    """Find a recorded version by the first digits of its MD5, or of its SHA-256."""
    known = {md5: path for record in records for path, md5 in _recorded(record, folders)}
    found = {md5 for md5 in known if md5.startswith(start)} or _by_sha256(start, folders)
    if len(found) > 1:
        listed = ", ".join(f"{md5} ({known[md5]})" for md5 in sorted(found)[:5])
        raise UserError(
            f"the hashes of {len(found)} recorded files begin with {start}: {listed}; give more digits."
        )
    if not found:
        raise UserError(
            f"no run in the workspace, a commit or an experiment recorded a file with the MD5 or SHA-256 {start}."
        )
    md5 = found.pop()
    return Wanted(known[md5], md5, folders.files.get(md5, {})), {}


def _by_sha256(start: str, folders: Folders) -> set[str]:
    """Find files of the recorded snapshots by the checksums that `collect` recorded."""
    from pedigree.base.json_file import parse_as
    from pedigree.data.records import SnapshotRecord

    found = set()
    for md5, files in folders.files.items():
        wanted = files.get(SNAPSHOT.name) if folders.paths[md5] == RAW.as_posix() else None
        if wanted and (account := read_object(wanted)):
            listed = parse_as(SnapshotRecord, account, SNAPSHOT, "collect").files
            found |= {files[one.name] for one in listed if one.sha256.startswith(start)}
    return found
