"""Sections that say how a model is judged, explained, packed, watched and told of."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from pedigree.config.schema.base import Count, OptionalTool, Section, Seed, Share, Tool


class Bootstrap(Section):
    """How sure a score is."""

    resamples: int = Field(ge=100)
    confidence: Share
    seed: Seed


class Slices(Section):
    """How rows are cut into slices."""

    columns: Count
    bins: int = Field(ge=2)
    levels: int = Field(ge=2)
    min_rows: int = Field(ge=5)


class Evaluate(Bootstrap):
    """conf/evaluate/."""

    calibration_bins: int = Field(ge=2)
    slices: Slices


class Method(Tool):
    """conf/explain/method/; each takes some of these."""

    algorithm: Literal["auto", "native", "tree", "linear", "permutation", "kernel"] | None = None
    rows: Count | None = None
    interaction_rows: int | None = Field(default=None, ge=0)
    background: Count | None = None
    draws: Count | None = None
    samples: int | None = Field(default=None, ge=10)
    kernel_width: float | None = Field(default=None, gt=0)
    repeats: Count | None = None
    points: int | None = Field(default=None, ge=2)
    predictions: Count | None = None
    seed: Seed | None = None


class Explain(Section):
    """conf/explain/."""

    methods: dict[Annotated[str, Field(pattern=r"^\w+$")], Method] = Field(min_length=1)
    top: Count
    single_rows: Count
    seed: Seed


class Leakage(Section):
    """conf/leakage/."""

    identifiers: str = ""
    checks: dict[Annotated[str, Field(pattern=r"^\w+$")], Tool]


class Verdict(Bootstrap):
    """conf/verdict/."""


class Package(Section):
    """conf/package/."""

    export: OptionalTool
    max_megabytes: float = Field(gt=0)


class Monitor(Section):
    """conf/monitor/."""

    alpha: Share
    min_effect: float = Field(ge=0, le=1)
    max_drifted_share: float = Field(ge=0, le=1)
    min_labelled: Count
    max_loss: float = Field(ge=0)
    resamples: int = Field(ge=100)
    seed: Seed


class ReportPage(Section):
    """conf/report/."""

    most: Count


class Tracker(Tool):
    """A tracker of conf/track/; an address would be taken for the name of a variable."""

    uri_env: str | None = Field(default=None, pattern=r"^\w+$")


class Track(Section):
    """conf/track/."""

    tracker: Tracker | None
