"""HTML reports: one self-contained file each, pictures included, no clock and no network."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from string import Template
from typing import Any

from pipeline.core.base.tables import replacing

_PAGE = Template("""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title>
<style>
:root { color-scheme: light dark; --line: #8884; --soft: #8881; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2.2rem; }
div.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .25rem .7rem; border-bottom: 1px solid var(--line); }
th { background: var(--soft); font-weight: 600; } td.number { text-align: right; }
img { max-width: 100%; background: white; border-radius: 4px; }
</style>
<h1>$title</h1>
$body
</html>
""")


class Page:
    """A report that is put together from headings, paragraphs, tables and pictures.

    Parameters
    ----------
    title : str
    """

    def __init__(self, title: str) -> None:
        self.title = title
        self.parts: list[str] = []

    def heading(self, text: str) -> None:
        """Add a heading."""
        self.parts.append(f"<h2>{escape(text)}</h2>")

    def paragraph(self, text: str) -> None:
        """Add a paragraph."""
        self.parts.append(f"<p>{escape(text)}</p>")

    def table(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Add a table of equal mappings; numbers are rounded to four digits."""
        if not rows:
            return
        head = "".join(f"<th>{escape(str(name))}</th>" for name in rows[0])
        body = "\n".join(
            "<tr>" + "".join(_cell(value) for value in row.values()) + "</tr>" for row in rows
        )
        self.parts.append(f'<div class="wide"><table>\n<tr>{head}</tr>\n{body}\n</table></div>')

    def picture(self, path: Path, alt: str) -> None:
        """Add a PNG picture, embedded."""
        data = base64.b64encode(path.read_bytes()).decode()
        self.parts.append(f'<p><img alt="{escape(alt)}" src="data:image/png;base64,{data}"></p>')

    def write(self, path: Path) -> None:
        """Write the page."""
        with replacing(path) as new:
            new.write_text(
                _PAGE.substitute(title=escape(self.title), body="\n".join(self.parts)),
                encoding="utf-8",
            )


def _cell(value: Any) -> str:
    if value is None or isinstance(value, bool | str):
        words = {True: "yes", False: "no", None: ""}
        return f"<td>{escape(value if isinstance(value, str) else words[value])}</td>"
    return f'<td class="number">{value:{"," if isinstance(value, int) else ".4g"}}</td>'
