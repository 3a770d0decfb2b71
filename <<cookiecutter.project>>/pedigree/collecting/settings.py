"""Settings of `collect`."""

from __future__ import annotations

from pydantic import Field

from pedigree.base.section import Count, Excerpt, Number, Tool
from pedigree.data.settings import ContractPath


class Collect(Tool):
    """conf/collect/."""

    as_of: str | None
    min_rows: Count
    max_shrink: Number = Field(ge=0, le=1)


class CollectSettings(Excerpt):
    """All settings that `collect` reads."""

    collect: Collect
    load: ContractPath
