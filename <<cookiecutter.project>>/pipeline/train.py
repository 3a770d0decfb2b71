"""Step 10, model training: the final pipeline, on the training rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.core.model import artifact
from pipeline.core.model.modelling import build, chosen_model, fit
from pipeline.core.base.paths import BEST_PARAMS, FEATURES, METRICS, MODEL, SELECT, SPLIT
from pipeline.core.base.stage import run, say
from pipeline.core.base.tables import read_json, read_table, write_json
from pipeline.core.data.target import encode

if TYPE_CHECKING:
    from omegaconf import DictConfig


def main(settings: DictConfig) -> None:
    """Fit the chosen model with the tuned hyperparameters."""
    target = read_json(SPLIT / "target.json")
    selector = artifact.load(SELECT)
    sides = {}
    for side in ("train", "validation"):
        rows = read_table(FEATURES / side)
        sides[side] = selector.transform(rows), encode(rows[target["name"]], target["classes"])
    X, y = sides["train"]
    model = chosen_model(settings)
    X_val, y_val = sides["validation"]
    known = y_val >= 0 if target["classes"] else slice(None)  # a class that does not train cannot be watched
    watched = (X_val[known], y_val[known]) if settings.train.early_stopping and model["early_stopping"] else None
    pipeline = fit(build(model, read_json(BEST_PARAMS)), model, X, y, watched)
    artifact.save(pipeline, MODEL)
    estimator = pipeline["estimator"]
    write_json(
        {
            "model": model["name"],
            "estimator": f"{type(estimator).__module__}.{type(estimator).__qualname__}",
            "rows": len(X),
            "features": list(X.columns),
            "stopped_early_on": "validation" if watched else None,
            "iterations": iterations(estimator),
            "parameters": {name: str(value) for name, value in sorted(estimator.get_params().items())},
        },
        METRICS / "train.json",
    )
    say(f"{model['name']} fitted on {len(X)} rows and {X.shape[1]} features; iterations: {iterations(estimator)}")


def iterations(estimator: object) -> int | None:
    """Return how many trees or steps a fitted estimator kept, where its library tells."""
    for attribute in ("tree_count_", "n_iter_", "n_estimators"):
        value = getattr(estimator, attribute, None)
        if value is not None:
            return int(value[0]) if hasattr(value, "__len__") else int(value)
    return None


if __name__ == "__main__":
    run("train")
