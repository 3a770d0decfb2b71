"""Model evaluation: the validation rows, on which experiments are compared."""

from __future__ import annotations

from pedigree import new_folder, paths, predict_validation, run, say, write_csv
from pedigree.settings import EvaluateSettings


def main(settings: EvaluateSettings) -> None:
    """Choose the decision threshold, score model, baselines and slices on the validation rows; write the curves."""
    problem, options = settings.problem, settings.evaluate
    evaluation = predict_validation(problem)
    evaluation.predictions.write(paths.PREDICTIONS / "validation")
    threshold, threshold_curve = evaluation.choose_threshold(problem.threshold)
    threshold.write(paths.THRESHOLD)
    evaluation = evaluation.decide()
    scores = evaluation.bootstrap(evaluation.metrics(problem.metrics), options)
    weak = evaluation.weak_slices(problem, options.slices, options)
    weak.write(paths.REPORTS / "evaluate")
    record = evaluation.record(scores, weak)
    record.write(paths.METRICS / "evaluate.json")
    curves = evaluation.curves(options.calibration_bins) | {"threshold": threshold_curve}
    with new_folder(paths.PLOTS / "evaluate") as folder:
        for name, points in curves.items():
            if points:
                write_csv(points, folder / f"{name}.csv")
    for line in scores.lines():
        say(f"validation {line}")


if __name__ == "__main__":
    run("evaluate", main)
