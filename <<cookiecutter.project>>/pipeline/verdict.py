"""Final evaluation: the test rows, once, held against the success criteria."""

from __future__ import annotations

from pedigree import judge_model, paths, predict_test, run, say
from pedigree.settings import VerdictSettings


def main(settings: VerdictSettings) -> None:
    """Judge the model on data/split/test/.

    A model that fails is a result, not a crash: the stage ends well and `python -m pedigree check`
    turns the verdict into an exit code.
    """
    problem, options = settings.problem, settings.verdict
    evaluation = predict_test(problem)
    evaluation.predictions.write(paths.PREDICTIONS / "test")
    metrics = evaluation.metrics(problem.metrics, also=problem.criteria)
    scores = evaluation.bootstrap(metrics, options)
    weak = evaluation.weak_slices(problem, settings.evaluate.slices, options)
    weak.write(paths.REPORTS / "verdict")
    verdict = judge_model(evaluation, scores, weak, problem)
    verdict.as_metrics().write(paths.METRICS / "verdict.json")
    for one in scores.table():
        low, high = one["interval"]
        say(f"test {one['metric']} {one['value']:.4g} [{low:.4g}, {high:.4g}]")
    say("accepted" if verdict.accepted else "not accepted: see metrics/verdict.json")


if __name__ == "__main__":
    run("verdict", main)
