"""The command `check`: the verdict for people, and its exit code for machines."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from pedigree import __version__
from pedigree import check as package
from pedigree.base.code.library import changed
from pedigree.base.command import parser, plain_errors
from pedigree.base.dvc_files.lock import outdated, recorded_stages
from pedigree.base.dvc_files.rwlock import damage
from pedigree.base.logs import LOGGER
from pedigree.base.names import UserError, first_of
from pedigree.base.paths import PARAMS
from pedigree.base.settings import read_yaml
from pedigree.base.stage import say
from pedigree.check.budget import looks
from pedigree.check.clock import measure
from pedigree.check.freshness import differences_from_workspace
from pedigree.check.objects import check_cache
from pedigree.report.outputs import RunOutputs, read_workspace
from pedigree.report.sections.recommendations import finding, recommend
from pedigree.scoring.results import Interval, JudgedCriterion, VerdictMetrics

NAMED = 3  # changed files that are listed
JUDGED = {"lower": ", lower end", "upper": ", upper end"}


@plain_errors("check")
def main(arguments: Sequence[str] | None = None) -> None:
    """Print the verdict, one line per criterion."""
    cli = parser("check", package.__doc__)
    cli.add_argument(
        "verdict",
        nargs="?",
        type=Path,
        default=VerdictMetrics.place,
        help="default: %(default)s; for other files, measured times and the test budget are not checked",
    )
    cli.add_argument(
        "--cache",
        action="store_true",
        help="compare every object in DVC's cache with its hash instead",
    )
    options = cli.parse_args(arguments)
    if options.cache:
        check_cache()
        return
    path = options.verdict
    if problem := damage():
        LOGGER.warning("%s.", problem)
    if not path.exists():
        raise UserError(f"{path} does not exist; run `dvc repro` first.")
    own = path == VerdictMetrics.place
    if own and "verdict" in (stages := recorded_stages()):
        if remade := outdated(stages, "verdict"):
            raise UserError(
                f"{path} is about an earlier run: {first_of(remade, NAMED)} changed later; run `dvc repro`."
            )
        if differing := differences_from_workspace(stages, "verdict"):
            raise UserError(
                f"{path} is about an earlier run: {first_of(differing, NAMED)} (compared with dvc.lock); run `dvc repro`."
            )
    fine = accepted(VerdictMetrics.read(path), own)
    if differing := changed():
        say(library_differs(differing))
    sys.exit(0 if fine else 1)


def library_differs(files: Sequence[str]) -> str:
    """Return a warning that the library was changed, with some of the changed files."""
    shown = first_of([f"pedigree/{name}" for name in files], NAMED)
    return (
        f"the library differs from pedigree {__version__}: {shown}. Move your own code to pipeline/custom/ and run "
        "`git restore pedigree`, or updates will overwrite it."
    )


def accepted(verdict: VerdictMetrics, own: bool) -> bool:
    """Print a verdict, and return whether all criteria are met.

    Parameters
    ----------
    verdict : VerdictMetrics
    own : bool
        Whether it is the workspace's verdict, for which times and the test budget are checked.
    """
    for score in verdict.metrics:
        beside = [key for key in ("validation", "dummy", "linear") if key in score.model_fields_set]
        shown = "".join(f"  {key} {_number(getattr(score, key))}" for key in beside)
        say(f"  {score.metric:<20} {_number(score.value)}  {_interval(score.interval)}{shown}")
    for one in verdict.comparisons:
        if one.metric == verdict.metrics[0].metric:  # the first metric
            gain = f"gain over {one.against}"
            say(f"  {gain:<20} {_number(one.gain)}  {_interval(one.interval)}  in {one.metric}")
    for worst in verdict.worst:
        where = f"{worst.column} = {worst.slice}, {worst.rows} rows"
        say(f"  worst slice          {_number(worst.value)}  {_interval(worst.interval)}  {where}")
    say(f"  {'; '.join(verdict.about)}\n")
    met = [_line(criterion, own) for criterion in verdict.criteria]
    fine = verdict.accepted and False not in met and (not own or _within_budget())
    warnings = reservations() if own and fine else []
    say(("accepted, with reservations:" if warnings else "accepted") if fine else "NOT ACCEPTED")
    for warning in warnings:
        say(f"  {warning}")
    return fine


def reservations() -> list[str]:
    """List what the page warns of although the model is accepted; of a clone without data, nothing is known."""
    problem = read_yaml(PARAMS)["problem"]
    outputs = RunOutputs(problem, read_workspace)
    try:
        return [finding(one) for one in recommend(outputs) if one.is_warning]
    except UserError:
        return []


def _line(one: JudgedCriterion, own: bool) -> bool | None:
    """Print a criterion, and return whether it is met; times are measured first (None: not measured)."""
    met, value, about = one.met, one.value, ""
    if met is None and own:
        value, about = measure(one.criterion, one.at_most)
        met = value is not None and one.meets(value)
        about = f" ({about})"
    state = {True: "met   ", False: "MISSED", None: "not measured:"}[met]
    name = one.criterion + JUDGED.get(one.judged, "")
    name += ", worst slice" * (one.rows == "worst_slice")
    sign = "<=" if one.at_least is None else ">="
    say(f"  {state} {name} {_number(value)} {sign} {one.limit:g}{about}")
    return met


def _within_budget() -> bool:
    """Print how many models were evaluated on this test set, and return whether that is within the budget."""
    found = looks()
    if found is None:
        say(
            "  the number of models evaluated on this test set is unknown, since dvc.lock records no verdict"
        )
        return True
    problem = read_yaml(PARAMS)["problem"] if PARAMS.exists() else {}
    budget = problem.get("test_budget")
    within = budget is None or found.models <= budget
    state = "  " if budget is None else f"  {'met   ' if within else 'MISSED'} "
    say(f"{state}{found} ({'no budget' if budget is None else f'budget {budget}'})")
    return within


def _interval(ends: Interval) -> str:
    low, high = map(_number, ends)
    return f"[{low}, {high}]"


def _number(value: float | None) -> str:
    return f"{value:.4g}" if value is not None else "-"
