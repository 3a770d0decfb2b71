"""What DVC recorded: every version of dvc.lock, and the objects in its cache."""

from __future__ import annotations

import json
from collections.abc import Iterator
from configparser import ConfigParser
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from pipeline.core.base.git import git
from pipeline.core.base.settings import Loader

LOCK = "dvc.lock"


@dataclass(frozen=True)
class Record:
    """One version of dvc.lock.

    Parameters
    ----------
    commit : str
        Git commit; empty for the workspace.
    stages : dict
        As DVC writes them.
    """

    commit: str
    stages: dict[str, Any]

    def outputs(self) -> Iterator[tuple[str, str, str]]:
        """Yield stage, path and MD5 of every output."""
        for name, stage in self.stages.items():
            for out in stage.get("outs", ()):
                yield name, out["path"], out["md5"]


def history() -> Iterator[Record]:
    """Yield every version of dvc.lock: the workspace's, then those of commits and experiments."""
    lock = Path(LOCK)
    if lock.exists():
        yield Record("", yaml.load(lock.read_text(encoding="utf-8"), Loader=Loader)["stages"])
    commits = git("log", "--all", "--topo-order", "--format=%H", "--", LOCK).split()
    seen: dict[str, dict[str, Any]] = {}
    for commit in commits:
        blob = git("rev-parse", f"{commit}:./{LOCK}").strip()
        if blob and blob not in seen:
            seen[blob] = (yaml.load(git("cat-file", "blob", blob), Loader=Loader) or {}).get(
                "stages", {}
            )
        if blob:
            yield Record(commit, seen[blob])


def experiments() -> dict[str, str]:
    """Map the commits of DVC's experiments to their names."""
    refs = git("for-each-ref", "--format=%(objectname) %(refname)", "refs/exps").splitlines()
    pairs = (ref.split(" ", 1) for ref in refs)
    return {
        commit: name.rsplit("/", 1)[1]
        for commit, name in pairs
        if "/celery/" not in name and name.count("/") == 4
    }


def listing(md5: str) -> list[dict[str, str]]:
    """Return the files of a recorded folder, as far as DVC's cache holds them."""
    path = cached(md5)
    return (
        json.loads(path.read_text(encoding="utf-8"))
        if md5.endswith(".dir") and path.exists()
        else []
    )


def cached(md5: str) -> Path:
    """Return where DVC's cache keeps an object."""
    config = ConfigParser()
    config.read([".dvc/config", ".dvc/config.local"], encoding="utf-8")
    folder = config.get("cache", "dir", fallback="cache").strip("\"'")
    return Path(".dvc") / folder / "files" / "md5" / md5[:2] / md5[2:]
