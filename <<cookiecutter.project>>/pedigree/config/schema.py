"""The schema of all settings: the sections that the steps define, under one root.

A typo in a key or a value out of range is found here. The arguments of a tool (a mapping with a
`_target_`) are checked against the tool's own signature in ``arguments``.
"""

from __future__ import annotations

from pedigree.base.problem import Problem
from pedigree.base.section import Count, Section, Seed
from pedigree.cleaning.settings import Clean
from pedigree.collecting.settings import Collect
from pedigree.data.settings import Load
from pedigree.estimators.settings import Best, Model
from pedigree.evaluation.settings import Bootstrap, Evaluate
from pedigree.explanation.settings import Explain
from pedigree.features.selection.settings import Select
from pedigree.features.settings import Engineer
from pedigree.leaderboard.settings import Compare
from pedigree.leakage.settings import Leakage
from pedigree.monitoring.settings import Monitor
from pedigree.packaging.settings import Package
from pedigree.profiling.settings import Profile
from pedigree.report.settings import ReportPage
from pedigree.search.settings import Tune
from pedigree.splitting.settings import SplitMethod
from pedigree.tracking.settings import Track
from pedigree.training.settings import Train


class Settings(Section):
    """All of params.yaml."""

    problem: Problem
    collect: Collect
    load: Load
    profile: Profile
    clean: Clean
    split: SplitMethod
    engineer: Engineer
    select: Select
    compare: Compare
    model: Model | Best
    tune: Tune
    train: Train
    evaluate: Evaluate
    explain: Explain
    leakage: Leakage
    verdict: Bootstrap
    package: Package
    monitor: Monitor
    report: ReportPage
    track: Track
    seed: Seed
    threads: Count
