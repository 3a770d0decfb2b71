"""Put the packed bundle into use: the model that `verdict` holds the next ones against."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Sequence

from pedigree.base.command import parser, plain_errors
from pedigree.base.names import UserError
from pedigree.base.paths import BUNDLE, CHAMPION
from pedigree.base.tables import replacing
from pedigree.prediction.bundle import verify
from pedigree.scoring.results import VerdictMetrics


@plain_errors("promote")
def main(arguments: Sequence[str] | None = None) -> None:
    """Promote models/bundle/."""
    cli = parser(
        "promote",
        "Copy models/bundle/ to models/champion/bundle/ and put it under DVC: the model in use, "
        "which the next verdicts compare with.",
    )
    cli.add_argument(
        "--anyway", action="store_true", help="also if the last verdict does not accept it"
    )
    for line in promote(cli.parse_args(arguments).anyway):
        print(line)


def promote(anyway: bool = False) -> list[str]:
    """Copy the bundle, whole or not at all; returns what was done and what is left to do.

    Raises
    ------
    UserError
        There is no bundle, it was changed, or the last verdict does not accept it.
    """
    identity = verify(BUNDLE)
    verdict = VerdictMetrics.place
    if not anyway and not (verdict.exists() and VerdictMetrics.read().accepted):
        raise UserError(
            f"{verdict} does not accept this model (`python -m pedigree check` says why); "
            "--anyway puts it into use nevertheless."
        )
    before = verify(CHAMPION) if CHAMPION.exists() else None
    if before == identity:
        return [f"{CHAMPION} is bundle {identity[:12]} already."]
    with replacing(CHAMPION) as folder:
        shutil.copytree(BUNDLE, folder)
        verify(folder)
    after = f", after {before[:12]}" if before else ""
    command = [sys.executable, "-m", "dvc", "add", "--quiet", str(CHAMPION)]
    added = subprocess.run(command, capture_output=True, text=True, check=False)
    done = [f"{CHAMPION} is bundle {identity[:12]} now{after}."]
    if added.returncode:
        done.append(f"Not under DVC yet ({added.stderr.strip()}): run `dvc add {CHAMPION}`.")
    commit = f"git commit -am 'Promote {identity[:12]}'"
    return [*done, f"Next: `dvc repro` (the verdict looks at it), `{commit}`, then `dvc push`."]
