"""The file of a contract, and the columns that the settings name, compared with it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from pedigree.base.names import UserError, did_you_mean, nearest, snake_case
from pedigree.base.paths import LIBRARY
from pedigree.base.problem import Problem
from pedigree.base.section import Tool
from pedigree.base.settings import read_yaml
from pedigree.data.dates import wrong_dates

SIMILAR = 0.8  # ratio above which a column is taken for a misspelled one
# Cleaning steps that leave values as they are, but for case and blanks.
KEEPING = ("trim_text", "unify_case", "unify_missing", "drop_duplicates", "limit", "require")


def read_contract(path: Path) -> dict[str, Any]:
    """Read a contract: a pandera schema in its own YAML form.

    Raises
    ------
    UserError
        The file is missing or is not a contract, or compares a date with something else.
    """
    contract = read_yaml(path)
    if not isinstance(contract, dict) or not isinstance(contract.get("columns"), dict):
        raise UserError(f"{path} is not a contract: a mapping with the key 'columns' is expected.")
    for mistake in wrong_dates(contract):
        raise UserError(f"{path}: {mistake}")
    return contract


def misspelled_columns(
    problem: Problem, schema: dict[str, Any], contract: Path, steps: Iterable[Tool]
) -> Iterator[str]:
    """Find columns of the problem that the contract excludes, or that resemble one of its columns.

    A contract that is neither strict nor, by its metadata, complete may omit columns; whether the data have such a
    column, later stages find out. One that differs from a listed column by a letter or two is taken for a mistake,
    since finding it later costs minutes. To a complete list, a cleaning step of the owner may add columns.

    Parameters
    ----------
    problem : Problem
        Its columns may be written as in their source.
    schema : dict
        The contract as returned by `read_contract`.
    contract : Path
        Its file, for messages.
    steps : iterable of Tool
        The cleaning steps.

    Yields
    ------
    str
        A sentence for each column.
    """
    metadata = schema.get("metadata")
    complete = isinstance(metadata, dict) and metadata.get("complete")
    own = any(not one.target.startswith(f"{LIBRARY}.") for one in steps)
    closed = schema.get("strict") or (complete and not own)
    known = [str(name) for name in schema["columns"]]
    named = {
        "target": [problem.target],
        "time": [problem.time] if problem.time else [],
        "group": problem.group,
        "exclude": problem.exclude,
        "slices": problem.slices or (),
        "protected": problem.protected,
    }
    for key, columns in named.items():
        for column in map(snake_case, columns):
            if column not in known and (closed or nearest(column, known, SIMILAR)):
                yield (
                    f"problem.{key}: column '{column}' is not in {contract}; {did_you_mean(column, known)} "
                    "If the data contain it, add it to the contract."
                )


def unknown_positive(
    problem: Problem, schema: dict[str, Any], contract: Path, steps: Iterable[Tool]
) -> Iterator[str]:
    """Find a positive class that is not among the values that the contract lists for the target.

    Parameters
    ----------
    problem : Problem
        With `target` and `positive`.
    schema : dict
        The contract as returned by `read_contract`.
    contract : Path
        Its file, for messages.
    steps : iterable of Tool
        The cleaning steps, after which the target may have other values.

    Yields
    ------
    str
        At most one sentence.
    """
    target = snake_case(problem.target)
    listed = (schema["columns"].get(target) or {}).get("isin")
    if problem.positive is None or not isinstance(listed, list):
        return
    known = [str(value) for value in listed]
    positive = str(problem.positive)
    found = positive.strip().lower() in [value.strip().lower() for value in known]
    if not found and not any(_may_change(one, target) for one in steps):
        yield (
            f"problem.positive: {positive!r} is not one of the values that {contract} lists for '{target}'; "
            f"{did_you_mean(positive, known)}"
        )


def _may_change(step: Tool, column: str) -> bool:
    """Return whether a cleaning step may give a column other values than the source's."""
    if step.target in [f"{LIBRARY}.cleaning.{name}" for name in KEEPING]:
        return False
    columns = step.without().get("columns")
    named = [columns] if isinstance(columns, str) else columns
    own = not step.target.startswith(f"{LIBRARY}.")
    return own or not named or column in map(snake_case, named)
