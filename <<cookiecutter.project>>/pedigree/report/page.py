"""HTML pages: one self-contained file each, charts and pictures included, no clock and no network."""

from __future__ import annotations

import base64
import hashlib
import math
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from pedigree.base.tables import replacing
from pedigree.report.elements import Child, Element, append, breakable, el, html, number

FEW = 1  # rows of a table that there is nothing to sort in
LONG = 32  # characters, from which a column's cells need some width


class Page:
    """A page that is put together from headings, paragraphs, tables, charts and pictures.

    Parameters
    ----------
    title : str
    """

    def __init__(self, title: str) -> None:
        self.title = title
        self.main = el("main", el("h1", title, dir="auto"))
        self.place = self.main  # where parts go: the page, or the section that was begun last
        self.sections: list[tuple[str, str]] = []  # anchor and title

    def add(self, *parts: Child) -> None:
        """Add elements."""
        append(self.place, *parts)

    def heading(self, text: str, anchor: str | None = None) -> None:
        """Begin a section; one with an anchor stands in the table of contents."""
        self.place = el("section", el("h2", text), id=anchor)
        self.main.append(self.place)
        if anchor:
            self.sections.append((anchor, text))

    def subheading(self, text: str) -> None:
        """Begin a part of a section."""
        self.add(el("h3", text))

    def paragraph(self, *parts: Child, kind: str | None = None) -> None:
        """Add a paragraph."""
        self.add(el("p", *parts, class_=kind))

    def table(self, rows: Sequence[Mapping[str, Any]], caption: str | None = None) -> None:
        """Add a table of equal mappings; see `table`."""
        if rows:
            self.add(table(rows, caption))

    def picture(self, path: Path, alt: str) -> None:
        """Add a PNG picture, embedded."""
        data = base64.b64encode(path.read_bytes()).decode()
        self.add(el("p", el("img", alt=alt, src=f"data:image/png;base64,{data}")))

    def contents(self) -> Element:
        """Return the table of contents."""
        items = (el("li", el("a", title, href=f"#{anchor}")) for anchor, title in self.sections)
        return el("nav", el("ul", *items), aria_label="Contents")

    def write(self, path: Path) -> None:
        """Write the page."""
        if self.sections:
            self.main.insert(_first_section(self.main), self.contents())
        script = _resource("page.js")
        # The browser itself then keeps out the network, and every script but the page's own.
        trusted = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        policy = f"default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'sha256-{trusted}'"
        head = el(
            "head",
            el("meta", charset="utf-8"),
            el("meta", http_equiv="Content-Security-Policy", content=policy),
            el("meta", name="viewport", content="width=device-width, initial-scale=1"),
            el("title", self.title),
            el("link", rel="icon", href="data:,"),
            el("style", _resource("page.css")),
        )
        document = el("html", head, el("body", self.main, el("script", script)), lang="en")
        with replacing(path) as new:
            new.write_text(f"<!doctype html>\n{html(document)}\n", encoding="utf-8")


def table(rows: Sequence[Mapping[str, Any]], caption: str | None = None) -> Element:
    """Build a table of equal mappings, which people can sort where it has several rows.

    Parameters
    ----------
    rows : sequence of mapping
        Numbers are rounded to four digits; True is "yes", None an empty cell; elements stay as they are.
    caption : str, optional
    """
    numeric = {
        name
        for name in rows[0]
        if all(_is_number(row[name]) or row[name] is None for row in rows)
        and any(row[name] is not None for row in rows)
    }
    head = (
        el("th", str(name), scope="col", class_="number" if name in numeric else None)
        for name in rows[0]
    )
    long = {name for name in rows[0] if any(len(str(row[name])) > LONG for row in rows)}
    body = (el("tr", *(_cell(row[name], name in long) for name in rows[0])) for row in rows)
    built = el(
        "table",
        el("caption", caption) if caption else None,
        el("thead", el("tr", *head)),
        el("tbody", *body),
        class_="sortable" if len(rows) > FEW else None,
    )
    # A table that is wider than a phone is scrolled, by keyboard too.
    return el(
        "div", built, class_="wide", tabindex="0", role="region", aria_label=caption or "table"
    )


def details(summary: str, *parts: Child) -> Element:
    """Build a part that is folded away on the screen, and shown on paper."""
    return el("details", el("summary", summary), *parts)


def copyable(text: str) -> Element:
    """Build a text, a hash or a command, with a button that copies it."""
    return el("code", text, class_="copy")


def _cell(value: Any, is_long: bool) -> Element:
    if isinstance(value, Element):
        return el("td", value)
    if _is_number(value):
        sorted_by = repr(value) if math.isfinite(value) else ""
        return el("td", number(value), class_="number", data_value=sorted_by)
    words = {True: "yes", False: "no", None: ""}
    text = value if isinstance(value, str) else words[value]
    # Browsers break a date, or the name of an experiment, at its hyphens.
    is_name = "-" in text and " " not in text and len(text) < LONG
    kind = "long" if is_long else "whole" if is_name else None
    # A text may be in a script that is written from right to left.
    return el("td", *breakable(text), dir="auto", class_=kind)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _first_section(main: Element) -> int:
    return next((at for at, one in enumerate(main) if one.tag == "section"), len(main))


@cache
def _resource(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")
