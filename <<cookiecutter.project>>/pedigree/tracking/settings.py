"""Settings of `track`."""

from __future__ import annotations

from pydantic import Field

from pedigree.base.section import Excerpt, Section, Tool


class Tracker(Tool):
    """A tracker of conf/track/; `uri_env` must be the name of an environment variable, not an address."""

    uri_env: str | None = Field(default=None, pattern=r"^\w+$")


class Track(Section):
    """conf/track/."""

    tracker: Tracker | None


class TrackSettings(Excerpt):
    """All settings that `track` reads."""

    track: Track
