"""What each section of the settings may hold: names, types, ranges.

A typo in a key or a value out of range is found here. The arguments of a tool (a mapping with a
`_target_`) are checked against the tool's own signature in ``checks``.
"""

from __future__ import annotations

from pipeline.configure.schema.base import Count, Section, Seed
from pipeline.configure.schema.data import Collect, Load, Problem, Profile, Select, Split, Steps
from pipeline.configure.schema.model import Best, Compare, Model, Train, Tune
from pipeline.configure.schema.results import (
    Evaluate,
    Explain,
    Leakage,
    Monitor,
    Package,
    ReportPage,
    Track,
    Verdict,
)


class Settings(Section):
    """All of params.yaml."""

    problem: Problem
    collect: Collect
    load: Load
    profile: Profile
    clean: Steps
    split: Split
    engineer: Steps
    select: Select
    compare: Compare
    model: Model | Best
    tune: Tune
    train: Train
    evaluate: Evaluate
    explain: Explain
    leakage: Leakage
    verdict: Verdict
    package: Package
    monitor: Monitor
    report: ReportPage
    track: Track
    seed: Seed
    threads: Count
