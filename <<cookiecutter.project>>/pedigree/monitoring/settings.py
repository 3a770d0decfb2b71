"""Settings of `monitor`."""

from __future__ import annotations

from pydantic import Field

from pedigree.base.problem import Columns, Grouped, ListedMetrics
from pedigree.base.section import Count, Excerpt, Number, Section, Seed, Share
from pedigree.cleaning.settings import Clean
from pedigree.data.settings import Missing


class Monitor(Section):
    """conf/monitor/."""

    alpha: Share
    min_effect: Number = Field(ge=0, le=1)
    max_drifted_share: Number = Field(ge=0, le=1)
    min_labelled: Count
    max_loss: Number = Field(ge=0)
    resamples: int = Field(ge=100)
    seed: Seed


class MonitorProblem(Columns, Grouped, ListedMetrics):
    """The part of the problem that `monitor` reads."""


class MonitorSettings(Excerpt):
    """All settings that `monitor` reads."""

    monitor: Monitor
    clean: Clean
    load: Missing
    problem: MonitorProblem
