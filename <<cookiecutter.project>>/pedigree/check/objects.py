"""Reading every object in DVC's cache again, since DVC trusts their names."""

from __future__ import annotations

from pathlib import Path

from pedigree.base.dvc_files.stored import is_intact, listing, objects
from pedigree.base.git import git
from pedigree.base.names import UserError, counted
from pedigree.base.settings import read_yaml
from pedigree.base.stage import say
from pedigree.lineage.trace.records import lock_history


def check_cache() -> None:
    """Compare the content of every object in DVC's cache with its name.

    Raises
    ------
    UserError
        Some are damaged. Each is printed with the outputs that contain it.
    """
    found = list(objects())
    damaged = [path for path in found if not is_intact(path)]
    if not damaged:
        say(f"DVC's cache is intact: {counted(len(found), 'object')}")
        return
    lost = {path.parent.name + path.name for path in damaged}
    users = _users(lost)
    for path, name in zip(damaged, sorted(lost), strict=True):
        say(f"  damaged: {path}, of {users.get(name, 'nothing that is recorded')}")
    are, them = ("is", "it") if len(damaged) == 1 else ("are", "them")
    raise UserError(
        f"{counted(len(damaged), 'object')} of {len(found):,} in DVC's cache {are} damaged; delete {them}, and the outputs "
        "above, then run `dvc fetch` for what was pushed, and `dvc repro` for the rest."
    )


def _users(lost: set[str]) -> dict[str, str]:
    """Map each damaged object to a path that has this content, in any version of dvc.lock or in a .dvc file."""
    recorded = {md5: path for record in lock_history() for _, path, md5 in record.outputs()}
    for file in git("ls-files", "--cached", "--others", "--exclude-standard", "*.dvc").splitlines():
        outs = (read_yaml(Path(file)) or {}).get("outs", ())
        recorded |= {one.get("md5", ""): str(Path(file).with_suffix("")) for one in outs}
    users = {}
    for md5, path in recorded.items():
        if md5 in lost:
            users[md5] = path
        elif md5.endswith(".dir"):
            inside = {one["md5"]: f"{path}/{one['relpath']}" for one in listing(md5)}
            users |= {name: inside[name] for name in lost & set(inside)}
    return users
