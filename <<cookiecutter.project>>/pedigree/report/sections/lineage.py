"""The lineage of the bundle: the chain of outputs from the bundle to the snapshot."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from pedigree.report.outputs import RunOutputs
from pedigree.report.page.rendering import PagePart


@dataclass(frozen=True, kw_only=True)
class LineageSection(PagePart):
    """The section on the lineage of the bundle.

    Parameters
    ----------
    bundle : str
        SHA-256 of the bundle's manifest; empty without a bundle.
    chain : list of (stage, output, MD5)
        The outputs from which the bundle was made, the last first.
    packages : list of (package, version)
    edited : int
        Number of files of the library that differ from its version.
    constraints : str
        SHA-256 of constraints.txt.
    """

    bundle: str
    chain: list[tuple[str, str, str]]
    packages: list[tuple[str, str]]
    edited: int
    constraints: str
    template: str = "pedigree/report/sections/lineage.html.j2"


def lineage(outputs: RunOutputs) -> LineageSection:
    """Return the section on the lineage of the bundle."""
    manifest = outputs.read("models/bundle/sha256.json")
    found = outputs.lineage
    environment, library = found.environment, found.library
    return LineageSection(
        bundle=hashlib.sha256(manifest).hexdigest() if manifest else "",
        chain=[
            (name, path, md5)
            for name, stage in reversed(found.stages.items())
            for path, md5 in stage.outputs.items()
        ],
        packages=[
            ("Python", environment.python),
            ("pedigree", library.version),
            *environment.packages.items(),
        ],
        edited=len(library.changed),
        constraints=environment.constraints_sha256,
    )
