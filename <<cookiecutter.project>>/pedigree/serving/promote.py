"""Promote the bundle to champion: the model in use, with which `verdict` compares later ones."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pedigree.base.command import parser, plain_errors
from pedigree.base.dvc_files.add import dvc_add
from pedigree.base.files.replacing import copy_whole, new_folder
from pedigree.base.git import inside
from pedigree.base.names import UserError
from pedigree.base.paths import BUNDLE, CHAMPION
from pedigree.prediction.sealed import Sealed
from pedigree.prediction.signing import signature_file
from pedigree.scoring.results import VerdictMetrics
from pedigree.serving.origin import add_origin


@plain_errors("promote")
def main(arguments: Sequence[str] | None = None) -> None:
    """Promote models/bundle/."""
    cli = parser(
        "promote",
        "Copy models/bundle/ to models/champion/bundle/ and add it to DVC. It is the model in use, "
        "with which later verdicts compare.",
    )
    cli.add_argument(
        "--anyway", action="store_true", help="promote even if the last verdict does not accept it"
    )
    add_origin(cli)
    options = cli.parse_args(arguments)
    for line in promote(options.anyway, options.expect, options.signed_by):
        print(line)


def promote(
    anyway: bool = False, expect: str | None = None, signed_by: Path | None = None
) -> list[str]:
    """Copy the bundle, completely or not at all; return what was done and what to do next.

    Parameters
    ----------
    anyway : bool
        Also if the last verdict does not accept it.
    expect : str, optional
        The id that the bundle must have.
    signed_by : Path, optional
        A public key whose private one must have signed the bundle.

    Raises
    ------
    UserError
        The bundle is missing or was changed, or the last verdict does not accept it.
    """
    identity = Sealed.read(BUNDLE, expect, signed_by).id
    verdict = VerdictMetrics.place
    if not anyway and not (verdict.exists() and VerdictMetrics.read().accepted):
        raise UserError(
            f"{verdict} does not accept this model (run `python -m pedigree check` to see why); "
            "use --anyway to promote it nevertheless."
        )
    before = Sealed.read(CHAMPION).id if CHAMPION.exists() else None
    if before == identity:
        return [f"{CHAMPION} already is bundle {identity[:12]}."]
    with new_folder(CHAMPION) as folder:
        for path in BUNDLE.iterdir():
            copy_whole(path, folder / path.name)
        Sealed.read(folder, expect=identity)
    signature_file(CHAMPION).unlink(missing_ok=True)  # that of an earlier champion
    if signed_by:
        copy_whole(signature_file(BUNDLE), signature_file(CHAMPION))
    after = f", and replaces {before[:12]}" if before else ""
    done = [f"{CHAMPION} is now bundle {identity[:12]}{after}."]
    if problem := dvc_add(CHAMPION):
        done.append(problem)
    begin, commit = "", f"git commit -am 'Promote {identity[:12]}'"
    if not inside():
        begin = f"`git init`, since this is not a Git repository, `dvc add {CHAMPION}`, "
        commit = f"git add . && git commit -m 'Promote {identity[:12]}'"
    return [
        *done,
        f"Next: {begin}`dvc repro` (to compare the verdict with it), `{commit}`, then `dvc push`.",
    ]
