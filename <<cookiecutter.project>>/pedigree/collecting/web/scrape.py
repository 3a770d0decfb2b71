"""Rows of web pages: tables, or items with fields, picked by CSS selectors."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.robotparser import RobotFileParser

import pyarrow as pa

from pedigree.base.extras import way_to_add
from pedigree.base.names import UserError
from pedigree.base.stage import say
from pedigree.collecting.web import Client, Refusal, join
from pedigree.collecting.web.html import (
    as_texts,
    item_values,
    parse,
    refuse_other,
    split_field,
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
    """Collect the rows of pages as texts, and follow the links to the next page.

    Parameters
    ----------
    folder : Path
        Where the snapshot goes.
    url, table, item, fields, next, ...
        See ``conf/collect/scrape.yaml``.

    Raises
    ------
    UserError
        A setting does not fit, the site does not allow or answer a page, a selector matches
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
    missing = set(fields)  # fields that no item had yet
    pages = 0

    def tables() -> Iterator[pa.Table]:
        nonlocal columns, pages
        along = follow(client, url, next, max_pages, max_bytes)
        for address, page in tqdm(along, desc="collect", unit=" pages", disable=None):
            pages += 1
            if table:
                rows = table_rows(page, table, address)
                columns = columns or rows.column_names
                refuse_other(rows.column_names, columns, table, address)
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
            yield as_texts(values, values.values())

    with client:
        obey_robots(client, url, user_agent, max_bytes)
        write_csv(tables(), folder / "part-00000.jsonl")
    for name in sorted(missing):
        raise UserError(
            f"collect.fields.{name}: '{fields[name]}' matches nothing in any item of {url}, nor of its {pages} pages."
        )
    picked = {"table": table} if table else {"item": item, "fields": fields}
    return {"kind": "scrape", "url": url, **picked, "next": next, "pages": pages}


collect.needs = ("bs4", "lxml")  # type: ignore[attr-defined]


def write_csv(tables: Iterable[pa.Table], path: Path) -> None:
    """Write rows of texts as JSON lines: `load` looks for texts that mean "no value" in these.

    In Parquet it would not, since values there have their types.
    """
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for table in tables:
            for row in table.to_pylist():
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
    if not path.stat().st_size:
        path.unlink()


def check_selectors(
    table: str | None, item: str | None, fields: Mapping[str, str], next: str | None
) -> None:
    """Refuse selectors that cannot be read, and settings that do not go together.

    Raises
    ------
    UserError
        Names the setting.
    """
    try:
        import lxml  # noqa: F401
        import soupsieve
    except ImportError:
        raise UserError(
            f"collect=scrape needs the packages of the extra 'scrape'; {way_to_add('scrape')}."
        ) from None
    if bool(table) == bool(item):
        raise UserError("collect.table or collect.item is needed, and the other one null.")
    if bool(item) != bool(fields):
        raise UserError(
            "collect.item and collect.fields belong together: an item's values are its fields."
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
    """Let robots.txt decide which pages the client may ask for, and how fast.

    Raises
    ------
    UserError
        It cannot be read, although it may be there.
    """
    rules = RobotFileParser()
    address = join(url, "/robots.txt")
    try:
        text = client.get(address, max_bytes).body.decode("utf-8-sig", "replace")
        rules.parse(text.splitlines())
    except Refusal as refusal:
        if not 400 <= refusal.status < 500 or refusal.status in (401, 403, 429):
            raise UserError(
                f"{refusal} As long as it cannot be read, no page is asked for."
            ) from None
        rules.parse([])  # there is none

    def refuse(page: str) -> None:
        if not rules.can_fetch(user_agent, page):
            raise UserError(
                f"{address} does not allow {page} to '{user_agent}' (collect.user_agent); ask the site's owner."
            )

    client.allowed = refuse
    rate = rules.request_rate(user_agent)
    wanted = max(
        float(rules.crawl_delay(user_agent) or 0), rate.seconds / rate.requests if rate else 0
    )
    if wanted > client.pause:
        say(f"{address} asks for {wanted:g} seconds between two requests")
        client.pause = wanted


def follow(
    client: Client, url: str, next: str | None, max_pages: int, max_bytes: int
) -> Iterator[tuple[str, BeautifulSoup]]:
    """Yield each page once with its address, from the first along the links to the next.

    Raises
    ------
    UserError
        There are more than `max_pages`, or a link leads where the client does not go.
    """
    seen: set[str] = set()
    asked: str | None = join(url, "")
    pages = 0
    while asked and asked not in seen:
        if pages == max_pages:
            raise UserError(
                f"{url} is followed by more than {max_pages} pages; if that is right, raise collect.max_pages."
            )
        answer = client.get(asked, max_bytes)
        if answer.url in seen:  # by a redirect
            return
        seen |= {asked, answer.url}
        page = parse(answer)
        pages += 1
        asked = next_link(page, next, answer.url) if next else None
        if next and pages == 1 and not asked:
            say(
                f"collect.next: '{next}' matches no link on {answer.url}, which is taken for the only page"
            )
        yield answer.url, page


def next_link(page: BeautifulSoup, selector: str, address: str) -> str | None:
    """Return the address of the next page: of what is selected, or of the link in it."""
    base = page.select_one("base[href]")
    for element in page.select(selector):
        link = element if element.has_attr("href") else element.select_one("[href]")
        if link is None:
            continue
        target = join(join(address, str(base["href"]) if base else ""), str(link["href"]))
        if not target.startswith(("http://", "https://")):
            raise UserError(
                f"collect.next: '{selector}' selects a link to '{link['href']}' on {address}, which only a browser "
                "can follow."
            )
        return target
    return None
