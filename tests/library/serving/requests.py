"""Raw rows, and JSON bodies of them, for the tests of serving."""

import json
from pathlib import Path
from typing import Any

import pandas as pd

from pedigree.base.tables import read_table
from pedigree.prediction.bundle import Bundle


def bird(**changes: Any) -> dict[str, Any]:
    """Return a raw row with the columns that the model needs."""
    inputs = Bundle.load().signature.inputs
    row = read_table(Path("data/loaded")).iloc[0]
    needed = {name: row[name] for name, column in inputs.items() if column.required}
    plain = {n: str(v.date()) if isinstance(v, pd.Timestamp) else v for n, v in needed.items()}
    return {name: None if pd.isna(value) else value for name, value in plain.items()} | changes


def body(*rows: Any) -> bytes:
    """Return the body of a request."""
    return json.dumps({"rows": rows}).encode()
