"""Further forms of the model beside the bundle's own: the library's file, a pickle.

An export gets the fitted pipeline, a folder to write into, and the validation rows' features. It
returns what the signature says of it: the file and what it takes and gives.
"""

from __future__ import annotations

import pickle as library
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pedigree.base.names import UserError
from pedigree.base.stage import say
from pedigree.estimators.predicting import plain

if TYPE_CHECKING:
    import pandas as pd
    from sklearn.pipeline import Pipeline

# The file and the method of each library that has a format of its own.
NATIVE = {"catboost": "model.cbm", "lightgbm": "model.txt", "xgboost": "model.ubj"}


def native(model: Pipeline, folder: Path, X: pd.DataFrame) -> dict[str, Any]:
    """Write the estimator in its library's own format.

    Raises
    ------
    UserError
        The library has none.
    """
    estimator = model["estimator"]
    package = type(estimator).__module__.split(".")[0]
    if package not in NATIVE:
        raise UserError(lacks_format(package))
    path = folder / NATIVE[package]
    # LightGBM's scikit-learn classes leave saving to the booster that they hold.
    getattr(estimator, "booster_", estimator).save_model(str(path))
    return {
        "file": path.name,
        "takes": list(model["encode"].transform(plain(X.head(1))).columns),
        "gives": f"as {package} does",
    }


def lacks_format(package: str) -> str:
    """Say that a library's models have no file of their own."""
    return f"package.export: {package} has no file format of its own; choose package/export=onnx, or a model of {', '.join(NATIVE)}."


def pickle(model: Pipeline, folder: Path, X: pd.DataFrame) -> dict[str, Any]:
    """Write encoder and estimator as a pickle, and warn of it."""
    path = folder / "model.pkl"
    path.write_bytes(library.dumps(model, protocol=5))
    say(
        f"WARNING: {path.name} runs code when it is opened. Check its SHA-256 against sha256.json before, and never "
        "open one of another origin."
    )
    return {"file": path.name, "takes": list(X.columns), "gives": "as scikit-learn's Pipeline does"}
