"""Which functions clean rows: those of this package, and the owner's in pipeline/custom/cleaning.py.

A bundle names its cleaning steps, and what a file names must not be called for that reason alone; so the names are looked
up here, for training and for predictions alike.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from importlib import import_module
from inspect import signature
from types import FunctionType
from typing import Any

from pedigree.base.names import UserError, did_you_mean
from pedigree.base.tools import at

LIBRARY_MODULE = "pedigree.cleaning"
OWN_MODULE = "pipeline.custom.cleaning"


def wrong_target(target: str) -> str | None:
    """Return why a dotted name cannot be a cleaning step; None if it can, as far as the name tells."""
    module, _, name = target.rpartition(".")
    if f"{module}.".startswith(f"{OWN_MODULE}."):
        return None
    if module != LIBRARY_MODULE:
        return (
            f"{target} cannot clean rows, since a bundle may only name functions of {LIBRARY_MODULE} and of {OWN_MODULE}; "
            "call it in a function that you write there."
        )
    known = import_module(LIBRARY_MODULE).__all__
    return (
        None
        if name in known
        else f"{LIBRARY_MODULE} has no step '{name}'; {did_you_mean(name, known)}"
    )


def wrong_options(options: Mapping[str, Any]) -> str | None:
    """Return which setting of a cleaning step is none of its arguments or would create an object; None if all are plain."""
    odd = [key for key in options if key.startswith("_") and key != "_target_"]
    waiting = [value for key, value in options.items() if key != "_target_"]
    while waiting and not odd:
        one = waiting.pop()
        if isinstance(one, Mapping):
            odd += [key for key in one if str(key).startswith("_target_")]
            waiting += one.values()
        elif isinstance(one, list | tuple):
            waiting += one
    return (
        f"'{odd[0]}' is not possible here, since a cleaning step takes plain values"
        if odd
        else None
    )


def step_function(target: str) -> Callable[..., Any]:
    """Return the function of a cleaning step.

    Raises
    ------
    UserError
        The name is none of a cleaning step, or the owner's module does not define it.
    """
    if wrong := wrong_target(target):
        raise UserError(wrong)
    module, _, name = target.rpartition(".")
    try:
        found: Any = getattr(import_module(module), name, None)
    except ImportError as error:
        raise UserError(f"{target} cannot be imported: {error}.") from None
    if module != LIBRARY_MODULE and not (
        isinstance(found, FunctionType) and f"{found.__module__}.{found.__qualname__}" == target
    ):
        raise UserError(f"{target} is not a function that {module} defines.")
    function: Callable[..., Any] = found
    return function


def apply_step(frame: Any, target: str, options: Mapping[str, Any]) -> Any:
    """Return what a cleaning step makes of a frame.

    Parameters
    ----------
    frame : narwhals.DataFrame
    target : str
        Dotted name of the function.
    options : mapping
        Its further arguments.

    Raises
    ------
    UserError
        The function does not take these arguments.
    """
    function = step_function(target)
    try:
        signature(function).bind(frame, **options)
    except TypeError as error:
        raise UserError(f"{target} does not accept the arguments of this call: {error}.") from None
    try:
        return function(frame, **options)
    except UserError:
        raise
    except Exception as error:
        error.add_note(f"Raised by {target}, which `_target_` names in the settings.")
        raise


def check_serving_steps(steps: Mapping[str, Mapping[str, Any]], own: Container[str]) -> None:
    """Check the steps that a bundle names, before a module that they name is imported.

    Parameters
    ----------
    steps : mapping of str to mapping
        As in the bundle's signature.
    own : container of str
        The modules of the owner that the bundle may use.

    Raises
    ------
    UserError
        A step that applies to predictions is none of the known functions, or takes other than plain values.
    """
    for name, step in steps.items():
        if step.get("training_only") is True:
            continue
        with at(f"clean.steps.{name:.80}"):
            target = str(step.get("_target_"))[:200]
            if wrong := wrong_target(target) or wrong_options(step):
                raise UserError(wrong)
            if target.startswith(f"{OWN_MODULE}.") and target.rpartition(".")[0] not in own:
                raise UserError(f"the bundle does not record the code of {target}.")
