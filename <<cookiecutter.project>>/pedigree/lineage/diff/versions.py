"""A dataset as a commit, branch, tag or experiment recorded it."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from pedigree.base.declared import declared_stage
from pedigree.base.git import git
from pedigree.base.lock import LOCK
from pedigree.base.names import UserError, did_you_mean
from pedigree.base.paths import LOADED
from pedigree.base.tables import read_table
from pedigree.lineage.trace.records import experiments

if TYPE_CHECKING:
    import pandas as pd
    from dvc.api import DVCFileSystem
    from fsspec import AbstractFileSystem

WORKSPACE = "workspace"


def dataset_of(stage: str) -> Path:
    """Return the dataset that a stage writes.

    Raises
    ------
    UserError
        There is no such stage, or it writes none.
    """
    outs = declared_stage(stage).outs
    found = [Path(out) for out in outs if Path(out).parts[0] == LOADED.parts[0]]
    if not found:
        raise UserError(
            f"the stage '{stage}' writes no dataset; its outputs are {', '.join(outs) or 'none'}."
        )
    return found[0]


def read_version(revision: str, folder: Path) -> pd.DataFrame:
    """Read a version of a dataset, from DVC's cache or its remote.

    Parameters
    ----------
    revision : str
        Commit, branch, tag, name of an experiment, or ``workspace``.
    folder : Path
        Of Parquet parts, relative to the project.

    Raises
    ------
    UserError
        There is no such revision, or it has no such dataset, or its files cannot be had.
    """
    if revision == WORKSPACE:
        return _read(folder, f"{folder} of the workspace", f"`dvc checkout {folder}` brings it")
    from dvc_data.index.index import DataIndexError

    name, files = f"{folder} of {revision}", open_version(revision)
    with tempfile.TemporaryDirectory() as temporary:
        copy = Path(temporary) / "data"
        try:
            if not files.exists(folder.as_posix()):
                raise UserError(
                    f"{revision} records no {folder}; `git log dvc.lock` lists the commits that may."
                )
            files.get(folder.as_posix(), str(copy), recursive=True)
        except (DataIndexError, FileNotFoundError):
            raise lost(name, revision) from None
        return _read(copy, name, "only a folder of these can be compared (see --data)")


def open_version(revision: str) -> AbstractFileSystem:
    """Open the files of a commit, branch, tag or experiment, those in DVC's cache and its remote too.

    Raises
    ------
    UserError
        There is no such revision, or nothing has run in it, or this is not a DVC project.
    """
    from dvc.exceptions import NotDvcRepoError
    from dvc.scm import RevError
    from fsspec.implementations.dirfs import DirFileSystem

    try:
        # A revision is opened at the root of Git's repository, which the project may be a folder of.
        project = "/" + git("rev-parse", "--show-prefix").removesuffix("\n")
        files = _opened(revision, project != "/")
        if files.repo.fs.exists(f"{project}{LOCK}"):
            return DirFileSystem(project, files)
    except RevError:
        names = git("for-each-ref", "--format=%(refname:short)", "refs/heads", "refs/tags")
        known = [*names.split(), *experiments().values()]
        raise UserError(
            f"'{revision}' is not a commit, branch, tag or experiment; {did_you_mean(revision, known)}"
        ) from None
    except NotDvcRepoError:
        raise UserError("this folder is not a DVC project; run in the project's folder.") from None
    raise UserError(f"{revision} records no {LOCK}; `git log {LOCK}` lists the commits that do.")


def _opened(revision: str, in_folder: bool) -> DVCFileSystem:
    """Open a revision at the root of Git's repository, as DVC does.

    From there it would resolve a remote's relative address too, wrongly if the project is a folder of that repository;
    so it is given the addresses as they are resolved here.
    """
    from dvc.api import DVCFileSystem
    from dvc.repo import Repo

    if not in_folder:
        return DVCFileSystem(rev=revision)
    with Repo() as project:
        remotes = {"remote": project.config["remote"]}
    factory = partial(Repo, config=remotes)
    return DVCFileSystem(rev=revision, subrepos=True, repo_factory=factory)


def lost(name: str, revision: str) -> UserError:
    """Return the error of what a revision records, and neither the cache nor the remote has."""
    return UserError(
        f"{name} is neither in DVC's cache nor in its remote. Where it is, "
        f"`{way_to(revision)} && dvc push` sends it; then `dvc fetch` brings it here. "
        f"Or make it again: `{way_to(revision)} && dvc repro`."
    )


def way_to(revision: str) -> str:
    """Return the command that brings a revision into the workspace."""
    is_experiment = revision in experiments().values()
    return f"dvc exp apply {revision}" if is_experiment else f"git switch --detach {revision}"


def _read(folder: Path, name: str, way_out: str) -> pd.DataFrame:
    if not list(folder.glob("*.parquet")):
        raise UserError(f"{name} holds no Parquet parts; {way_out}.")
    return read_table(folder)
