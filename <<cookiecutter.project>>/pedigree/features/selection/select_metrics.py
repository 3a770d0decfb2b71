"""What metrics/select.json says of the selected features."""

from __future__ import annotations

from typing import Any

from pedigree.base.json_file import JsonFile
from pedigree.base.paths import METRICS


class SelectMetrics(JsonFile):
    """The features that stay, those that go with the reason, and how stable the choice is over folds."""

    place = METRICS / "select.json"
    stage = "select"

    kept: list[str]
    dropped: dict[str, str]
    stability: dict[str, Any] | None
