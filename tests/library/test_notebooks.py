"""The notebook reads features, model and predictions through the public interface, from any folder."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from library.projects import ROOT, Project

NOTEBOOK = ROOT / "notebooks/explore.ipynb"


def code() -> str:
    """Return all code cells as one script."""
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    return "\n\n".join("".join(one["source"]) for one in cells if one["cell_type"] == "code")


@pytest.mark.parametrize("task", ["binary", "regression"])
@pytest.mark.parametrize("folder", [".", "notebooks", "data/split"])
def test_it_runs_from_any_folder(copy_of, task: str, folder: str) -> None:
    project: Project = copy_of(task)
    Path("pedigree").symlink_to(ROOT / "pedigree")
    Path("notebooks").mkdir(exist_ok=True)
    script = f"{code()}\n\nprint(len(X), len(predictions), model[-1])\n"
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=project.folder / folder,
        env={"MPLBACKEND": "agg", "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    rows, predicted, *_ = done.stdout.split()
    assert rows == predicted


def test_it_holds_no_outputs() -> None:
    """Outputs are data; they belong to DVC's files and not into Git."""
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    assert not [one for one in cells if one.get("outputs") or one.get("execution_count")]
