"""The contents of a bundle beside the fitted objects: signature, lineage and the exported model."""

from __future__ import annotations

import sys
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pedigree.base.code.library import describe_library
from pedigree.base.dvc_files.lock import ancestors, recorded_stages, settings_of, stages_by_output
from pedigree.base.paths import LOADED, MODEL, PARAMS, SCRIPTS, SPLIT
from pedigree.base.settings import as_dict
from pedigree.base.stage import say
from pedigree.base.tables import read_table, sha256
from pedigree.base.tools import instantiate
from pedigree.data.contract_file import read_contract
from pedigree.data.records import LoadMetrics, SnapshotRecord
from pedigree.data.target import EncodedTarget, features
from pedigree.estimators.lineage import Lineage, LineageEnvironment, LineageLibrary, LineageStage
from pedigree.estimators.signature import InputColumn, Signature
from pedigree.estimators.train_metrics import TrainMetrics
from pedigree.packaging.example import make_example
from pedigree.prediction.bundle import Bundle
from pedigree.prediction.own_code import own_files
from pedigree.prediction.predictor import FITTED, PARTS, Predictor
from pedigree.scoring.decision import ChosenThreshold
from pedigree.storage import artifact
from pedigree.storage.audit import own_modules
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
    calibration = TrainMetrics.read().calibration
    lacks = ["calibration" if classes else "intervals"] if calibration else []
    lacks += ["threshold"] if ChosenThreshold.read().value is not None else []
    if lacks:
        say(
            f"{exported['file']} contains only the model, without {' and '.join(lacks)}; use the bundle itself if you need them"
        )
    return exported | {"lacks": lacks}


def make_signature(settings: PackageSettings, export: dict[str, Any] | None) -> Signature:
    """Describe inputs and outputs of the model: columns, types, contract, cleaning steps and classes.

    Parameters
    ----------
    settings : PackageSettings
    export : dict or None
        See `write_export`.
    """
    train = features(read_table(SPLIT / "train"), settings.problem)
    target, types = EncodedTarget.read(), LoadMetrics.read().types
    predictor = Predictor.load(target.classes)
    needed = set(predictor.needed(train))
    signature = Signature(
        target=target,
        task=settings.problem.task,
        calibration=TrainMetrics.read().calibration,
        threshold=ChosenThreshold.read().value,
        inputs={
            name: InputColumn(type=types[name], required=name in needed) for name in map(str, train)
        },
        types=types,
        missing=list(settings.load.missing),
        contract=read_contract(Path(settings.load.contract)),
        clean=as_dict(settings.clean.steps),
        code=own_code(settings),
        export=export,
    )
    bundle = Bundle("", signature, SnapshotRecord.read(), predictor)
    return signature.updated(example=make_example(bundle, read_table(LOADED)))


def own_code(settings: PackageSettings) -> dict[str, str]:
    """Return the SHA-256 of each file of the owner's code that predictions import, by its path."""
    targets = [step.target for step in settings.clean.steps.values()]
    modules = {target.rpartition(".")[0] for target in targets if target.startswith(f"{SCRIPTS}.")}
    for path in FITTED:
        modules |= own_modules(path.read_bytes())
    return own_files(modules)


def make_lineage() -> Lineage:
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
    return Lineage(
        snapshot=SnapshotRecord.read(),
        stages={
            name: LineageStage(
                command=stages[name]["cmd"],
                parameters=settings_of(stages, name),
                inputs={one["path"]: one["md5"] for one in stages[name]["deps"]},
                outputs={one["path"]: one["md5"] for one in stages[name]["outs"]},
            )
            for name in names
        },
        library=LineageLibrary.model_validate(describe_library()),
        environment=LineageEnvironment(
            python=".".join(map(str, sys.version_info[:2])),
            packages={name: version(name) for name in PACKAGES},
            constraints_sha256=sha256(Path("constraints.txt")),
        ),
    )
