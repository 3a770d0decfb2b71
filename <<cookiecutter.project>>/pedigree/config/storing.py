"""Whether tools that the settings name can be stored, as far as that can be checked before fitting.

Each tool of another library is created, stored in memory and read back. What `fit` adds to it is checked when
`engineer`, `select` or `train` stores it. Samplers are not stored.
"""

from __future__ import annotations

from collections.abc import Iterator
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
    """Find tools that cannot be created or stored; requires settings without other mistakes."""
    from hydra.errors import InstantiationException

    for place, tool, arguments in stored(settings):
        data = as_dict(tool)
        if all(one["_target_"].split(".")[0] in KNOWN for _, one in tools(data)):
            continue
        try:
            made = instantiate(data, **arguments)
        except InstantiationException as error:
            yield f"{place}: {error.__cause__ or error}"
            continue
        if reason := unstorable(made):
            yield f"{place}: its {reason}"


def stored(settings: Settings) -> Iterator[tuple[str, Any, dict[str, Any]]]:
    """Yield the place of each tool that is stored after fitting, the tool, and arguments that the settings omit."""
    for name, step in settings.engineer.steps.items():
        yield f"engineer.steps.{name}", step, {}
    yield "select.selector", settings.select.selector, {}
    for place, model in models(settings).items():
        yield f"{place}.estimator", model.estimator, {"estimators": []} if model.estimators else {}
        for part in ("encoder", "imputer", "scaler"):
            yield f"{place}.{part}", getattr(model, part), {}
    yield "train.calibration.calibrator", settings.train.calibration.calibrator, {}
