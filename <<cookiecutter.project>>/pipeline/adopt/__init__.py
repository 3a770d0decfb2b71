"""From a person's own data to settings under which the pipeline runs, without editing a file."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.adopt import files
from pipeline.adopt.columns import Column, describe
from pipeline.adopt.question import Question, ask, mark_suspects
from pipeline.adopt.scan import Scan, scan
from pipeline.core.base.names import UserError, did_you_mean, snake_case
from pipeline.core.base.paths import CONF, EXTERNAL, INCOMING
from pipeline.core.base.settings import read_yaml
from pipeline.core.data import formats

LOAD = CONF / "load/default.yaml"
CONFIG = CONF / "config.yaml"


@dataclass(frozen=True)
class Source:
    """Data as a person named it.

    Parameters
    ----------
    name : str
        Of the data set; its files are called so.
    paths : list of Path
        Where its files can be read now.
    reading : dict
        How its text files are spelt.
    origin : Path, str or None
        The local file or folder, the address, or None for an option of conf/collect/.
    """

    name: str
    paths: list[Path]
    reading: dict[str, Any]
    origin: Path | str | None


@dataclass(frozen=True)
class Adoption:
    """What adopt decided, and the texts of the files that say so."""

    source: Source
    scan: Scan
    columns: list[Column]
    question: Question
    split: str
    texts: dict[Path, str]


def find_source(named: str, scratch: Path) -> Source:
    """Find the data: a file, a folder, an address, or an option of conf/collect/.

    Raises
    ------
    UserError
        There is nothing of that name, or nothing in it that can be read.
    """
    if "://" in named:
        from pipeline.collect.file import collect

        account = collect(scratch, named, {})
        return Source(_data_name(named), _files(scratch), account["reading"], named)
    option = CONF / "collect" / f"{named}.yaml"
    path = Path(named).expanduser()
    if option.is_file() and not path.exists():
        return Source(named, *_taken(named, scratch), None)
    if not path.exists():
        near = [one.name for one in path.parent.iterdir()] if path.parent.is_dir() else []
        options = [one.stem for one in (CONF / "collect").glob("*.yaml")]
        raise UserError(
            f"there is no file '{named}', and no source of that name in conf/collect/; {did_you_mean(path.name, [*near, *options])}"
        )
    paths = _files(path)
    if not paths:
        formats.kind(path)
        raise UserError(f"the folder {named} holds no file that can be read.")
    return Source(_data_name(path.name), paths, formats.find_reading(paths[0]), path)


def _files(path: Path) -> list[Path]:
    """List the files of a folder, or the one file, that can be read."""
    found = sorted(path.rglob("*")) if path.is_dir() else [path]
    return [one for one in found if formats.readable(one)]


def _taken(option: str, scratch: Path) -> tuple[list[Path], dict[str, Any]]:
    """Take a snapshot of a source of conf/collect/ into a folder that is thrown away."""
    from pipeline.collect import take
    from pipeline.configure.__main__ import compose

    account = take(compose([f"collect={option}"]).collect, scratch)
    return _files(scratch), account.get("reading") or {}


def _data_name(name: str) -> str:
    """Make a name for files and settings of a file's name; no option's, and nothing YAML reads as a value."""
    stem = Path(name.rstrip("/").rpartition("/")[2]).name
    while Path(stem).suffix.lower() in {*formats.KINDS, *formats.PACKED}:
        stem = Path(stem).stem
    stem = snake_case(stem)
    taken = {"binary", "multiclass", "regression", *(p.stem for p in _shipped())}
    plain = not stem[0].isdigit() and stem not in {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}
    return stem if plain and stem not in taken else f"data_{stem}"


def _shipped() -> list[Path]:
    """List the options of conf/collect/ that adopt did not write."""
    return [
        path
        for path in (CONF / "collect").glob("*.yaml")
        if "pipeline.adopt`; yours" not in path.read_text(encoding="utf-8")
    ]


def decide(source: Source, target: str, task: str | None = None) -> Adoption:
    """Look at all rows and decide what each column is and what is asked.

    Raises
    ------
    UserError
        The rows cannot be read, the target is no answer, or no column is left to learn from.
    """
    facts = scan(source.paths, source.reading, read_yaml(LOAD)["missing"])
    columns = describe(facts)
    question = ask(target, columns, facts, task)
    mark_suspects(columns, question, facts)
    if all(column.left_out or column is question.target for column in columns):
        raise UserError("no column is left to learn from: all are constant, empty, or names of rows.")
    group = [column.name for column in columns if column.kind == "group"]
    time = _time_column(columns, facts)
    split = {"regression": "random"}.get(question.task, "stratified")
    split = "group" if group else "time" if time else split
    name, reading = source.name, dict(source.reading)
    dates = {one.source_name: one.date_format for one in columns if one.date_format}
    if "dates" in reading:
        reading["dates"] = dates
    texts = {
        CONF / f"problem/{name}.yaml": files.problem_yaml(question, columns, group, time),
        Path(f"contracts/{name}.yaml"): files.contract_yaml(question, columns, facts),
    }
    if source.origin is not None:
        remote = isinstance(source.origin, str)
        path = source.origin if remote else (EXTERNAL / Path(source.origin).name).as_posix()
        texts[CONF / f"collect/{name}.yaml"] = files.collect_yaml(str(path), reading, remote)
    return Adoption(source, facts, columns, question, split, texts)


def _time_column(columns: list[Column], facts: Scan) -> str | None:
    """Choose the column that tells when a row came to be: a date in order, or named like an event's."""
    from pipeline.adopt.columns import TIME_NAME
    from pipeline.core.data.engine import parse

    for column in columns:
        if column.kind != "date" or column.left_out:
            continue
        values = parse(facts.sample[column.name], column.dtype) if not column.date_format else None
        in_order = values is not None and values.is_monotonic_increasing
        if facts.sample[column.name].nunique() >= 20 and (in_order or TIME_NAME.search(column.name)):
            return column.name
    return None


