"""The predictions of a subset, and their scores, slices and curves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pedigree.base.names import UserError
from pedigree.base.settings import as_dict
from pedigree.evaluation.bootstrap import ResampledScores, bootstrap
from pedigree.evaluation.curves import Rows, classification_curves, regression_curves
from pedigree.evaluation.threshold import choose_threshold
from pedigree.evaluation.weakness import Weakness, find_weakness
from pedigree.scoring.decision import ChosenThreshold, PredictedRows, decided
from pedigree.scoring.metrics import METRICS, Metric, reported, score, unfit
from pedigree.scoring.predictions import PredictionTable
from pedigree.scoring.results import ValidationMetrics

if TYPE_CHECKING:
    import numpy as np

    from pedigree.base.problem import ThresholdRule
    from pedigree.evaluation.settings import Bootstrap, JudgedColumns, Slices


@dataclass(frozen=True)
class Evaluation:
    """Predictions of a subset's rows by the model and by the predictors that it is compared with.

    Parameters
    ----------
    predictions : PredictionTable
        Of the model ("model"), the linear baseline ("linear"), "dummy" and, if one is in use, the "champion".
    by : dict of str to PredictedRows
        The same by predictor, with thresholds and intervals.
    notes : tuple of str
        Notes for readers on the rows and the predictors.
    known : mapping of str to Metric
        By name, see `pedigree.scoring.custom.known`.
    """

    predictions: PredictionTable
    by: dict[str, PredictedRows]
    notes: tuple[str, ...] = ()
    known: Mapping[str, Metric] = field(default_factory=lambda: METRICS)

    @property
    def y(self) -> np.ndarray:
        """The true class codes or numbers, shape (n,)."""
        return self.predictions.truth

    @property
    def classes(self) -> list[str]:
        """Names of the classes in the order of their codes; empty for regression."""
        return self.predictions.classes

    @property
    def prediction(self) -> PredictedRows:
        """The model's predictions; `values` are probabilities of shape (n, k), or numbers of shape (n,)."""
        return self.by["model"]

    def choose_threshold(self, rule: ThresholdRule | None) -> tuple[ChosenThreshold, Rows]:
        """Choose the decision threshold of two classes by `problem.threshold`.

        Returns
        -------
        chosen : ChosenThreshold
            For models/threshold.json; its `value` is None without a rule or without two classes.
        curve : list of dict
            Points for plots/evaluate/threshold.csv.
        """
        if len(self.classes) == 2:
            return choose_threshold(as_dict(rule), self.y, self.prediction.values[:, 1], self.known)
        return ChosenThreshold(asked=None, value=None), []

    def decide(self) -> Evaluation:
        """Let every predictor decide by the threshold in models/threshold.json."""
        prediction = replace(self.prediction, threshold=ChosenThreshold.read().threshold)
        return replace(self, by=decided(self.predictions.of, prediction))

    def bootstrap(self, metrics: Sequence[str], options: Bootstrap) -> ResampledScores:
        """Score every predictor, with intervals.

        Parameters
        ----------
        metrics : sequence of str
        options : Bootstrap
            With `resamples`, `confidence` and `seed`.
        """
        return bootstrap(
            list(map(self.metric, metrics)),
            self.y,
            self.by,
            groups=self.predictions.group,
            resamples=options.resamples,
            confidence=options.confidence,
            seed=options.seed,
        )

    def metrics(self, listed: Sequence[str], also: Iterable[str] = ()) -> list[str]:
        """Return the metrics that have an interval: the problem's, those of its costs and intervals, and others.

        Parameters
        ----------
        listed : sequence of str
            `problem.metrics`.
        also : iterable of str
            Further names, such as `problem.criteria`; those that are metrics are added.

        Raises
        ------
        UserError
            A listed metric does not exist, or does not fit the task.
        """
        listed = [self.metric(name).name for name in listed]
        named = [name for name in also if name in self.known]
        return list(dict.fromkeys([*reported(listed, self.prediction), *named]))

    @property
    def without_interval(self) -> list[str]:
        """Metrics that are reported without an interval.

        Resampling biases the expected calibration error upwards, and the width of prediction intervals does not depend
        on these rows.
        """
        if self.classes:
            return ["ece"]
        return ["interval_width"] if self.prediction.interval is not None else []

    def score(self, metric: str) -> float:
        """Score the model, without an interval."""
        return score(self.metric(metric), self.y, self.prediction)

    def metric(self, name: str) -> Metric:
        """Return a metric by its name.

        Raises
        ------
        UserError
            It does not exist, or does not fit the task.
        """
        two = ("binary", "multiclass") if len(self.classes) == 2 else ("multiclass",)
        if mistake := unfit(name, self.known, two if self.classes else ("regression",)):
            raise UserError(mistake)
        return self.known[name]

    def weak_slices(self, problem: JudgedColumns, slices: Slices, options: Bootstrap) -> Weakness:
        """Find slices on which the model is weak, and differences between protected groups.

        Parameters
        ----------
        problem : JudgedColumns
            With `metrics`, `custom_metrics`, `slices`, `protected`, `target` and `exclude`.
        slices : Slices
            `evaluate.slices`.
        options : Bootstrap
            With `resamples`, `confidence` and `seed`.
        """
        return find_weakness(self.predictions, self.prediction, problem, slices, options)

    def record(self, scores: ResampledScores, weak: Weakness) -> ValidationMetrics:
        """Return what metrics/evaluate.json contains: also the model's scores without an interval."""
        further = {name: self.score(name) for name in self.without_interval}
        worst = weak.worst()
        lists = {"worst": worst, "metrics": scores.table(), "comparisons": scores.comparisons()}
        lowest = {"worst_slice": worst[0].value if worst else None}
        return ValidationMetrics.model_validate(scores.flat() | further | lowest | lists)

    def curves(self, bins: int) -> dict[str, Rows]:
        """Return points of the curves for plots/evaluate/, by file name.

        Parameters
        ----------
        bins : int
            Of the calibration curve, of equal count.
        """
        draw = classification_curves if self.classes else regression_curves
        return draw(self.y, self.prediction, self.classes, bins)
