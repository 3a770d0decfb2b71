"""A data set of OpenML, by its name and version or by its number."""

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

SECONDS = 60  # that the server may be silent; scikit-learn itself would wait forever


def collect(
    folder: Path,
    name: str | None = None,
    version: int | str | None = None,
    data_id: int | None = None,
) -> dict[str, Any]:
    """Fetch a data set through scikit-learn and write it as Parquet, target included.

    Parameters
    ----------
    folder : Path
        Where the snapshot goes.
    name : str, optional
        Its name on OpenML, in any case.
    version : int or "active", optional
        Which of those that share the name; "active" takes the oldest that OpenML vouches for.
    data_id : int, optional
        Its number, instead of both.

    Raises
    ------
    UserError
        The data set is not asked for in one of these ways, is not there, is sparse, came damaged, or
        the server cannot be reached.
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
        # Columns that OpenML marks as no features; scikit-learn leaves them out.
        "left_out": [
            about[key] for key in ("row_id_attribute", "ignore_attribute") if about.get(key)
        ],
    }


def _wanted(name: str | None, version: int | str | None, data_id: int | None) -> dict[str, Any]:
    """Return how scikit-learn is to be asked."""
    is_number = isinstance(data_id, int) and not isinstance(data_id, bool) and data_id > 0
    is_version = isinstance(version, int) and not isinstance(version, bool) and version > 0
    if data_id is not None:
        if name or version or not is_number:
            raise UserError(
                "collect.data_id is a whole number and stands alone; set collect.name and collect.version to null."
            )
        return {"data_id": data_id}
    if not name or not isinstance(name, str):
        raise UserError(
            "collect.name: name a data set of OpenML, or give its number as collect.data_id."
        )
    if not is_version and version != "active":
        raise UserError(
            f"collect.version is {version!r}; data sets that share a name may have nothing else in "
            "common, so give the version's number (or 'active', for the oldest active one)."
        )
    # scikit-learn puts the name into an address as it is.
    return {"name": quote(name.strip().lower(), safe=""), "version": version}


def _fetch(wanted: dict[str, Any], cache: str) -> dict[str, Any]:
    """Ask scikit-learn, and say in a sentence what went wrong."""
    from sklearn.datasets import fetch_openml

    what = " ".join(f"{key} {unquote(str(value))}" for key, value in wanted.items())
    try:
        # No target: a snapshot is one table, and a missing answer no reason to refuse it.
        found: dict[str, Any] = fetch_openml(
            **wanted, data_home=cache, target_column=None, as_frame=True, parser="pandas"
        )
        return found
    except (OSError, HTTPException) as error:
        answer = f"answered {error.code}" if isinstance(error, HTTPError) else "cannot be reached"
        raise UserError(
            f"collect: OpenML {answer} when asked for {what}: {error}. Try again later; "
            "the last snapshot stays."
        ) from None
    except ValueError as error:
        said = str(error)
        if "not found" in said or "No active dataset" in said:
            raise UserError(_not_there(wanted)) from None
        if "Sparse ARFF" in said:
            raise UserError(
                f"collect: OpenML's data set {what} is sparse (most of its values are 0 and not "
                "written); this source reads tables only."
            ) from None
        if "md5" in said:
            raise UserError(
                f"collect: the file of OpenML's data set {what} came damaged (its MD5 checksum is not the one "
                "that OpenML names). Try again later; the last snapshot stays."
            ) from None
        raise UserError(f"collect: OpenML's data set {what} cannot be read: {said}") from None


def _not_there(wanted: dict[str, Any]) -> str:
    """Say what is not there: the number, the version, or the name."""
    if "data_id" in wanted:
        return f"collect.data_id: OpenML has no data set with the number {wanted['data_id']}."
    from sklearn.datasets import _openml

    address = _openml._SEARCH_NAME.format(wanted["name"]).removesuffix("/limit/2")
    try:
        with urlopen(address) as answer:
            there = [str(one["version"]) for one in json.load(answer)["data"]["dataset"]]
    except (OSError, HTTPException, ValueError, LookupError):
        there = []
    name = unquote(wanted["name"])
    if there:
        return (
            f"collect.version: OpenML's data set {name} has no version {wanted['version']}; "
            f"active are {', '.join(there)}."
        )
    return (
        f"collect.name: OpenML has no active data set called '{name}'; look it up at "
        "https://www.openml.org/search?type=data."
    )


@contextmanager
def _patience(seconds: float) -> Iterator[None]:
    """Let connections that are opened meanwhile give up after some silence."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def _write(frame: Any, folder: Path) -> None:
    import pyarrow as pa

    # Without pandas' note of its own version, so that the bytes depend on the rows alone.
    table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
    plain = [
        values.cast(field.type.value_type) if pa.types.is_dictionary(field.type) else values
        for field, values in zip(table.schema, table.columns, strict=True)
    ]
    write_parts([pa.table(plain, names=table.column_names)], folder)
