"""What a data file was used for: every model and metric that depends on it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pedigree.base.dvc_files.lock import lies_in, settings_of, stage_that_made, stages_by_output
from pedigree.base.dvc_files.stored import read_object
from pedigree.base.git import blobs, git
from pedigree.base.names import first_of
from pedigree.base.paths import EXTERNAL, METRICS, PARAMS
from pedigree.base.settings import leaves
from pedigree.lineage.trace.folders import Folders, inputs
from pedigree.lineage.trace.records import Record, experiments, lock_history
from pedigree.lineage.trace.wanted import Wanted, find_version


def uses(target: str) -> dict[str, Any]:
    """Find every recorded run that used a file or a snapshot.

    Parameters
    ----------
    target : str
        A path in the project, or an MD5, or the SHA-256 of a file of the snapshot (six digits or more).

    Returns
    -------
    dict
        target, path, md5, made_by, other_versions (MD5 to the commit that added it), notes, and
        runs, oldest first: commit (empty for the workspace), subject, experiment, used_by (stages
        that read the file), models, metrics (each with md5 and value), outputs (all of them).

    Raises
    ------
    UserError
        Neither the workspace nor a run has such a file.
    """
    records = list(reversed(_distinct(list(lock_history()))))
    folders = Folders(records)
    wanted, versions = find_version(target, records, folders)
    names = experiments()
    runs, beside = [], []
    for record in records:
        readers, ignored = _readers(record, wanted, folders)
        beside += [record.commit] if ignored and not readers else []
        if readers:
            runs.append(_run(record, readers, names, folders))
    notes = []
    if beside:
        notes.append(
            f"not used in {_list_commits(beside)}, where it was in {EXTERNAL}/, but no setting named it"
        )
    if folders.closed:
        where = ", ".join(sorted(set(folders.closed.values())))
        notes.append(
            f"{len(folders.closed)} recorded folders ({where}) are neither in the cache nor in Git, so the files "
            "in them are unknown; run `git switch --detach COMMIT && dvc fetch` to get those that were pushed"
        )
    newest = next((one for one in reversed(records) if wanted.path), None)
    return {
        "target": target,
        "path": wanted.path,
        "md5": wanted.md5,
        "made_by": stage_that_made(wanted.path, stages_by_output(newest.stages))
        if newest
        else None,
        "other_versions": {md5: commit for md5, commit in versions.items() if md5 != wanted.md5},
        "notes": notes,
        "runs": runs,
    }


def _distinct(records: list[Record]) -> list[Record]:
    """Omit the workspace if a commit has the same stages."""
    committed = any(one.stages == records[0].stages for one in records[1:]) if records else False
    return records[1:] if committed and not records[0].commit else records


def _readers(record: Record, wanted: Wanted, folders: Folders) -> tuple[list[str], bool]:
    """Return the stages that read the file, and whether it was in a folder of inputs without being read."""
    readers, ignored = [], False
    for name, path, md5 in inputs(record):
        inner = wanted.inside(path, md5, folders)
        if inner is None:
            continue
        if path == EXTERNAL.as_posix() and not _named(
            settings_of(record.stages, name, record.commit) or {}, inner
        ):
            ignored = True
        elif name not in readers:
            readers.append(name)
    return readers, ignored


def _named(settings: Mapping[str, Any], names: list[str]) -> bool:
    """Return whether a stage's settings name one of the files of data/external/, or a folder that contains it.

    A source reads only the files that its settings name.
    """
    strings = [text.removeprefix("./").rstrip("/") for text in _texts(settings)]
    paths = [(EXTERNAL / name).as_posix() for name in names]
    return any(path in text or lies_in(path, text) for path in paths for text in strings if text)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _texts(one)
    elif isinstance(value, str):
        yield value


def _run(
    record: Record, readers: list[str], names: Mapping[str, str], folders: Folders
) -> dict[str, Any]:
    reached = descendants(record, readers, folders)
    made = {path: md5 for stage, path, md5 in record.outputs() if stage in reached}
    return {
        "commit": record.commit,
        "subject": git("log", "-1", "--format=%s", record.commit).strip() if record.commit else "",
        "experiment": names.get(record.commit),
        "used_by": readers,
        "models": {path: md5 for path, md5 in made.items() if lies_in(path, "models")},
        "metrics": {
            path: {"md5": md5, "value": _headline(record.commit, path, md5)}
            for path, md5 in made.items()
            if lies_in(path, METRICS.as_posix())
        },
        "outputs": made,
    }


def descendants(record: Record, names: list[str], folders: Folders) -> list[str]:
    """List stages and all that depend on their outputs, in the order of dvc.lock.

    Parameters
    ----------
    record : Record
        The version of dvc.lock.
    names : list of str
        Names of the stages.
    folders : Folders
        Files of the recorded folders.

    Returns
    -------
    list of str

    Notes
    -----
    A stage that ran with another version of the output does not depend on it: dvc.lock may record both after a
    run of some stages only.
    """
    reached = set(names)
    made = {name: [(p, m) for n, p, m in record.outputs() if n == name] for name in record.stages}
    waiting = list(names)
    while waiting:
        outs = made[waiting.pop()]
        for name, stage in record.stages.items():
            deps = [(dep["path"], dep["md5"]) for dep in stage["deps"]]
            params = PARAMS.as_posix()
            settings = params in stage["params"] and any(path == params for path, _ in outs)
            if name not in reached and (
                settings or any(folders.feeds(out, dep) for out in outs for dep in deps)
            ):
                reached.add(name)
                waiting.append(name)
    return [name for name in record.stages if name in reached]


def _headline(commit: str, path: str, md5: str) -> str | None:
    """Return the first two values of a metrics file, if that version of the file is available."""
    files = [Path(path).read_bytes()] if Path(path).is_file() else []
    files += filter(None, [read_object(md5)])
    committed = [content for _, content in blobs([f"{commit}:./{path}"])] if commit else []
    same = (one for one in files + committed if _md5(one) == md5)
    if (content := next(same, None)) is None:
        return None
    first = list(leaves(json.loads(content)).items())[:2]
    return ", ".join(f"{key} {_show(value)}" for key, value in first)


def _md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def _show(value: Any) -> str:
    if isinstance(value, list):
        return f"({len(value)})"
    return f"{value:.4g}" if isinstance(value, float) else json.dumps(value).strip('"')


def _list_commits(commits: list[str]) -> str:
    return first_of([commit[:7] or "the workspace" for commit in commits], 5)


def format_uses(found: dict[str, Any]) -> str:
    """Format the uses for people: by commit, oldest first, each version of an output once."""
    made = f", made by {found['made_by']}" if found["made_by"] else ""
    lines = [f"{found['path'] or 'a file'}  md5 {found['md5']}{made}"]
    lines += [
        f"  other version: md5 {md5} ({_list_commits([commit])})"
        for md5, commit in found["other_versions"].items()
    ]
    lines += [f"  note: {note}" for note in found["notes"]]
    if not found["runs"]:
        lines.append("\nit was not used: no recorded run has it among its inputs")
    shown: dict[tuple[str, str], str] = {}
    for run in found["runs"]:
        where = run["commit"][:7] or "the workspace, not committed yet"
        name = f"experiment {run['experiment']} ({where})" if run["experiment"] else where
        title = f"{name} {run['subject']}" if not run["experiment"] else name
        lines += ["", f"{title.strip()}: used by {', '.join(run['used_by'])}"]
        old: dict[str, int] = {}
        listed = [(path, md5, "") for path, md5 in run["models"].items()]
        listed += [(path, one["md5"], one["value"] or "") for path, one in run["metrics"].items()]
        for path, md5, value in listed:
            if (path, md5) in shown:
                old[shown[path, md5]] = old.get(shown[path, md5], 0) + 1
            else:
                shown[path, md5] = name
                lines.append(f"  {path:<28} {md5:<36} {value}".rstrip())
        lines += [f"  {count} more, unchanged since {earlier}" for earlier, count in old.items()]
        if not listed:
            lines.append("  no model or metric depends on it")
    return "\n".join(lines)
