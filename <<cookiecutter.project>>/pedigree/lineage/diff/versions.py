"""A dataset in the version that a commit, branch, tag or experiment recorded."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from pedigree.base.dvc_files.declared import declared_stage
from pedigree.base.dvc_files.lock import LOCK
from pedigree.base.dvc_files.stored import refuse_damaged
from pedigree.base.git import git, head
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
        The stage does not exist, or writes no dataset.
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
        A folder of Parquet parts, relative to the project.

    Raises
    ------
    UserError
        The revision does not exist, has no such dataset, or its files are in neither cache nor remote.
    """
    if revision == WORKSPACE:
        return _read(folder, f"{folder} of the workspace", f"run `dvc checkout {folder}` to get it")
    from dvc_data.index.index import DataIndexError

    name, files = f"{folder} of {revision}", open_version(revision)
    with tempfile.TemporaryDirectory() as temporary:
        copy = Path(temporary) / "data"
        try:
            if not files.exists(folder.as_posix()):
                raise UserError(
                    f"{folder} is not recorded in {revision}; run `git log dvc.lock` to find commits that may record it."
                )
            files.get(folder.as_posix(), str(copy), recursive=True)
            for part in copy.rglob("*.parquet"):
                path = (folder / part.relative_to(copy)).as_posix()
                refuse_damaged(part.read_bytes(), files.info(path)["md5"])
        except (DataIndexError, FileNotFoundError):
            raise lost(name, revision) from None
        return _read(copy, name, "choose a folder of Parquet parts with --data")


def open_version(revision: str) -> AbstractFileSystem:
    """Open the files of a commit, branch, tag or experiment, including those in DVC's cache and remote.

    Raises
    ------
    UserError
        The revision does not exist, has no recorded run, or this is not a DVC project.
    """
    from dvc.exceptions import NotDvcRepoError
    from dvc.scm import RevError
    from fsspec.implementations.dirfs import DirFileSystem

    head()
    try:
        # A revision is opened at the root of the Git repository, and the project may be a folder in it.
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
        raise UserError(
            "this folder is not a DVC project; run the command in the project's folder."
        ) from None
    raise UserError(
        f"{revision} has no {LOCK}; run `git log {LOCK}` to find commits that have one."
    )


def _opened(revision: str, in_folder: bool) -> DVCFileSystem:
    """Open a revision at the root of the Git repository, as DVC does.

    DVC would resolve the relative address of a remote from there, too, which is wrong if the project is a folder of the
    repository. So the addresses are resolved here and passed on.
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
    """Return the error for a file that a revision records, but that neither the cache nor the remote contains."""
    return UserError(
        f"{name} is neither in DVC's cache nor in its remote. On a machine that has it, run "
        f"`{way_to(revision)} && dvc push`, then run `dvc fetch` here. "
        f"Or create it again with `{way_to(revision)} && dvc repro`."
    )


def way_to(revision: str) -> str:
    """Return the command that checks out a revision."""
    is_experiment = revision in experiments().values()
    return f"dvc exp apply {revision}" if is_experiment else f"git switch --detach {revision}"


def _read(folder: Path, name: str, way_out: str) -> pd.DataFrame:
    if not list(folder.glob("*.parquet")):
        raise UserError(f"{name} contains no Parquet parts; {way_out}.")
    return read_table(folder)
