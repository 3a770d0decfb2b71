"""Step 10, model training: the final pipeline, on the training rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pedigree.base.paths import BASELINE, BEST_PARAMS, CALIBRATOR, METRICS, MODEL
from pedigree.base.settings import as_dict
from pedigree.base.stage import run, say
from pedigree.base.tables import read_json, write_json
from pedigree.estimators import artifact
from pedigree.estimators.building import build, chosen_model
from pedigree.estimators.fitting import fit
from pedigree.training import final
from pedigree.training.inputs import read_subset

if TYPE_CHECKING:
    from omegaconf import DictConfig


def main(settings: DictConfig) -> None:
    """Fit the chosen model with the tuned hyperparameters, and a plain one that it has to beat."""
    model = chosen_model(settings)
    X, y, classes = read_subset("train")
    changes = final.tuned(model, read_json(BEST_PARAMS))
    pipeline = build(model, changes)
    fitted, stopped_on = final.fit_model(pipeline, model, X, y, settings, bool(classes))
    artifact.save(pipeline, MODEL)
    calibrator = final.fit_calibrator(settings, model, changes)
    artifact.save(calibrator, CALIBRATOR)
    plain = as_dict(settings.train.baseline)
    baseline = build(plain)
    fit(baseline, plain, X, y, groups=final.inner_groups(baseline, settings))
    artifact.save(baseline, BASELINE)
    final.write_curves(as_dict(settings.train.curves), final.curves_of(fitted))
    estimator = pipeline["estimator"]
    record = {
        "model": model["name"],
        "baseline": plain["name"],
        "estimator": final.class_name(estimator),
        "rows": len(X),
        "features": list(X.columns),
        "stopped_early_on": stopped_on,
        "models": len(fitted),  # of which it is the sum
        "iterations": final.iterations(estimator),
        "calibration": calibrator.about() if calibrator else None,
        "weights": getattr(estimator, "weights_", None),  # of an ensemble's members
        "parameters": final.parameters(fitted[0]),
    }
    write_json(record, METRICS / "train.json")
    say(
        f"{model['name']} fitted on {len(X)} rows and {X.shape[1]} features; iterations: {record['iterations']}"
    )


if __name__ == "__main__":
    run("train", main)
