"""A clone of HEAD with the data that no stage makes, and running commands in it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from shutil import copyfile

from pedigree.base.dvc_files.declared import declared
from pedigree.base.dvc_files.lock import LOCK
from pedigree.base.git import git, head
from pedigree.base.names import UserError
from pedigree.base.paths import PARAMS, RAW
from pedigree.base.settings import read_yaml


def clone(folder: Path) -> Path:
    """Clone HEAD into an empty folder, ready to fetch data; return the project's folder in it.

    Raises
    ------
    UserError
        HEAD does not exist, or has no dvc.lock.
    """
    commit = head()
    if not git("cat-file", "-t", f"HEAD:./{LOCK}"):
        raise UserError(f"HEAD ({commit[:7]}) has no {LOCK}; run `dvc repro`, then commit it.")
    root, prefix = git("rev-parse", "--show-toplevel", "--show-prefix").split("\n")[:2]
    _run(folder.parent, "git", "clone", "--quiet", root, str(folder))
    _run(folder, "git", "checkout", "--quiet", "--detach", commit)
    project = folder / prefix
    if Path(".dvc/config.local").exists():  # the remote's credentials
        copyfile(".dvc/config.local", project / ".dvc/config.local")
    return project


def fetch(project: Path, local: bool) -> list[str]:
    """Fetch the data that no stage makes, or makes again, into a clone, and return what was fetched.

    Parameters
    ----------
    project : Path
    local : bool
        Get the data from this machine's DVC cache instead of the remote.

    Raises
    ------
    UserError
        Some of the data is not available.
    """
    tracked = _run(project, "git", "ls-files", "*.dvc").splitlines()
    settings = read_yaml(project / PARAMS) if (project / PARAMS).exists() else {}
    pinned = (settings.get("collect") or {}).get("as_of") is not None
    kept = [RAW.as_posix()] if pinned else []
    kept += [name for name, stage in declared(project).items() if stage.frozen and stage.outs]
    if not tracked + kept:
        return []
    from dvc.repo import Repo

    with Repo() as repo:  # resolves relative addresses
        cache = Path(repo.cache.local.path).parents[1]
        addresses = {name: str(one["url"]) for name, one in repo.config["remote"].items()}
    options = []
    if local:
        _dvc(project, "remote", "add", "--local", "--quiet", "this-machine", str(cache))
        _dvc(project, "remote", "modify", "--local", "this-machine", "verify", "true")
        options = ["--remote", "this-machine"]
    for name, url in addresses.items():
        if "://" not in url:
            _dvc(project, "remote", "modify", "--local", name, "url", str(Path(url).absolute()))
    try:
        # One after the other: with both, `dvc pull` silently omits the outputs of stages.
        for wanted in filter(None, (tracked, kept)):
            _dvc(project, "pull", *options, *wanted)
    except UserError as error:
        hint = (
            ""
            if local
            else " Run `dvc push` where the data is, or use --local to get it from this machine's cache."
        )
        raise UserError(f"the data cannot be fetched: {error}{hint}") from None
    return tracked + kept


def _dvc(project: Path, *arguments: str) -> None:
    _run(project, sys.executable, "-m", "dvc", *arguments)


def _run(folder: Path, *command: str) -> str:
    done = subprocess.run(
        command, cwd=folder, env=environment(), capture_output=True, text=True, check=False
    )
    if done.returncode:
        shown = " ".join(command).removeprefix(f"{sys.executable} -m ")
        raise UserError(f"`{shown}` failed: {done.stderr.strip()}")
    return done.stdout


def environment() -> dict[str, str]:
    """Return the environment variables for the clone: this Python first, without those of experiments and hooks."""
    foreign = ("DVC_EXP", "GIT_DIR", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_WORK_TREE")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    return kept | {"PATH": path, "PYTHONUNBUFFERED": "1"}
