"""The final model: fitted on the training rows, with its calibrator and learning curves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sklearn.base import is_classifier

from pedigree.base.files.replacing import new_folder
from pedigree.base.paths import PLOTS
from pedigree.base.stage import say
from pedigree.base.tables import write_csv
from pedigree.base.tools import instantiate
from pedigree.estimators.building import as_trained, build_model
from pedigree.estimators.fitting import fit
from pedigree.estimators.train_metrics import TrainMetrics
from pedigree.training.bagging import fit_bag
from pedigree.training.curves import learning_curves
from pedigree.training.data import Training, training_groups
from pedigree.training.inputs import read_subset

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from sklearn.pipeline import Pipeline

    from pedigree.base.section import Tool
    from pedigree.estimators.settings import Model
    from pedigree.training.settings import TrainSettings


@dataclass(frozen=True)
class Fitted:
    """The result of a fit.

    Parameters
    ----------
    estimators : list of estimators
        The members of a bag, or the one.
    estimator : estimator
        What the pipeline predicts with: the bag's sum, or the one.
    stopped_on : str or None
        The evaluation set of early stopping.
    model : Model or None
        The settings that the estimator was built from; None if it is your own.
    """

    estimators: list[Any]
    estimator: Any
    stopped_on: str | None
    model: Model | None

    @property
    def name(self) -> str:
        """Name of the model's settings, or of the class of your own estimator."""
        return self.model.name if self.model else type(self.estimator).__name__

    @property
    def class_name(self) -> str:
        """Dotted name of the estimator's class."""
        return f"{type(self.estimator).__module__}.{type(self.estimator).__qualname__}"

    @property
    def iterations(self) -> int | None:
        """Number of trees or steps that the estimator kept, if its library reports it."""
        for attribute in ("tree_count_", "n_iter_", "best_iteration", "n_estimators"):
            value = getattr(self.estimator, attribute, None)
            if value is not None:
                kept = int(value[0]) if hasattr(value, "__len__") else int(value)
                return kept + (attribute == "best_iteration")  # XGBoost counts from 0
        return None

    @property
    def parameters(self) -> dict[str, str]:
        """Parameters of the estimator as strings, sorted by name.

        The members of an ensemble are left out: they are pipelines, which the settings describe.
        """
        own = self.estimators[0].get_params(deep=False)
        return {name: str(own[name]) for name in sorted(own) if name != "estimators"}

    @property
    def weights(self) -> dict[str, float] | None:
        """Weights of an ensemble's members, by name."""
        return getattr(self.estimator, "weights_", None)

    def metrics(self, X: pd.DataFrame, baseline: Fitted, calibrator: Any) -> TrainMetrics:
        """Return what metrics/train.json contains.

        Parameters
        ----------
        X : DataFrame, shape (n, p)
            The training rows.
        baseline : Fitted
            The plain model that it has to beat.
        calibrator : object or None
            See `fit_calibrator`.
        """
        return TrainMetrics(
            model=self.name,
            baseline=baseline.name,
            estimator=self.class_name,
            rows=len(X),
            features=list(X.columns),
            stopped_early_on=self.stopped_on,
            models=len(self.estimators),
            iterations=self.iterations,
            calibration=calibrator.about() if calibrator else None,
            weights=self.weights,
            parameters=self.parameters,
        )

    def curves(self) -> dict[str, list[float]]:
        """Return the learning curves by name; those of a bag have the fold in their names."""
        if len(self.estimators) == 1:
            return learning_curves(self.estimators[0])
        return {
            f"{name}/fold_{fold}": values
            for fold, one in enumerate(self.estimators)
            for name, values in learning_curves(one).items()
        }

    def write_curves(self, writer: Tool | None) -> None:
        """Write plots/train/, a plot of each learning curve; empty without a writer or without curves.

        Parameters
        ----------
        writer : Tool or None
            Settings of a class with dvclive's `log_metric` and `next_step`, made with a folder `dir`.
        """
        curves = self.curves()
        with new_folder(PLOTS / "train") as folder:
            if writer and curves:
                with instantiate(writer, dir=str(folder)) as live:
                    for step in range(max(map(len, curves.values()))):
                        for name, values in curves.items():
                            if step < len(values):
                                # Nine digits: more than rounding errors touch.
                                live.log_metric(name, float(f"{values[step]:.9g}"))
                        live.next_step()
                (folder / "metrics.json").unlink(
                    missing_ok=True
                )  # repeats the last values, and is not a plot
                return
            if writer:
                say("the library reports no learning curve")
            write_csv(
                [{"step": 0, "curve": None}], folder / "none.csv"
            )  # DVC warns of an empty folder


