"""Write a bundle, file by file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pedigree.base.files.replacing import copy_whole, write_text
from pedigree.base.names import UserError
from pedigree.base.tables import write_json
from pedigree.environment.sbom import FILE, bill_of_materials
from pedigree.estimators.lineage import Lineage
from pedigree.estimators.signature import Signature
from pedigree.packaging.card import card
from pedigree.packaging.parts import make_lineage, make_signature, write_export
from pedigree.prediction.bundle import Bundle
from pedigree.prediction.predictor import PARTS
from pedigree.prediction.sealed import seal

if TYPE_CHECKING:
    from pedigree.packaging.settings import PackageSettings


@dataclass
class BundleWriter:
    """Writes the files of a bundle into a folder, and seals it.

    Parameters
    ----------
    folder : Path
        An existing empty folder.
    settings : PackageSettings
        Settings of the step.

    Examples
    --------
    >>> from pathlib import Path
    >>> from pedigree import BundleWriter
    >>> from pedigree.settings import read_settings
    >>> Path("mine").mkdir()
    >>> writer = BundleWriter(Path("mine"), read_settings("package"))
    >>> writer.copy_parts()
    >>> sorted(path.suffix for path in Path("mine").iterdir())
    ['.json', '.skops', '.skops', '.skops', '.skops']
    """

    folder: Path
    settings: PackageSettings

    def copy_parts(self) -> None:
        """Copy every file that predictions require."""
        for path in PARTS:
            copy_whole(path, self.folder / path.name)

    def write_signature(self) -> None:
        """Write the model's inputs and outputs, and the file of `package.export`."""
        export = write_export(self.settings, self.folder)
        make_signature(self.settings, export).write(self.folder / Signature.place.name)

    def write_lineage(self) -> None:
        """Write the snapshot, settings, code and packages that the model was made from."""
        make_lineage().write(self.folder / Lineage.place.name)

    def write_sbom(self) -> None:
        """Write the packages that the bundle runs with, as CycloneDX."""
        parts = [self.folder / path.name for path in PARTS if path.suffix == ".skops"]
        write_json(bill_of_materials(parts), self.folder / FILE)

    def write_card(self) -> None:
        """Write the model card, README.md."""
        signature = Signature.read(self.folder / Signature.place.name)
        lineage = Lineage.read(self.folder / Lineage.place.name)
        text = card(self.settings, signature, lineage)
        write_text(text, self.folder / "README.md")

    @property
    def megabytes(self) -> float:
        """Size of all files."""
        return sum(path.stat().st_size for path in self.folder.iterdir()) / 1e6

    def seal(self) -> Bundle:
        """Write the manifest, which identifies the bundle, and load the bundle as a server would.

        Raises
        ------
        UserError
            The bundle is larger than `package.max_megabytes`.
        """
        seal(self.folder)
        limit = self.settings.package.max_megabytes
        if self.megabytes > limit:
            raise UserError(
                f"the bundle has {self.megabytes:.0f} MB, but package.max_megabytes allows {limit}; "
                "choose a smaller model, or raise the limit."
            )
        return Bundle.load(self.folder)
