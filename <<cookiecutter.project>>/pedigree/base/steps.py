"""The class of each step's settings; the module that defines it is imported on demand."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pedigree.base.section import Excerpt

# In the order in which they run; `configure` has no settings of its own.
STEPS = (
    *(
        "collect",
        "load",
        "profile",
        "clean",
        "split",
        "engineer",
        "select",
        "compare",
        "tune",
        "train",
    ),
    *("evaluate", "explain", "leakage", "verdict", "package", "monitor", "report", "track"),
)


def settings_class(stage: str) -> type[Excerpt]:
    """Return the class of a step's settings; for a stage that the owner added, one without fields."""
    from pedigree.base.section import Excerpt

    if stage not in STEPS:
        return Excerpt
    found: type[Excerpt] = getattr(import_module("pedigree.settings"), f"{stage.title()}Settings")
    return found


def step_classes() -> Iterator[tuple[str, type[Excerpt]]]:
    """Yield each step with the class of its settings."""
    for name in STEPS:
        yield name, settings_class(name)
