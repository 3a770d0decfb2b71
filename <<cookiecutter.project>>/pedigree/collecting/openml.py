"""Source: a data set of OpenML, by name and version or by ID."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote, unquote
from urllib.request import urlopen

from pedigree.base.names import UserError
from pedigree.collecting.parts import write_parts

SECONDS = 60  # timeout of a silent server; scikit-learn itself sets none


def collect(
    folder: Path,
    name: str | None = None,
    version: int | str | None = None,
    data_id: int | None = None,
) -> dict[str, Any]:
    """Download a data set with scikit-learn and write it as Parquet, including the target.

    Parameters
    ----------
    folder : Path
        Folder of the snapshot.
    name : str, optional
        Its name on OpenML, in any case.
    version : int or "active", optional
        Its version; "active" is the oldest active one.
    data_id : int, optional
        Its ID, instead of name and version.

    Returns
    -------
    dict
        Description of the data set.

    Raises
    ------
    UserError
        The settings are inconsistent, the data set does not exist or is sparse, or the download fails.
    """
    wanted = _wanted(name, version, data_id)
    with TemporaryDirectory() as cache, _patience(SECONDS):
        bunch = _fetch(wanted, cache)
    _write(bunch["frame"], folder)
    about = bunch["details"]
    return {
        "kind": "openml",
        "what": f"OpenML's data set {about['name']}, version {about['version']}",
        "address": f"https://www.openml.org/d/{about['id']}",
        "file": about["url"],
        "md5": about["md5_checksum"],
        "status": about["status"],
        "licence": about.get("licence"),
        "target": about.get("default_target_attribute"),
        # Columns that OpenML marks as ignored; scikit-learn drops them.
        "left_out": [
            about[key] for key in ("row_id_attribute", "ignore_attribute") if about.get(key)
        ],
    }


def _wanted(name: str | None, version: int | str | None, data_id: int | None) -> dict[str, Any]:
    """Return the arguments for scikit-learn."""
    is_number = isinstance(data_id, int) and not isinstance(data_id, bool) and data_id > 0
    is_version = isinstance(version, int) and not isinstance(version, bool) and version > 0
    if data_id is not None:
        if name or version or not is_number:
            raise UserError(
                "collect.data_id is an integer and excludes other keys; set collect.name and collect.version to null."
            )
        return {"data_id": data_id}
    if not name or not isinstance(name, str):
        raise UserError(
            "collect.name is not set; set it to the name of a data set of OpenML, or set collect.data_id."
        )
    if not is_version and version != "active":
        raise UserError(
            f"collect.version is {version!r}; versions of a data set can be entirely different, so set it to a "
            "number (or to 'active' for the oldest active one)."
        )
    # scikit-learn does not quote the name in the address.
    return {"name": quote(name.strip().lower(), safe=""), "version": version}


def _fetch(wanted: dict[str, Any], cache: str) -> dict[str, Any]:
    """Download the data set; convert errors to a `UserError`."""
    from sklearn.datasets import fetch_openml

    what = " ".join(f"{key} {unquote(str(value))}" for key, value in wanted.items())
    try:
        # No separate target: a snapshot is one table, in which the target may have missing values.
        bunch: dict[str, Any] = fetch_openml(
            **wanted, data_home=cache, target_column=None, as_frame=True, parser="pandas"
        )
        return bunch
    except (OSError, HTTPException) as error:
        failed = f"returned {error.code}" if isinstance(error, HTTPError) else "cannot be reached"
        raise UserError(
            f"collect: OpenML {failed} for {what}: {error}. Try again later; the last snapshot is kept."
        ) from None
    except ValueError as error:
        message = str(error)
        if "not found" in message or "No active dataset" in message:
            raise UserError(_missing_data_set(wanted)) from None
        if "Sparse ARFF" in message:
            raise UserError(
                f"collect: OpenML's data set {what} is sparse; choose a dense one, since this source reads "
                "tables only."
            ) from None
        if "md5" in message:
            raise UserError(
                f"collect: the file of OpenML's data set {what} is damaged (its MD5 checksum differs from the "
                "one on OpenML). Try again later; the last snapshot is kept."
            ) from None
        raise UserError(f"collect: OpenML's data set {what} cannot be read: {message}") from None


def _missing_data_set(wanted: dict[str, Any]) -> str:
    """Return an error message that names which of ID, version and name does not exist."""
    if "data_id" in wanted:
        return f"collect.data_id: OpenML has no data set with the ID {wanted['data_id']}."
    from sklearn.datasets import _openml

    address = _openml._SEARCH_NAME.format(wanted["name"]).removesuffix("/limit/2")
    try:
        with urlopen(address) as response:
            active = [str(one["version"]) for one in json.load(response)["data"]["dataset"]]
    except (OSError, HTTPException, ValueError, LookupError):
        active = []
    name = unquote(wanted["name"])
    if active:
        return (
            f"collect.version: OpenML's data set {name} has no version {wanted['version']}; "
            f"active are {', '.join(active)}."
        )
    return (
        f"collect.name: OpenML has no active data set named '{name}'; look it up at "
        "https://www.openml.org/search?type=data."
    )


@contextmanager
def _patience(seconds: float) -> Iterator[None]:
    """Set the timeout of sockets that are opened meanwhile."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def _write(frame: Any, folder: Path) -> None:
    import pyarrow as pa

    # Without pandas' metadata, which has its version, so that the bytes depend on the rows alone.
    table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
    plain = [
        values.cast(field.type.value_type) if pa.types.is_dictionary(field.type) else values
        for field, values in zip(table.schema, table.columns, strict=True)
    ]
    write_parts([pa.table(plain, names=table.column_names)], folder)
