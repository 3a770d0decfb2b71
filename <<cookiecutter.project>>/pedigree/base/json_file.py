"""JSON files that one stage writes and others read: each has a class that names its keys, and is parsed once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, ClassVar, Self, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from pedigree.base.invalid import phrase
from pedigree.base.logs import LOGGER
from pedigree.base.names import UserError
from pedigree.base.settings import as_dict
from pedigree.base.tables import jsonable, write_json

Parsed = TypeVar("Parsed", bound=BaseModel)


class Entry(BaseModel):
    """A part of a file; further keys, such as those that an owner added, are kept."""

    model_config = ConfigDict(extra="allow", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def as_in_json(cls, data: Any) -> Any:
        """Round numbers and replace NumPy types as the file does, so that what is written equals what is read."""
        return jsonable(data)


class JsonFile(Entry):
    """A file of one stage; a subclass names its place, its stage and its keys."""

    place: ClassVar[Path]
    stage: ClassVar[str]

    @classmethod
    def read(cls, path: Path | None = None) -> Self:
        """Read the file at its own place or at another one, such as in a bundle.

        Raises
        ------
        UserError
            The file is missing, or does not have the keys of this class.
        """
        own = path in (None, cls.place)
        return read_as(cls, path or cls.place, cls.stage if own else None)

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Parse the content of the file, perhaps of an earlier run; for the errors see `read`."""
        return parse_as(cls, data, cls.place, cls.stage)

    def updated(self, **values: Any) -> Self:
        """Return a copy with other values, or with further keys of your own."""
        return type(self).model_validate(as_dict(self) | values)

    def write(self, path: Path) -> None:
        """Write the file as `write_json` does; keys that the class does not name come first."""
        data = as_dict(self)
        further = {name: data[name] for name in self.model_extra or ()}
        write_json(further | data, path)


def read_as(kind: type[Parsed], path: Path, stage: str | None = None) -> Parsed:
    """Read a JSON file as an object of a class.

    Parameters
    ----------
    kind : type
        A pydantic class.
    path : Path
    stage : str, optional
        The one that writes the file; error messages name it. Of a copy elsewhere there is none.

    Raises
    ------
    UserError
        The file is missing, or does not have the keys of the class.
    """
    LOGGER.debug("read %s", path)
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        way_out = f"; run `dvc repro {stage}`" if stage else ""
        raise UserError(f"{path} does not exist{way_out}.") from None
    return parse_as(kind, data, path, stage)


def parse_as(kind: type[Parsed], data: bytes, path: Path, stage: str | None) -> Parsed:
    """Parse the content of a JSON file; for the parameters and errors see `read_as`."""
    try:
        return kind.model_validate(json.loads(data))
    except ValidationError as error:
        first = error.errors()[0]
        key = f"'{'.'.join(map(str, first['loc']))}'" if first["loc"] else "its content"
        found = f"{first['input']!r:.80}: {phrase(first)}"
        wrong = f"{key} is {'missing' if first['type'] == 'missing' else found}"
    except ValueError as error:
        wrong = f"it is not valid JSON: {error}"
    way_out = f"; `dvc repro {stage}` writes it again" if stage else ""
    raise UserError(
        f"{path}: {wrong}. It was edited, or another version of the library wrote it{way_out}."
    )