def write(adoption: Adoption, force: bool = False) -> list[str]:
    """Write the files, fetch the data to its place, and point the settings at both.

    Files that are there already and differ stay as a person left them.

    Parameters
    ----------
    adoption : Adoption
    force : bool
        Write them anew all the same.

    Returns
    -------
    list of str
        What was done, a line each.
    """
    done = []
    name, question = adoption.source.name, adoption.question
    if isinstance(adoption.source.origin, Path):
        done.append(_bring(adoption.source.origin, force))
    first = files.chosen("problem") != name
    for path, text in adoption.texts.items():
        before = path.read_text(encoding="utf-8") if path.exists() else None
        if before is None or (force and before != text):
            path.write_text(text, encoding="utf-8")
            done.append(f"{path}: written")
        else:
            edited = before != text
            done.append(f"{path}: kept{' as edited; --force writes it anew' if edited else ''}")
    if first or force:
        done += _point(name, adoption)
    return done


def _bring(origin: Path, force: bool) -> str:
    """Copy a file or folder into data/external/ and put it under DVC."""
    place = EXTERNAL / origin.name
    if origin.resolve() != place.resolve():
        if place.exists() and not force and not _same(origin, place):
            raise UserError(f"{place} is there and differs from {origin}; --force replaces it.")
        EXTERNAL.mkdir(parents=True, exist_ok=True)
        if origin.is_dir():
            shutil.copytree(origin, place, dirs_exist_ok=True)
        else:
            shutil.copyfile(origin, place)
    command = [sys.executable, "-m", "dvc", "add", "--quiet", str(place)]
    added = subprocess.run(command, capture_output=True, text=True, check=False)
    if added.returncode:
        return f"{place}: not under DVC yet ({added.stderr.strip()}); run `dvc add {place}`"
    return f"{place}: under DVC"


def _same(one: Path, other: Path) -> bool:
    from filecmp import cmp, dircmp

    if one.is_dir() and other.is_dir():
        seen = dircmp(one, other)
        return not (seen.left_only or seen.right_only or seen.diff_files)
    return one.is_file() and other.is_file() and cmp(one, other, shallow=False)


def _point(name: str, adoption: Adoption) -> list[str]:
    """Point conf/ and dvc.yaml at the data set."""
    choices = {"problem": name, "split": adoption.split}
    choices["collect"] = name
    # The example's own repairs and features name columns that other data do not have.
    choices |= {g: "default" for g in ("clean", "engineer") if files.chosen(g) == "penguins"}
    done = []
    if files.chosen("collect") == "example" and (batch := INCOMING / "penguins-2009.csv").exists():
        batch.unlink()
        done.append(f"{batch}: removed, it is a batch of the example (Git has it)")
    kind = "regression" if adoption.question.task == "regression" else "classification"
    for path, text in {
        CONFIG: files.point(CONFIG, choices),
        LOAD: files.point(LOAD, {"contract": f"contracts/{name}.yaml"}),
        Path("dvc.yaml"): files.plots(Path("dvc.yaml"), kind),
    }.items():
        if path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            done.append(f"{path}: points at it")
    return done
