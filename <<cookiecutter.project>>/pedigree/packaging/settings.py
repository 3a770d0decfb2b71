"""Settings of `package`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import Field

from pedigree.base.problem import Columns, Task
from pedigree.base.section import Excerpt, Number, OptionalTool, Section
from pedigree.cleaning.settings import Clean
from pedigree.data.settings import Load


class Package(Section):
    """conf/package/."""

    export: OptionalTool
    max_megabytes: Number = Field(gt=0)


class PackageProblem(Columns):
    """The part of the problem that `package` reads."""

    goal: str
    task: Task


class PackageSettings(Excerpt):
    """All settings that `package` reads."""

    package: Package
    clean: Clean
    load: Load
    problem: PackageProblem

    def mistakes(self, settings: Any) -> Iterator[str]:
        """Find a model that cannot be exported in the chosen format."""
        from pedigree.packaging.export import NATIVE, lacks_format

        model, form = settings.model, self.package.export.target
        if model.estimator is None:
            return  # the leaderboard's winner is not known yet
        package = model.estimator.target.split(".")[0]
        if form == "pedigree.packaging.export.native" and package not in NATIVE:
            yield lacks_format(package)
        if form == "pedigree.packaging.onnx.export" and "Native" in model.encoder.target:
            yield (
                "package.export: ONNX does not support native categories; add model/encoder=one_hot "
                "(or ordinal, target)."
            )
