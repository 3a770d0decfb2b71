"""Class weights and samplers: refused where there are no classes, or where a model would ignore them."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

from pedigree.base.names import UserError
from pedigree.config.tools import locate, models, parameters, tools

# Samplers that look at the features, not at the classes, and copy no row: they fit every task and model.
ROW_DROPPERS = ("pedigree.features.outlier_limits.DropOutliers",)


def wrong_balance(data: dict[str, Any]) -> Iterator[str]:
    """Find models that are to balance classes and cannot."""
    for place, model in models(data).items():
        wanted = {"class_weight": model["class_weight"], "sampler": model["sampler"]["_target_"]}
        if wanted["sampler"] in ROW_DROPPERS:
            wanted["sampler"] = None
        if data["problem"]["kind"] == "regression":
            for key, value in wanted.items():
                if value:
                    way = "null" if key == "class_weight" else "none"
                    yield f"{place}.{key}: {value} balances classes, and regression has none; choose {way}."
        elif model.get("estimators") and wanted["sampler"]:
            yield (
                f"{place}.sampler: copies of a row would stand on both sides of the ensemble's own folds; choose none, "
                f"and a sampler for its members (model/sampler@{place}.estimators.NAME.sampler=oversample)."
            )
        elif wanted["class_weight"] and (names := deaf(model["estimator"])):
            yield (
                f"{place}.class_weight: {names[0]} takes no weights of rows (sample_weight); set {place}.class_weight "
                "to null, choose another model, or balance the rows (model/sampler=oversample)."
            )


def deaf(estimator: dict[str, Any]) -> list[str]:
    """Name the classifiers of an estimator's settings whose fit() takes no `sample_weight`.

    One that holds others may hide it among the arguments that it passes on to them.
    """
    from sklearn.base import ClassifierMixin

    found = []
    for _, tool in tools(estimator):
        try:
            target = locate(tool["_target_"])
        except UserError:
            continue  # said by `wrong_tools`
        if not (inspect.isclass(target) and issubclass(target, ClassifierMixin)):
            continue
        classifier: Any = target  # the mixin promises no fit()
        known = parameters(classifier.fit)
        passes_on = known is None and len(list(tools(tool))) > 1
        if not passes_on and (known is None or "sample_weight" not in known):
            found.append(tool["_target_"])
    return found
