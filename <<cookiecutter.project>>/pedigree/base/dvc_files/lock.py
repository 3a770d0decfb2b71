"""What dvc.lock records: which stage made a file and from what, and the MD5 of each file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from pedigree.base.git import blobs, git
from pedigree.base.names import UserError, first_of
from pedigree.base.paths import LIBRARY, PARAMS, SCRIPTS
from pedigree.base.settings import Loader, read_yaml, settings_file

LOCK = Path("dvc.lock")
KEYS = {"schema", "stages", "datasets"}


def recorded_stages(project: Path = Path()) -> dict[str, Any]:
    """Return the stages in a project's dvc.lock; empty before the first run.

    Raises
    ------
    UserError
        The file is damaged.
    """
    lock = project / LOCK
    if not lock.exists():
        return {}
    try:
        content = read_yaml(lock)
        if not set(content) <= KEYS:
            raise KeyError(first_of(sorted(set(content) - KEYS), 1))
        return whole(content)
    except (UserError, AttributeError, KeyError, TypeError, ValueError) as error:
        found = " ".join(str(error).split())
        raise UserError(
            f"{lock} is damaged; restore it with `git restore {LOCK}`, or delete it and run `dvc repro`. ({found})"
        ) from None


def whole(lock: Mapping[str, Any]) -> dict[str, Any]:
    """Return the stages of a parsed dvc.lock, each with `params`, `deps`, `outs`, and the MD5 of each path.

    DVC omits what a stage does not have, and records another hash than the MD5 for paths outside the project.
    """
    return {name: completed(stage) for name, stage in (lock.get("stages") or {}).items()}


def completed(stage: Mapping[str, Any]) -> dict[str, Any]:
    """Complete an entry of dvc.lock; see `whole`."""
    entries = {
        kind: [
            {**one, "path": one["path"], "md5": recorded_hash(one)} for one in stage.get(kind) or ()
        ]
        for kind in ("deps", "outs")
    }
    return {"params": {}, **stage, **entries}


def recorded_hash(entry: Mapping[str, Any]) -> str:
    """Return the hash that DVC records for a path: its MD5, or a remote's version; empty if it records none."""
    if "md5" not in entry and "files" in entry:  # a folder in a remote that keeps versions
        return folder_md5({one["relpath"]: one["md5"] for one in entry["files"]})
    return str(next((entry[key] for key in ("md5", "etag", "checksum") if key in entry), ""))


def stages_by_output(stages: Mapping[str, Any]) -> dict[str, str]:
    """Map every recorded output to the stage that made it."""
    return {out["path"]: name for name, stage in stages.items() for out in stage["outs"]}


def output_hashes(stages: Mapping[str, Any]) -> dict[str, str]:
    """Return the MD5 of every recorded output."""
    return {out["path"]: out["md5"] for one in stages.values() for out in one["outs"]}


def stage_that_made(path: str, made: Mapping[str, str]) -> str | None:
    """Return the name of the stage that made a path, or the folder that contains it."""
    return next((name for owner, name in made.items() if lies_in(path, owner)), None)


def stages_behind(path: str, made: Mapping[str, str]) -> list[str]:
    """Return the names of the stages that made a path, the folder that contains it, or something in it."""
    found = (name for out, name in made.items() if lies_in(path, out) or lies_in(out, path))
    return list(dict.fromkeys(found))


def is_code(path: str) -> bool:
    """Return whether a dependency is code: of the library or of the owner."""
    return lies_in(path, LIBRARY.as_posix()) or lies_in(path, SCRIPTS.as_posix())


def lies_in(path: str, folder: str) -> bool:
    """Return whether a path is a folder, or is inside it."""
    return path == folder or path.startswith(f"{folder}/")


def ancestors(stages: Mapping[str, Any], targets: Iterable[str]) -> list[str]:
    """List stages and all that they depend on: those that made their inputs and their settings, recursively.

    Parameters
    ----------
    stages : mapping
        As returned by `whole`.
    targets : iterable of str
        Names of stages.

    Returns
    -------
    list of str
        In the order of dvc.lock.
    """
    made = stages_by_output(stages)
    waiting, seen = list(targets), set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        paths = [dep["path"] for dep in stages[name]["deps"]]
        paths += [path for path in stages[name]["params"] if path == PARAMS.as_posix()]
        waiting += [above for path in paths for above in stages_behind(path, made)]
    return [name for name in stages if name in seen]


def outdated(stages: Mapping[str, Any], name: str) -> list[str]:
    """List what a stage depends on and what was made again, with another content, after the stage ran.

    After `dvc exp run evaluate`, later stages stay as an earlier run recorded them: their outputs describe that run's model.
    """
    now = output_hashes(stages)
    deps = (
        [dep for one in ancestors(stages, [name]) for dep in stages[one]["deps"]]
        if name in stages
        else []
    )
    changed = (dep["path"] for dep in deps if now.get(dep["path"], dep["md5"]) != dep["md5"])
    return list(dict.fromkeys(changed))


def settings_of(stages: Mapping[str, Any], name: str, commit: str = "") -> dict[str, Any] | None:
    """Return the settings that a stage ran with.

    Parameters
    ----------
    stages : mapping
        As returned by `whole`.
    name : str
        Name of the stage.
    commit : str
        The Git commit that contains that dvc.lock; empty for the workspace.

    Returns
    -------
    dict or None
        Those of ``settings/<name>.yaml``, and those that dvc.lock records by value, as for a stage with `params`.
        Keys of files other than params.yaml are named ``FILE:KEY``. None if that version of the settings file is
        neither in the workspace nor in Git.
    """
    entry = stages[name]
    found = {
        key if file == PARAMS.as_posix() else f"{file}:{key}": value
        for file, values in entry["params"].items()
        for key, value in (values or {}).items()
    }
    path = settings_file(name).as_posix()
    for md5 in (dep["md5"] for dep in entry["deps"] if dep["path"] == path):
        same = (one for one in _versions(path, commit) if _md5(one) == md5)
        if (content := next(same, None)) is None:
            return None
        found |= yaml.load(content, Loader=Loader)
    return found


def _versions(path: str, commit: str) -> Iterator[bytes]:
    """Yield the contents of a file in the workspace, in a commit, and in all commits and experiments."""
    if Path(path).is_file():
        yield Path(path).read_bytes()
    if commit:
        yield from (content for _, content in blobs([f"{commit}:./{path}"]))
    commits = git("log", "--all", "--format=%H", "--", path).split()
    yield from (content for _, content in blobs(f"{one}:./{path}" for one in commits))


def _md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def digest(path: Path) -> str | None:
    """Compute the MD5 that DVC gives to a file or, from a sorted list of its files, to a folder."""
    if path.is_file():
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "md5").hexdigest()
    if not path.is_dir():
        return None
    files = (one.relative_to(path).as_posix() for one in path.rglob("*") if one.is_file())
    return folder_md5({name: str(digest(path / name)) for name in files})


def folder_md5(files: Mapping[str, str]) -> str:
    """Compute the MD5 that DVC gives to a folder, from the MD5s of its files."""
    entries = [
        {"md5": files[name], "relpath": name}
        for name in sorted(files, key=lambda name: name.split("/"))
    ]
    return _md5(json.dumps(entries, sort_keys=True).encode()) + ".dir"
