"""Rows of one web page, as texts: of its tables, or of items with fields."""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from pedigree.base.names import UserError
from pedigree.collecting.web import Answer

if TYPE_CHECKING:
    from bs4 import BeautifulSoup, Tag

WIDEST = 1000  # columns that a cell may span, as in browsers
MADE_UP = r"Unnamed: \d+(_level_\d+)?"  # pandas' names for columns that have none


def parse(answer: Answer) -> BeautifulSoup:
    """Parse a page, its characters read as its headers, else its own words, else its bytes say.

    Left to itself, the parser guesses, and guesses otherwise where another package is installed.
    """
    from bs4 import BeautifulSoup
    from bs4.dammit import EncodingDetector

    if answer.kind and not re.search(r"html|xml|text/", answer.kind):
        raise UserError(f"{answer.url} is not a web page, but {answer.kind}.")
    declared = answer.charset or EncodingDetector.find_declared_encoding(answer.body, is_html=True)
    for encoding in ("utf-8-sig" if answer.body.startswith(codecs.BOM_UTF8) else declared, "utf-8"):
        try:
            # What calls itself Latin-1 or ASCII is Windows' Latin to every browser.
            name = codecs.lookup(encoding or "").name
            text = answer.body.decode("cp1252" if name in ("iso8859-1", "ascii") else name)
            break
        except (LookupError, ValueError):  # no such encoding, or other bytes
            continue
    else:
        text = answer.body.decode("cp1252", "replace")
    return BeautifulSoup(text, "lxml")


def split_field(field: str) -> tuple[str, str | None]:
    """Split ``selector@attribute``; an @ within a selector's brackets is no such mark."""
    found = re.fullmatch(r"(.*?)(?:@([\w:.-]+))?", field.strip(), re.DOTALL)
    assert found  # an empty text fits too
    return found[1].strip(), found[2]


def item_values(
    page: BeautifulSoup, selector: str, fields: Mapping[str, str], address: str
) -> dict[str, list[str | None]]:
    """Return each field's values in the items of a page; None where the item has no such thing.

    Raises
    ------
    UserError
        There is no item.
    """
    items = page.select(selector)
    if not items:
        raise UserError(f"collect.item: '{selector}' matches nothing on {address}.")
    for line_break in page.select("br"):
        line_break.replace_with("\n")
    return {name: [value_of(item, field) for item in items] for name, field in fields.items()}


def value_of(item: Tag, field: str) -> str | None:
    """Return the text or attribute of the first match in an item; None where there is none."""
    selector, attribute = split_field(field)
    element = item.select_one(selector) if selector else item
    if element is None:
        return None
    if attribute is None:
        return one_line(element.get_text())
    value = element.get(attribute)
    return (
        one_line(" ".join(value) if isinstance(value, list) else value)
        if value is not None
        else None
    )


def one_line(text: str) -> str:
    """Write any whitespace as one blank, as browsers show it."""
    return " ".join(text.split())


def table_rows(page: BeautifulSoup, selector: str, address: str) -> pa.Table:
    """Return the rows of the tables that a selector picks."""
    found = page.select(selector)
    within = {id(inner) for one in found for inner in one.select("table")}
    tables: list[pa.Table] = []
    for one in found:
        if one.name != "table":
            raise UserError(
                f"collect.table: '{selector}' picks a <{one.name}> on {address}; pick a <table>, such as '{selector} table'."
            )
        if id(one) not in within:
            tables.append(read_table(one, address))
            refuse_other(tables[-1].column_names, tables[0].column_names, selector, address)
    if not tables:
        raise UserError(f"collect.table: '{selector}' matches nothing on {address}.")
    return pa.concat_tables(tables)


def refuse_other(
    columns: list[str], expected: list[str], selector: str | None, address: str
) -> None:
    """Refuse columns that are not those of the first table."""
    if columns != expected:
        raise UserError(
            f"collect.table: '{selector}' picks a table with other columns than the first on {address}: "
            f"{', '.join(columns)}, and not {', '.join(expected)}. Pick with a narrower selector."
        )


def read_table(table: Tag, address: str) -> pa.Table:
    """Read a table as pandas does, but every value as the text that it is."""
    import pandas as pd

    tidy(table)
    options: Any = {"flavor": "lxml", "thousands": None, "keep_default_na": False, "na_values": []}
    try:
        # Twice, since texts can only be asked for by the number of their column.
        (typed,) = pd.read_html(io.StringIO(str(table)), **options)
        texts = dict.fromkeys(range(len(typed.columns)), str)
        (frame,) = pd.read_html(io.StringIO(str(table)), **options, converters=texts)
    except ValueError:  # pandas finds no table in one without a text
        raise UserError(f"collect.table: a table on {address} is empty.") from None
    names = column_names(frame.columns)
    rows = [[one_line(value) for value in row] for row in frame.itertuples(index=False, name=None)]
    # Long tables have their header in the middle, too.
    rows = [row for row in rows if any(row) and row != names]
    return as_texts(names, zip(*rows, strict=True) if rows else ([] for _ in names))


def as_texts(names: Iterable[str], columns: Iterable[Iterable[str | None]]) -> pa.Table:
    """Make a table of texts, in which blanks are missing values."""
    arrays = [pa.array([text or None for text in column], pa.string()) for column in columns]
    return pa.table(arrays, names=list(names))


def tidy(table: Tag) -> None:
    """Take out of a table what would break it: tables in cells, scripts, spans beyond its end."""
    for inner in table.select("table"):
        inner.replace_with(inner.get_text(" ", strip=True))
    for code in table.select("script, style"):
        code.decompose()
    for cell in table.select("[colspan], [rowspan]"):
        row = cell.find_parent("tr")
        below = len(row.find_next_siblings("tr")) if row else 0
        for span, most in (("colspan", WIDEST), ("rowspan", 1 + below)):
            number = re.match(r"\d{1,9}", str(cell.get(span, "1")).strip())
            wanted = int(number[0]) if number else 1
            cell[span] = str(min(wanted, most) if wanted else (most if span == "rowspan" else 1))


def column_names(columns: Iterable[Any]) -> list[str]:
    """Join the rows of a header, leave out what pandas made up, and tell equal names apart."""
    names: list[str] = []
    for number, name in enumerate(columns, start=1):
        parts = name if isinstance(name, tuple) else () if isinstance(name, int) else (name,)
        texts = dict.fromkeys(one_line(str(part)) for part in parts)
        joined = " ".join(text for text in texts if not re.fullmatch(MADE_UP, text))
        joined = joined or f"column_{number}"
        names.append(f"{joined}.{number}" if joined in names else joined)
    return names
