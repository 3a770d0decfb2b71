"""Where an output came from: the chain of stages back to the raw snapshot and the Git commit.

It reads what DVC recorded in dvc.lock, in the workspace and in every commit and experiment, so it
answers for outputs that have been replaced since.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from configparser import ConfigParser
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from pipeline.core.base.names import UserError, did_you_mean
from pipeline.core.base.paths import RAW
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


def main() -> None:
    """Trace a path or an MD5."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.trace", description=__doc__)
    parser.add_argument("target", help="path of an output, metric or model, or an MD5 (its first 6 digits do)")
    parser.add_argument("--json", action="store_true", help="print JSON for machines")
    options = parser.parse_args()
    try:
        found = trace(options.target)
    except UserError as error:
        sys.exit(f"trace: {error}")
    print(json.dumps(found, indent=2, ensure_ascii=False) if options.json else render(found))


def trace(target: str) -> dict[str, Any]:
    """Follow an output back to its source.

    Parameters
    ----------
    target : str
        A path in the project, or an MD5 (six digits or more).

    Returns
    -------
    dict
        target, path, md5, recorded_in, commit, experiments, notes, stages (nearest first; each with
        command, parameters, code and inputs), source.

    Raises
    ------
    UserError
        Nothing of that name is recorded.
    """
    records = list(history())
    if not records:
        raise UserError(f"there is no {LOCK} here, in any commit or in any experiment; run `dvc repro` first.")
    path = Path(target)
    notes: list[str] = []
    if path.exists() or not re.fullmatch(r"[0-9a-f]{6,32}(\.dir)?", target):
        record, stage, owner, md5 = find_path(path, records, notes)
    else:
        record, stage, owner, md5 = find_md5(target, records)
    holders = [one.commit for one in records if one.commit and any(out[2] == md5 for out in one.outputs())]
    names = experiments()
    commits = [commit for commit in holders if commit not in names]
    return {
        "target": target,
        "path": owner,
        "md5": md5,
        "recorded_in": record.commit or "the workspace",
        # git lists children before parents: the last holder is the commit that brought it
        "commit": commits[-1] if commits else None,
        "experiments": sorted({names[commit] for commit in holders if commit in names}),
        "notes": notes,
        "stages": chain(record, stage),
        "source": source(record),
    }


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
            seen[blob] = (yaml.load(git("cat-file", "blob", blob), Loader=Loader) or {}).get("stages", {})
        if blob:
            yield Record(commit, seen[blob])


def find_path(path: Path, records: list[Record], notes: list[str]) -> tuple[Record, str, str, str]:
    """Find the version of an output that lies in the workspace, or its last recorded one."""
    wanted = (path.resolve().relative_to(Path.cwd()) if path.resolve().is_relative_to(Path.cwd()) else path).as_posix()
    for record in records:
        for stage, owner, md5 in record.outputs():
            if wanted != owner and not wanted.startswith(f"{owner}/"):
                continue
            if record.commit:
                notes.append("it is not an output of the workspace's dvc.lock; this is its last recorded version")
                return record, stage, owner, md5
            there = digest(Path(owner))
            if there is None:
                notes.append(f"{owner} is not in the workspace (`dvc checkout {owner}` brings it)")
            elif there != md5:
                for other in records:  # an earlier version may lie there
                    for its_stage, its_owner, its_md5 in other.outputs():
                        if its_owner == owner and its_md5 == there:
                            notes.append("the workspace holds an earlier version than its dvc.lock")
                            return other, its_stage, owner, there
                notes.append(f"{owner} was changed since: its MD5 is {there}, which no run recorded")
            return record, stage, owner, md5
    known = {owner for record in records for _, owner, _ in record.outputs()}
    used = {dep["path"] for record in records for stage in record.stages.values() for dep in stage.get("deps", ())}
    if wanted in used or any(wanted.startswith(f"{dep}/") for dep in used):
        raise UserError(f"{wanted} is made by no stage: it is a source. Git (`git log -- {wanted}`) or its .dvc file knows its versions.")
    raise UserError(f"{wanted} is no output of any stage, now or before; {did_you_mean(wanted, known)}")


def find_md5(start: str, records: list[Record]) -> tuple[Record, str, str, str]:
    """Find an output, or a file inside of one, by the first digits of its MD5."""
    for record in records:
        for stage, owner, md5 in record.outputs():
            if md5.startswith(start):
                return record, stage, owner, md5
    for record in records:
        for stage, owner, md5 in record.outputs():
            if any(entry["md5"].startswith(start) for entry in listing(md5)):
                return record, stage, owner, md5
    raise UserError(f"no run recorded an output with the MD5 {start}, in the workspace, a commit or an experiment.")


