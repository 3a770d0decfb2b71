"""Settings of `clean`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pedigree.base.section import Excerpt, Section, Tool
from pedigree.cleaning.steps import wrong_options, wrong_target


class Clean(Section):
    """conf/clean/."""

    steps: dict[str, Tool]


class CleanSettings(Excerpt):
    """All that `clean` sees."""

    clean: Clean

    def mistakes(self, settings: Any) -> Iterator[str]:
        """Find steps that a bundle may not name, and steps that drop rows and are not `training_only`."""
        for name, step in self.clean.steps.items():
            options = step.without()
            for wrong in filter(None, [wrong_target(step.target), wrong_options(options)]):
                yield f"clean.steps.{name}: {wrong}"
            drops = options.get("action") == "drop" or step.target.endswith(".drop_duplicates")
            if drops and not options.get("training_only"):
                yield (
                    f"clean.steps.{name}: it drops rows, and a row that is sent to the model needs a prediction; "
                    "set `training_only: true` for it."
                )
