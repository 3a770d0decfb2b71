"""The contents of a bundle beside the fitted objects: signature, lineage and the exported model."""

from __future__ import annotations

import sys
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pedigree.base.library import describe_library
from pedigree.base.lock import ancestors, recorded_stages, settings_of, stages_by_output
from pedigree.base.paths import LOADED, METRICS, MODEL, PARAMS, RAW, SPLIT, THRESHOLD
from pedigree.base.settings import as_dict
from pedigree.base.stage import say
from pedigree.base.tables import read_json, read_table, sha256
from pedigree.base.tools import instantiate
from pedigree.data.loading import read_contract
from pedigree.data.target import features
from pedigree.estimators import artifact
from pedigree.prediction.predictor import PARTS, Predictor
from pedigree.training.inputs import read_subset

if TYPE_CHECKING:
    from pedigree.packaging.settings import PackageSettings

# Packages that affect the results; the rest of the environment is in constraints.txt.
PACKAGES = (
    "catboost",
    "narwhals",
    "numpy",
    "pandas",
    "pandera",
    "pyarrow",
    "scikit-learn",
    "scipy",
    "skops",
)


def write_export(settings: PackageSettings, folder: Path) -> dict[str, Any] | None:
    """Write the additional model file of ``conf/package/export``; return its entry in the signature, or None."""
    if settings.package.export.target is None:
        return None
    X, _, classes = read_subset("validation")
    exported: dict[str, Any] = instantiate(
        settings.package.export, artifact.load_model(MODEL), folder, X
    )
    calibration = read_json(METRICS / "train.json")["calibration"]
    lacks = ["calibration" if classes else "intervals"] if calibration else []
    lacks += ["threshold"] if read_json(THRESHOLD)["value"] is not None else []
    if lacks:
        say(
            f"{exported['file']} contains only the model, without {' and '.join(lacks)}; use the bundle itself if you need them"
        )
    return exported | {"lacks": lacks}


def make_signature(settings: PackageSettings) -> dict[str, Any]:
    """Describe inputs and outputs of the model: columns, types, contract, cleaning steps and classes."""
    train = features(read_table(SPLIT / "train"), settings.problem)
    target = read_json(SPLIT / "target.json")
    types = read_json(METRICS / "load.json")["types"]
    needed = set(Predictor.load(None, target["classes"]).needed(train))
    contract = read_contract(Path(settings.load.contract))
    return {
        "target": target,
        "task": settings.problem.task,
        "calibration": read_json(METRICS / "train.json")["calibration"],
        "threshold": read_json(THRESHOLD)["value"],
        "inputs": {name: {"type": types[name], "required": name in needed} for name in train},
        # Every column of the raw data may be sent; those that are not in `inputs` are ignored.
        "types": types,
        "missing": list(settings.load.missing),
        "contract": contract,
        "clean": as_dict(settings.clean.steps),
    }


def make_lineage() -> dict[str, Any]:
    """Return what the bundle was made from: snapshot, stages (settings, MD5 of each file), packages.

    The stages are those that `package` depends on, as dvc.lock records them. The Git commit is
    not included, since it is made after the bundle; `python -m pedigree trace` finds it.
    """
    stages = recorded_stages()
    made = stages_by_output(stages)
    starts = [made.get(path.as_posix()) for path in (*PARTS, SPLIT, LOADED)]
    # Each stage is recorded with its settings. The inputs of `configure` (all of conf/ and of the
    # code) are omitted: they are not dependencies of this stage, so that an edit of them would not be recorded here.
    names = [
        name
        for name in ancestors(stages, filter(None, starts))
        if name != made.get(PARAMS.as_posix())
    ]
    return {
        "snapshot": read_json(RAW / "snapshot.json"),
        "stages": {
            name: {
                "command": stages[name]["cmd"],
                "parameters": settings_of(stages, name),
                "inputs": {one["path"]: one["md5"] for one in stages[name]["deps"]},
                "outputs": {one["path"]: one["md5"] for one in stages[name]["outs"]},
            }
            for name in names
        },
        "library": describe_library(),
        "environment": {
            "python": ".".join(map(str, sys.version_info[:2])),
            "packages": {name: version(name) for name in PACKAGES},
            "constraints_sha256": sha256(Path("constraints.txt")),
        },
    }
