"""Number of different models that were evaluated on the test set, from the history of dvc.lock.

Each evaluation on the test set makes it more likely that the best score is due to chance. There is no
counter: every commit and experiment records the model and the test set of its verdict.
"""

from __future__ import annotations

from dataclasses import dataclass

from pedigree.base.lock import folder_md5
from pedigree.base.paths import CALIBRATOR, MODEL, SPLIT, THRESHOLD
from pedigree.lineage.trace.records import entries, listing, lock_versions, parsed

# What makes a model of its own; how it is described and what it is compared with does not.
PARTS = (MODEL.as_posix(), CALIBRATOR.as_posix(), THRESHOLD.as_posix())


@dataclass(frozen=True)
class Looks:
    """Looks at a test set.

    Parameters
    ----------
    models : int
        Different ones that were judged on the test rows of the last verdict.
    commits : int
        Commits and experiments that were read.
    unknown : int
        Further models, judged on a version of data/split/ that DVC's cache does not hold.
    """

    models: int
    commits: int
    unknown: int

    def __str__(self) -> str:
        models = "model has" if self.models == 1 else "different models have"
        text = f"{self.models} {models} been judged on this test set"
        if not self.commits:
            text += ", as far as this folder tells: there is no history of dvc.lock in Git"
        if self.unknown:
            text += (
                f", and {self.unknown} more on versions of {SPLIT} that are not in DVC's cache, perhaps "
                f"with the same test rows (`dvc fetch --all-commits {SPLIT}` brings those that were pushed)"
            )
        return text


def looks() -> Looks | None:
    """Count the looks at the test rows of the last verdict.

    Two versions of the split are one test set if the files of its test rows are the same.

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
    """Fold the files of the test rows into one MD5; None if DVC's cache does not list them."""
    files = {one["relpath"]: one["md5"] for one in listing(split)}
    return (
        folder_md5({name: md5 for name, md5 in files.items() if name.startswith("test/")})
        if files
        else None
    )
