"""Adding a file or folder that no stage writes to DVC."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from pedigree.base.dvc_files.rwlock import damage


def dvc_add(path: Path) -> str:
    """Run ``dvc add``; return an empty string, or what remains to be done and why.

    The files are in place already, so that a failure, such as a missing Git repository, is no reason to stop.
    """
    command = [sys.executable, "-m", "dvc", "add", str(path)]
    added = subprocess.run(command, capture_output=True, text=True, check=False)
    if not added.returncode:
        return ""
    errors = [line for line in added.stderr.splitlines() if line.startswith("ERROR: ")]
    why = " ".join(errors).removeprefix("ERROR: ") or f"exit code {added.returncode}"
    first = f"{problem}, then " if (problem := damage()) else ""
    return f"{path} is not in DVC yet ({why}); {first}run `dvc add {path}`."
