"""Source: rows of web pages, from tables or items with fields, selected by CSS selectors."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from pedigree.base.extras import way_to_add
from pedigree.base.files.replacing import replacing
from pedigree.base.names import UserError
from pedigree.base.stage import say
from pedigree.collecting.web import Client, RequestFailed, absolute_url
from pedigree.collecting.web.html import (
    check_columns,
    item_values,
    parse_html,
    split_field,
    string_table,
    table_rows,
)

if TYPE_CHECKING:
    from bs4 import BeautifulSoup


def collect(
    folder: Path,
    url: str,
    table: str | None = None,
    item: str | None = None,
    fields: Mapping[str, str] | None = None,
    next: str | None = None,
    user_agent: str = "pedigree",
    delay: float = 1,
    retries: int = 5,
    backoff: float = 1,
    max_wait: float = 300,
    connect_timeout: float = 10,
    read_timeout: float = 60,
    max_pages: int = 1000,
    max_bytes: int = 20_000_000,
) -> dict[str, Any]:
    """Collect the rows of pages as strings, and follow the links to the next page.

    Parameters
    ----------
    folder : Path
        Folder of the snapshot.
    url : str
        Address of the first page.
    table : str, optional
        CSS selector of the table; exclusive with `item`.
    item : str, optional
        CSS selector of an item; its values are the `fields`.
    fields : mapping of str to str, optional
        Name to CSS selector (``selector@attribute`` for an attribute) of each field.
    next : str, optional
        CSS selector of the link to the next page.
    user_agent : str
    delay : float
        Seconds between two requests; a longer Crawl-delay of robots.txt is followed.
    retries, backoff, max_wait, connect_timeout, read_timeout
        Retries and timeouts in seconds, see `Client`.
    max_pages, max_bytes : int
        Limits of the snapshot and of a page; exceeding them is an error.

    Returns
    -------
    dict
        Description of the source.

    Raises
    ------
    UserError
        A setting is invalid, a page is forbidden by robots.txt or cannot be fetched, a selector matches
        nothing, or a page has other columns than the first.
    """
    from tqdm import tqdm

    fields = dict(fields or {})
    check_selectors(table, item, fields, next)
    client = Client(
        url,
        headers={"User-Agent": user_agent},
        pause=delay,
        retries=retries,
        backoff=backoff,
        max_wait=max_wait,
        connect_timeout=connect_timeout,
        read_timeout=read_timeout,
    )
    columns: list[str] = []
    missing = set(fields)  # fields without a match so far
    pages = 0

    def tables() -> Iterator[pa.Table]:
        nonlocal columns, pages
        along = follow_links(client, url, next, max_pages, max_bytes)
        for address, page in tqdm(along, desc="collect", unit=" pages", disable=None):
            pages += 1
            if table:
                rows = table_rows(page, table, address)
                columns = columns or rows.column_names
                check_columns(rows.column_names, columns, table, address)
                yield rows
                continue
            values = item_values(page, str(item), fields, address)
            missing.difference_update(
                name for name in fields if any(v is not None for v in values[name])
            )
            for name in sorted(missing) if pages == 1 else ():
                say(
                    f"collect.fields.{name}: '{fields[name]}' matches nothing on the first page, {address}"
                )
            yield string_table(values, values.values())

    with client:
        obey_robots(client, url, user_agent, max_bytes)
        write_json_lines(tables(), folder / "part-00000.jsonl")
    for name in sorted(missing):
        raise UserError(
            f"collect.fields.{name}: '{fields[name]}' matches nothing on the {pages} pages of {url}."
        )
    picked = {"table": table} if table else {"item": item, "fields": fields}
    return {"kind": "scrape", "url": url, **picked, "next": next, "pages": pages}


collect.needs = ("bs4", "lxml", "protego")  # type: ignore[attr-defined]


def write_json_lines(tables: Iterable[pa.Table], path: Path) -> None:
    """Write rows of strings as JSON lines.

    Not as Parquet, since `load` replaces markers of missing values in formats without types only.
    """
    rows = (row for table in tables for row in table.to_pylist())
    if (first := next(rows, None)) is None:
        return
    with replacing(path) as new, new.open("w", encoding="utf-8", newline="\n") as file:
        for row in itertools.chain([first], rows):
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def check_selectors(
    table: str | None, item: str | None, fields: Mapping[str, str], next: str | None
) -> None:
    """Validate selectors and their combination.

    Parameters
    ----------
    table, item : str or None
        Exactly one of them is set.
    fields : mapping of str to str
        Set together with `item`.
    next : str or None

    Raises
    ------
    UserError
        A setting is invalid; the message has its key.
    """
    try:
        import lxml  # noqa: F401
        import protego  # noqa: F401
        import soupsieve
    except ImportError:
        raise UserError(
            f"collect=scrape requires the packages of the extra 'scrape'; {way_to_add('scrape')}."
        ) from None
    if bool(table) == bool(item):
        raise UserError("set exactly one of collect.table and collect.item; the other is null.")
    if bool(item) != bool(fields):
        raise UserError(
            "collect.item and collect.fields require each other: the fields are the values of an item; set both."
        )
    selectors = {"table": table, "item": item, "next": next}
    selectors |= {f"fields.{name}": split_field(field)[0] for name, field in fields.items()}
    for name, selector in selectors.items():
        try:
            soupsieve.compile(selector or "*")
        except soupsieve.SelectorSyntaxError as error:
            what = str(error).splitlines()[0]
            raise UserError(f"collect.{name}: '{selector}' is not a CSS selector: {what}") from None


def obey_robots(client: Client, url: str, user_agent: str, max_bytes: int) -> None:
    """Restrict a client to the pages and rate that robots.txt allows.

    Parameters
    ----------
    client : Client
        Its `check_url` and `pause` are set.
    url : str
        An address of the site.
    user_agent : str
    max_bytes : int
        Maximum size of robots.txt.

    Raises
    ------
    UserError
        robots.txt exists, or may exist, but cannot be read.
    """
    from protego import Protego

    address, text = absolute_url(url, "/robots.txt"), ""
    try:
        text = client.get(address, max_bytes).body.decode("utf-8-sig", "replace")
    except RequestFailed as error:
        if not 400 <= error.status < 500 or error.status in (401, 403, 429):
            raise UserError(
                f"{error} No page is requested while robots.txt cannot be read."
            ) from None
    rules = Protego.parse(text)  # empty if the site has no robots.txt
    # The rules name the product alone, without its version or a comment: RFC 9309.
    product = re.match(r"[\w-]*", user_agent)[0]  # type: ignore[index]

    def refuse(page: str) -> None:
        if not rules.can_fetch(page, product):
            raise UserError(
                f"{address} does not allow '{user_agent}' (collect.user_agent) to fetch {page}; ask the site's owner."
            )

    client.check_url = refuse
    rate = rules.request_rate(product)
    wanted = max(rules.crawl_delay(product) or 0, rate.seconds / rate.requests if rate else 0)
    if wanted > client.pause:
        say(f"{address} requires {wanted:g} seconds between two requests")
        client.pause = wanted


def follow_links(
    client: Client, url: str, next: str | None, max_pages: int, max_bytes: int
) -> Iterator[tuple[str, BeautifulSoup]]:
    """Yield each page with its address, following the links to the next page.

    Parameters
    ----------
    client : Client
    url : str
        Address of the first page.
    next : str or None
        CSS selector of the link to the next page.
    max_pages, max_bytes : int
        Maximum number of pages, and size of a page.

    Yields
    ------
    address : str
    page : BeautifulSoup

    Raises
    ------
    UserError
        More than `max_pages` pages follow, or a link leads to another site.
    """
    seen: set[str] = set()
    address: str | None = absolute_url(url, "")
    pages = 0
    while address and address not in seen:
        if pages == max_pages:
            raise UserError(
                f"{url} is followed by more than {max_pages} pages; if this is correct, raise collect.max_pages."
            )
        response = client.get(address, max_bytes)
        if response.url in seen:  # by a redirect
            return
        seen |= {address, response.url}
        page = parse_html(response)
        pages += 1
        address = next_link(page, next, response.url) if next else None
        if next and pages == 1 and not address:
            say(
                f"collect.next: '{next}' matches no link on {response.url}, so that this is the only page"
            )
        yield response.url, page


def next_link(page: BeautifulSoup, selector: str, address: str) -> str | None:
    """Return the address of the next page: of the selected element, or of a link in it.

    Parameters
    ----------
    page : BeautifulSoup
    selector : str
        CSS selector of the link.
    address : str
        Address of the page.

    Returns
    -------
    str or None
        None if nothing matches.

    Raises
    ------
    UserError
        Only a browser can follow the link.
    """
    base = page.select_one("base[href]")
    for element in page.select(selector):
        link = element if element.has_attr("href") else element.select_one("[href]")
        if link is None:
            continue
        target = absolute_url(
            absolute_url(address, str(base["href"]) if base else ""), str(link["href"])
        )
        if not target.startswith(("http://", "https://")):
            raise UserError(
                f"collect.next: '{selector}' matches a link to '{link['href']}' on {address}, which only a browser "
                "can follow; select an http link."
            )
        return target
    return None
