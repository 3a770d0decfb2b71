"""What each section of the settings may hold: names, types, ranges.

A typo in a key or a value out of range is found here. The arguments of a tool (a mapping with a
`_target_`) are checked against the tool's own signature in ``checks``.
"""

from __future__ import annotations

from pedigree.config.schema.base import Count, Section, Seed
from pedigree.config.schema.data import Collect, Load, Problem, Profile, Select, Split, Steps
from pedigree.config.schema.model import Best, Compare, Model, Train, Tune
from pedigree.config.schema.results import (
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
