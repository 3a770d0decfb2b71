"""What a bundle's lineage.json says of its origin."""

from __future__ import annotations

from typing import Any

from pedigree.base.json_file import Entry, JsonFile
from pedigree.base.paths import BUNDLE
from pedigree.data.records import SnapshotRecord


class LineageStage(Entry):
    """How a stage ran: its command and settings, and the MD5 of each file that it read and wrote."""

    command: Any
    parameters: dict[str, Any] | None
    inputs: dict[str, str]
    outputs: dict[str, str]


class LineageLibrary(Entry):
    """The version of the library, and the files in which it differs from that version."""

    version: str
    changed: list[str]


class LineageEnvironment(Entry):
    """The versions of Python and of the packages that made the numbers."""

    python: str
    packages: dict[str, str]
    constraints_sha256: str


class Lineage(JsonFile):
    """What a bundle was made from."""

    place = BUNDLE / "lineage.json"
    stage = "package"

    snapshot: SnapshotRecord
    stages: dict[str, LineageStage]
    library: LineageLibrary
    environment: LineageEnvironment
