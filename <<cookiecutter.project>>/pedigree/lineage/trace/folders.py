"""Files of the folders that DVC recorded."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import yaml

from pedigree.base.dvc_files.lock import digest, folder_md5, is_code, lies_in
from pedigree.base.dvc_files.stored import listing
from pedigree.base.git import blobs, git
from pedigree.base.paths import SETTINGS
from pedigree.base.settings import Loader
from pedigree.lineage.trace.records import Record


def inputs(record: Record) -> Iterator[tuple[str, str, str]]:
    """Yield stage, path and MD5 of every input except code."""
    for name, stage in record.stages.items():
        for dep in stage["deps"]:
            if not is_code(dep["path"]):
                yield name, dep["path"], dep["md5"]


class Folders:
    """The files of every recorded folder whose listing is available.

    DVC's cache contains the listings of outputs. For a folder that a person fills, and for settings/, it records
    only the MD5; their files are taken from the commit or the workspace, if they match that MD5.

    Parameters
    ----------
    records : iterable of Record
    """

    def __init__(self, records: Iterable[Record]) -> None:
        self.files: dict[str, dict[str, str]] = {}  # MD5 of a folder: its files and their MD5
        self.paths: dict[str, str] = {}  # MD5 of a folder: its path
        self.closed: dict[str, str] = {}  # MD5 of a folder whose files are unknown: its path
        for record in records:
            found = [(path, md5, True) for _, path, md5 in inputs(record)]
            found += [(path, md5, False) for _, path, md5 in record.outputs()]
            for path, md5, is_input in found:
                if md5.endswith(".dir") and md5 not in self.files:
                    files = {entry["relpath"]: entry["md5"] for entry in listing(md5)}
                    if not files and record.commit and (is_input or path == SETTINGS.as_posix()):
                        files = _committed(record.commit, path)
                    self._keep(path, md5, files)
        there = {path: present(Path(path)) for path in set(self.closed.values())}
        for md5, path in list(self.closed.items()):
            self._keep(path, md5, there[path])

    def _keep(self, path: str, md5: str, files: dict[str, str]) -> None:
        self.paths[md5] = path
        if files and folder_md5(files) == md5:
            self.files[md5] = files
            self.closed.pop(md5, None)
        else:
            self.closed[md5] = path

    def feeds(self, out: tuple[str, str], dep: tuple[str, str]) -> bool:
        """Return whether an input (path and MD5) is an output, or a part of it, in the same version."""
        for (outer, whole), (inner, part) in ((out, dep), (dep, out)):
            if lies_in(inner, outer):
                if inner == outer:
                    return whole == part
                files = self.files.get(whole)
                return files is None or files.get(inner[len(outer) + 1 :]) == part
        return False


def present(folder: Path) -> dict[str, str]:
    """Return the files of a folder in the workspace."""
    return {
        one.relative_to(folder).as_posix(): str(digest(one))
        for one in folder.rglob("*")
        if one.is_file()
    }


def _committed(commit: str, folder: str) -> dict[str, str]:
    """Return the files of a folder in a commit: those in Git, and those in DVC by their .dvc files."""
    files: dict[str, str] = {}
    for line in git("ls-tree", "-r", "-z", commit, f"./{folder}/").split("\0")[:-1]:
        kind, path = line.split("\t", 1)
        md5, tracked = _object(kind.split()[2], path.endswith(".dvc"))
        name = Path(path).relative_to(folder)
        files[name.as_posix()] = md5
        for inner, its_md5 in tracked:
            files[(name.parent / inner).as_posix()] = its_md5
    return files


@cache
def _object(identity: str, is_dvc: bool) -> tuple[str, list[tuple[str, str]]]:
    """Return the MD5 of a file in Git; for a .dvc file, also of the files that it tracks."""
    ((_, content),) = blobs([identity])
    tracked: list[tuple[str, str]] = []
    for out in (yaml.load(content, Loader=Loader) or {}).get("outs", ()) if is_dvc else ():
        md5 = out.get("md5", "")
        inner = [(f"{out['path']}/{one['relpath']}", one["md5"]) for one in listing(md5)]
        tracked += inner if md5.endswith(".dir") else [(out["path"], md5)]
    return hashlib.md5(content, usedforsecurity=False).hexdigest(), tracked
