"""Formatting of values for people: the filters of the templates."""

from __future__ import annotations

import math
import re

DASH = "–"  # displayed for a missing value
# Characters that HTML cannot contain in any notation.
_CONTROL = re.compile("[\0-\b\v\f\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


def number(value: float | None) -> str:
    """Format a number: four significant digits, thousands separators, a dash if it is missing.

    Examples
    --------
    >>> number(0.96969697), number(12345.6), number(3), number(None)
    ('0.9697', '12,346', '3', '–')
    """
    if value is None or not math.isfinite(value):
        return DASH
    if isinstance(value, int) or abs(value) >= 1000:
        return f"{value:,.0f}" if abs(value) < 1e15 else f"{value:.3e}"
    return f"{value:.4g}"


def percent(fraction: float | None) -> str:
    """Format a fraction as a percentage: three significant digits, a dash if it is missing.

    Examples
    --------
    >>> percent(0.2), percent(1), percent(0.5116279), percent(None)
    ('20%', '100%', '51.2%', '–')
    """
    if fraction is None or not math.isfinite(fraction):
        return DASH
    return f"{100 * fraction:.3g}%"


def interval(low: float | None, high: float | None) -> str:
    """Format an interval.

    Examples
    --------
    >>> interval(0.9, None)
    '0.9 to –'
    """
    return f"{number(low)} to {number(high)}"


def short(text: object, length: int = 60) -> str:
    """Truncate a string to a maximum length; its last character is then an ellipsis.

    Raises
    ------
    TypeError
        The string is HTML, which must not be truncated.
    """
    plain = _plain(text)
    return plain if len(plain) <= length else plain[: length - 1] + "…"


def breaks(text: object) -> list[str]:
    """Split a name where a line may break: after each `_`, `.` and `/`.

    Raises
    ------
    TypeError
        The string is HTML, which must not be split.

    Examples
    --------
    >>> breaks("models/best_params.json")
    ['models/', 'best_', 'params.', 'json']
    """
    return re.split(r"(?<=[_./])(?=[^\W\d])", _plain(text))


def table_cell(text: object) -> str:
    """Escape a string for a cell of a Markdown table; a dash if it is empty."""
    return " ".join(_plain(text).replace("|", "\\|").split()) or DASH


def printable(value: object) -> object:
    """Replace each character that HTML cannot contain by a replacement character."""
    is_text = isinstance(value, str) and not hasattr(value, "__html__")
    return _CONTROL.sub("\ufffd", str(value)) if is_text else value


def _plain(text: object) -> str:
    if hasattr(text, "__html__"):
        raise TypeError(f"text is expected, not HTML: {text}")
    return str(text)
