"""Whether dvc.yaml declares the project's own code that the settings name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pedigree.base.dvc_files.declared import DeclaredStage
from pedigree.base.dvc_files.lock import lies_in
from pedigree.base.section import keys_of
from pedigree.base.steps import settings_class
from pedigree.config.tools import tools

# Fitted objects, by the section of the settings that names their classes. Opening one requires the code of its classes.
FITTED = {
    "engineer": ("models/engineer.skops",),
    "select": ("models/select.skops",),
    "model": ("models/model.skops",),
    "train": ("models/baseline.skops", "models/calibrator.skops"),
}
BUNDLES = ("models/bundle", "models/champion")  # contain all of them
SHOWS = ("report", "track")  # stages that read the bundle's files without opening fitted objects


def undeclared(data: Mapping[str, Any], stages: Mapping[str, DeclaredStage]) -> Iterator[str]:
    """Find code of the project that a stage would run without listing it as a dependency.

    After an edit of that code, DVC would report the stage as up to date.

    Parameters
    ----------
    data : mapping
        All settings.
    stages : mapping
        The stages of ``dvc.yaml``.

    Yields
    ------
    str
        A sentence with the line to add, for each pair of file and stage.
    """
    reported = set()
    for place, tool in tools(dict(data)):
        file = source_file(tool["_target_"])
        for stage in users(place, stages) if file else ():
            known = any(lies_in(str(file), dep) for dep in stages[stage].deps)
            if not known and (file, stage) not in reported:
                reported.add((file, stage))
                yield (
                    f"{place}._target_: stage '{stage}' runs {file} but does not depend on it; add "
                    f"`- {file}` to stages.{stage}.deps in dvc.yaml."
                )


def source_file(target: str) -> str | None:
    """Return the path of the module that contains a dotted name, or None if it is not in the project."""
    path = Path(*target.split(".")[:-1])
    for file in (path.with_suffix(".py"), path / "__init__.py"):
        if file.is_file():
            return file.as_posix()
    return None


def seen(name: str, stage: DeclaredStage) -> list[str]:
    """List the keys of params.yaml that a stage of ``dvc.yaml`` can read."""
    return [*(keys_of(settings_class(name))), *stage.params]


def users(place: str, stages: Mapping[str, DeclaredStage]) -> Iterator[str]:
    """Yield the names of stages that can read a place in the settings, or open what was fitted with it."""
    opened = FITTED.get(place.split(".")[0])
    for name, stage in stages.items():
        sees = any(place == key or place.startswith(f"{key}.") for key in seen(name, stage))
        bundles = () if name in SHOWS else BUNDLES
        opens = opened is not None and any(one in stage.deps for one in (*opened, *bundles))
        if sees or opens:
            yield name
