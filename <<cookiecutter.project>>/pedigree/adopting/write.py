"""Writing the proposed settings and copying the data; edited files are kept."""

from __future__ import annotations

from pathlib import Path

from pedigree.adopting import LOAD, Adoption, files
from pedigree.base.dvc_files.add import dvc_add
from pedigree.base.dvc_files.lock import digest
from pedigree.base.files.replacing import copy_whole, write_text
from pedigree.base.git import is_committed
from pedigree.base.names import UserError
from pedigree.base.paths import CONF, EXTERNAL, INCOMING

CONFIG = CONF / "config.yaml"


def write(adoption: Adoption, force: bool = False, dry_run: bool = False) -> list[str]:
    """Write the files, copy the data into the project, and point the settings to both.

    Parameters
    ----------
    adoption : Adoption
    force : bool
        Replace existing files that differ, which are kept otherwise.
    dry_run : bool
        Only return the lines.

    Returns
    -------
    list of str
        A line for each change.
    """
    done = []
    name = adoption.source.name
    if isinstance(adoption.source.origin, Path):
        done.append(_bring(adoption.source.origin, force, dry_run))
    first = files.chosen("problem") != name
    for path, text in adoption.contents.items():
        before = path.read_text(encoding="utf-8") if path.exists() else None
        if before is None or (force and before != text):
            if not dry_run:
                write_text(text, path)
            done.append(f"{path}: written")
        else:
            edited = before != text
            done.append(f"{path}: kept{' as edited; use --force to replace it' if edited else ''}")
    if first or force:
        done += _point(name, adoption, dry_run)
    return done


def _bring(origin: Path, force: bool, dry_run: bool) -> str:
    """Copy a file or folder into data/external/ and add it to DVC."""
    place = EXTERNAL / origin.name
    if digest(origin) != digest(place):
        if place.exists() and not force:
            raise UserError(f"{place} exists and differs from {origin}; use --force to replace it.")
        if not dry_run:
            copy_whole(origin, place, replace=force)
    return (not dry_run and dvc_add(place)) or f"{place}: added to DVC"


def _point(name: str, adoption: Adoption, dry_run: bool) -> list[str]:
    """Make conf/ and dvc.yaml refer to the data set."""
    choices = {"problem": name, "split": adoption.split}
    choices["collect"] = name
    # The example's own cleaning steps and features name columns that other data do not have.
    choices |= {g: "default" for g in ("clean", "engineer") if files.chosen(g) == "penguins"}
    done = []
    batch = INCOMING / "penguins-2009.csv"
    if files.chosen("collect") == "example" and batch.exists():
        if is_committed(batch):
            if not dry_run:
                batch.unlink()
            done.append(f"{batch}: removed, since it is a batch of the example; Git still has it")
        else:
            done.append(
                f"{batch}: kept, though it is a batch of the example; remove it, since Git does not have it"
            )
    for path, text in {
        CONFIG: files.with_values(CONFIG, choices),
        LOAD: files.with_values(LOAD, {"contract": f"contracts/{name}.yaml"}),
        Path("dvc.yaml"): files.with_plots(Path("dvc.yaml"), adoption.problem.task),
    }.items():
        if path.read_text(encoding="utf-8") != text:
            if not dry_run:
                write_text(text, path)
            done.append(f"{path}: refers to it")
    return done
