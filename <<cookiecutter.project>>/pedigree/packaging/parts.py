"""What a bundle holds beside the fitted objects: signature, lineage and the exported model."""

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

# What made the numbers; the rest of the environment is in constraints.txt.
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
    """Write the further form of the model that ``conf/package/export`` asks for; say what it takes."""
    if settings.package.export.target is None:
        return None
    X, _, classes = read_subset("validation")
    said: dict[str, Any] = instantiate(
        settings.package.export, artifact.load_model(MODEL), folder, X
    )
    calibration = read_json(METRICS / "train.json")["calibration"]
    lacks = ["calibration" if classes else "intervals"] if calibration else []
    lacks += ["threshold"] if read_json(THRESHOLD)["value"] is not None else []
    if lacks:
        say(
            f"{said['file']} is the model alone, without {' and '.join(lacks)}, which the bundle's own form adds"
        )
    return said | {"lacks": lacks}


def make_signature(settings: PackageSettings) -> dict[str, Any]:
    """Describe what the model takes and gives: columns, types, contract, cleaning steps and classes."""
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
        # Every column that training knew may be sent; the ones outside of `inputs` are not looked at.
        "types": types,
        "missing": list(settings.load.missing),
        "contract": contract,
        "clean": as_dict(settings.clean.steps),
    }


def make_lineage() -> dict[str, Any]:
    """Collect what the bundle was made from: snapshot, stages (settings, MD5 of each file), packages.

    The stages are those that `package` descends from, as dvc.lock records them; the Git commit is
    not among them, since it is made after the bundle: `python -m pedigree trace` finds it.
    """
    stages = recorded_stages()
    made = stages_by_output(stages)
    starts = [made.get(path.as_posix()) for path in (*PARTS, SPLIT, LOADED)]
    # Each stage's settings are told with it. What `configure` read besides (all of conf/ and of the
    # code) is no dependency of this stage: an edit there would be missing here.
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
