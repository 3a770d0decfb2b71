"""Where an output came from: the chain of stages back to the raw snapshot and the Git commit.

The chain is read from dvc.lock in the workspace and in every commit and experiment, so outputs that
have been replaced can be traced, too.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from pedigree.base.dvc_files.lock import (
    LOCK,
    ancestors,
    digest,
    is_code,
    lies_in,
    outdated,
    settings_of,
    stages_behind,
    stages_by_output,
)
from pedigree.base.dvc_files.stored import listing, read_object
from pedigree.base.names import UserError, did_you_mean
from pedigree.base.paths import BUNDLE, RAW
from pedigree.lineage.trace.bundles import find_bundle, identity, named_in
from pedigree.lineage.trace.records import Record, experiments, lock_history

SHORTEST = 8  # minimum number of digits of a bundle's id


def trace(target: str) -> dict[str, Any]:
    """Trace an output back to its source.

    Parameters
    ----------
    target : str
        A path in the project, an MD5 (six digits or more), the id of a bundle (eight or more) or a
        file of predictions, which contains one.

    Returns
    -------
    dict
        target, path, md5, bundle (the id, if it is a bundle), recorded_in, commit, experiments, notes,
        stages (nearest first; each with
        command, parameters, code and inputs), source.

    Raises
    ------
    UserError
        No run recorded such an output.
    """
    records = list(lock_history())
    if not records:
        raise UserError(
            f"{LOCK} exists neither here nor in a commit or experiment; run `dvc repro` first."
        )
    notes: list[str] = []
    owner, md5 = find_output(target, records, notes)
    made = origins(owner, md5, records, notes)
    record, stage = made[0]
    holders = [one.commit for one, _ in made if one.commit]
    names = experiments()
    commits = [commit for commit in holders if commit not in names]
    stages = chain(record, stage, notes)
    return {
        "target": target,
        "path": owner,
        "md5": md5,
        "bundle": identity(md5) if owner == BUNDLE.as_posix() else None,
        "recorded_in": record.commit or "the workspace",
        # git lists children before parents, so the last commit is the one that added it
        "commit": commits[-1] if commits else None,
        "experiments": {names[commit]: commit for commit in reversed(holders) if commit in names},
        "notes": notes,
        "stages": stages,
        "source": source(stages),
    }


def find_output(target: str, records: list[Record], notes: list[str]) -> tuple[str, str]:
    """Find an output by its name.

    Parameters
    ----------
    target : str
        A path, an MD5, the id of a bundle, or a file of predictions.
    records : list of Record
        All versions of dvc.lock, the workspace's first.
    notes : list of str
        Remarks for the user are appended to it.

    Returns
    -------
    path, md5 : str
        The output and its version.

    Raises
    ------
    UserError
        No run recorded such an output.
    """
    path = Path(target)
    if path.exists() or not re.fullmatch(r"[0-9a-f]{6,64}(\.dir)?", target):
        if path.is_file() and (name := named_in(path)):
            notes.append(f"{path} contains predictions of bundle {name}")
            return find_md5(find_bundle(name, records), records)
        return find_path(path, records, notes)
    try:
        return find_md5(target, records)
    except UserError:
        if len(target) < SHORTEST:
            raise
        return find_md5(find_bundle(target, records), records)


def find_path(path: Path, records: list[Record], notes: list[str]) -> tuple[str, str]:
    """Find an output by its path: the version in the workspace, or the last recorded one.

    Parameters
    ----------
    path : Path
        The output, or a file in it.
    records : list of Record
        All versions of dvc.lock, the workspace's first.
    notes : list of str
        Remarks for the user are appended to it.

    Returns
    -------
    path, md5 : str
        The output and its version.

    Raises
    ------
    UserError
        No stage made the file.
    """
    wanted = (
        path.resolve().relative_to(Path.cwd())
        if path.resolve().is_relative_to(Path.cwd())
        else path
    ).as_posix()
    recorded = [(record, *out[1:]) for record in records for out in record.outputs()]
    for record, owner, md5 in recorded:
        if not lies_in(wanted, owner):
            continue
        if record.commit:
            notes.append(
                "the workspace's dvc.lock does not contain it; this is its last recorded version"
            )
            return owner, md5
        there = digest(Path(owner))
        if there is None:
            notes.append(f"{owner} is not in the workspace; run `dvc checkout {owner}` to get it")
        elif there != md5:
            if any((owner, there) == other[1:] for other in recorded):
                notes.append("the workspace contains an earlier version than its dvc.lock records")
                return owner, there
            notes.append(f"{owner} was changed after the run: no run recorded its MD5, {there}")
        return owner, md5
    known = {owner for record in records for _, owner, _ in record.outputs()}
    used = {
        dep["path"]
        for record in records
        for stage in record.stages.values()
        for dep in stage["deps"]
    }
    if any(lies_in(wanted, dep) for dep in used):
        raise UserError(
            f"{wanted} is a source that no stage made; its versions are in Git (`git log -- {wanted}`) or in its .dvc file."
        )
    raise UserError(
        f"{wanted} is not an output of any recorded stage; {did_you_mean(wanted, known)}"
    )


def find_md5(start: str, records: list[Record]) -> tuple[str, str]:
    """Find an output, or a file in one, by the first digits of its MD5."""
    recorded = [out[1:] for record in records for out in record.outputs()]
    for owner, md5 in recorded:
        if md5.startswith(start):
            return owner, md5
    for owner, md5 in recorded:
        if any(entry["md5"].startswith(start) for entry in listing(md5)):
            return owner, md5
    raise UserError(
        f"no run in the workspace, a commit or an experiment recorded an output with the MD5 {start}."
    )


def origins(
    path: str, md5: str, records: list[Record], notes: list[str]
) -> list[tuple[Record, str]]:
    """Find the versions of dvc.lock that record how an output was made.

    Parameters
    ----------
    path, md5 : str
        The output and its version.
    records : list of Record
        All versions of dvc.lock, the workspace's first.
    notes : list of str
        Remarks for the user are appended to it.

    Returns
    -------
    list of (Record, str)
        Each version with the stage that made the output. Versions in which the stage's inputs are newer than the
        output are only included if there are no others.
    """
    holding = [
        (record, stage)
        for record in records
        for stage, *out in record.outputs()
        if out == [path, md5]
    ]
    made = [(record, stage) for record, stage in holding if not outdated(record.stages, stage)]
    if not made:
        notes.append(
            "its inputs were made again later, and no commit or experiment recorded both versions together, so "
            "the chain is broken where the MD5 of an input differs from that of the output"
        )
    elif made[0] != holding[0] and not holding[0][0].commit:
        notes.append("its inputs were made again later; this is the run that made it")
    return made or holding


def chain(record: Record, stage: str, notes: list[str]) -> list[dict[str, Any]]:
    """Describe a stage and all stages that it depends on, nearest first.

    Parameters
    ----------
    record : Record
        The version of dvc.lock.
    stage : str
        Name of the stage.
    notes : list of str
        Remarks for the user are appended to it.

    Returns
    -------
    list of dict
        stage, command, parameters, code and inputs of each.
    """
    # `ancestors` has the order of dvc.lock, in which the nearest stage is the last.
    names = reversed(ancestors(record.stages, [stage]))
    found = [_describe(record, name) for name in names]
    lost = [one["stage"] for one in found if one["parameters"] is None]
    if lost:
        notes.append(
            f"the settings that {', '.join(lost)} ran with were changed later, and are in no commit or experiment"
        )
    return found


def _describe(record: Record, name: str) -> dict[str, Any]:
    entry, made = record.stages[name], stages_by_output(record.stages)
    deps = {dep["path"]: dep["md5"] for dep in entry["deps"]}
    code = {path: md5 for path, md5 in deps.items() if is_code(path)}
    return {
        "stage": name,
        "command": entry["cmd"],
        "parameters": settings_of(record.stages, name, record.commit),
        "code": code,
        "inputs": {
            path: {"md5": md5, "from": ", ".join(stages_behind(path, made)) or None}
            for path, md5 in deps.items()
            if path not in code
        },
        "outputs": {one["path"]: one["md5"] for one in entry["outs"]},
    }


def source(stages: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Return the raw snapshot's description of its source; None if no stage of the chain made a snapshot."""
    for md5 in (one["outputs"].get(RAW.as_posix()) for one in stages):
        if md5 and digest(RAW) == md5:
            return _account((RAW / "snapshot.json").read_bytes())
        for entry in listing(md5) if md5 else ():
            is_account = entry["relpath"] == "snapshot.json"
            if is_account and (content := read_object(entry["md5"])):
                return _account(content)
    return None


def _account(content: bytes) -> dict[str, Any]:
    account: dict[str, Any] = json.loads(content)
    return account
