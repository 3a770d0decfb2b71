"""Step 10, model training: the final pipeline, on the training rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pedigree.base.names import UserError
from pedigree.base.paths import BEST_PARAMS, PLOTS
from pedigree.base.settings import as_dict
from pedigree.base.stage import say
from pedigree.base.tables import replacing, write_rows
from pedigree.base.tools import instantiate
from pedigree.estimators.building import as_trained, own_value
from pedigree.estimators.fitting import fit
from pedigree.training.bagging import fit_bag
from pedigree.training.curves import learning_curves
from pedigree.training.data import Training, training_groups
from pedigree.training.inputs import read_subset

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from omegaconf import DictConfig


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
    watched = read_subset("validation")[:2] if watch else None
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


def class_name(estimator: object) -> str:
    """Return the dotted name of an estimator's class."""
    return f"{type(estimator).__module__}.{type(estimator).__qualname__}"


def parameters(estimator: Any) -> dict[str, str]:
    """Return the parameters of an estimator as text, sorted by name.

    The members of an ensemble are left out: they are pipelines, which the settings describe.
    """
    own = estimator.get_params(deep=False)
    return {name: str(own[name]) for name in sorted(own) if name != "estimators"}


def iterations(estimator: object) -> int | None:
    """Return how many trees or steps a fitted estimator kept, where its library tells."""
    for attribute in ("tree_count_", "n_iter_", "best_iteration", "n_estimators"):
        value = getattr(estimator, attribute, None)
        if value is not None:
            kept = int(value[0]) if hasattr(value, "__len__") else int(value)
            return kept + (attribute == "best_iteration")  # XGBoost counts from 0
    return None
