"""Rows as JSON, checked before a table is built: shape, names, lengths and types."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from pedigree.base.names import did_you_mean, excerpt, snake_cased
from pedigree.data.engine import EXACT
from pedigree.prediction.bundle import Bundle
from pedigree.serving.refusals import MAX_NAME, MAX_ROWS, MAX_TEXT, Refusal

LARGEST = 1e38  # the largest number that every model can take: it fits into single precision
MAX_DIGITS = 309  # of an integer that a float can represent
MAX_SUGGESTED = 1000  # columns among which a similar name is searched
# A date from 1700 to 2199, and perhaps a time.
DATE = (
    r"^(((1[7-9]|2[01])[0-9]{2}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)"
    r"|02-(0[1-9]|1[0-9]|2[0-8])))|((1[7-9]|2[01])(0[48]|[2468][048]|[13579][26])|2000)-02-29)"
    r"([T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,9})?)?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])?)?$"
)
_DATE = re.compile(DATE.replace("$", r"\Z"))


def _is_number(value: Any) -> bool:
    # `True` is an `int` in Python.
    return type(value) in (int, float) and abs(value) <= LARGEST


def _is_integer(value: Any) -> bool:
    return _is_number(value) and value % 1 == 0 and abs(value) < EXACT


def _is_boolean(value: Any) -> bool:
    return isinstance(value, bool)


def _is_date(value: Any) -> bool:
    return isinstance(value, str) and _DATE.match(value) is not None


def _is_string(value: Any) -> bool:
    return isinstance(value, str)


# What a value of a type must be, in words and as a test.
KINDS: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "float64": ("a number", _is_number),
    "int64": ("an integer", _is_integer),
    "boolean": ("true or false", _is_boolean),
    "datetime64[ns]": ("a date, such as 2024-02-29 or 2024-02-29T12:00:00Z", _is_date),
    "str": ("a string", _is_string),
}


@dataclass(frozen=True)
class RowDecoder:
    """What a row may contain.

    Parameters
    ----------
    types : dict of str to str
        Type of each column.
    needed : list of str
        The columns that a row must have.
    markers : set of str
        Strings that mark a missing value in any column.
    names : dict of str to str
        Column of each name that a client may write: its own, and that of the source.
    """

    types: Mapping[str, str]
    needed: list[str]
    markers: frozenset[str]
    names: Mapping[str, str]

    @classmethod
    def of(cls, bundle: Bundle) -> RowDecoder:
        """Read it from the signature of a bundle."""
        types, source = bundle.signature.types, bundle.snapshot.columns
        spelled = zip(source, snake_cased(source), strict=True)
        names = {given: name for given, name in spelled if name in types}
        markers = frozenset(("", *bundle.signature.missing))
        return cls(types, bundle.needed, markers, names | {name: name for name in types})

    def decode(self, body: bytes) -> list[dict[str, Any]]:
        """Decode `{"rows": [{...}, ...]}`; rows have the columns' own names, and only those that were sent.

        Raises
        ------
        Refusal
            400 if the body is not JSON in UTF-8; 422 if it is not what the schema of the API describes.
        """
        content = strict_json(body)
        if not isinstance(content, dict) or content.keys() != {"rows"}:
            raise Refusal(422, 'the body must be an object with the single name "rows"')
        rows = content["rows"]
        if not isinstance(rows, list) or not 0 < len(rows) <= MAX_ROWS:
            raise Refusal(422, f'"rows" must be a list of 1 to {MAX_ROWS:,} rows')
        return [self._row(number, row) for number, row in enumerate(rows)]

    def _row(self, number: int, row: Any) -> dict[str, Any]:
        if not isinstance(row, dict):
            raise Refusal(422, f"row {number} must be an object: a value for each column")
        plain: dict[str, Any] = {}
        for given, value in row.items():
            name = self.names.get(given)
            if name is None:
                self._refuse_name(given)
            if name in plain:
                raise Refusal(422, f"column '{name}' is given twice, in different spellings")
            self._check(number, name, value)
            plain[name] = value
        lacking = [f"'{name}'" for name in self.needed if name not in plain]
        if lacking:
            what = "the required column" if len(lacking) == 1 else "required columns"
            verb = "is" if len(lacking) == 1 else "are"
            raise Refusal(422, f"row {number}: {what} {', '.join(lacking)} {verb} missing")
        return plain

    def _check(self, number: int, name: str, value: Any) -> None:
        """Refuse a value that is neither missing nor of its column's type."""
        if isinstance(value, str):
            if len(value) > MAX_TEXT:
                _refuse_value(number, name, f"have at most {MAX_TEXT:,} characters")
            if not value.isascii() and any("\ud800" <= one <= "\udfff" for one in value):
                _refuse_value(number, name, "be Unicode without lone surrogates")
            if value in self.markers:
                return
        words, holds = KINDS[self.types[name]]
        if value is not None and not holds(value):
            _refuse_value(number, name, f"be {words}, but is {_shown(value)}")

    def _refuse_name(self, given: str) -> NoReturn:
        if len(given) > MAX_NAME:
            raise Refusal(422, f"the name of a column has more than {MAX_NAME:,} characters")
        few = len(self.types) <= MAX_SUGGESTED
        raise Refusal(
            422,
            f"unknown column {excerpt(given)}{'; ' + did_you_mean(given, self.types) if few else ''}",
        )


def strict_json(body: bytes) -> Any:
    """Parse JSON of which every reader makes the same: in UTF-8, each name once, finite numbers.

    Raises
    ------
    Refusal
    """
    try:
        return json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_unique,
            parse_constant=_refuse_constant,
            parse_int=_integer,
        )
    except UnicodeDecodeError as error:
        raise Refusal(
            400, f"the body is not UTF-8: byte {error.start:,} cannot be decoded"
        ) from None
    except json.JSONDecodeError as error:
        raise Refusal(
            400, f"the body is not JSON: {error.msg} at character {error.pos:,}"
        ) from None
    except RecursionError:
        raise Refusal(400, "the body is nested too deeply") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = Counter(name for name, _ in pairs).most_common(1)[0][0]
        raise Refusal(400, f"the name {excerpt(twice)} is given twice in an object")
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise Refusal(
        400, f"the body is not JSON: {name} is not a number; write null for a missing value"
    )


def _integer(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise Refusal(422, f"an integer has more than {MAX_DIGITS} digits")
    return int(digits)


def _refuse_value(number: int, name: str, must: str) -> NoReturn:
    raise Refusal(422, f"row {number}: {name} should {must}")


def _shown(value: Any) -> str:
    if isinstance(value, (dict, list)):
        return "an object" if isinstance(value, dict) else "a list"
    if isinstance(value, float) and not math.isfinite(value):
        return "too large"
    return str(value).lower() if isinstance(value, bool) else excerpt(value)
