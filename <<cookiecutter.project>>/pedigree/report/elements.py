"""Elements of a page: built as a tree, so that no text can become markup."""

from __future__ import annotations

import math
import re
from typing import Any
from xml.etree import ElementTree

Element = ElementTree.Element
Child = Element | str | None
DASH = "–"  # stands for what is not there
# HTML has no way to write these.
_CONTROL = re.compile("[\0-\b\v\f\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


def el(tag: str, *children: Child, **attributes: Any) -> Element:
    """Build an element.

    Parameters
    ----------
    tag : str
    *children : Element, str or None
        Texts are escaped when the page is written; None is left out.
    **attributes
        ``class_`` is class and ``data_tip`` is data-tip; None and False are left out, True is an
        attribute without a value.

    Examples
    --------
    >>> html(el("p", "a < b ", el("b", "bold"), class_="note"))
    '<p class="note">a &lt; b <b>bold</b></p>'
    """
    made = Element(tag)
    for name, value in attributes.items():
        if value is not None and value is not False:
            text = "" if value is True else clean(value)
            made.set(name.rstrip("_").replace("_", "-"), text)
    append(made, *children)
    return made


def append(parent: Element, *children: Child) -> Element:
    """Append elements and texts to an element; return it."""
    for child in children:
        if isinstance(child, str):
            text = clean(child)
            if len(parent):
                parent[-1].tail = (parent[-1].tail or "") + text
            else:
                parent.text = (parent.text or "") + text
        elif child is not None:
            parent.append(child)
    return parent


def breakable(text: str) -> list[Child]:
    """Return the parts of a text that may be broken after each `_`, `.` and `/`."""
    first, *others = re.split(r"(?<=[_./])(?=[^\W\d])", text)
    return [first, *(part for other in others for part in (el("wbr"), other))]


def html(element: Element) -> str:
    """Write an element as HTML."""
    return ElementTree.tostring(element, encoding="unicode", method="html")


def clean(value: object) -> str:
    """Return a value as text, with a mark in place of each character that HTML cannot hold."""
    return _CONTROL.sub("\ufffd", str(value))


def number(value: float | None) -> str:
    """Write a number for people: four significant digits, thousands apart; a dash for none.

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


def interval(low: float | None, high: float | None) -> str:
    """Write an interval for people."""
    return f"{number(low)} to {number(high)}"


def short(text: object, length: int = 60) -> str:
    """Cut a text to a length at which a table can still be read."""
    plain = str(text)
    return plain if len(plain) <= length else plain[: length - 1] + "…"
