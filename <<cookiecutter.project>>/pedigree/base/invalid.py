"""What is wrong with a value of the settings or of a file, in words for people; pydantic's describe Python's types."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

EMPTY = "should not be empty"
# Phrases for pydantic's types of errors, with its context; its own message is kept for the others.
PHRASES = {
    **dict.fromkeys(("bool_parsing", "bool_type"), "should be true or false"),
    **dict.fromkeys(("dict_type", "mapping_type", "model_type"), "should be a mapping"),
    **dict.fromkeys(("float_parsing", "float_type"), "should be a number"),
    **dict.fromkeys(("int_from_float", "int_parsing", "int_type"), "should be an integer"),
    **dict.fromkeys(("list_type", "sequence_str", "tuple_type"), "should be a list"),
    "none_required": "should be null",
    "string_type": "should be a string",
    "string_too_long": "should have at most {max_length} characters",
    "string_too_short": "should have at least {min_length} characters",
    "too_long": "should have at most {max_length} items",
    "too_short": "should have at least {min_length} items",
}
PATTERNS = {
    r"^\w+$": "should consist of letters, digits and underscores",
    r"^[a-z][a-z0-9_]*$": "should consist of lower-case letters, digits and underscores, and begin with a letter",
    r"^[\w.]+\.\w+$": "should be the dotted name of a class or function, such as sklearn.linear_model.Ridge",
}


@dataclass(frozen=True)
class InvalidValue:
    """A mistake in a value.

    Parameters
    ----------
    place : tuple of str
        The keys that lead to the value.
    kind : str
        Pydantic's type of the error; `missing` and `extra_forbidden` are about the key.
    message : str
        What the value should be; a clause without subject.
    value : object
        The value, or for a missing key, what it is missing in.
    """

    place: tuple[str, ...]
    kind: str
    message: str
    value: Any

    @property
    def shown(self) -> str:
        """Return the value in brackets, unless it is too large to help."""
        return "" if isinstance(self.value, Mapping) else f" (it is {self.value!r:.80})"


def invalid_values(errors: Iterable[Any], data: Any) -> Iterator[InvalidValue]:
    """Describe pydantic's errors, one for each value.

    Parameters
    ----------
    errors : iterable of dict
        Those of a ValidationError.
    data : object
        What was validated.

    Yields
    ------
    InvalidValue
    """
    found: dict[tuple[str, ...], list[Any]] = {}
    for error in errors:
        found.setdefault(_place(error, data), []).append(error)
    for place, alternatives in found.items():
        if any(len(other) > len(place) and other[: len(place)] == place for other in found):
            continue  # one of several types nearly fits: only a part of the value is wrong
        phrases = dict.fromkeys(map(phrase, alternatives))
        message = " or ".join(phrases).replace(" or should be ", " or ")
        yield InvalidValue(place, alternatives[0]["type"], message, alternatives[0]["input"])


def phrase(error: Any) -> str:
    """Describe one of pydantic's errors as a clause without subject, such as `should be a list`."""
    kind, context = error["type"], error.get("ctx", {})
    if context.get("min_length") == 1:
        text = EMPTY
    elif context.get("pattern") in PATTERNS:
        text = PATTERNS[context["pattern"]]
    else:
        own = error["msg"].removeprefix("Value error, ").removeprefix("Input ")
        text = PHRASES[kind].format(**context) if kind in PHRASES else own
    return f"the key {text}" if error["loc"][-1:] == ("[key]",) else text


def _place(error: Any, data: Any) -> tuple[str, ...]:
    """Return the keys that lead to a value, without the types that pydantic tried there."""
    place = []
    for part in error["loc"]:
        inside = part in data if isinstance(data, Mapping) else isinstance(part, int)
        if inside:
            place.append(str(part))
            data = data[part]
    if error["type"] == "missing":
        place.append(str(error["loc"][-1]))
    return tuple(place)
