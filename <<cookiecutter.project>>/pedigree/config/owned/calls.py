"""Whether a stage can call a tool with the arguments that the settings give and those that it passes itself.

Tools that are fitted are not listed here, since `configure` creates them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from inspect import isclass, signature
from typing import Any, NamedTuple


class Call(NamedTuple):
    """What a stage passes to a tool beside its settings: positional and named arguments."""

    positional: tuple[str, ...] = ()
    named: tuple[str, ...] = ()

    def __str__(self) -> str:
        return ", ".join([*self.positional, *(f"{name}=..." for name in self.named), "**settings"])


# By the place of the tool, or of the mapping that contains it.
CALLS = {
    "clean.steps": Call(("frame",)),
    "collect": Call(named=("folder",)),
    "compare.method": Call(("contest",)),
    "explain.methods": Call(),
    "leakage.checks": Call(("evidence",)),
    "package.export": Call(("model", "folder", "X")),
    "profile.reports": Call(("rows",), ("problem", "title", "page", "pictures")),
    "split": Call(("rows", "problem")),
    "track.tracker": Call(("result",)),
}


def wrong_call(
    place: str, name: str, target: Callable[..., Any], settings: Iterable[str]
) -> str | None:
    """Return why a tool cannot be called; None if it can, or if its signature or call is not known.

    Parameters
    ----------
    place : str
        Its place in the settings.
    name : str
        Its dotted name.
    target : callable
    settings : iterable of str
        Names of the arguments that the settings give.
    """
    call = CALLS.get(place) or CALLS.get(place.rpartition(".")[0])
    if call is None:
        return None
    arguments = dict.fromkeys([*call.named, *settings])
    if mistake := _unbound(target, call.positional, arguments):
        return f"{name} is called as {name.rpartition('.')[2]}({call}), but {mistake}."
    if place.startswith("explain.methods.") and isclass(target):
        own = next(
            (vars(one)["__call__"] for one in target.__mro__ if "__call__" in vars(one)), None
        )
        if own is None or _unbound(own, ("self", "subject"), {}):
            return f"{name} is called with a subject; write `def __call__(self, subject)`, which returns an Explanation."
    return None


def _unbound(function: Any, positional: tuple[str, ...], named: dict[str, Any]) -> str | None:
    """Return why arguments do not fit a signature; None if they do."""
    try:
        accepted = signature(function)
    except (TypeError, ValueError):  # a builtin without a signature
        return None
    try:
        given = accepted.bind_partial(*positional, **named).arguments
    except TypeError as error:
        return str(error)
    missing = [
        one.name
        for one in accepted.parameters.values()
        if one.default is one.empty
        and one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)
        and one.name not in given
    ]
    return f"the settings do not give '{missing[0]}'" if missing else None
