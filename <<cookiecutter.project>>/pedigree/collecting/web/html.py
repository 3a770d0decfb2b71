"""Rows of one web page as strings: from its tables, or from items with fields."""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from pedigree.base.names import UserError
from pedigree.collecting.web import Response

if TYPE_CHECKING:
    from bs4 import BeautifulSoup, Tag

MAX_SPAN = 1000  # columns that a cell can span, as in browsers
PLACEHOLDER = r"Unnamed: \d+(_level_\d+)?"  # pandas' names for columns that have none


def parse_html(response: Response) -> BeautifulSoup:
    """Parse a page with the encoding of its headers, its meta tags, or its bytes.

    The parser's own guess would depend on the installed packages.
    """
    from bs4 import BeautifulSoup
    from bs4.dammit import EncodingDetector

    if response.kind and not re.search(r"html|xml|text/", response.kind):
        raise UserError(f"{response.url} is {response.kind}, not a web page.")
    declared = response.charset or EncodingDetector.find_declared_encoding(
        response.body, is_html=True
    )
    for encoding in (
        "utf-8-sig" if response.body.startswith(codecs.BOM_UTF8) else declared,
        "utf-8",
    ):
        try:
            # Browsers decode pages that declare Latin-1 or ASCII as cp1252.
            name = codecs.lookup(encoding or "").name
            text = response.body.decode("cp1252" if name in ("iso8859-1", "ascii") else name)
            break
        except (LookupError, ValueError):  # unknown encoding, or invalid bytes
            continue
    else:
        text = response.body.decode("cp1252", "replace")
    return BeautifulSoup(text, "lxml")


def split_field(field: str) -> tuple[str, str | None]:
    """Split ``selector@attribute``; an @ within brackets is part of the selector."""
    found = re.fullmatch(r"(.*?)(?:@([\w:.-]+))?", field.strip(), re.DOTALL)
    assert found  # an empty string matches too
    return found[1].strip(), found[2]


def item_values(
    page: BeautifulSoup, selector: str, fields: Mapping[str, str], address: str
) -> dict[str, list[str | None]]:
    """Return the values of each field in the items of a page.

    Parameters
    ----------
    page : BeautifulSoup
    selector : str
        CSS selector of an item.
    fields : mapping of str to str
        Name to CSS selector of each field.
    address : str
        Address of the page, for messages.

    Returns
    -------
    dict of str to list
        None for an item without the field.

    Raises
    ------
    UserError
        The page has no item.
    """
    items = page.select(selector)
    if not items:
        raise UserError(f"collect.item: '{selector}' matches nothing on {address}.")
    for line_break in page.select("br"):
        line_break.replace_with("\n")
    return {name: [value_of(item, field) for item in items] for name, field in fields.items()}


def value_of(item: Tag, field: str) -> str | None:
    """Return the text or attribute of the first match in an item, or None."""
    selector, attribute = split_field(field)
    element = item.select_one(selector) if selector else item
    if element is None:
        return None
    if attribute is None:
        return normalize_whitespace(element.get_text())
    value = element.get(attribute)
    return (
        normalize_whitespace(" ".join(value) if isinstance(value, list) else value)
        if value is not None
        else None
    )


def normalize_whitespace(text: str) -> str:
    """Collapse whitespace to single spaces, as browsers do."""
    return " ".join(text.split())


def table_rows(page: BeautifulSoup, selector: str, address: str) -> pa.Table:
    """Return the rows of the tables that a selector matches.

    Parameters
    ----------
    page : BeautifulSoup
    selector : str
        CSS selector of the tables.
    address : str
        Address of the page, for messages.

    Returns
    -------
    pa.Table
        Columns of strings.

    Raises
    ------
    UserError
        Nothing matches, something other than a table matches, or the tables' columns differ.
    """
    found = page.select(selector)
    within = {id(inner) for one in found for inner in one.select("table")}
    tables: list[pa.Table] = []
    for one in found:
        if one.name != "table":
            raise UserError(
                f"collect.table: '{selector}' matches a <{one.name}> on {address}; select a <table>, such as '{selector} table'."
            )
        if id(one) not in within:
            tables.append(read_html_table(one, address))
            check_columns(tables[-1].column_names, tables[0].column_names, selector, address)
    if not tables:
        raise UserError(f"collect.table: '{selector}' matches nothing on {address}.")
    return pa.concat_tables(tables)


def check_columns(
    columns: list[str], expected: list[str], selector: str | None, address: str
) -> None:
    """Raise an error if columns differ from those of the first table.

    Parameters
    ----------
    columns, expected : list of str
        Columns of a table, and of the first table.
    selector : str or None
        CSS selector of the tables, for messages.
    address : str
        Address of the page, for messages.

    Raises
    ------
    UserError
        The columns differ.
    """
    if columns != expected:
        raise UserError(
            f"collect.table: '{selector}' matches a table with columns {', '.join(columns)} on {address}, but the first "
            f"has {', '.join(expected)}; use a narrower selector."
        )


def read_html_table(table: Tag, address: str) -> pa.Table:
    """Read a table with pandas, all values as strings."""
    import pandas as pd

    sanitize(table)
    options: Any = {"flavor": "lxml", "thousands": None, "keep_default_na": False, "na_values": []}
    try:
        # Twice, since strings must be requested by the position of the column.
        (typed,) = pd.read_html(io.StringIO(str(table)), **options)
        strings = dict.fromkeys(range(len(typed.columns)), str)
        (frame,) = pd.read_html(io.StringIO(str(table)), **options, converters=strings)
    except ValueError:  # pandas ignores tables without text
        raise UserError(f"collect.table: a table on {address} is empty.") from None
    names = header_names(frame.columns)
    rows = [
        [normalize_whitespace(value) for value in row]
        for row in frame.itertuples(index=False, name=None)
    ]
    # Long tables repeat their header.
    rows = [row for row in rows if any(row) and row != names]
    return string_table(names, zip(*rows, strict=True) if rows else ([] for _ in names))


def string_table(names: Iterable[str], columns: Iterable[Iterable[str | None]]) -> pa.Table:
    """Build a table of strings; empty strings become missing values."""
    arrays = [pa.array([text or None for text in column], pa.string()) for column in columns]
    return pa.table(arrays, names=list(names))


def sanitize(table: Tag) -> None:
    """Remove nested tables, scripts and spans beyond the end of a table."""
    for inner in table.select("table"):
        inner.replace_with(inner.get_text(" ", strip=True))
    for code in table.select("script, style"):
        code.decompose()
    for cell in table.select("[colspan], [rowspan]"):
        row = cell.find_parent("tr")
        below = len(row.find_next_siblings("tr")) if row else 0
        for span, most in (("colspan", MAX_SPAN), ("rowspan", 1 + below)):
            number = re.match(r"\d{1,9}", str(cell.get(span, "1")).strip())
            wanted = int(number[0]) if number else 1
            cell[span] = str(min(wanted, most) if wanted else (most if span == "rowspan" else 1))


def header_names(columns: Iterable[Any]) -> list[str]:
    """Join the rows of a header, without pandas' placeholders, and make the names unique."""
    names: list[str] = []
    for number, name in enumerate(columns, start=1):
        parts = name if isinstance(name, tuple) else () if isinstance(name, int) else (name,)
        strings = dict.fromkeys(normalize_whitespace(str(part)) for part in parts)
        joined = " ".join(text for text in strings if not re.fullmatch(PLACEHOLDER, text))
        joined = joined or f"column_{number}"
        names.append(f"{joined}.{number}" if joined in names else joined)
    return names
