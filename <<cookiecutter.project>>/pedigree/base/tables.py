"""Datasets as folders of Parquet parts; JSON and CSV files."""

from __future__ import annotations

import csv
import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from pedigree.base.files.formulas import escaped
from pedigree.base.files.replacing import StrPath, new_folder, replacing, write_text
from pedigree.base.logs import LOGGER
from pedigree.base.names import UserError
from pedigree.base.settings import as_dict

if TYPE_CHECKING:
    import pandas as pd

ROWS_PER_PART = 1_000_000


def write_table(frame: pd.DataFrame, folder: StrPath) -> None:
    """Write a data frame as a folder of Parquet parts with fixed names, in row order.

    Examples
    --------
    >>> import pandas as pd
    >>> from pedigree import paths, read_table, write_table
    >>> write_table(pd.DataFrame({"x": [1, 2]}), paths.REPORTS / "mine")
    >>> len(read_table(paths.REPORTS / "mine"))
    2
    """
    with new_folder(folder) as new:
        for number, start in enumerate(range(0, max(len(frame), 1), ROWS_PER_PART)):
            part = frame.iloc[start : start + ROWS_PER_PART]
            part.to_parquet(new / f"part-{number:05d}.parquet", index=False)


def read_table(folder: StrPath) -> pd.DataFrame:
    """Read all Parquet parts of a dataset, in the order of their names.

    Raises
    ------
    UserError
        The folder is missing, or contains no parts.

    Examples
    --------
    >>> from pedigree import paths, read_table
    >>> predictions = read_table(paths.PREDICTIONS / "validation")
    >>> list(predictions)[:3]
    ['row', 'group', 'truth']
    """
    import pandas as pd

    LOGGER.debug("read %s", folder)
    parts = [pd.read_parquet(part) for part in sorted(Path(folder).glob("*.parquet"))]
    if not parts:
        raise UserError(
            f"{folder} contains no Parquet files; run `dvc repro` (or `dvc checkout`) to make it, or fix the name."
        )
    return pd.concat(parts, ignore_index=True) if len(parts) > 1 else parts[0]


def write_json(data: Any, path: StrPath) -> None:
    """Write JSON with numbers rounded to nine significant digits, keys in the order given.

    Nine digits are more than any metric needs, and exclude those that rounding errors affect.

    Examples
    --------
    >>> from pedigree import paths, write_json
    >>> write_json({"third": 1 / 3}, paths.METRICS / "mine.json")
    >>> print((paths.METRICS / "mine.json").read_text())
    {
      "third": 0.333333333
    }
    <BLANKLINE>
    """
    write_text(as_json(data), path)


def as_json(data: Any) -> str:
    """Return the content of a file of `write_json`."""
    return json.dumps(jsonable(data), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Raises
    ------
    UserError
        The file is not valid JSON.
    """
    LOGGER.debug("read %s", path)
    try:
        return json.loads(path.read_bytes())
    except ValueError as error:
        raise UserError(
            f"{path} is damaged; restore it with `dvc checkout`, or run `dvc repro`. ({error})"
        ) from None


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def write_csv(
    rows: Sequence[Mapping[str, Any]], path: StrPath, header: Sequence[str] | None = None
) -> None:
    """Write mappings with equal keys as a CSV file; floats are rounded as in `write_json`.

    A string that a spreadsheet program would compute gets an apostrophe in front (see `base/files/formulas.py`).

    Parameters
    ----------
    rows : sequence of mapping
        The rows.
    path : str or path-like
        The file.
    header : sequence of str, optional
        The keys in order; default those of the first row.

    Raises
    ------
    ValueError
        Neither a header nor a row is given.

    Examples
    --------
    >>> from pedigree import paths, write_csv
    >>> write_csv([{"x": 1, "y": None}], paths.PLOTS / "mine.csv")
    >>> (paths.PLOTS / "mine.csv").read_text().split()
    ['x,y', '1,']
    """
    if not rows and not header:
        raise ValueError(f"no row to write to {path}")
    with replacing(path) as new, new.open("w", newline="", encoding="utf-8") as file:
        # Only with this terminator are values quoted that contain a carriage return.
        lines = _Lines(file)
        writer = csv.DictWriter(lines, fieldnames=header or list(rows[0]), lineterminator="\r\n")
        writer.writeheader()
        writer.writerows(
            {key: escaped(one) for key, one in row.items()} for row in jsonable(list(rows))
        )


class _Lines:
    """Ends each row of a CSV writer by a line feed alone."""

    def __init__(self, file: TextIO) -> None:
        self.file = file

    def write(self, row: str) -> int:
        return self.file.write(row.removesuffix("\r\n") + "\n")


def is_missing(value: Any) -> bool:
    """Return whether a value is None, NaN, NaT or pandas' NA, which is neither equal to itself nor unequal."""
    return value is None or type(value).__name__ == "NAType" or bool(value != value)


def jsonable(value: Any) -> Any:
    """Convert NumPy and mapping types to types that JSON can store; NaN and infinity become null."""
    if hasattr(value, "model_dump"):  # settings, as they were written
        return jsonable(as_dict(value))
    if isinstance(value, Mapping):
        return {str(key): jsonable(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [jsonable(item) for item in value]
    if hasattr(value, "tolist"):  # NumPy arrays and scalars
        return jsonable(value.tolist())
    if type(value).__name__ == "NAType":
        return None
    if isinstance(value, float):
        return float(f"{value:.9g}") if math.isfinite(value) else None
    return value
