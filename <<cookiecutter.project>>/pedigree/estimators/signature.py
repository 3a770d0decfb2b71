"""What a bundle's signature.json says of the model: what it takes and what it gives."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from pedigree.base.json_file import Entry, JsonFile
from pedigree.base.paths import BUNDLE
from pedigree.base.problem import Task
from pedigree.data.target import EncodedTarget


class InputColumn(Entry):
    """A column that the model looks at."""

    type: str
    required: bool


class ExampleRow(Entry):
    """Typical values of the needed columns, and what the model predicts for them (see `PredictedRows.answers`)."""

    row: dict[str, Any]
    prediction: dict[str, Any]


class Signature(JsonFile):
    """What a model takes and gives.

    Parameters
    ----------
    target : EncodedTarget
    task : {"binary", "multiclass", "regression"}
    calibration : dict or None
        As in metrics/train.json.
    threshold : float or None
        From which probability on the positive class is decided.
    inputs : dict of str to InputColumn
    types : dict of str to str
        Of every column that training knew: it may be sent, and is not looked at if it is none of the inputs.
    missing : list of str
        Strings that mark a missing value.
    contract : dict
        A pandera schema.
    clean : dict
        The cleaning steps, by name.
    code : dict of str to str
        SHA-256 of each file of the owner's code that predictions import, by its path.
    export : dict or None
        The further form of the model.
    example : ExampleRow or None
        With which a server shows how to ask, and tests itself.
    """

    place = BUNDLE / "signature.json"
    stage = "package"

    target: EncodedTarget
    task: Task
    calibration: dict[str, Any] | None
    threshold: float | None
    inputs: dict[str, InputColumn]
    types: dict[str, str]
    missing: list[str]
    contract: dict[str, Any]
    clean: dict[str, dict[str, Any]]
    code: dict[str, str] = Field(default_factory=dict)  # none in an earlier bundle
    export: dict[str, Any] | None = None
    example: ExampleRow | None = None

    @property
    def needed(self) -> list[str]:
        """The columns that a row must have."""
        return [name for name, column in self.inputs.items() if column.required]
