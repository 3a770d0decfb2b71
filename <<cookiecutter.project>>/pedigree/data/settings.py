"""Settings of `load`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import Field

from pedigree.base.names import UserError, did_you_mean
from pedigree.base.problem import GroupedColumns, Task
from pedigree.base.section import Excerpt, Section
from pedigree.data.contract_file import misspelled_columns, read_contract, unknown_positive
from pedigree.data.files.limits import Limits


class Load(Section):
    """conf/load/."""

    contract: str
    missing: tuple[str, ...]
    max_rejected: int = Field(ge=0)
    limits: Limits = Limits()


class ContractPath(Excerpt):
    """The path of the contract."""

    contract: str


class Missing(Excerpt):
    """The strings that mark a missing value."""

    missing: tuple[str, ...]


class LoadProblem(GroupedColumns):
    """The part of the problem that `load` reads."""

    task: Task


class LoadSettings(Excerpt):
    """All settings that `load` reads."""

    load: Load
    problem: LoadProblem

    def mistakes(self, settings: Any) -> Iterator[str]:
        """Find a contract that is missing or unreadable, and columns and values of the problem that it does not list."""
        contract = Path(self.load.contract)
        if not contract.is_file():
            found = [path.as_posix() for path in contract.parent.glob("*.yaml")]
            yield f"load.contract: {contract} does not exist; {did_you_mean(contract.as_posix(), found)}"
            return
        try:
            schema = read_contract(contract)
        except UserError as error:
            yield f"load.contract: {error}"
            return
        steps = list(settings.clean.steps.values())
        yield from misspelled_columns(settings.problem, schema, contract, steps)
        yield from unknown_positive(settings.problem, schema, contract, steps)
