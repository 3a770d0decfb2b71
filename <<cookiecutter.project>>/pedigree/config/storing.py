"""Whether what the settings name can be stored, as far as that can be told before it is fitted.

Each tool of another's is made, stored in memory and read back. What `fit` adds to it is looked at when it is
stored: `engineer`, `select` and `train` then refuse it. A sampler is stored nowhere.
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

# The tools of these are known to be storable, also fitted.
KNOWN = {*TRUSTED_PACKAGES, "builtins", "category_encoders", "hydra"} - {"pipeline"}


def wrong_storing(settings: Settings) -> Iterator[str]:
    """Find tools that cannot be made, or not be stored; the other checks have found nothing."""
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
    """Yield each place of a tool that is stored once it is fitted, the tool, and arguments that settings lack."""
    for name, step in settings.engineer.steps.items():
        yield f"engineer.steps.{name}", step, {}
    yield "select.selector", settings.select.selector, {}
    for place, model in models(settings).items():
        yield f"{place}.estimator", model.estimator, {"estimators": []} if model.estimators else {}
        for part in ("encoder", "imputer", "scaler"):
            yield f"{place}.{part}", getattr(model, part), {}
    yield "train.calibration.calibrator", settings.train.calibration.calibrator, {}
