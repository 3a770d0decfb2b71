"""Which folders may be replaced: outputs of stages, and what only the library can have written."""

from __future__ import annotations

import re
from pathlib import Path

from pedigree.base.dvc_files.declared import is_output
from pedigree.base.names import UserError, first_of
from pedigree.base.paths import MANIFEST

PART = re.compile(r"part-\d{5,}\.parquet")  # see `write_table`
SHOWN = 3  # foreign files that a message names


def refuse_foreign(path: Path) -> None:
    """Raise an error if replacing a path by a folder would remove what neither a stage nor the library wrote.

    Raises
    ------
    UserError
        The path is a file, or a folder that is no output of dvc.yaml, no bundle and no table.
    """
    if path.is_file():
        raise UserError(
            f"{path} is a file; move it away, since a folder of this name is to be written."
        )
    names = sorted(one.name for one in path.iterdir()) if path.is_dir() else []
    foreign = [name for name in names if not PART.fullmatch(name)]
    if foreign and MANIFEST not in names and not is_output(path):
        raise UserError(
            f"{path} contains files that no stage wrote ({first_of(foreign, SHOWN)}), and is not replaced; move "
            "them away, or list the folder under `outs` of a stage in dvc.yaml."
        )
