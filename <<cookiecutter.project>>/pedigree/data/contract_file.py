"""The file of a contract, and the columns that the settings name, compared with it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pedigree.base.names import UserError, did_you_mean, nearest, snake_case
from pedigree.base.problem import Problem
from pedigree.base.settings import read_yaml

SIMILAR = 0.8  # ratio above which a column is taken for a misspelled one


def read_contract(path: Path) -> dict[str, Any]:
    """Read a contract: a pandera schema in its own YAML form.

    Raises
    ------
    UserError
        The file is missing or is not a contract.
    """
    contract = read_yaml(path)
    if not isinstance(contract, dict) or not isinstance(contract.get("columns"), dict):
        raise UserError(f"{path} is not a contract: a mapping with the key 'columns' is expected.")
    return contract


def misspelled_columns(problem: Problem, schema: dict[str, Any], contract: Path) -> Iterator[str]:
    """Find columns of the problem that the contract excludes, or that resemble one of its columns.

    A contract that is not strict may omit columns; whether the data have such a column, `load` finds out. One that
    differs from a listed column by a letter or two is taken for a mistake, since finding it later costs minutes.

    Parameters
    ----------
    problem : Problem
        Its columns may be written as in their source.
    schema : dict
        The contract as returned by `read_contract`.
    contract : Path
        Its file, for messages.

    Yields
    ------
    str
        A sentence for each column.
    """
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
            if column not in known and (schema.get("strict") or nearest(column, known, SIMILAR)):
                yield (
                    f"problem.{key}: column '{column}' is not in {contract}; {did_you_mean(column, known)} "
                    "If the data contain it, add it to the contract."
                )
