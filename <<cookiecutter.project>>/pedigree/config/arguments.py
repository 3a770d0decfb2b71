"""Values that a tool's signature excludes: its type hints are the schema of its settings."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from types import SimpleNamespace
from typing import Any, get_type_hints

from pydantic import TypeAdapter, ValidationError
from pydantic.errors import PydanticSchemaGenerationError, PydanticUndefinedAnnotation

from pedigree.base.invalid import invalid_values
from pedigree.base.names import UserError
from pedigree.config.tools import OURS, locate, tools


def wrong_arguments(data: dict[str, Any]) -> Iterator[str]:
    """Find values that an argument of one of the project's tools does not accept, such as an unknown action.

    Other libraries validate their arguments themselves, and their type hints are less precise.
    """
    for place, tool in tools(data):
        if tool["_target_"].split(".")[0] not in OURS:
            continue
        try:
            target = locate(tool["_target_"])
        except UserError:
            continue  # reported by `wrong_tools`
        for name, hint in hints(target).items():
            if name in tool and not _holds_tools(tool[name]):
                for mistake in _mistakes(hint, tool[name]):
                    yield f"{place}.{name}{mistake}"


def hints(target: Callable[..., Any]) -> dict[str, Any]:
    """Return the type hints of a callable's arguments, without those that only a type checker can resolve."""
    code = target.__init__ if inspect.isclass(target) else target
    found: dict[str, Any] = {}
    for name, hint in getattr(code, "__annotations__", {}).items():
        # One at a time: one that only a type checker can resolve makes `get_type_hints` fail for all.
        names = vars(
            sys.modules[code.__module__]
        )  # a class without an `__init__` inherits object's
        alone = SimpleNamespace(__annotations__={name: hint})
        with suppress(AttributeError, NameError, TypeError):
            found |= get_type_hints(alone, names, include_extras=True)
    return found


def _holds_tools(value: Any) -> bool:
    return next(tools(value), None) is not None


def _mistakes(hint: Any, value: Any) -> Iterator[str]:
    try:
        TypeAdapter(hint).validate_python(value)
    except (PydanticSchemaGenerationError, PydanticUndefinedAnnotation):
        return  # settings cannot contain an instance of this class
    except ValidationError as error:
        for one in invalid_values(error.errors(), value):
            place = "".join(f".{key}" for key in one.place)
            yield f"{place}: {one.message}{one.shown}"
