"""Same inputs, same bytes: in another folder, time zone, with another hash seed."""

import os
import subprocess
from pathlib import Path

import pytest
import yaml
from conftest import command_line, finish, succeed

pytestmark = pytest.mark.slow


def outputs(project: Path) -> dict[str, str]:
    """Return the MD5 of every output in dvc.lock."""
    stages = yaml.safe_load((project / "dvc.lock").read_text())["stages"]
    return {out["path"]: out["md5"] for stage in stages.values() for out in stage["outs"]}


def test_two_runs_give_the_same_md5_for_every_output(tmp_path: Path) -> None:
    surroundings = {
        "here": {"PYTHONHASHSEED": "1", "TZ": "Pacific/Kiritimati"},
        "some where/else": {
            "PYTHONHASHSEED": "4294967295",
            "TZ": "America/St_Johns",
            "LC_ALL": "C",
        },
    }
    projects, runs = [], []
    for place, variables in surroundings.items():
        folder = tmp_path / place
        folder.mkdir(parents=True)
        shown = succeed(*command_line(folder, project="p", setup="no"), cwd=folder)
        projects.append(finish(folder / "p", shown))
        # At the same time, so that the two compete for the processors in different ways.
        runs.append(
            subprocess.Popen(
                ["dvc", "repro"],
                cwd=projects[-1],
                env={**os.environ, **variables},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        )
    for process in runs:
        printed, _ = process.communicate()
        assert process.returncode == 0, printed
    first, second = map(outputs, projects)
    assert len(first) > 25
    assert {path: md5 for path, md5 in first.items() if second[path] != md5} == {}
