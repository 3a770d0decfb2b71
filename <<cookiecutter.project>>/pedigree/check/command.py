"""The command `check`: the verdict for people, and its exit code for machines."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pedigree import __version__
from pedigree import check as package
from pedigree.base.command import parser, plain_errors
from pedigree.base.library import changed
from pedigree.base.lock import outdated, recorded_stages
from pedigree.base.names import UserError
from pedigree.base.paths import PARAMS
from pedigree.base.settings import read_yaml
from pedigree.base.stage import say
from pedigree.base.tables import read_json
from pedigree.check.budget import looks
from pedigree.check.clock import measure

VERDICT = Path("metrics/verdict.json")
NAMED = 3  # changed files of the library that are listed
JUDGED = {"lower": ", lower end", "upper": ", upper end"}


@plain_errors("check")
def main(arguments: Sequence[str] | None = None) -> None:
    """Print the verdict, one line per criterion."""
    cli = parser("check", package.__doc__)
    cli.add_argument(
        "verdict",
        nargs="?",
        type=Path,
        default=VERDICT,
        help="default: %(default)s; for other files, measured times and the test budget are not checked",
    )
    path = cli.parse_args(arguments).verdict
    if not path.exists():
        raise UserError(f"{path} does not exist; run `dvc repro` first.")
    own = path == VERDICT
    if own and outdated(recorded_stages(), "verdict"):
        raise UserError(
            f"{path} is about an earlier model, since the model was trained again later; run `dvc repro`."
        )
    fine = accepted(read_json(path), own)
    if differing := changed():
        say(library_differs(differing))
    sys.exit(0 if fine else 1)


def library_differs(files: Sequence[str]) -> str:
    """Return a warning that the library was changed, with some of the changed files."""
    shown = ", ".join(f"pedigree/{name}" for name in files[:NAMED])
    more = f" and {len(files) - NAMED} more" if files[NAMED:] else ""
    return f"the library differs from pedigree {__version__}: {shown}{more}"


def accepted(verdict: dict[str, Any], own: bool) -> bool:
    """Print a verdict, and return whether all criteria are met.

    Parameters
    ----------
    verdict : dict
        As written by the stage `verdict`.
    own : bool
        Whether it is the workspace's verdict, for which times and the test budget are checked.
    """
    for one in verdict["metrics"]:
        beside = {key: one[key] for key in ("validation", "dummy", "linear") if key in one}
        shown = "".join(f"  {key} {_number(value)}" for key, value in beside.items())
        say(f"  {one['metric']:<20} {_number(one['value'])}  {_interval(one)}{shown}")
    for one in verdict.get("comparisons", ()):
        if one["metric"] == verdict["metrics"][0]["metric"]:  # the first metric
            gain = f"gain over {one['against']}"
            say(f"  {gain:<20} {_number(one['gain'])}  {_interval(one)}  in {one['metric']}")
    for one in verdict.get("worst", ()):
        where = f"{one['column']} = {one['slice']}"
        say(
            f"  worst slice          {_number(one['value'])}  {_interval(one)}  {where}, {one['rows']} rows"
        )
    say(f"  {'; '.join(verdict['about'])}\n")
    met = [_line(one, own) for one in verdict["criteria"]]
    fine = verdict["accepted"] and False not in met and (not own or _within_budget())
    say("accepted" if fine else "NOT ACCEPTED")
    return fine


def _line(one: dict[str, Any], own: bool) -> bool | None:
    """Print a criterion, and return whether it is met; times are measured first (None: not measured)."""
    kind = "at_least" if "at_least" in one else "at_most"
    met: bool | None = one["met"]
    value, limit, about = one["value"], one[kind], ""
    timed = met is None
    if timed and own:
        value, about = measure(one["criterion"], limit if kind == "at_most" else None)
        met = value is not None and (value >= limit if kind == "at_least" else value <= limit)
        about = f" ({about})"
    state = {True: "met   ", False: "MISSED", None: "not measured:"}[met]
    name = one["criterion"] + JUDGED.get(one.get("judged", ""), "")
    name += ", worst slice" * (one.get("rows") == "worst_slice")
    sign = ">=" if kind == "at_least" else "<="
    say(f"  {state} {name} {_number(value)} {sign} {limit:g}{about}")
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


def _interval(one: dict[str, Any]) -> str:
    low, high = one["interval"] or (None, None)
    return f"[{_number(low)}, {_number(high)}]"


def _number(value: float | None) -> str:
    return f"{value:.4g}" if value is not None else "-"
