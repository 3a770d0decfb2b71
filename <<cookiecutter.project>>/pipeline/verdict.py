"""Step 14, final evaluation: the test rows, once, held against the success criteria."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pedigree.base.paths import CHAMPION, PREDICTIONS, REPORTS
from pedigree.base.paths import METRICS as METRICS_FOLDER
from pedigree.base.settings import as_dict
from pedigree.base.stage import run, say
from pedigree.base.tables import read_json, write_json
from pedigree.evaluation.bootstrap import bootstrap
from pedigree.evaluation.weakness import weakness
from pedigree.scoring.metrics import METRICS, reported
from pedigree.verdict import as_metrics, ask, remarks
from pedigree.verdict.criteria import Case, judge

if TYPE_CHECKING:
    from omegaconf import DictConfig


def main(settings: DictConfig) -> None:
    """Judge the model on data/split/test/.

    A model that fails is a result, not a crash: the stage ends well and `python -m pedigree check`
    turns the verdict into an exit code.
    """
    problem, options = settings.problem, settings.verdict
    found, of, about = ask(problem)
    found.write(PREDICTIONS / "test")
    validation = read_json(METRICS_FOLDER / "evaluate.json")
    first = problem.metrics[0]
    named = [name for name in problem.criteria if name in METRICS]
    scores = bootstrap(
        list(dict.fromkeys([*reported(problem.metrics, of["model"]), *named])),
        found.truth,
        of,
        groups=found.group,
        resamples=options.resamples,
        confidence=options.confidence,
        seed=options.seed,
    )
    weak = weakness(found, of["model"], problem, settings.evaluate.slices, options)
    weak.write(REPORTS / "verdict")
    case = Case(first, scores, validation, CHAMPION.exists(), weak)
    criteria = judge(case, as_dict(problem.criteria))
    accepted = all(one["met"] is not False for one in criteria)
    about += remarks(scores, found.group, len(found.truth), criteria)
    verdict = {"accepted": accepted, "criteria": criteria, "about": about}
    write_json(as_metrics(verdict, case), METRICS_FOLDER / "verdict.json")
    for one in scores.table():
        low, high = one["interval"]
        say(f"test {one['metric']} {one['value']:.4g} [{low:.4g}, {high:.4g}]")
    say("accepted" if accepted else "not accepted: see metrics/verdict.json")


if __name__ == "__main__":
    run("verdict", main)
