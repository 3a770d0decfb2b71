"""The owner's code that a bundle uses: recorded when it is packed, and compared before a module of it is imported."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from pathlib import Path

from pedigree.base.code.imports import reached
from pedigree.base.names import UserError
from pedigree.base.paths import CUSTOM, SCRIPTS
from pedigree.base.tables import sha256


def own_files(modules: Iterable[str]) -> dict[str, str]:
    """Return the SHA-256 of each file of the owner that modules consist of and import, by its path."""
    here = Path.cwd()
    files = {one for one in reached(modules)[0].values() if one.is_relative_to(here / SCRIPTS)}
    return {one.relative_to(here).as_posix(): sha256(one) for one in sorted(files)}


class OwnCode(Container[str]):
    """The modules of the owner that a bundle may name: those with the code with which it was made.

    Parameters
    ----------
    folder : Path
        The bundle, for messages.
    recorded : mapping of str to str
        SHA-256 of each file, by its path.
    """

    def __init__(self, folder: Path, recorded: Mapping[str, str]) -> None:
        self.folder, self.recorded = folder, recorded

    def __contains__(self, module: object) -> bool:
        """Return whether a module may be imported.

        Raises
        ------
        UserError
            A file of it is not the one that was recorded.
        """
        files = own_files([str(module)])
        for name, digest in files.items():
            if self.recorded.get(name) != digest:
                raise UserError(
                    f"{name} is not the file with which the bundle {self.folder} was made; check out its commit (see "
                    f"`python -m pedigree trace {self.folder}`), or package the model again. New code can go into "
                    f"another file of {CUSTOM}/."
                )
        return bool(files)
