"""Number of different models that were evaluated on the test set, from the history of dvc.lock.

Each evaluation on the test set makes it more likely that the best score is due to chance. No counter is
needed: every commit and experiment records the model and the test set of its verdict.
"""

from __future__ import annotations

from dataclasses import dataclass

from pedigree.base.dvc_files.lock import folder_md5
from pedigree.base.dvc_files.stored import listing
from pedigree.base.paths import CALIBRATOR, MODEL, SPLIT, THRESHOLD
from pedigree.lineage.trace.records import entries, lock_versions, parsed

# Outputs that distinguish models; explanations, comparisons and reports do not.
PARTS = (MODEL.as_posix(), CALIBRATOR.as_posix(), THRESHOLD.as_posix())


@dataclass(frozen=True)
class Looks:
    """The models that were evaluated on a test set.

    Parameters
    ----------
    models : int
        Number of different models that were evaluated on the test rows of the last verdict.
    commits : int
        Number of commits and experiments that were read.
    unknown : int
        Number of further models, evaluated on a version of data/split/ whose listing is not in DVC's cache.
    """

    models: int
    commits: int
    unknown: int

    def __str__(self) -> str:
        models = "model has" if self.models == 1 else "different models have"
        text = f"{self.models} {models} been evaluated on this test set"
        if not self.commits:
            text += ", according to the workspace alone, since dvc.lock is not in Git's history"
        if self.unknown:
            text += (
                f", and {self.unknown} more on versions of {SPLIT} that are not in DVC's cache and may have "
                f"the same test rows (run `dvc fetch --all-commits {SPLIT}` to get those that were pushed)"
            )
        return text


def looks() -> Looks | None:
    """Count the models that were evaluated on the test rows of the last verdict.

    Two versions of the split have the same test set if the files of their test rows are equal.

    Returns
    -------
    Looks or None
        None if no verdict is recorded in the workspace's dvc.lock.
    """
    runs: dict[bytes, dict[str, str]] = {}
    commits = 0
    current: dict[str, str] | None = None
    for commit, _, content in lock_versions():
        commits += bool(commit)
        entry = entries(content).get("verdict")
        if entry:
            runs[entry] = {dep["path"]: dep["md5"] for dep in parsed(entry)["deps"]}
            current = runs[entry] if not commit else current
    if current is None:
        return None
    wanted = current[SPLIT.as_posix()]
    same, other = set(), set()
    for inputs in runs.values():
        split = inputs[SPLIT.as_posix()]
        model = tuple(inputs.get(part) for part in PARTS)
        if split == wanted or (_test(split) is not None and _test(split) == _test(wanted)):
            same.add(model)
        elif None in (_test(split), _test(wanted)):
            other.add(model)
    return Looks(len(same), commits, len(other - same))


def _test(split: str) -> str | None:
    """Compute one MD5 for the files of the test rows; None if DVC's cache does not list them."""
    files = {one["relpath"]: one["md5"] for one in listing(split)}
    return (
        folder_md5({name: md5 for name, md5 in files.items() if name.startswith("test/")})
        if files
        else None
    )
