"""Settings of `load`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import Field

from pedigree.base.names import did_you_mean
from pedigree.base.problem import GroupedColumns, Task
from pedigree.base.section import Excerpt, Section


class Load(Section):
    """conf/load/."""

    contract: str
    missing: tuple[str, ...]
    max_rejected: int = Field(ge=0)


class ContractPath(Excerpt):
    """Where the contract lies."""

    contract: str


class Missing(Excerpt):
    """What stands for a missing value."""

    missing: tuple[str, ...]


class LoadProblem(GroupedColumns):
    """What `load` sees of the problem."""

    task: Task


class LoadSettings(Excerpt):
    """All that `load` sees."""

    load: Load
    problem: LoadProblem

    def mistakes(self, settings: Any) -> Iterator[str]:
        """Find a contract that does not exist."""
        contract = Path(self.load.contract)
        if not contract.is_file():
            found = [path.as_posix() for path in contract.parent.glob("*.yaml")]
            yield f"load.contract: {contract} is not there; {did_you_mean(contract.as_posix(), found)}"
