"""Additional model files: the library's own format, or a pickle.

An export is called with the fitted pipeline, a folder to write to, and the features of the validation set. It
returns its entry in the signature: the file, its inputs and its outputs.
"""

from __future__ import annotations

import pickle as library
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pedigree.base.files.replacing import replacing, write_bytes
from pedigree.base.names import UserError
from pedigree.base.stage import say
from pedigree.estimators.predicting import plain

if TYPE_CHECKING:
    import pandas as pd
    from sklearn.pipeline import Pipeline

# Name of the file of each library that has its own format.
NATIVE = {"catboost": "model.cbm", "lightgbm": "model.txt", "xgboost": "model.ubj"}


def native(model: Pipeline, folder: Path, X: pd.DataFrame) -> dict[str, Any]:
    """Write the estimator in its library's own format.

    Parameters
    ----------
    model : Pipeline
        Encoder and estimator, fitted.
    folder : Path
        The folder to write to.
    X : DataFrame of shape (n, p)
        Features of the validation set.

    Returns
    -------
    dict
        Entry of the signature.

    Raises
    ------
    UserError
        The library has no such format.
    """
    estimator = model["estimator"]
    package = type(estimator).__module__.split(".")[0]
    if package not in NATIVE:
        raise UserError(lacks_format(package))
    path = folder / NATIVE[package]
    # LightGBM's scikit-learn classes have no method to save; their booster does.
    with replacing(path) as new:
        getattr(estimator, "booster_", estimator).save_model(str(new))
    return {
        "file": path.name,
        "takes": list(model["encode"].transform(plain(X.head(1))).columns),
        "gives": f"as {package} does",
    }


def lacks_format(package: str) -> str:
    """Return the error message for a library without its own file format."""
    return f"package.export: {package} has no file format of its own; choose package/export=onnx, or a model of {', '.join(NATIVE)}."


def pickle(model: Pipeline, folder: Path, X: pd.DataFrame) -> dict[str, Any]:
    """Write encoder and estimator as a pickle, with a warning.

    Parameters
    ----------
    model : Pipeline
        Encoder and estimator, fitted.
    folder : Path
        The folder to write to.
    X : DataFrame of shape (n, p)
        Features of the validation set.

    Returns
    -------
    dict
        Entry of the signature.
    """
    path = folder / "model.pkl"
    write_bytes(library.dumps(model, protocol=5), path)
    say(
        f"WARNING: {path.name} runs code when it is opened. Compare its SHA-256 with sha256.json before, and never "
        "open a pickle from an unknown source."
    )
    return {"file": path.name, "takes": list(X.columns), "gives": "as scikit-learn's Pipeline does"}
