"""HTML pages: one self-contained file each with charts and images, without times and network requests."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

from pedigree.base.files.replacing import write_text
from pedigree.base.names import UserError
from pedigree.base.tools import described
from pedigree.report.page.parts import Figure, Heading, Picture, Table, Text
from pedigree.report.page.rendering import PagePart, jinja_environment, rendered

LAYOUT = "pedigree/report/page/page.html.j2"


class Page:
    """A page that is composed of parts: sections, headings, paragraphs, tables, charts, images.

    Parameters
    ----------
    title : str
    templates : Path, optional
        A folder with the owner's templates, for `include` and `add`.

    Examples
    --------
    >>> page = Page("My page")
    >>> page.paragraph("1 < 2")
    >>> "<p>1 &lt; 2</p>" in page.html()
    True
    """

    def __init__(self, title: str, templates: Path | None = None) -> None:
        self.title = title
        self.environment = jinja_environment(templates and templates.resolve())
        self.parts: list[tuple[str, dict[str, Any]]] = []  # name and variables of each template

    def add(self, *parts: PagePart, template: str | None = None) -> None:
        """Add sections, charts or other parts, optionally with one of the owner's templates."""
        self.parts += [(template or part.template, vars(part)) for part in parts]

    def include(self, template: str, **values: Any) -> None:
        """Add one of the owner's templates.

        It is a section if it sets a title; if it also sets an anchor, the table of contents lists it:
        ``{% set title, anchor = "My section", "mine" %}``.

        Parameters
        ----------
        template : str
            Its name in the folder of templates.
        **values
            Its variables, which are escaped when they are printed.
        """
        self.parts.append((template, values))

    def heading(self, text: str, anchor: str | None = None) -> None:
        """Add the heading of a section; the table of contents lists those with an anchor."""
        self.add(Heading(text=text, link=anchor))

    def subheading(self, text: str) -> None:
        """Add the heading of a part of a section."""
        self.add(Text(text=text, is_heading=True))

    def paragraph(self, text: str) -> None:
        """Add a paragraph."""
        self.add(Text(text=text))

    def table(self, rows: Sequence[Mapping[str, Any]], caption: str = "") -> None:
        """Add a table of mappings with equal keys; nothing if there are no rows."""
        if not isinstance(rows, Sequence):
            raise UserError(
                f"a table needs a list of dictionaries, and was given {described(rows)}; "
                'of a data frame, `frame.to_dict("records")` makes one.'
            )
        if rows:
            self.add(Table(rows=rows, caption=caption))

    def figure(self, chart: PagePart, title: str = "", caption: str = "") -> None:
        """Add a chart of `pedigree.report.charts`.

        Parameters
        ----------
        chart : PagePart
        title, caption : str
        """
        self.add(Figure(chart=chart, title=title, caption=caption))

    def picture(self, path: Path, alt: str) -> None:
        """Embed a PNG image; `alt` describes it for people who cannot see it."""
        self.add(Picture.read(path, alt))

    def html(self) -> str:
        """Render the page."""
        parts = []
        for template, values in self.parts:
            module = rendered(self.environment, template, values)
            title, anchor = (getattr(module, name, None) for name in ("title", "anchor"))
            parts.append({"body": Markup(module), "title": title, "anchor": anchor})
        style, script = (_resource(name) for name in ("page.css", "page.js"))
        # With this policy the browser blocks network requests, and all scripts except the page's own.
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        values = {"title": self.title, "parts": parts, "digest": digest}
        return str(rendered(self.environment, LAYOUT, values | {"style": style, "script": script}))

    def write(self, path: Path) -> None:
        """Write the page to a file."""
        write_text(self.html(), path)


def _resource(name: str) -> Markup:
    """Read a file of the library that every page includes."""
    return Markup(Path(__file__).with_name(name).read_text(encoding="utf-8"))
