"""Tools by name: create the object that a `_target_` in the settings names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from pedigree.base.names import UserError
from pedigree.base.settings import as_dict


def instantiate(settings: Any, *args: Any, **kwargs: Any) -> Any:
    """Call the class or function that `_target_` names, as Hydra does.

    What the tool itself raises is raised as it is, with a note that names the tool.

    Raises
    ------
    UserError
        The tool does not accept the arguments that it is called with, or raised this error.

    Examples
    --------
    >>> from pedigree import instantiate
    >>> instantiate({"_target_": "sklearn.linear_model.Ridge", "alpha": 2})
    Ridge(alpha=2)
    """
    from hydra.errors import InstantiationException
    from hydra.utils import instantiate as hydra_instantiate

    settings = as_dict(settings)
    try:
        # Convert to plain lists and dictionaries, because the fitted object is stored together with its settings.
        return hydra_instantiate(settings, *args, _convert_="all", **kwargs)
    except InstantiationException as error:
        cause = error.__cause__ or error
        inner = re.search(r"target '([\w.]+)'", str(error))
    if cause.__traceback__ and not isinstance(cause, UserError):
        name = inner[1] if inner else settings["_target_"]
        last = cause.__traceback__
        while last.tb_next:
            last = last.tb_next
        if isinstance(cause, TypeError) and last.tb_frame.f_globals["__name__"].startswith(
            "hydra."
        ):
            cause = UserError(f"{name} does not accept the arguments of this call: {cause}.")
        else:
            cause.add_note(f"Raised by {name}, which `_target_` names in the settings.")
    raise cause  # outside of the handler, since Hydra's error would be shown as the context of this one


@contextmanager
def at(place: str) -> Iterator[None]:
    """Name a tool's place in the settings in what it raises: at the start of a UserError, in a note of others."""
    try:
        yield
    except UserError as error:
        raise UserError(f"{place}: {error}") from None
    except Exception as error:
        error.add_note(f"Its place in the settings is {place}, in conf/{place.partition('.')[0]}/.")
        raise


def described(value: Any) -> str:
    """Describe briefly what an owner's tool returned, for messages."""
    if value is None or isinstance(value, bool | int | float | str):
        return repr(value) if len(repr(value)) <= 40 else f"{repr(value)[:37]}..."
    shape = getattr(value, "shape", None)
    return f"a {type(value).__name__}" + (f" of shape {shape}" if isinstance(shape, tuple) else "")


def found(name: str) -> Any:
    """Return the object that a dotted name stands for, or None if it cannot be imported."""
    module, _, attribute = name.rpartition(".")
    try:
        return getattr(import_module(module), attribute, None)
    except ImportError:
        return None
