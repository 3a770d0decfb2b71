"""Whether the inputs of a stage are what the stages before it wrote, by the MD5s in dvc.lock.

`dvc repro` makes an edited output again, but it trusts the times of files and its cache, so that it does not notice damage
that leaves them alone; and a stage that is run on its own reads whatever lies there.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pedigree.base.dvc_files.declared import declared, started_by_dvc
from pedigree.base.dvc_files.lock import (
    LOCK,
    digest,
    lies_in,
    output_hashes,
    recorded_stages,
    stages_by_output,
)
from pedigree.base.dvc_files.stored import listing
from pedigree.base.logs import LOGGER
from pedigree.base.names import UserError
from pedigree.base.paths import PARAMS


@contextmanager
def checked_inputs(stage: str) -> Iterator[None]:
    """Compare the inputs of a stage with dvc.lock before the block, which runs the stage.

    Raises
    ------
    UserError
        `dvc` runs the stage and would record a result of other inputs than it believes; or the stage is run without it, which
        only causes a warning, and cannot read them.
    """
    altered = list(altered_inputs(stage))
    wrong = [
        f"{path} is not what `{maker}` wrote (compared with {LOCK})" for path, maker in altered
    ]
    if wrong and started_by_dvc(stage):
        maker = altered[0][1]
        raise UserError(
            f"{wrong[0]}; delete it and run `dvc repro`, or run `dvc commit {maker}` if you edited it. If it comes back like "
            "this, `python -m pedigree check --cache` finds damaged copies in DVC's cache."
        )
    for line in wrong:
        LOGGER.warning("%s; `dvc repro` makes it again.", line)
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        if not wrong:
            raise
        raise UserError(f"{wrong[0]}, and cannot be used; run `dvc repro`. ({error})") from error


def altered_inputs(stage: str) -> Iterator[tuple[str, str]]:
    """Yield each input, and params.yaml, that differs from the output that another stage recorded, with that stage's name.

    Missing ones are left to the stage.
    """
    if not (recorded := recorded_stages()) or stage not in (known := declared()):
        return
    # dvc.lock keeps stages that are no longer in dvc.yaml; those of a group are named group@item.
    stages = {name: one for name, one in recorded.items() if name.partition("@")[0] in known}
    made, hashes = stages_by_output(stages), output_hashes(stages)
    others = {out: maker for out, maker in made.items() if maker != stage and hashes[out]}
    for path in [*known[stage].deps, PARAMS.as_posix()]:
        touched = [out for out in others if lies_in(path, out) or lies_in(out, path)]
        yield from (
            (path, others[out]) for out in touched if _differs(Path(path), Path(out), hashes[out])
        )


def _differs(path: Path, out: Path, md5: str) -> bool:
    """Return whether an input differs from an output that it is, contains, or is a part of."""
    if path in (out, *out.parents):
        return digest(out) not in (None, md5)
    if not (files := listing(md5)):  # not in DVC's cache
        return digest(out) not in (None, md5)
    inside = {out / one["relpath"]: one["md5"] for one in files}
    expected = {one: md5 for one, md5 in inside.items() if path in (one, *one.parents)}
    there = {one for one in (path, *path.rglob("*")) if one.is_file()}
    return bool(there) and (
        there != set(expected) or any(digest(one) != expected[one] for one in there)
    )
