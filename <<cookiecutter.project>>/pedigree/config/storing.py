"""Whether tools that the settings name can be cloned and stored, as far as that can be checked before fitting.

Each tool of another library is created, asked for its arguments, stored in memory and read back. What `fit` adds to it
is checked when `engineer`, `select` or `train` stores it. Samplers are cloned, but not stored.
"""

from __future__ import annotations

from collections.abc import Iterator
from inspect import signature
from typing import Any

from pedigree.base.settings import as_dict
from pedigree.base.tools import instantiate
from pedigree.config.models import models
from pedigree.config.schema import Settings
from pedigree.config.tools import tools
from pedigree.estimators.artifact import TRUSTED_PACKAGES, unstorable

# Tools of these packages are known to be storable, before and after fitting.
KNOWN = {*TRUSTED_PACKAGES, "builtins", "category_encoders", "hydra"} - {"pipeline"}


def wrong_storing(settings: Settings) -> Iterator[str]:
    """Find tools that cannot be created, cloned or stored; requires settings without other mistakes."""
    from hydra.errors import InstantiationException

    for place, tool, arguments in fitted(settings):
        data = as_dict(tool)
        if all(one["_target_"].split(".")[0] in KNOWN for _, one in tools(data)):
            continue
        try:
            made = instantiate(data, **arguments)
        except InstantiationException as error:
            yield f"{place}: {error.__cause__ or error}"
            continue
        if lost := list(lost_arguments(made)):
            yield from (f"{place}: {sentence}" for sentence in lost)
        elif not place.endswith(".sampler") and (reason := unstorable(made)):
            yield f"{place}: its {reason}"


def lost_arguments(made: Any) -> Iterator[str]:
    """Find arguments that an estimator, or one inside it, does not keep under their names, as cloning requires.

    Parameters
    ----------
    made : object
        Any object; only those with scikit-learn's `get_params` can have such arguments.

    Yields
    ------
    str
        A sentence for each argument.
    """
    if isinstance(made, list | tuple):
        inner = list(made)
    elif isinstance(made, dict):
        inner = list(made.values())
    elif isinstance(made, type) or not hasattr(made, "get_params"):
        return
    else:
        name = f"{type(made).__module__}.{type(made).__qualname__}"
        try:
            inner = list(made.get_params(deep=False).values())
        except RuntimeError as error:  # `__init__` has `*args`
            yield f"{name}: {error}"
            return
        except AttributeError as error:
            lost = [one for one in signature(type(made)).parameters if not hasattr(made, one)]
            for one in lost:
                yield f"{name} does not keep its argument '{one}'; store it as self.{one} in __init__."
            if not lost:
                yield f"{name}.get_params() failed: {error}"
            return
    for one in inner:
        yield from lost_arguments(one)


def fitted(settings: Settings) -> Iterator[tuple[str, Any, dict[str, Any]]]:
    """Yield the place of each tool that is fitted, the tool, and arguments that the settings omit."""
    for name, step in settings.engineer.steps.items():
        yield f"engineer.steps.{name}", step, {}
    yield "select.selector", settings.select.selector, {}
    for place, model in models(settings).items():
        yield f"{place}.estimator", model.estimator, {"estimators": []} if model.estimators else {}
        for part in ("encoder", "imputer", "scaler", "sampler"):
            yield f"{place}.{part}", getattr(model, part), {}
    yield "train.calibration.calibrator", settings.train.calibration.calibrator, {}
