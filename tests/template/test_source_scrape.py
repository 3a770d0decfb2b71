"""The source `scrape`, against a local site."""

import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pandas as pd
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from template.projects import TREE

from pedigree.base.names import UserError
from pedigree.collecting.snapshot import fingerprint
from pedigree.collecting.web import Client, scrape
from pedigree.collecting.web.html import split_field
from pedigree.data.engine import read_file

pytestmark = pytest.mark.tools

BOOKS = """
<html><body><h1>Books</h1>{items}
<ul class="pager"><li class="next"><a href="{next}">next</a></li></ul></body></html>
"""
BOOK = """
<article class="book" data-id="{id}"><h3><a href="book/{id}.html" title="Book {id}">Book
  &nbsp;<b>No</b>. {id}</a></h3><p class="price">£ 0{id},50</p>{more}</article>
"""
FIELDS = {
    "id": "@data-id",
    "title": "h3 a",
    "link": "h3 a@href",
    "price": "p.price",
    "class": "@class",
    "note": "p.note",
}


@dataclass
class Site:
    """A local site: `pages` are served, `asked` and `at` hold what was asked for, and when."""

    url: str = ""
    pages: dict[str, Any] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    at: list[float] = field(default_factory=list)
    agents: list[str] = field(default_factory=list)

    def collect(self, folder: Path, path: str = "/", **chosen: Any) -> dict[str, Any]:
        """Collect without manners, which would only take time."""
        folder.mkdir(exist_ok=True)
        quick = {"delay": 0, "backoff": 0, "read_timeout": 5, "retries": 1}
        return scrape.collect(folder, self.url + path, **quick | chosen)


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], Site]]:
    """Return a function that starts a site, without robots.txt unless it gets one."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    running = []

    def one() -> Site:
        site = Site()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = 2**16

            def do_GET(self) -> None:
                site.at.append(time.monotonic())
                site.asked.append(self.path)
                site.agents.append(self.headers["User-Agent"])
                page = site.pages.get(urlsplit(self.path).path, 404)
                status = page if isinstance(page, int) else 200
                kind, headers, body = "text/html", {}, b""
                if isinstance(page, tuple):
                    body, kind = page
                elif isinstance(page, dict):
                    status, headers = 302, page
                elif not isinstance(page, int):
                    body = page.encode()
                self.send_response(status)
                for name, value in {"Content-Type": kind, **headers}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: Any) -> None:
                """Stay silent."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        site.url = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        running.append(server)
        return site

    yield one
    for server in running:
        server.shutdown()
        server.server_close()


@pytest.fixture
def site(start: Callable[[], Site]) -> Site:
    return start()


@pytest.fixture
def shop(site: Site) -> Site:
    """Return a site with three pages of two books each."""
    for number in (1, 2, 3):
        note = '<p class="note">sold<br>out</p>'
        items = "".join(
            BOOK.format(id=n, more=note if n == 4 else "") for n in (2 * number - 1, 2 * number)
        )
        following = f"page-{number + 1}.html" if number < 3 else "#"
        site.pages[f"/shop/page-{number}.html"] = BOOKS.format(items=items, next=following)
    return site


def rows(folder: Path) -> pd.DataFrame:
    (part,) = folder.iterdir()
    lines = part.read_text(encoding="utf-8").splitlines()
    return pd.DataFrame([json.loads(line) for line in lines], dtype=object)


def table(folder: Path, site: Site, html: str, **chosen: Any) -> list[dict[str, str | None]]:
    """Return the rows of a page's table."""
    site.pages["/"] = html
    site.collect(folder, **{"table": "table"} | chosen)
    read = rows(folder)
    return read.astype(object).where(read.notna(), None).to_dict("records")


# --- items ---------------------------------------------------------------------------------------


