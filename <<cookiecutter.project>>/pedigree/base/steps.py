"""The class of each step's settings; the module that defines it is imported on demand."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pedigree.base.section import Excerpt

STEPS = {
    "collect": "pedigree.collecting.settings.CollectSettings",
    "load": "pedigree.data.settings.LoadSettings",
    "profile": "pedigree.profiling.settings.ProfileSettings",
    "clean": "pedigree.cleaning.settings.CleanSettings",
    "split": "pedigree.splitting.settings.SplitSettings",
    "engineer": "pedigree.features.settings.EngineerSettings",
    "select": "pedigree.features.selection.settings.SelectSettings",
    "compare": "pedigree.leaderboard.settings.CompareSettings",
    "tune": "pedigree.search.settings.TuneSettings",
    "train": "pedigree.training.settings.TrainSettings",
    "evaluate": "pedigree.evaluation.settings.EvaluateSettings",
    "explain": "pedigree.explanation.settings.ExplainSettings",
    "leakage": "pedigree.leakage.settings.LeakageSettings",
    "verdict": "pedigree.verdict.settings.VerdictSettings",
    "package": "pedigree.packaging.settings.PackageSettings",
    "monitor": "pedigree.monitoring.settings.MonitorSettings",
    "report": "pedigree.report.settings.ReportSettings",
    "track": "pedigree.tracking.settings.TrackSettings",
}


def settings_class(stage: str) -> type[Excerpt]:
    """Return the class of a step's settings; for a stage that the owner added, one without fields."""
    from pedigree.base.section import Excerpt

    if stage not in STEPS:
        return Excerpt
    module, _, name = STEPS[stage].rpartition(".")
    found: type[Excerpt] = getattr(import_module(module), name)
    return found


def step_classes() -> Iterator[tuple[str, type[Excerpt]]]:
    """Yield each step with the class of its settings."""
    for name in STEPS:
        yield name, settings_class(name)
