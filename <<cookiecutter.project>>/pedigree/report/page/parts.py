"""Parts of a page: headings, paragraphs, tables and images."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pedigree.base.names import UserError
from pedigree.base.tools import described
from pedigree.report.page.rendering import PagePart


@dataclass(frozen=True, kw_only=True)
class Heading(PagePart):
    """The heading of a section; the table of contents lists those with an anchor."""

    text: str
    link: str | None = None
    template: str = "pedigree/report/page/heading.html.j2"


@dataclass(frozen=True, kw_only=True)
class Text(PagePart):
    """A paragraph, or the heading of a part of a section."""

    text: str
    is_heading: bool = False
    template: str = "pedigree/report/page/text.html.j2"


@dataclass(frozen=True, kw_only=True)
class Table(PagePart):
    """A table of mappings with equal keys, which readers can sort.

    Parameters
    ----------
    rows : sequence of mapping
        Numbers are rounded to four significant digits; True is "yes", None an empty cell.
    caption : str
    """

    rows: Sequence[Mapping[str, Any]]
    caption: str = ""
    columns: list[str] = field(init=False)
    numbers: list[str] = field(init=False)  # names of numeric columns
    template: str = "pedigree/report/page/table.html.j2"

    def __post_init__(self) -> None:
        for row in self.rows:
            if not isinstance(row, Mapping):
                raise UserError(
                    f"a table needs a list of dictionaries, and contains {described(row)}."
                )
        names = list(self.rows[0]) if self.rows else []
        for number, row in enumerate(self.rows, start=1):
            if other := set(names) ^ set(row):
                raise UserError(
                    f"all rows of a table need the same keys, and row {number} differs from row 1 in "
                    f"{', '.join(sorted(map(repr, other)))}; use None for an empty cell."
                )
        numbers = [name for name in names if _are_numbers([row[name] for row in self.rows])]
        object.__setattr__(self, "columns", names)
        object.__setattr__(self, "numbers", numbers)


@dataclass(frozen=True, kw_only=True)
class Picture(PagePart):
    """A PNG image, embedded in the page.

    Parameters
    ----------
    data : str
        The file in Base64.
    alt : str
        Description of the image, for people who cannot see it.
    """

    data: str
    alt: str
    template: str = "pedigree/report/page/picture.html.j2"

    @classmethod
    def read(cls, path: Path, alt: str) -> Picture:
        """Read a PNG file."""
        return cls(data=base64.b64encode(path.read_bytes()).decode(), alt=alt)


@dataclass(frozen=True, kw_only=True)
class Figure(PagePart):
    """A chart with a title and a caption."""

    chart: PagePart
    title: str = ""
    caption: str = ""
    template: str = "pedigree/report/page/figure.html.j2"


def _are_numbers(values: Sequence[Any]) -> bool:
    known = [value for value in values if value is not None]
    return bool(known) and all(
        isinstance(value, int | float) and not isinstance(value, bool) for value in known
    )
