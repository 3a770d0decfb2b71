"""Step 10, model training: the final pipeline, on the training rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipeline.core.base.names import UserError
from pipeline.core.base.paths import BASELINE, BEST_PARAMS, CALIBRATOR, METRICS, MODEL, PLOTS
from pipeline.core.base.settings import as_dict
from pipeline.core.base.stage import run, say
from pipeline.core.base.tables import read_json, replacing, write_json, write_rows
from pipeline.core.base.tools import instantiate
from pipeline.core.model import artifact
from pipeline.core.model.bagging import fit_bag
from pipeline.core.model.curves import learning_curves
from pipeline.core.model.fitting import fit
from pipeline.core.model.inputs import read_side
from pipeline.core.model.modelling import as_trained, build, chosen_model, own_value
from pipeline.core.model.training import Training, training_groups

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from omegaconf import DictConfig


def main(settings: DictConfig) -> None:
    """Fit the chosen model with the tuned hyperparameters, and a plain one that it has to beat."""
    model = chosen_model(settings)
    X, y, classes = read_side("train")
    changes = tuned(model, read_json(BEST_PARAMS))
    pipeline = build(model, changes)
    fitted, stopped_on = fit_model(pipeline, model, X, y, settings, bool(classes))
    artifact.save(pipeline, MODEL)
    calibrator = fit_calibrator(settings, model, changes)
    artifact.save(calibrator, CALIBRATOR)
    plain = as_dict(settings.train.baseline)
    baseline = build(plain)
    fit(baseline, plain, X, y, groups=inner_groups(baseline, settings))
    artifact.save(baseline, BASELINE)
    estimator = pipeline["estimator"]
    write_curves(as_dict(settings.train.curves), curves_of(fitted))
    write_json(
        {
            "model": model["name"],
            "baseline": plain["name"],
            "estimator": f"{type(estimator).__module__}.{type(estimator).__qualname__}",
            "rows": len(X),
            "features": list(X.columns),
            "stopped_early_on": stopped_on,
            "models": len(fitted),  # of which it is the sum
            "iterations": iterations(estimator),
            "calibration": calibrator.about() if calibrator else None,
            "weights": getattr(estimator, "weights_", None),  # of an ensemble's members
            "parameters": {
                name: str(value) for name, value in sorted(fitted[0].get_params().items())
            },
        },
        METRICS / "train.json",
    )
    say(
        f"{model['name']} fitted on {len(X)} rows and {X.shape[1]} features; iterations: {iterations(estimator)}"
    )


def fit_model(
    pipeline: Any,
    model: dict[str, Any],
    X: pd.DataFrame,
    y: np.ndarray,
    settings: DictConfig,
    classify: bool,
) -> tuple[list[Any], str | None]:
    """Fit the model in place, as a bag where its settings ask for one.

    Returns
    -------
    fitted : list of estimators
        The bag's, or the one.
    stopped_on : str or None
        Which rows told when to stop.
    """
    watch = settings.train.early_stopping and model["early_stopping"]
    bag = instantiate(model["bagging"]) if watch and model.get("bagging") else None
    # Asked first, or the groups of many rows would be read for nothing.
    if bag and bag.serves(len(y)) and (cut := bag.cut(y, training_groups(settings), classify)):
        return fit_bag(pipeline, model, X, y, bag, cut), "folds of the training rows"
    watched = read_side("validation")[:2] if watch else None
    fit(pipeline, model, X, y, watched, inner_groups(pipeline, settings))
    return [pipeline["estimator"]], "validation" if watch else None


def curves_of(fitted: list[Any]) -> dict[str, list[float]]:
    """Read the learning curves of estimators; those of a bag are told apart by the fold."""
    if len(fitted) == 1:
        return learning_curves(fitted[0])
    return {
        f"{name}/fold_{fold}": values
        for fold, one in enumerate(fitted)
        for name, values in learning_curves(one).items()
    }


def inner_groups(pipeline: Any, settings: DictConfig) -> np.ndarray | None:
    """Tell which rows belong together; only an estimator that cuts folds of its own asks."""
    cuts = "cv" in pipeline["estimator"].get_params(deep=False)
    return training_groups(settings) if cuts else None


def tuned(model: dict[str, Any], best: dict[str, Any]) -> dict[str, Any]:
    """Return the hyperparameters that the search found, where they replace what it began from.

    A value that was changed since, by an override of this run, is meant and stays.

    Raises
    ------
    UserError
        The search was for another model.
    """
    if best["model"] != model["name"]:
        raise UserError(
            f"{BEST_PARAMS} was found for {best['model']}, not for {model['name']}; run `dvc repro train`."
        )
    changes = {}
    for name, value in best["tuned"].items():
        own = own_value(model, name)
        if own == value["from"]:
            changes[name] = value["to"]
            say(f"{name}: {own} -> {value['to']}, tuned")
        else:
            say(f"{name}: {own} stays; {value['to']} was found when it was {value['from']}")
    return changes


def fit_calibrator(settings: DictConfig, model: dict[str, Any], changes: dict[str, Any]) -> Any:
    """Fit what `train.calibration` asks for on out-of-fold predictions of the training rows; None where it asks for nothing."""
    options = settings.train.calibration
    if not options.calibrator["_target_"]:
        return None
    tried = as_trained(model, settings.train.early_stopping)
    values, y = Training.read(settings).out_of_fold(
        tried, changes, options.folds, options.seed, options.rows
    )
    calibrator = instantiate(as_dict(options.calibrator)).fit(values, y)
    said = ", ".join(f"{name} {value}" for name, value in calibrator.about().items())
    say(f"calibrated on out-of-fold predictions: {said}")
    return calibrator


def write_curves(writer: dict[str, Any] | None, curves: dict[str, list[float]]) -> None:
    """Write plots/train/, a plot for each learning curve; an empty one without a writer or without curves.

    Parameters
    ----------
    writer : dict or None
        Settings of a class with dvclive's `log_metric` and `next_step`, made with a folder `dir`.
    curves : dict of str to list of float
        Values of each iteration.
    """
    with replacing(PLOTS / "train") as folder:
        folder.mkdir()
        if writer and curves:
            with instantiate(writer, dir=str(folder)) as live:
                for step in range(max(map(len, curves.values()))):
                    for name, values in curves.items():
                        if step < len(values):
                            # Nine digits: more than rounding errors touch.
                            live.log_metric(name, float(f"{values[step]:.9g}"))
                    live.next_step()
            (folder / "metrics.json").unlink(missing_ok=True)  # the last values again; no plot
            return
        if writer:
            say("the library reports no learning curve")
        write_rows(
            [{"step": 0, "curve": None}], folder / "none.csv"
        )  # DVC warns of an empty folder


def iterations(estimator: object) -> int | None:
    """Return how many trees or steps a fitted estimator kept, where its library tells."""
    for attribute in ("tree_count_", "n_iter_", "best_iteration", "n_estimators"):
        value = getattr(estimator, attribute, None)
        if value is not None:
            kept = int(value[0]) if hasattr(value, "__len__") else int(value)
            return kept + (attribute == "best_iteration")  # XGBoost counts from 0
    return None


if __name__ == "__main__":
    run("train")
