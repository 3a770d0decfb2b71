"""Tools by name: create the object that a `_target_` in the settings names."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from pedigree.base.names import UserError
from pedigree.base.settings import as_dict


def instantiate(settings: Any, *args: Any, **kwargs: Any) -> Any:
    """Call the class or function that `_target_` names, as Hydra does.

    Raises
    ------
    UserError
        Raised by the tool itself; Hydra would wrap it in a message with a traceback.

    Examples
    --------
    >>> from pedigree import instantiate
    >>> instantiate({"_target_": "sklearn.linear_model.Ridge", "alpha": 2})
    Ridge(alpha=2)
    """
    from hydra.errors import InstantiationException
    from hydra.utils import instantiate as hydra_instantiate

    try:
        # Convert to plain lists and dictionaries, because the fitted object is stored together with its settings.
        return hydra_instantiate(as_dict(settings), *args, _convert_="all", **kwargs)
    except InstantiationException as error:
        if isinstance(error.__cause__, UserError):
            raise error.__cause__ from None
        raise


def found(name: str) -> Any:
    """Return the object that a dotted name stands for, or None if it cannot be imported."""
    module, _, attribute = name.rpartition(".")
    try:
        return getattr(import_module(module), attribute, None)
    except ImportError:
        return None
