"""Settings of `profile`."""

from __future__ import annotations

from pedigree.base.problem import Target
from pedigree.base.section import Count, Excerpt, Section, Seed, Tool


class Report(Tool):
    """A report of conf/profile/."""

    max_rows: Count


class Profile(Section):
    """conf/profile/."""

    reports: dict[str, Report]


class ProfileSettings(Excerpt):
    """All settings that `profile` reads."""

    profile: Profile
    problem: Target
    seed: Seed