def fit_model(
    pipeline: Pipeline,
    X: pd.DataFrame,
    y: np.ndarray,
    settings: TrainSettings,
    model: Model | None = None,
) -> Fitted:
    """Fit a pipeline in place on the training rows, as a bag if the model's settings have one.

    A pipeline that is not the one that the settings describe, since its steps or the class of its estimator differ, is fitted
    by its own `fit`, like any of scikit-learn: without the settings' bagging, early stopping, sampler and weights.

    Parameters
    ----------
    pipeline : Pipeline
        As built by `build_model`, changed since then, or one of your own.
    X, y : DataFrame of shape (n, p), ndarray of shape (n,)
        Training rows, see `read_subset`.
    settings : TrainSettings
        Of the step: `train.early_stopping`, `problem` and `split.name`, which the folds of a bag follow.
    model : Model, optional
        The settings it was built from. It may stay if the pipeline is your own, or be omitted.

    Examples
    --------
    >>> from pedigree import build_model, fit_model, read_subset
    >>> from pedigree.settings import read_settings
    >>> settings = read_settings("train")
    >>> model = settings.train.baseline
    >>> X, y, classes = read_subset("train")
    >>> fit_model(build_model(model), X, y, settings, model).estimator
    LogisticRegression(...)
    """
    if model is None or not is_built_from(pipeline, model):
        fit(pipeline, None, X, y)
        fitted = Fitted([pipeline[-1]], pipeline[-1], None, None)
        if model:
            say(f"{fitted.name} is fitted by its own `fit`, without the settings of {model.name}")
        return fitted
    early = settings.train.early_stopping and model.early_stopping
    bag = instantiate(model.bagging) if early and model.bagging else None
    if bag and bag.serves(len(y)):  # checked first, since the groups of many rows take long to read
        parts = bag.cut(y, training_groups(settings), is_classifier(pipeline["estimator"]))
        if parts:
            members = fit_bag(pipeline, model, X, y, bag, parts)
            return Fitted(members, pipeline["estimator"], "folds of the training rows", model)
    evaluation_set = read_subset("validation")[:2] if early else None
    fit(pipeline, model, X, y, evaluation_set, _inner_groups(pipeline, settings))
    stopped_on = "validation" if early else None
    return Fitted([pipeline["estimator"]], pipeline["estimator"], stopped_on, model)


def is_built_from(pipeline: Pipeline, model: Model) -> bool:
    """Return whether a pipeline has the steps that `build_model` makes of a model's settings, by name and class."""
    built = build_model(model)
    return [(name, type(step)) for name, step in pipeline.steps] == [
        (name, type(step)) for name, step in built.steps
    ]


def _inner_groups(pipeline: Pipeline, settings: TrainSettings) -> np.ndarray | None:
    """Return the rows' groups; only an estimator with folds of its own needs them."""
    needed = "cv" in pipeline["estimator"].get_params(deep=False)
    return training_groups(settings) if needed else None


def fit_calibrator(pipeline: Pipeline, settings: TrainSettings, model: Model | None = None) -> Any:
    """Fit the calibrator of `train.calibration` on out-of-fold predictions of the training rows.

    Parameters
    ----------
    pipeline : Pipeline
        Unfitted; each fold fits a clone of it, by its own `fit` if it is not the one that the settings describe.
    settings : TrainSettings
        Of the step.
    model : Model, optional
        The settings it was built from. It may stay if the pipeline is your own, or be omitted.

    Returns
    -------
    calibrator : object or None
        None if the settings have none.

    Examples
    --------
    >>> from pedigree import build_model, fit_calibrator
    >>> from pedigree.settings import read_settings
    >>> settings = read_settings("train")
    >>> model = settings.train.baseline
    >>> calibrator = fit_calibrator(build_model(model), settings, model)
    """
    options = settings.train.calibration
    if not options.calibrator.target:
        return None
    tried = None
    if model and is_built_from(pipeline, model):
        tried = as_trained(model, settings.train.early_stopping)
    values, y = Training.read(settings).out_of_fold(
        pipeline, tried, options.folds, options.seed, options.rows
    )
    calibrator = instantiate(options.calibrator).fit(values, y)
    about = ", ".join(
        f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}"
        for name, value in calibrator.about().items()
    )
    say(f"calibrated on out-of-fold predictions: {about}")
    return calibrator
