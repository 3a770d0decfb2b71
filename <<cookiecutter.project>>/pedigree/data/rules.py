"""The rules of a contract in words: pandera names its checks as its Python functions."""

from __future__ import annotations

import re
from typing import Any

from pedigree.base.names import excerpt
from pedigree.base.tables import is_missing

# pandera's name of a check, and what it requires of a value.
_REQUIRED = {
    "greater_than": "be greater than {}",
    "greater_than_or_equal_to": "be at least {}",
    "less_than": "be less than {}",
    "less_than_or_equal_to": "be at most {}",
    "equal_to": "be {}",
    "not_equal_to": "not be {}",
    "in_range": "be in the range {}",
    "isin": "be one of {}",
    "notin": "be none of {}",
    "str_matches": "match {}",
    "str_contains": "contain {}",
    "str_startswith": "start with {}",
    "str_endswith": "end with {}",
    "str_length": "have a length in the range {}",
    "required": "be in the data",
    "not_nullable": "not be missing",
    "field_uniqueness": "be unique",
}


def rule_in_words(check: str) -> str:
    """Say what a check of pandera, or a type, requires.

    Parameters
    ----------
    check : str
        As in the column `check` of what `enforce` returns.

    Returns
    -------
    str
        A clause that follows the name of a column.

    Examples
    --------
    >>> rule_in_words("greater_than(0)"), rule_in_words("is float64"), rule_in_words("isin(['a', 'b'])")
    ('should be greater than 0', 'should be of type float64', "should be one of 'a', 'b'")
    """
    if found := re.fullmatch(r"is (\S+)", check):
        return f"should be of type {found[1]}"
    found = re.fullmatch(r"(\w+)(?:\((.*)\))?", check, re.DOTALL)
    words = _REQUIRED.get(found[1], f"satisfy {check}") if found else f"satisfy {check}"
    return f"should {words.replace('{}', _without_brackets((found and found[2]) or ''))}"


def broken_rule(column: Any, check: Any, value: Any) -> str:
    """Return a clause about a value that violates a rule.

    Parameters
    ----------
    column, check, value : object
        As in the columns `column`, `check` and `failure_case` of what `enforce` returns.

    Examples
    --------
    >>> broken_rule("body_mass_g", "greater_than(0)", -5), broken_rule("sex", "not_nullable", None)
    ('body_mass_g should be greater than 0, but is -5', 'sex should not be missing')
    """
    but_is = "" if is_missing(value) else f", but is {excerpt(value)}"
    return f"{column} {rule_in_words(str(check))}{but_is}"


def _without_brackets(arguments: str) -> str:
    """Remove the brackets around a list."""
    is_list = arguments.startswith("[") and arguments.endswith("]")
    return arguments[1:-1] if is_list else arguments
