"""The building blocks of settings: sections, excerpts and tools; parsed once, typed and frozen."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WrapValidator,
)

from pedigree.base.names import snake_case


def _as_written(value: Any, validated: Callable[[Any], float]) -> float:
    """Keep an integer an integer: outputs show 300, not 300.0."""
    number = validated(value)
    return value if type(value) is int else number


def _once_each(names: tuple[str, ...]) -> tuple[str, ...]:
    """Refuse a name that is listed twice, also in another spelling."""
    seen: dict[str, str] = {}
    for name in names:
        first = seen.get(snake_case(name))
        if first is not None:
            also = "twice" if first == name else f"and {first!r}, which is the same name"
            raise ValueError(f"should not contain {name!r} {also}")
        seen[snake_case(name)] = name
    return names


Number = Annotated[float, WrapValidator(_as_written)]
Share = Annotated[Number, Field(gt=0, lt=1)]
Count = Annotated[int, Field(ge=1)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]
ClassWeight = Literal["balanced"] | None
Word = Annotated[str, Field(pattern=r"^\w+$")]
Names = Annotated[tuple[str, ...], AfterValidator(_once_each)]


class Section(BaseModel):
    """Settings with exactly these keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


def _nested(value: Any) -> Any:
    return Excerpt.model_validate(value) if isinstance(value, dict) else value


class Excerpt(BaseModel):
    """Some keys of a section, or of all settings; keys that an owner added become attributes, too."""

    model_config = ConfigDict(extra="allow", frozen=True, allow_inf_nan=False)
    __pydantic_extra__: dict[str, Annotated[Any, BeforeValidator(_nested)]]

    def mistakes(self, settings: Any) -> Iterator[str]:
        """Find mistakes that types do not exclude; a step's class overrides this.

        Parameters
        ----------
        settings : Settings
            All of them, with column names as people wrote them.
        """
        yield from ()


class Tool(BaseModel):
    """A tool: the dotted name of a class or function, and its arguments."""

    model_config = ConfigDict(extra="allow", frozen=True, allow_inf_nan=False)
    target: str = Field(alias="_target_", min_length=3, pattern=r"^[\w.]+\.\w+$")

    def without(self, *names: str) -> dict[str, Any]:
        """Return its settings without the keys that the stage reads itself."""
        settings = self.model_dump(by_alias=True, exclude_unset=True)
        return {name: value for name, value in settings.items() if name not in names}


class OptionalTool(BaseModel):
    """A tool, or none where `_target_` is null."""

    model_config = ConfigDict(extra="allow", frozen=True)
    target: str | None = Field(alias="_target_")


def keys_of(part: type[Excerpt]) -> list[str]:
    """List the keys of params.yaml that a class names, such as ``model`` and ``problem.target``."""
    found: list[str] = []
    for name, inner in _parts(part).items():
        found += [f"{name}.{key}" for key in keys_of(inner)] if inner else [name]
    return found


def part_of(data: Mapping[str, Any], part: type[Excerpt]) -> dict[str, Any]:
    """Return the part of all settings that a class names, with its nesting."""
    inner = _parts(part).items()
    return {name: part_of(data[name], one) if one else data[name] for name, one in inner}


def _parts(part: type[Excerpt]) -> dict[str, type[Excerpt] | None]:
    kinds = {name: field.annotation for name, field in part.model_fields.items()}
    return {
        name: kind if isinstance(kind, type) and issubclass(kind, Excerpt) else None
        for name, kind in kinds.items()
    }