def test_items_are_rows_of_texts_and_attributes(
    shop: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = shop.collect(
        tmp_path / "raw", "/shop/page-1.html", item="article", fields=FIELDS, next=".next a"
    )
    read = rows(tmp_path / "raw")
    assert list(read) == list(FIELDS)
    assert list(read["id"]) == ["1", "2", "3", "4", "5", "6"]
    assert read.iloc[0].drop("note").to_dict() == {
        "id": "1",
        "title": "Book No. 1",
        "link": "book/1.html",
        "price": "£ 01,50",
        "class": "book",
    }
    assert read["note"].isna().tolist() == [True, True, True, False, True, True]
    assert read["note"][3] == "sold out"
    assert said == {
        "kind": "scrape",
        "url": f"{shop.url}/shop/page-1.html",
        "item": "article",
        "fields": FIELDS,
        "next": ".next a",
        "pages": 3,
    }
    assert fingerprint(tmp_path / "raw", said)["rows"] == 6
    told = "collect.fields.note: 'p.note' matches nothing on the first page"
    assert told in capsys.readouterr().out


def test_equal_runs_give_equal_bytes_and_accounts(shop: Site, tmp_path: Path) -> None:
    said = [
        shop.collect(tmp_path / name, "/shop/page-1.html", item="article", fields={"x": "h3"})
        for name in "ab"
    ]
    assert said[0] == said[1]
    one, other = ((tmp_path / name / "part-00000.jsonl").read_bytes() for name in "ab")
    assert one == other


@given(
    st.text(alphabet="ab[]=\"'> .#*", max_size=12),
    st.none() | st.from_regex(r"[a-z-]{1,8}", fullmatch=True),
)
@settings(derandomize=True, deadline=None, database=None, max_examples=50)
def test_a_field_is_a_selector_and_perhaps_an_attribute(
    selector: str, attribute: str | None
) -> None:
    written = selector if attribute is None else f"{selector}@{attribute}"
    assert split_field(written) == (selector.strip(), attribute)


def test_an_at_sign_within_brackets_is_part_of_the_selector() -> None:
    assert split_field('a[href*="@x"]') == ('a[href*="@x"]', None)
    assert split_field('a[href*="@x"]@href') == ('a[href*="@x"]', "href")


# --- from page to page ---------------------------------------------------------------------------


def test_relative_links_are_followed_and_each_page_is_asked_for_once(
    shop: Site, tmp_path: Path
) -> None:
    shop.pages["/shop/page-3.html"] = shop.pages["/shop/page-3.html"].replace(
        "#", "page-1.html#top"
    )
    shop.collect(
        tmp_path / "raw",
        "/shop/page-1.html#x",
        item="article",
        fields={"id": "@data-id"},
        next=".next",
    )
    assert shop.asked == ["/robots.txt", *(f"/shop/page-{n}.html" for n in (1, 2, 3))]
    assert list(rows(tmp_path / "raw")["id"]) == ["1", "2", "3", "4", "5", "6"]


def test_links_are_relative_to_the_base_that_a_page_names(shop: Site, tmp_path: Path) -> None:
    shop.pages["/"] = shop.pages["/shop/page-1.html"].replace(
        "<html>", '<html><head><base href="/shop/"></head>'
    )
    said = shop.collect(tmp_path / "raw", item="article", fields={"id": "@data-id"}, next=".next a")
    assert said["pages"] == 3


def test_a_redirect_to_a_page_that_was_there_ends_the_pages(shop: Site, tmp_path: Path) -> None:
    shop.pages["/shop/page-3.html"] = {"Location": "page-1.html"}
    said = shop.collect(
        tmp_path / "raw",
        "/shop/page-1.html",
        item="article",
        fields={"id": "@data-id"},
        next=".next a",
    )
    assert said["pages"] == 2
    assert len(rows(tmp_path / "raw")) == 4


def test_without_a_link_there_is_one_page_and_a_word_about_it(
    shop: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shop.collect(
        tmp_path / "raw", "/shop/page-1.html", item="article", fields={"x": "h3"}, next=".nxt a"
    )
    assert len(rows(tmp_path / "raw")) == 2
    assert "collect.next: '.nxt a' matches no link on" in capsys.readouterr().out


def test_another_site_is_never_asked(start: Callable[[], Site], tmp_path: Path) -> None:
    site, other = start(), start()
    chosen: dict[str, Any] = {"item": "b", "fields": {"x": ""}, "next": "a"}
    for page in (f'<b>1</b><a href="{other.url}/p">next</a>', {"Location": f"{other.url}/p"}):
        site.pages["/"] = page
        with pytest.raises(UserError, match=f"leads to {other.url}/p on another site"):
            site.collect(tmp_path / "raw", **chosen)
    assert other.asked == []


# --- manners -------------------------------------------------------------------------------------


def test_pages_that_robots_txt_closes_are_not_asked_for(shop: Site, tmp_path: Path) -> None:
    shop.pages["/robots.txt"] = (b"\xef\xbb\xbfUser-agent: *\nDisallow: /shop/page-2", "text/plain")
    chosen = {"item": "article", "fields": {"id": "@data-id"}, "next": ".next a"}
    with pytest.raises(
        UserError, match=r"robots.txt does not allow 'pedigree' .* to fetch .*/page-2.html"
    ):
        shop.collect(tmp_path / "raw", "/shop/page-1.html", **chosen)
    assert shop.asked == ["/robots.txt", "/shop/page-1.html"]


def test_a_redirect_does_not_lead_around_robots_txt(shop: Site, tmp_path: Path) -> None:
    shop.pages["/robots.txt"] = "User-agent: *\nDisallow: /shop"
    shop.pages["/"] = {"Location": "/shop/page-1.html"}
    with pytest.raises(UserError, match="does not allow"):
        shop.collect(tmp_path / "raw", item="article", fields={"id": "@data-id"})
    assert shop.asked == ["/robots.txt", "/"]


def test_robots_txt_may_speak_to_one_agent(shop: Site, tmp_path: Path) -> None:
    shop.pages["/robots.txt"] = "User-agent: study\nDisallow: /\n\nUser-agent: *\nDisallow:\n"
    chosen = {"item": "article", "fields": {"id": "@data-id"}}
    shop.collect(tmp_path / "raw", "/shop/page-1.html", **chosen)
    with pytest.raises(UserError, match=r"'study/1 \(me@example.org\)' \(collect.user_agent\)"):
        shop.collect(
            tmp_path / "raw", "/shop/page-1.html", user_agent="study/1 (me@example.org)", **chosen
        )
    assert shop.agents == ["pedigree", "pedigree", "study/1 (me@example.org)"]


@pytest.mark.parametrize(
    ("rules", "allowed", "forbidden"),
    [
        ("Disallow: /*?page=", ["/shop/page-1.html", "/list"], ["/list?page=2", "/a/b?page=3&x=1"]),
        ("Disallow: /\nAllow: /public/", ["/public/list"], ["/", "/private"]),  # longest match wins
        ("Allow: /\nDisallow: /private", ["/list"], ["/private/x"]),
        ("Allow: /p\nDisallow: /", ["/page"], ["/x"]),
        ("Disallow: /*.php$", ["/index.php5", "/index.php?x=1"], ["/index.php", "/a/b.php"]),
        ("Disallow: /a%3Cd.html", ["/ad.html"], ["/a%3cd.html"]),
        ("Disallow:", ["/", "/x"], []),
    ],
)
def test_rules_are_those_of_rfc_9309(
    site: Site, rules: str, allowed: list[str], forbidden: list[str]
) -> None:
    site.pages["/robots.txt"] = (f"User-agent: *\n{rules}\n".encode(), "text/plain")
    times = {"pause": 0, "retries": 0, "backoff": 0, "max_wait": 0}
    client = Client(site.url, headers={}, connect_timeout=5, read_timeout=5, **times)
    scrape.obey_robots(client, site.url, "study/2.0 (me@example.org)", 10**6)
    for path in allowed:
        client.check_url(site.url + path)
    for path in forbidden:
        with pytest.raises(UserError, match="does not allow"):
            client.check_url(site.url + path)


@pytest.mark.parametrize("status", [500, 503, 401, 403, 429])
def test_without_knowing_robots_txt_no_page_is_asked_for(
    shop: Site, tmp_path: Path, status: int
) -> None:
    shop.pages["/robots.txt"] = status
    with pytest.raises(UserError, match=f"robots.txt returned {status} .*No page is requested"):
        shop.collect(tmp_path / "raw", "/shop/page-1.html", table="table")
    assert set(shop.asked) == {"/robots.txt"}


@pytest.mark.parametrize(
    ("robots", "delay", "least"),
    [
        ("", 0.2, 0.2),
        ("User-agent: *\nCrawl-delay: 1", 0, 1),
        ("User-agent: *\nRequest-rate: 2/1", 0, 0.5),
        ("User-agent: *\nCrawl-delay: 1\nRequest-rate: 1/10\n\nUser-agent: pedigree\nAllow: /", 0.1, 0.1),
    ],
)  # fmt: skip
def test_pages_are_asked_for_with_the_longer_delay_of_the_settings_and_robots_txt(
    shop: Site, tmp_path: Path, robots: str, delay: float, least: float
) -> None:
    shop.pages["/robots.txt"] = robots
    shop.pages["/shop/page-2.html"] = shop.pages["/shop/page-3.html"]
    chosen = {"item": "article", "fields": {"id": "@data-id"}, "next": ".next a"}
    shop.collect(tmp_path / "raw", "/shop/page-1.html", delay=delay, **chosen)
    assert len(shop.at) == 3
    assert min(later - earlier for earlier, later in pairwise(shop.at[1:])) >= least


def test_a_page_that_fails_for_a_while_is_asked_for_again(shop: Site, tmp_path: Path) -> None:
    class Failing(dict):
        def get(self, path: str, default: Any = None) -> Any:
            failed = path in shop.asked[:-1] or path == "/robots.txt"
            return super().get(path, default) if failed else 503

    shop.pages = Failing(shop.pages)
    shop.collect(
        tmp_path / "raw",
        "/shop/page-1.html",
        item="article",
        fields={"id": "@data-id"},
        next=".next a",
    )
    assert len(rows(tmp_path / "raw")) == 6
    assert len(shop.asked) == 7


# --- tables --------------------------------------------------------------------------------------


def test_values_of_a_table_stay_texts(site: Site, tmp_path: Path) -> None:
    html = """<table><tr><th>code</th><th>n</th><th>2021</th></tr>
        <tr><td>007</td><td>1.320,00</td><td>NA</td></tr>
        <tr><td>1e5</td><td> 1,234 </td><td>&nbsp;</td></tr>
        <tr><td>True</td><td>a<br>b</td><td>"q" \t'r'</td></tr></table>"""
    assert table(tmp_path / "raw", site, html) == [
        {"code": "007", "n": "1.320,00", "2021": "NA"},
        {"code": "1e5", "n": "1,234", "2021": None},
        {"code": "True", "n": "a b", "2021": "\"q\" 'r'"},
    ]


def test_texts_that_mean_no_value_are_missing_once_loaded(site: Site, tmp_path: Path) -> None:
    html = "<table><tr><th>code<th>g<tr><td>007<td>1.5<tr><td>NA<td>NA<tr><td>8<td></table>"
    table(tmp_path / "raw", site, html)
    loaded = read_file(tmp_path / "raw/part-00000.jsonl", ["", "NA"])
    assert loaded["g"].isna().tolist() == [False, True, True]
    assert loaded["code"].dropna().tolist() == ["007", "8"]


def test_a_table_with_a_header_only_has_no_rows(site: Site, tmp_path: Path) -> None:
    site.pages["/"] = "<table><tr><th>a</th></tr></table>"
    said = site.collect(tmp_path / "raw", table="table")
    assert fingerprint(tmp_path / "raw", said)["rows"] == 0


def test_a_nasty_table_becomes_even_rows(site: Site, tmp_path: Path) -> None:
    html = """<table id=layout><tr><td>menu</td></tr></table>
      <table class=data><caption>Sizes</caption>
      <thead><tr><th rowspan=2>Name</th><th colspan="2">Size</th><th rowspan=2></th></tr>
        <tr><th>H</th><th>W</th></tr></thead>
      <tbody>
        <tr><td rowspan=99>a</td><td>1</td><td>2</td><td colspan=x>open<td></tr>
        <tr><td colspan=2>3</td><td style="display: none">hidden</td><td>x<script>alert(1)</script></td>
        <tr><td></td></tr><tr></tr>
      </tbody>
      <tbody><tr><td>b<td><table><tr><td>in</td><td>ner</td></tr></table><td colspan=0>4</td></tr></tbody>
      <tfoot><tr><td>sum</td><td rowspan=65534>5</td><td colspan=1>6</td></tr></tfoot></table>"""
    assert table(tmp_path / "raw", site, html, table="table.data") == [
        {"Name": "a", "Size H": "1", "Size W": "2", "column_4": "open", "column_5": None},
        {"Name": "a", "Size H": "3", "Size W": "3", "column_4": "x", "column_5": None},
        {"Name": "a", "Size H": None, "Size W": None, "column_4": None, "column_5": None},
        {"Name": "a", "Size H": None, "Size W": None, "column_4": None, "column_5": None},
        {"Name": "b", "Size H": "in ner", "Size W": "4", "column_4": None, "column_5": None},
        {"Name": "sum", "Size H": "5", "Size W": "6", "column_4": None, "column_5": None},
    ]


def test_a_table_in_a_cell_is_the_cells_text_and_no_further_table(
    site: Site, tmp_path: Path
) -> None:
    inner = "<table><tr><th>x</th><th>y</th></tr><tr><td>1</td><td>2</td></tr></table>"
    html = f"<table><tr><th>a</th></tr><tr><td>{inner}</td></tr></table>"
    assert table(tmp_path / "raw", site, html) == [{"a": "x y 1 2"}]


def test_a_table_without_a_header_has_numbered_columns(site: Site, tmp_path: Path) -> None:
    html = "<table><tr><td>1</td><td>x</td></tr><tr><td>02</td></tr></table>"
    assert table(tmp_path / "raw", site, html) == [
        {"column_1": "1", "column_2": "x"},
        {"column_1": "02", "column_2": None},
    ]


def test_a_header_that_is_repeated_is_no_row_and_equal_names_are_told_apart(
    site: Site, tmp_path: Path
) -> None:
    head = "<tr><th>a</th><th>b</th></tr>"
    html = f"<table>{head}<tr><td>1</td><td>2</td></tr>{head}<tr><td>3</td><td>4</td></tr></table>"
    assert table(tmp_path / "raw", site, html) == [{"a": "1", "b": "2"}, {"a": "3", "b": "4"}]
    double = "<table><tr><th>a</th><th>a</th></tr><tr><td>1</td><td>2</td></tr></table>"
    assert list(table(tmp_path / "raw", site, double)[0].values()) == ["1", "2"]


def test_a_span_that_would_fill_the_memory_is_cut(site: Site, tmp_path: Path) -> None:
    html = f"<table><tr><td colspan={'9' * 5000} rowspan=1000000000>1</td></tr></table>"
    assert len(table(tmp_path / "raw", site, html)[0]) == 1000


def test_tables_of_several_pages_become_one(site: Site, tmp_path: Path) -> None:
    page = '<table><tr><th>a</th></tr><tr><td>{}</td></tr></table><a rel="next" href="?p={}">on</a>'
    site.pages["/"] = page.format(1, 2)
    said = site.collect(tmp_path / "raw", table="table", next="a[rel=next]")
    assert site.asked == ["/robots.txt", "/", "/?p=2"]
    assert list(rows(tmp_path / "raw")["a"]) == ["1", "1"]
    assert said["pages"] == 2


# --- characters ----------------------------------------------------------------------------------

WORD = "<html><head>{meta}</head><table><tr><th>é</th></tr><tr><td>Größe €</td></tr></table></html>"


@pytest.mark.parametrize(
    ("encoding", "kind", "meta"),
    [
        ("utf-8", "text/html", ""),
        ("utf-8-sig", "text/html", '<meta charset="latin-1">'),
        ("utf-8", "text/html; charset=utf-8", '<meta charset="latin-1">'),
        ("utf-8", "text/html", '<meta charset="utf-8">'),
        ("cp1252", "text/html; charset=ISO-8859-1", ""),
        ("cp1252", "text/html", '<meta charset="latin-1">'),
        ("cp1252", "text/html", ""),
        ("utf-16", "text/html; charset=utf-16", ""),
        ("iso-8859-15", "text/html; charset=iso-8859-15", ""),
        ("utf-8", "text/html; charset=klingon", ""),
    ],
)
def test_characters_are_read_as_the_page_says(
    site: Site, tmp_path: Path, encoding: str, kind: str, meta: str
) -> None:
    site.pages["/"] = (WORD.format(meta=meta).encode(encoding), kind)
    site.collect(tmp_path / "raw", table="table")
    assert rows(tmp_path / "raw").to_dict("list") == {"é": ["Größe €"]}


def test_a_latin_1_page_that_says_so_itself_is_read_as_such(site: Site, tmp_path: Path) -> None:
    html = '<meta charset="iso-8859-1"><table><tr><th>a</th></tr><tr><td>Año</td></tr></table>'
    site.pages["/"] = (html.encode("latin-1"), "text/html")
    site.collect(tmp_path / "raw", table="table")
    assert rows(tmp_path / "raw")["a"][0] == "Año"


# --- what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("html", "chosen", "what"),
    [
        ("<p>", {"table": "#x"}, "collect.table: '#x' matches nothing on {url}/."),
        ("<p>", {"item": "li", "fields": {"x": "a"}}, "collect.item: 'li' matches nothing on {url}/."),
        ("<li><a>1</a><li>2", {"item": "li", "fields": {"x": "a@herf"}}, "collect.fields.x: 'a@herf' matches nothing on the 1 pages of {url}/"),
        ("<table></table>", {"table": "table"}, "a table on {url}/ is empty"),
        ("<div id=x><table><tr><td>1</table></div>", {"table": "#x"}, "matches a <div> on {url}/; select a <table>, such as '#x table'"),
        ("<table><tr><th>a</table><table><tr><th>b</table>", {"table": "table"}, "matches a table with columns b on {url}/, but the first has a; use a narrower"),
        ("<b>1</b><a href='javascript:go(2)'>", {"item": "b", "fields": {"x": ""}, "next": "a"}, "a link to 'javascript:go(2)' on {url}/, which only a browser can follow"),
        ("<b>1</b><a href='http://['>", {"item": "b", "fields": {"x": ""}, "next": "a"}, "the link 'http://[', which is not an address"),
        ((b"%PDF", "application/pdf"), {"table": "table"}, "{url}/ is application/pdf, not a web page"),
        ("x" * 1000, {"table": "table", "max_bytes": 999}, "{url}/ has more than the 999 bytes"),
        (404, {"table": "table"}, "{url}/ returned 404 Not Found"),
    ],
)  # fmt: skip
def test_a_page_that_does_not_fit_is_named(
    site: Site, tmp_path: Path, html: Any, chosen: dict, what: str
) -> None:
    site.pages["/"] = html
    with pytest.raises(UserError) as refusal:
        site.collect(tmp_path / "raw", **chosen)
    assert what.format(url=site.url) in str(refusal.value)


def test_a_page_with_other_columns_than_the_first_is_named(site: Site, tmp_path: Path) -> None:
    site.pages["/"] = '<table><tr><th>a<tr><td>1</table><a href="/2">'
    site.pages["/2"] = "<table><tr><th>a<th>b<tr><td>1<td>2</table>"
    with pytest.raises(
        UserError, match=f"matches a table with columns a, b on {site.url}/2, but the first has a"
    ):
        site.collect(tmp_path / "raw", table="table", next="a")


def test_more_pages_than_the_limit_are_refused(shop: Site, tmp_path: Path) -> None:
    chosen = {"item": "article", "fields": {"id": "@data-id"}, "next": ".next a"}
    with pytest.raises(
        UserError, match=r"is followed by more than 2 pages.*raise collect.max_pages"
    ):
        shop.collect(tmp_path / "raw", "/shop/page-1.html", max_pages=2, **chosen)
    assert shop.collect(tmp_path / "raw", "/shop/page-1.html", max_pages=3, **chosen)["pages"] == 3


@pytest.mark.parametrize(
    ("chosen", "what"),
    [
        ({}, "set exactly one of collect.table and collect.item; the other is null"),
        ({"table": "table", "item": "li", "fields": {"x": "a"}}, "the other is null"),
        ({"item": "li"}, "collect.item and collect.fields require each other"),
        ({"table": "table", "fields": {"x": "a"}}, "collect.item and collect.fields require each other"),
        ({"table": "td["}, r"collect.table: 'td\[' is not a CSS selector: Malformed attribute selector"),
        ({"item": "li", "fields": {"x": "a >"}}, "collect.fields.x: 'a >' is not a CSS selector"),
        ({"table": "table", "next": ":nope"}, "collect.next: ':nope' is not a CSS selector"),
        ({"table": "table", "user_agent": "Bücher\n"}, "the header 'User-Agent' is invalid"),
    ],
)  # fmt: skip
def test_a_setting_that_does_not_fit_is_named_before_anything_is_asked(
    site: Site, tmp_path: Path, chosen: dict, what: str
) -> None:
    with pytest.raises(UserError, match=what):
        site.collect(tmp_path / "raw", **chosen)
    assert site.asked == []


def test_the_settings_of_conf_collect_a_table(site: Site, tmp_path: Path) -> None:
    file = TREE / "conf/collect/scrape.yaml"
    chosen = yaml.safe_load(file.read_text(encoding="utf-8"))
    for name in ("defaults", "_target_", "as_of"):
        del chosen[name]
    site.pages["/list"] = "<table><tr><th>a<tr><td>1</table>"
    scrape.collect(tmp_path, **chosen | {"url": f"{site.url}/list", "delay": 0})
    assert rows(tmp_path)["a"].tolist() == ["1"]


def test_without_its_packages_the_source_names_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "soupsieve", None)
    with pytest.raises(
        UserError, match=r"the extra 'scrape'; run `uv pip install .* -r requirements/scrape.txt`"
    ):
        scrape.collect(tmp_path, "http://127.0.0.1:9/", table="table")
