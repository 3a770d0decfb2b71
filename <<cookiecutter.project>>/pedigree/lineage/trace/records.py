"""The records of DVC: every version of dvc.lock."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml

from pedigree.base.dvc_files.lock import LOCK, completed, recorded_stages
from pedigree.base.git import blobs, git
from pedigree.base.settings import Loader


@dataclass(frozen=True)
class Record:
    """One version of dvc.lock.

    Parameters
    ----------
    commit : str
        Git commit; empty for the workspace.
    stages : dict
        As `pedigree.base.dvc_files.lock.completed` returns them.
    """

    commit: str
    stages: dict[str, Any]

    def outputs(self) -> Iterator[tuple[str, str, str]]:
        """Yield stage, path and MD5 of every output."""
        for name, stage in self.stages.items():
            for out in stage["outs"]:
                yield name, out["path"], out["md5"]


def lock_versions() -> Iterator[tuple[str, str, bytes]]:
    """Yield every version of dvc.lock: the workspace's, then those of commits and experiments.

    Yields
    ------
    commit : str
        Empty for the workspace.
    name : str
        The same for equal contents, except for the workspace.
    content : bytes

    Raises
    ------
    UserError
        The workspace's is damaged.
    """
    if LOCK.exists():
        recorded_stages()
        yield "", "", LOCK.read_text(encoding="utf-8").encode()
    commits = git("log", "--all", "--topo-order", "--format=%H", "--", LOCK.name).split()
    found = blobs(f"{commit}:./{LOCK}" for commit in commits)
    for commit, (name, content) in zip(commits, found, strict=True):
        if name:
            yield commit, name, content


def lock_history() -> Iterator[Record]:
    """Yield every version of dvc.lock with its stages; equal contents yield the same object."""
    seen: dict[str, dict[str, Any]] = {}
    for commit, name, content in lock_versions():
        if name not in seen:
            seen[name] = {stage: parsed(entry) for stage, entry in entries(content).items()}
        yield Record(commit, seen[name])


def entries(lock: bytes) -> dict[str, bytes]:
    """Split a dvc.lock into the entries of its stages, by their indentation."""
    stages = re.search(rb"^stages:\n((?:[ \n].*\n?)*)", lock, re.MULTILINE)
    parts = re.split(rb"^(?=  \S)", stages[1], flags=re.MULTILINE)[1:] if stages else []
    return {one.split(b":", 1)[0].strip().decode(): one for one in parts}


@cache
def parsed(entry: bytes) -> dict[str, Any]:
    """Parse an entry; cached, since YAML is slow and most versions of dvc.lock have most entries in common."""
    (stage,) = yaml.load(entry, Loader=Loader).values()
    return completed(stage)


def experiments() -> dict[str, str]:
    """Map the commits of DVC's experiments to their names."""
    refs = git("for-each-ref", "--format=%(objectname) %(refname)", "refs/exps").splitlines()
    pairs = (ref.split(" ", 1) for ref in refs)
    return {
        commit: name.rsplit("/", 1)[1]
        for commit, name in pairs
        if "/celery/" not in name and name.count("/") == 4
    }
