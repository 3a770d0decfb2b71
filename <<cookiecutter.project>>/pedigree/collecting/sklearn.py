"""Source: the data sets and generators of `sklearn.datasets`."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pedigree.base.names import UserError, did_you_mean
from pedigree.collecting.parts import write_parts

if TYPE_CHECKING:
    import pandas as pd

KINDS = ("load_", "fetch_", "make_")
# Loaders that do not return a table of rows, and what they return.
NO_TABLE = {
    "fetch_20newsgroups": "whole texts",
    "fetch_20newsgroups_vectorized": "a sparse matrix of words",
    "fetch_lfw_pairs": "pictures",
    "fetch_lfw_people": "pictures",
    "fetch_olivetti_faces": "pictures",
    "fetch_rcv1": "a sparse matrix of words",
    "fetch_species_distributions": "maps",
    "load_files": "whole texts",
    "load_sample_image": "a picture",
    "load_sample_images": "pictures",
    "make_biclusters": "a matrix without a target",
    "make_checkerboard": "a matrix without a target",
    "make_low_rank_matrix": "a matrix without a target",
    "make_sparse_coded_signal": "three matrices",
    "make_sparse_spd_matrix": "a matrix without a target",
    "make_spd_matrix": "a matrix without a target",
}
ELSEWHERE = {
    "fetch_file": "use collect=file for a file at an address",
    "fetch_openml": "use collect=openml",
    "load_svmlight_file": "convert the file to one of the kinds that collect=file reads",
    "load_svmlight_files": "convert the files to one of the kinds that collect=file reads",
}
# Arguments that this source sets itself, or that change the type of the result.
RESERVED = ("as_frame", "coef", "data_home", "return_X_y", "return_centers", "return_distributions")


def collect(
    folder: Path, loader: str, arguments: Mapping[str, Any] | None = None, seed: int | None = None
) -> dict[str, Any]:
    """Load, download or generate a data set and write it as Parquet.

    Parameters
    ----------
    folder : Path
        Folder of the snapshot.
    loader : str
        A function of `sklearn.datasets` whose name begins with load_, fetch_ or make_.
    arguments : mapping, optional
        Its arguments.
    seed : int, optional
        `random_state` of a random generator, unless it is among the arguments.

    Returns
    -------
    dict
        Description of the data set.

    Raises
    ------
    UserError
        The loader does not exist, does not return a table, rejects the arguments, or cannot download.
    """
    function = _find(loader)
    given = _complete(function, loader, dict(arguments or {}), seed)
    known = inspect.signature(function).parameters
    as_frame = {"as_frame": True} if "as_frame" in known else {}
    try:
        found = function(**given, **as_frame)
    except OSError as error:
        raise UserError(
            f"collect.loader: {loader} cannot download its data: {error}. Check the network; "
            "the last snapshot is kept."
        ) from None
    except (TypeError, ValueError) as error:  # scikit-learn's message has the name of the argument
        raise UserError(f"collect.arguments: {loader} rejects them: {error}") from None
    frame = _from_bunch(found, loader) if isinstance(found, dict) else _from_arrays(found, loader)
    _write(frame, folder)
    return {
        "kind": "sklearn",
        "what": _title(found, loader),
        "loader": loader,
        "arguments": given,
    }


def _find(loader: str) -> Callable[..., Any]:
    """Return the function of that name."""
    from sklearn import datasets

    if loader in ELSEWHERE:
        raise UserError(f"collect.loader: {loader} is not supported; {ELSEWHERE[loader]}.")
    if loader in NO_TABLE:
        raise UserError(
            f"collect.loader: {loader} returns {NO_TABLE[loader]}, not a table of rows with a target; "
            f"use one of {', '.join(_loaders())}."
        )
    if loader not in _loaders():
        raise UserError(
            f"collect.loader: sklearn.datasets has no '{loader}'; {did_you_mean(loader, _loaders())}"
        )
    found: Callable[..., Any] = getattr(datasets, loader)
    return found


def _loaders() -> list[str]:
    """List the functions of `sklearn.datasets` that return tables."""
    from sklearn import datasets

    refused = {*NO_TABLE, *ELSEWHERE}
    return [name for name in datasets.__all__ if name.startswith(KINDS) and name not in refused]


def _complete(
    function: Callable[..., Any], loader: str, given: dict[str, Any], seed: int | None
) -> dict[str, Any]:
    """Validate the names of arguments and add the seed of a random generator."""
    known = set(inspect.signature(function).parameters)
    for name in given:
        if name in RESERVED and name in known:
            raise UserError(f"collect.arguments: '{name}' is set by this source; remove it.")
        if name not in known:
            hint = did_you_mean(name, known - set(RESERVED))
            raise UserError(f"collect.arguments: {loader} has no argument '{name}'; {hint}")
    if "random_state" in known and given.get("random_state") is None:
        if seed is None:
            raise UserError(
                f"collect.seed is not set, but {loader} is random; set a seed so that snapshots are "
                "reproducible."
            )
        given["random_state"] = seed
    return given


def _from_bunch(bunch: Mapping[str, Any], loader: str) -> pd.DataFrame:
    """Return the rows of a data set, with class names instead of class codes."""
    import pandas as pd

    frame = bunch.get("frame")
    if not isinstance(frame, pd.DataFrame):
        raise UserError(
            f"collect.loader: {loader} does not return a table of rows with these arguments; "
            f"use one of {', '.join(_loaders())}."
        )
    frame = frame.copy()
    for name in frame.columns[frame.dtypes == "object"]:  # kddcup99 contains bytes
        frame[name] = [one.decode() if isinstance(one, bytes) else one for one in frame[name]]
    target, names = bunch["target"], bunch.get("target_names", ())
    # For California housing, `target_names` is the name of the target, not of classes.
    are_codes = isinstance(target, pd.Series) and target.dtype.kind in "iu"
    if are_codes and len(names) > 1 and set(target) == set(range(len(names))):
        frame[target.name] = target.map(dict(enumerate(names)))
    return frame


def _from_arrays(found: Any, loader: str) -> pd.DataFrame:
    """Return generated rows with columns feature_1, ..., target (or target_1, ...)."""
    import numpy as np
    import pandas as pd

    arrays = found if isinstance(found, tuple) and len(found) == 2 else ()
    if (
        not arrays
        or not all(isinstance(one, np.ndarray) for one in arrays)
        or arrays[0].ndim != 2
        or arrays[1].ndim not in (1, 2)
        or len(arrays[0]) != len(arrays[1])
    ):
        raise UserError(
            f"collect.arguments: {loader} does not return a dense table of rows with a target for these arguments."
        )
    X, y = arrays
    columns = {f"feature_{number}": values for number, values in enumerate(X.T, start=1)}
    several = y.ndim == 2 and y.shape[1] > 1
    targets = {f"target_{n}": values for n, values in enumerate(y.T, start=1)} if several else {}
    return pd.DataFrame({**columns, **(targets or {"target": y.reshape(-1)})})


def _write(frame: pd.DataFrame, folder: Path) -> None:
    import pyarrow as pa

    # Without pandas' metadata, which has its version, so that the bytes depend on the rows alone.
    table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
    write_parts([table], folder)


def _title(found: Any, loader: str) -> str:
    """Return the title of a data set's description; a generator has none."""
    description = found.get("DESCR", "") if isinstance(found, dict) else ""
    lines = [line.strip() for line in description.splitlines()]
    titles = [line for line in lines if re.match(r"\w", line)]
    return f"{titles[0] if titles else 'generated rows'} (scikit-learn's {loader})"
