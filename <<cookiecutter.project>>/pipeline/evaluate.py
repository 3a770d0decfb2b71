"""Step 11, model evaluation: the validation rows, on which experiments are compared."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pedigree.base.paths import METRICS, PLOTS, PREDICTIONS, REPORTS, THRESHOLD
from pedigree.base.settings import as_dict
from pedigree.base.stage import run, say
from pedigree.base.tables import replacing, write_json, write_rows
from pedigree.evaluation import validation
from pedigree.evaluation.bootstrap import bootstrap
from pedigree.evaluation.weakness import weakness
from pedigree.scoring.decision import Threshold, decided
from pedigree.scoring.metrics import reported, score

if TYPE_CHECKING:
    from omegaconf import DictConfig


def main(settings: DictConfig) -> None:
    """Choose the decision threshold, score model, baselines and slices on the validation rows; draw the curves."""
    options = settings.evaluate
    found, prediction = validation.ask(settings.problem)
    found.write(PREDICTIONS / "validation")
    truth, classes = found.truth, found.classes
    chosen, thresholds = validation.decision(as_dict(settings.problem.threshold), truth, prediction)
    write_json(chosen, THRESHOLD)
    prediction = replace(prediction, threshold=Threshold.read(THRESHOLD))
    scores = bootstrap(
        reported(settings.problem.metrics, prediction),
        truth,
        decided(found.of, prediction),
        groups=found.group,
        resamples=options.resamples,
        confidence=options.confidence,
        seed=options.seed,
    )
    # Without an interval: resampling makes the first greater, and the second says nothing of these rows.
    alone = ["ece"] if classes else ["interval_width"] if prediction.interval is not None else []
    further = {name: score(name, truth, prediction) for name in alone}
    weak = weakness(found, prediction, settings.problem, options.slices, options)
    weak.write(REPORTS / "evaluate")
    write_json(validation.told(scores, weak, further), METRICS / "evaluate.json")
    draw = validation.classification_curves if classes else validation.regression_curves
    curves = draw(truth, prediction, classes, options.calibration_bins)
    with replacing(PLOTS / "evaluate") as folder:
        folder.mkdir()
        for name, points in (curves | {"threshold": thresholds}).items():
            if points:
                write_rows(points, folder / f"{name}.csv")
    for name, of in scores.values.items():
        say(
            f"validation {name} {of['model']:.4g} ± {scores.half_width(name):.2g}{validation.beside(of)}"
        )


if __name__ == "__main__":
    run("evaluate", main)
