"""Fitted objects as files: skops instead of pickle, and the same bytes for the same object.

A pickle runs whatever code it was made to run when it is opened; a skops file only builds objects
of types that are allowed here (skops: "Secure persistence with skops").
"""

from __future__ import annotations

import io
import re
import zipfile
from importlib import import_module
from pathlib import Path
from typing import Any

import sklearn.utils

from pedigree.base.logs import LOGGER
from pedigree.base.names import UserError
from pedigree.base.tables import replacing

# Types beyond those that skops trusts itself, by the package that defines them.
TRUSTED_PACKAGES = (
    "pedigree",
    "pipeline",
    "sklearn",
    "catboost",
    "xgboost",
    "lightgbm",
    "interpret",
    "numpy",
    "pandas",
)
# And of Python's own. Each holds others, which are looked at by themselves: LightGBM keeps its scores
# in the first two, scikit-learn's boosting what it watches for early stopping in the last.
TRUSTED_TYPES = ("collections.OrderedDict", "collections.defaultdict", "functools.partial")

_ID = re.compile(r'(?<="__id__": )\d+')
_FILE = re.compile(r'(?<=")[\w-]+(?=\.(?:npy|npz|bin)")')
# zip's earliest date: an archive that says when it was made could not be reproduced.
_EPOCH = (1980, 1, 1, 0, 0, 0)


def save_model(model: Any, path: Path) -> None:
    """Write a fitted object; equal objects give equal bytes.

    Examples
    --------
    >>> from pedigree import load_model, paths, save_model
    >>> from sklearn.linear_model import LinearRegression
    >>> save_model(LinearRegression().fit([[0], [1]], [1, 3]), paths.REPORTS / "mine.skops")
    >>> load_model(paths.REPORTS / "mine.skops").predict([[2]]).round(6)
    array([5.])
    """
    _drop_catboost_stamps(model)
    content = _normalise(_skops().dumps(model))
    with replacing(path) as new:
        new.write_bytes(content)


def load_model(path: Path) -> Any:
    """Read a fitted object that `save` wrote.

    Raises
    ------
    UserError
        The file is missing, or holds a type of a package that is not trusted.

    Examples
    --------
    >>> from pedigree import load_model, paths
    >>> list(load_model(paths.MODEL).named_steps)
    ['encode', 'estimator']
    """
    if not path.exists():
        raise UserError(f"{path} is not there; run `dvc repro` (or `dvc checkout`) to make it.")
    LOGGER.debug("read %s", path)
    skops = _skops()
    types = skops.get_untrusted_types(file=path)
    foreign = [
        name
        for name in types
        if name.split(".")[0] not in TRUSTED_PACKAGES and name not in TRUSTED_TYPES
    ]
    if foreign:
        raise UserError(
            f"{path} holds {', '.join(foreign)}; add its package to TRUSTED_PACKAGES in "
            "pedigree/estimators/artifact.py if you trust it."
        )
    return skops.load(path, trusted=types)


def _skops() -> Any:
    """Import skops.io without its list of scikit-learn's estimators, which `load` trusts by their package.

    To make that list it imports all of scikit-learn, and PyTorch where it is installed: half a second, or
    two, in each of a dozen stages. Who calls skops beside this module has to name scikit-learn's types to it.
    """
    listing = sklearn.utils.all_estimators
    sklearn.utils.all_estimators = lambda: []
    try:
        return import_module("skops.io")
    finally:
        sklearn.utils.all_estimators = listing


def _normalise(archive: bytes) -> bytes:
    """Renumber what skops names by memory address or at random, and drop the time stamps."""
    with zipfile.ZipFile(io.BytesIO(archive)) as source:
        schema = source.read("schema.json").decode()
        ids: dict[str, str] = {}
        schema = _ID.sub(lambda match: ids.setdefault(match[0], str(len(ids))), schema)
        files: dict[str, str] = {}
        schema = _FILE.sub(lambda match: files.setdefault(match[0], f"f{len(files)}"), schema)
        target = io.BytesIO()
        with zipfile.ZipFile(target, "w") as out:
            out.writestr(zipfile.ZipInfo("schema.json", _EPOCH), schema)
            for old, new in files.items():
                (name,) = (n for n in source.namelist() if n.rpartition(".")[0] == old)
                info = zipfile.ZipInfo(f"{new}.{name.rpartition('.')[2]}", _EPOCH)
                out.writestr(info, source.read(name))
    return target.getvalue()


def _drop_catboost_stamps(value: Any) -> None:
    """Blank the random id and the time that CatBoost writes into every model, wherever one stands."""
    if type(value).__module__.startswith("catboost"):
        if value.is_fitted():
            metadata = value.get_metadata()
            for key in list(metadata):  # a sum of models has those of each, too: model0:model_guid
                if key.rpartition(":")[2] in ("model_guid", "train_finish_time"):
                    metadata[key] = ""
    elif isinstance(value, dict):
        for one in value.values():
            _drop_catboost_stamps(one)
    elif isinstance(value, list | tuple):
        for one in value:
            _drop_catboost_stamps(one)
    elif hasattr(value, "get_params"):  # a pipeline, an ensemble, a selector
        _drop_catboost_stamps(vars(value))
