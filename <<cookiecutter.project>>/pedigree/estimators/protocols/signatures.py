"""Names and signatures of an owner's classes."""

from __future__ import annotations

from inspect import signature
from typing import Any


def name_of(tool: Any) -> str:
    """Return the dotted name of a class, or of an object's class."""
    kind = tool if isinstance(tool, type) else type(tool)
    return f"{kind.__module__}.{kind.__qualname__}"


def wrong_fit(kind: type) -> str | None:
    """Return why a class's `fit` cannot be called with X and y; None if it can."""
    fit: Any = getattr(kind, "fit", None)
    try:
        accepted = signature(fit)
        accepted.bind(None, None, None)
    except ValueError:  # a builtin without a signature
        return None
    except TypeError:
        return (
            f"{name_of(kind)}.fit cannot be called with X and y; write `def fit(self, X, y=None)`."
        )
    return None
