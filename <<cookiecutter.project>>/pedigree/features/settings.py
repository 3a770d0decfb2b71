"""Settings of `engineer`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pedigree.base.problem import Columns
from pedigree.base.section import Excerpt, Section, Tool
from pedigree.base.tools import instantiate


class Engineer(Section):
    """conf/engineer/."""

    steps: dict[str, Tool]


class EngineerSettings(Excerpt):
    """All settings that `engineer` reads."""

    engineer: Engineer
    problem: Columns

    def mistakes(self, settings: Any) -> Iterator[str]:
        """Find steps that are wrong whatever the data."""
        from pedigree.features.engineering import wrong_step

        for name, step in self.engineer.steps.items():
            try:
                for mistake in wrong_step(instantiate(step)):
                    yield f"engineer.steps.{name}: {mistake}"
            except Exception as error:  # such as an argument that does not exist
                yield f"engineer.steps.{name}: {error}"