def chain(record: Record, stage: str) -> list[dict[str, Any]]:
    """List a stage and all that it descends from, nearest first."""
    makers = {owner: name for name, owner, _ in record.outputs()}
    waiting, out = [stage], {}
    while waiting:
        name = waiting.pop(0)
        if name in out:
            continue
        entry = record.stages[name]
        deps = {dep["path"]: dep["md5"] for dep in entry.get("deps", ())}
        code = {path: md5 for path, md5 in deps.items() if path.startswith("pipeline/")}
        inputs = {
            path: {"md5": md5, "from": _maker(path, makers)} for path, md5 in deps.items() if path not in code
        }
        waiting += [one["from"] for one in inputs.values() if one["from"]]
        if entry.get("params"):
            waiting.append(makers.get("params.yaml", name))
        out[name] = {
            "stage": name,
            "command": entry["cmd"],
            "parameters": {key: value for file in entry.get("params", {}).values() for key, value in file.items()},
            "code": code,
            "inputs": inputs,
            "outputs": {one["path"]: one["md5"] for one in entry.get("outs", ())},
        }
    # DVC lists stages in the order of dvc.yaml; the nearest to the target comes first here.
    order = {name: -position for position, name in enumerate(record.stages)}
    return sorted(out.values(), key=lambda one: order[one["stage"]])


def source(record: Record) -> dict[str, Any] | None:
    """Return the raw snapshot's own account of where it came from."""
    for _, owner, md5 in record.outputs():
        if owner == RAW.as_posix():
            if digest(RAW) == md5:
                return json.loads((RAW / "snapshot.json").read_text(encoding="utf-8"))
            for entry in listing(md5):
                if entry["relpath"] == "snapshot.json" and cached(entry["md5"]).exists():
                    return json.loads(cached(entry["md5"]).read_text(encoding="utf-8"))
    return None


def render(found: dict[str, Any]) -> str:
    """Write a trace for people."""
    lines = [f"{found['path']}  md5 {found['md5']}"]
    commit = found["commit"] and git("log", "-1", "--format=%h %s", found["commit"]).strip()
    lines.append(f"  Git commit: {commit or 'none yet: dvc.lock is not committed'}")
    if found["experiments"]:
        lines.append(f"  experiments: {', '.join(found['experiments'])}")
    lines += [f"  note: {note}" for note in found["notes"]]
    for stage in found["stages"]:
        lines += ["", f"{stage['stage']}: {stage['command']}"]
        for key, value in stage["parameters"].items():
            shown = json.dumps(value, ensure_ascii=False)
            lines.append(f"  param  {key} = {shown if len(shown) <= 100 else shown[:97] + '...'}")
        lines += [f"  code   {path}  {md5}" for path, md5 in stage["code"].items()]
        for path, one in stage["inputs"].items():
            lines.append(f"  input  {path}  {one['md5']}" + (f"  <- {one['from']}" if one["from"] else ""))
        lines += [f"  output {path}  {md5}" for path, md5 in stage["outputs"].items()]
    lines.append("")
    if found["source"] is None:
        return "\n".join([*lines, "source: the raw snapshot is not in the cache; `dvc fetch` brings it"])
    lines.append("source: " + ", ".join(f"{key} {value}" for key, value in found["source"]["source"].items()))
    for file in found["source"]["files"]:
        lines.append(f"  {file['name']}: {file['rows']} rows, {file['bytes']} bytes, sha256 {file['sha256']}")
    return "\n".join(lines)


def experiments() -> dict[str, str]:
    """Map the commits of DVC's experiments to their names."""
    refs = git("for-each-ref", "--format=%(objectname) %(refname)", "refs/exps").splitlines()
    pairs = (ref.split(" ", 1) for ref in refs)
    return {commit: name.rsplit("/", 1)[1] for commit, name in pairs if "/celery/" not in name and name.count("/") == 4}


def digest(path: Path) -> str | None:
    """Compute the MD5 that DVC gives to a file or, over a sorted listing of its files, to a folder."""
    if path.is_file():
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "md5").hexdigest()
    if not path.is_dir():
        return None
    files = sorted(one.relative_to(path).as_posix() for one in path.rglob("*") if one.is_file())
    entries = [{"md5": digest(path / name), "relpath": name} for name in sorted(files, key=lambda name: name.split("/"))]
    return hashlib.md5(json.dumps(entries, sort_keys=True).encode(), usedforsecurity=False).hexdigest() + ".dir"


def listing(md5: str) -> list[dict[str, str]]:
    """Return the files of a recorded folder, as far as DVC's cache holds them."""
    path = cached(md5)
    return json.loads(path.read_text(encoding="utf-8")) if md5.endswith(".dir") and path.exists() else []


def cached(md5: str) -> Path:
    """Return where DVC's cache keeps an object."""
    config = ConfigParser()
    config.read([".dvc/config", ".dvc/config.local"], encoding="utf-8")
    folder = config.get("cache", "dir", fallback="cache").strip("\"'")
    return Path(".dvc") / folder / "files" / "md5" / md5[:2] / md5[2:]


def git(*arguments: str) -> str:
    """Run Git; an empty text if it fails or is not there."""
    try:
        done = subprocess.run(["git", *arguments], capture_output=True, text=True, encoding="utf-8", check=False)
    except FileNotFoundError:
        return ""
    return done.stdout if done.returncode == 0 else ""


def _maker(path: str, makers: dict[str, str]) -> str | None:
    """Name the stage that makes a path or the folder that it lies in."""
    for owner, name in makers.items():
        if path == owner or path.startswith(f"{owner}/"):
            return name
    return None


if __name__ == "__main__":
    main()
