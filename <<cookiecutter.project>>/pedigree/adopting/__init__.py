"""From a person's own data to settings under which the pipeline runs, without editing a file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pedigree.adopting import files
from pedigree.adopting.columns import OTHER_TIME, TIME_NAME, Column, dates, describe
from pedigree.adopting.question import Question, ask, mark_suspects
from pedigree.adopting.scan import Scan, scan
from pedigree.adopting.source import Source
from pedigree.base.names import UserError
from pedigree.base.paths import CONF, EXTERNAL
from pedigree.base.settings import read_yaml

LOAD = CONF / "load/default.yaml"


@dataclass(frozen=True)
class Adoption:
    """What adopt decided, and the texts of the files that say so."""

    source: Source
    scan: Scan
    columns: list[Column]
    question: Question
    split: str
    texts: dict[Path, str]


def decide(source: Source, target: str, task: str | None = None) -> Adoption:
    """Look at all rows and decide what each column is and what is asked.

    Raises
    ------
    UserError
        The rows cannot be read, the target is not an answer, or no column is left to learn from.
    """
    facts = scan(source.paths, source.reading, read_yaml(LOAD)["missing"])
    columns = describe(facts)
    question = ask(target, columns, facts, task)
    mark_suspects(columns, question, facts)
    if all(column.left_out or column is question.target for column in columns):
        raise UserError(
            "no column is left to learn from: all are constant, empty, or names of rows."
        )
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
    for column in columns:
        if column.kind != "date" or column.left_out:
            continue
        values = dates(facts.sample[column.name], column.date_format).dropna()
        told = TIME_NAME.search(column.name) and not OTHER_TIME.search(column.name)
        if values.nunique() >= 20 and (told or values.is_monotonic_increasing):
            return column.name
    return None
