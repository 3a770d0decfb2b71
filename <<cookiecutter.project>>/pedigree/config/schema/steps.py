"""Which settings each step sees: the fields of its class, and no others.

`configure` writes them to ``settings/<step>.yaml``, on which the step depends: a step runs again
when one of its own settings has changed, and no other setting exists for it.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

from pedigree.config.schema.base import Seed, Tool
from pedigree.config.schema.data import (
    Collect,
    Criterion,
    Load,
    Profile,
    Select,
    Split,
    Steps,
    Threshold,
)
from pedigree.config.schema.model import Best, Compare, Model, Train, Tune
from pedigree.config.schema.results import (
    Evaluate,
    Explain,
    Leakage,
    Monitor,
    Package,
    ReportPage,
    Slices,
    Track,
    Verdict,
)


class Part(BaseModel):
    """Some keys of a section."""

    model_config = ConfigDict(extra="ignore")


class Columns(Part):
    """Which column is predicted, and which are not features."""

    target: str
    exclude: dict[str, str]


class Groups(Part):
    """Which rows belong together, and when they happened."""

    group: list[str]
    time: str | None


class GroupedColumns(Columns, Groups):
    """What cross-validation needs."""


class Metrics(Part):
    """By which metrics models are compared."""

    metrics: list[str]
    custom_metrics: dict[str, Tool]


class ScoredColumns(GroupedColumns, Metrics):
    """What a leaderboard or a search needs."""


class Target(Part):
    """What is predicted, and of which kind it is."""

    target: str
    task: str
    kind: str
    positive: str | int | float | bool | None


class LoadProblem(GroupedColumns):
    """What `load` needs."""

    task: str


class SplitProblem(Target, Groups):
    """What `split` needs."""


class EvaluateProblem(Columns, Metrics):
    """What `evaluate` needs."""

    group: list[str]
    slices: list[str] | None
    protected: list[str]
    threshold: Threshold | None


class VerdictProblem(Columns, Metrics):
    """What `verdict` needs."""

    group: list[str]
    slices: list[str] | None
    protected: list[str]
    criteria: dict[str, Criterion]


class PackageProblem(Columns):
    """What `package` needs."""

    goal: str
    task: str


class MonitorProblem(Columns, Metrics):
    """What `monitor` needs."""

    group: list[str]


class ReportProblem(Target, GroupedColumns):
    """What `report` needs, and templates of the owner's may want."""

    goal: str
    metrics: list[str]
    slices: list[str] | None
    protected: list[str]
    threshold: Threshold | None
    criteria: dict[str, Criterion]


class Contract(Part):
    """Where the contract lies."""

    contract: str


class Missing(Part):
    """What stands for a missing value."""

    missing: list[str]


class SplitName(Part):
    """By what rows are split."""

    name: str


class Stopping(Part):
    """Whether training stops early."""

    early_stopping: bool


class SliceSettings(Part):
    """How rows are cut into slices."""

    slices: Slices


class CollectSettings(Part):
    """Settings of `collect`."""

    collect: Collect
    load: Contract


class LoadSettings(Part):
    """Settings of `load`."""

    load: Load
    problem: LoadProblem


class ProfileSettings(Part):
    """Settings of `profile`."""

    profile: Profile
    problem: Target
    seed: Seed


class CleanSettings(Part):
    """Settings of `clean`."""

    clean: Steps


class SplitSettings(Part):
    """Settings of `split`."""

    split: Split
    problem: SplitProblem


class EngineerSettings(Part):
    """Settings of `engineer`."""

    engineer: Steps
    problem: Columns


class SelectSettings(Part):
    """Settings of `select`."""

    select: Select
    problem: Groups
    split: SplitName
    seed: Seed


class CompareSettings(Part):
    """Settings of `compare`."""

    compare: Compare
    problem: ScoredColumns
    split: SplitName
    train: Stopping
    seed: Seed


class TuneSettings(Part):
    """Settings of `tune`."""

    tune: Tune
    model: Model | Best
    problem: ScoredColumns
    split: SplitName
    train: Stopping
    seed: Seed


class TrainSettings(Part):
    """Settings of `train`."""

    train: Train
    model: Model | Best
    problem: GroupedColumns
    split: SplitName


class EvaluateSettings(Part):
    """Settings of `evaluate`."""

    evaluate: Evaluate
    problem: EvaluateProblem


class ExplainSettings(Part):
    """Settings of `explain`."""

    explain: Explain
    problem: Metrics


class LeakageSettings(Part):
    """Settings of `leakage`."""

    leakage: Leakage
    model: Model | Best
    problem: GroupedColumns
    split: SplitName
    seed: Seed


class VerdictSettings(Part):
    """Settings of `verdict`."""

    verdict: Verdict
    evaluate: SliceSettings
    problem: VerdictProblem


class PackageSettings(Part):
    """Settings of `package`."""

    package: Package
    clean: Steps
    load: Load
    problem: PackageProblem


class MonitorSettings(Part):
    """Settings of `monitor`."""

    monitor: Monitor
    clean: Steps
    load: Missing
    problem: MonitorProblem


class ReportSettings(Part):
    """Settings of `report`."""

    report: ReportPage
    problem: ReportProblem


class TrackSettings(Part):
    """Settings of `track`."""

    track: Track


STEPS: dict[str, type[Part]] = {
    "collect": CollectSettings,
    "load": LoadSettings,
    "profile": ProfileSettings,
    "clean": CleanSettings,
    "split": SplitSettings,
    "engineer": EngineerSettings,
    "select": SelectSettings,
    "compare": CompareSettings,
    "tune": TuneSettings,
    "train": TrainSettings,
    "evaluate": EvaluateSettings,
    "explain": ExplainSettings,
    "leakage": LeakageSettings,
    "verdict": VerdictSettings,
    "package": PackageSettings,
    "monitor": MonitorSettings,
    "report": ReportSettings,
    "track": TrackSettings,
}


def keys(part: type[Part]) -> list[str]:
    """List the keys of params.yaml that a class holds, such as ``model`` and ``problem.target``."""
    found: list[str] = []
    for name, field in part.model_fields.items():
        inner = _part(field.annotation)
        found += [f"{name}.{key}" for key in keys(inner)] if inner else [name]
    return found


def select(part: type[Part], data: dict[str, Any]) -> dict[str, Any]:
    """Take what a class holds out of all settings, as it stands there."""
    found = {}
    for name, field in part.model_fields.items():
        inner = _part(field.annotation)
        found[name] = select(inner, data[name]) if inner else data[name]
    return found


def _part(annotation: Any) -> type[Part] | None:
    is_part = isinstance(annotation, type) and issubclass(annotation, Part)
    return annotation if is_part else None
