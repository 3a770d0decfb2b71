"""Settings of `track`."""

from __future__ import annotations

from pydantic import Field

from pedigree.base.section import Excerpt, Section, Tool


class Tracker(Tool):
    """A tracker of conf/track/; an address would be taken for the name of a variable."""

    uri_env: str | None = Field(default=None, pattern=r"^\w+$")


class Track(Section):
    """conf/track/."""

    tracker: Tracker | None


class TrackSettings(Excerpt):
    """All that `track` sees."""

    track: Track
