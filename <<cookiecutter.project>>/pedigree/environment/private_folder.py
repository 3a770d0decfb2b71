"""Set what DVC needs on this machine only: a folder of yours, which nobody else can open, for the index of its cache.

DVC keeps that index with diskcache, which unpickles what it reads (CVE-2025-69872, without a fixed release), by default
in a folder that every user of the machine can write to, such as /var/tmp/dvc: another user could run code as you. `make setup`
runs this command, once per clone; .dvc/config.local names the folder. The environment variable DVC_SITE_CACHE_DIR, if it is
set, takes precedence.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from pedigree.base.command import parser, plain_errors
from pedigree.base.names import UserError


@plain_errors("prepare")
def main(arguments: Sequence[str] | None = None) -> None:
    """Make the folder, and name it in .dvc/config.local."""
    parser("prepare", __doc__).parse_args(arguments)
    from dvc.config import Config, ConfigError
    from platformdirs import user_cache_path

    folder = make_private(user_cache_path("pedigree", appauthor=False) / "dvc")
    try:
        config = Config.from_cwd()
        if config.dvc_dir is None:
            raise UserError("there is no .dvc/ here; run this in the project's folder.")
        with config.edit("local") as settings:
            settings["core"]["site_cache_dir"] = str(folder)
    except ConfigError as error:
        raise UserError(
            f"DVC's settings cannot be read ({error}); fix .dvc/config or .dvc/config.local."
        ) from None
    print(f"DVC keeps its index in {folder}")


def make_private(folder: Path) -> Path:
    """Make a folder that only its owner can open, and return its absolute path.

    Raises
    ------
    UserError
        The folder cannot be made, or belongs to somebody else.
    """
    folder = folder.absolute()
    hint = "set XDG_CACHE_HOME to a folder of yours"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if os.name != "nt" and folder.stat().st_uid != os.getuid():
            raise UserError(f"{folder} belongs to another user; {hint}.")
        folder.chmod(0o700)
    except OSError as error:
        raise UserError(f"{folder} cannot be made ({error.strerror}); {hint}.") from None
    return folder
