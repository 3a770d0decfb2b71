"""Proposing settings for the user's own data, so that the pipeline runs without editing files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pedigree.adopting import files
from pedigree.adopting.columns import (
    OTHER_TIME,
    TIME_NAME,
    ColumnDecision,
    classify_columns,
)
from pedigree.adopting.problem import ProposedProblem, mark_suspects, propose_problem
from pedigree.adopting.scan import Scan, scan
from pedigree.adopting.source import Source, with_header
from pedigree.base.names import UserError
from pedigree.base.paths import CONF, EXTERNAL
from pedigree.base.settings import read_yaml
from pedigree.data.dates import ISO, to_dates

LOAD = CONF / "load/default.yaml"


@dataclass(frozen=True)
class Adoption:
    """Proposed settings for a data set, and the content of the files to write."""

    source: Source
    scan: Scan
    columns: list[ColumnDecision]
    problem: ProposedProblem
    split: str
    contents: dict[Path, str]


def propose_settings(source: Source, target: str, task: str | None = None) -> Adoption:
    """Scan all rows, and propose the kind of each column and the problem.

    Parameters
    ----------
    source : Source
        The data.
    target : str
        Name of the target, as in the source or in snake_case.
    task : {"binary", "multiclass", "regression"}, optional
        Inferred from the values if None.

    Returns
    -------
    Adoption

    Raises
    ------
    UserError
        The rows cannot be read, the target cannot be predicted, or no column is left as a feature.
    """
    source = with_header(source, target)
    facts = scan(source.paths, source.reading, read_yaml(LOAD)["missing"])
    columns = classify_columns(facts)
    problem = propose_problem(target, columns, facts, task)
    mark_suspects(columns, problem, facts)
    if all(column.left_out or column is problem.target for column in columns):
        raise UserError(
            "no column is left as a feature, since all are constant, empty or identifiers; add other columns."
        )
    group = [column.name for column in columns if column.kind == "group"]
    time = _time_column(columns, facts)
    split = {"regression": "random"}.get(problem.task, "stratified")
    split = "group" if group else "time" if time else split
    name, reading = source.name, dict(source.reading)
    dates = {one.source_name: one.date_format for one in columns if one.date_format}
    if "dates" in reading:
        reading["dates"] = dates
    contents = {
        CONF / f"problem/{name}.yaml": files.problem_yaml(problem, columns, group, time),
        Path(f"contracts/{name}.yaml"): files.contract_yaml(problem, columns, facts),
    }
    if source.origin is not None:
        remote = isinstance(source.origin, str)
        path = source.origin if remote else (EXTERNAL / Path(source.origin).name).as_posix()
        contents[CONF / f"collect/{name}.yaml"] = files.collect_yaml(str(path), reading, remote)
    return Adoption(source, facts, columns, problem, split, contents)


def _time_column(columns: list[ColumnDecision], facts: Scan) -> str | None:
    """Choose the column with the time of a row's event: a date that increases or has the name of an event's time."""
    for column in columns:
        if column.kind != "date" or column.left_out:
            continue
        values = to_dates(facts.sample[column.name], column.date_format or ISO).dropna()
        named_like_event = TIME_NAME.search(column.name) and not OTHER_TIME.search(column.name)
        if values.nunique() >= 20 and (named_like_event or values.is_monotonic_increasing):
            return column.name
    return None
