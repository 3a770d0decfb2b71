"""Verify that the results can be reproduced: run all stages of HEAD again elsewhere, and compare every output.

HEAD is cloned into a temporary folder. Data that DVC tracks, outputs of frozen stages, and a snapshot that
`collect.as_of` pins (its source may have changed), are fetched from DVC's remote; everything else is created again
with this environment and without DVC's cache of earlier runs.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pedigree.base.dvc_files.lock import output_hashes, recorded_stages, stages_by_output
from pedigree.base.dvc_files.stored import listing
from pedigree.base.names import UserError
from pedigree.base.stage import say
from pedigree.lineage.trace.folders import present
from pedigree.lineage.verify.copy import environment


@dataclass(frozen=True)
class Output:
    """An output that HEAD's dvc.lock records, or that the clone's stages made.

    Parameters
    ----------
    path : str
    stage : str
    recorded, made : str or None
        MD5; None if it is not recorded, or was not made.
    differing : list of str
        Files of a folder that differ; empty if unknown.
    """

    path: str
    stage: str
    recorded: str | None
    made: str | None
    differing: list[str]

    @property
    def identical(self) -> bool:
        """Return whether the output is bit-identical."""
        return self.recorded == self.made


def rerun(project: Path) -> None:
    """Run all stages of a clone, and print which one is running.

    Raises
    ------
    UserError
        A stage failed; the message has its last lines.
    """
    total, number = len(recorded_stages(project)), 0
    last: deque[str] = deque(maxlen=30)
    command = [sys.executable, "-m", "dvc", "repro", "--force", "--no-run-cache"]
    with subprocess.Popen(
        command,
        cwd=project,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        assert process.stdout
        for line in process.stdout:
            last.append(line.rstrip())
            if found := re.match(r"Running stage '([^']+)'", line):
                number += 1
                say(f"[{number}/{total}] {found[1]}")
    if process.returncode:
        raise UserError("a stage failed in the clone:\n  " + "\n  ".join(last))


def compare_outputs(head: dict[str, Any], stages: dict[str, Any], project: Path) -> list[Output]:
    """Compare the outputs of a clone with those that HEAD records.

    Parameters
    ----------
    head, stages : dict
        The stages of dvc.lock, in HEAD and after the clone's run.
    project : Path
        The clone.

    Returns
    -------
    list of Output
        In the order in which the stages ran.
    """
    before, after = output_hashes(head), output_hashes(stages)
    made = stages_by_output(head) | stages_by_output(stages)
    return [
        Output(
            path,
            made[path],
            before.get(path),
            after.get(path),
            _differing(project, path, before, after),
        )
        for path in sorted(made, key=lambda path: [*head, *stages].index(made[path]))
    ]


def _differing(
    project: Path, path: str, before: dict[str, str], after: dict[str, str]
) -> list[str]:
    """List the files of a folder that differ; empty if this project's cache does not list them."""
    old = {one["relpath"]: one["md5"] for one in listing(before.get(path, ""))}
    if not old or before.get(path) == after.get(path):
        return []
    new = present(project / path)
    return sorted(name for name in old | new if old.get(name) != new.get(name))


def other_inputs(head: dict[str, Any], stages: dict[str, Any], name: str) -> list[str]:
    """List the inputs of a stage of a clone that differ from those that HEAD records for it.

    If there are any, they were committed without a run.

    Parameters
    ----------
    head, stages : dict
        The stages of dvc.lock, in HEAD and after the clone's run.
    name : str
        Name of the stage.

    Returns
    -------
    list of str
    """
    if name not in head or name not in stages:
        return []
    before, after = _inputs(head[name]), _inputs(stages[name])
    return sorted(one for one in before | after if before.get(one) != after.get(one))


def _inputs(stage: dict[str, Any]) -> dict[str, Any]:
    """Map the inputs of a stage to their recorded versions."""
    found = {dep["path"]: dep["md5"] for dep in stage["deps"]}
    for by_value in stage["params"].values():
        found |= by_value or {}
    return found | {"command": stage["cmd"]}


def other_versions(project: Path) -> Iterator[str]:
    """List the installed packages whose version is not the pinned one."""
    from importlib.metadata import PackageNotFoundError, version

    pins = project / "constraints.txt"
    for name, pinned in re.findall(
        r"^([\w.-]+)==([^\s;]+)",
        pins.read_text(encoding="utf-8") if pins.exists() else "",
        re.MULTILINE,
    ):
        try:
            if version(name) != pinned:
                yield f"{name} {version(name)} (pinned: {pinned})"
        except PackageNotFoundError:
            continue
