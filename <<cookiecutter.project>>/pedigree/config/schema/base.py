"""What the sections of the settings have in common."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Share = Annotated[float, Field(gt=0, lt=1)]
Count = Annotated[int, Field(ge=1)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]
ClassWeight = Literal["balanced"] | None


class Section(BaseModel):
    """Settings with these keys and no others."""

    model_config = ConfigDict(extra="forbid")


class Tool(BaseModel):
    """A tool: the dotted name of a class or function, and its arguments."""

    model_config = ConfigDict(extra="allow")
    target: str = Field(alias="_target_", min_length=3, pattern=r"^[\w.]+\.\w+$")


class OptionalTool(BaseModel):
    """A tool, or none where `_target_` is null."""

    model_config = ConfigDict(extra="allow")
    target: str | None = Field(alias="_target_")
