"""The source `api`, against a local server that fails, throttles, stalls, breaks off and loops."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from library.projects import ROOT
from omegaconf import OmegaConf

from pedigree.base.names import UserError
from pedigree.collecting import api
from pedigree.collecting.settings import CollectSettings
from pedigree.collecting.snapshot import fingerprint
from pedigree.collecting.web import retry_after
from pedigree.collecting.web.pages import RESUME, value_at
from pipeline.collect import main

TOKEN = "s3cr3t-t0ken"
ROWS = [{"id": n, "name": f"Bird {n}"} for n in range(1, 8)]


@dataclass
class Reply:
    """An answer; `cut` breaks it off half-way, `stall` keeps it back."""

    data: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    cut: bool = False
    stall: bool = False


@dataclass
class Site:
    """A local server: `routes` say what a path answers, `asked` holds what it was asked."""

    url: str = ""
    routes: dict[str, Callable[[dict[str, str]], Any]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def collect(self, folder: Path, path: str = "/items", **settings: Any) -> dict[str, Any]:
        """Collect without manners, which would only take time."""
        folder.mkdir(exist_ok=True)
        quick = {"requests_per_second": 1e6, "backoff": 0, "read_timeout": 5, "retries": 2}
        return api.collect(folder, self.url + path, **quick | settings)


def serve(site: Site) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 2**16

        def do_GET(self) -> None:
            site.asked.append(self.path)
            site.headers.append(dict(self.headers))
            address = urlsplit(self.path)
            route = site.routes.get(address.path, lambda query: Reply({"detail": "no"}, 404))
            reply = route(dict(parse_qsl(address.query)))
            reply = reply if isinstance(reply, Reply) else Reply(reply)
            if reply.stall:
                site.over.wait(30)
            body = json.dumps(reply.data).encode() if reply.body is None else reply.body
            self.send_response(reply.status)
            for name, value in {"Content-Type": "application/json", **reply.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: len(body) // 2] if reply.cut else body)
            self.close_connection = reply.cut

        def log_message(self, *args: Any) -> None:
            """Stay silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    site.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    return server


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], Site]]:
    """Return a function that starts a server; the current folder is empty."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    running = []

    def one() -> Site:
        site = Site()
        running.append((site, serve(site)))
        return site

    yield one
    for site, server in running:
        site.over.set()
        server.shutdown()
        server.server_close()


@pytest.fixture
def site(start: Callable[[], Site]) -> Site:
    return start()


def rows(folder: Path) -> list[dict[str, Any]]:
    parts = sorted(folder.glob("*.jsonl"))
    return [json.loads(line) for part in parts for line in part.read_bytes().splitlines()]


def by_page(query: dict[str, str]) -> list[dict[str, Any]]:
    """Answer pages of three, and an empty one behind the last."""
    page = int(query["page"])
    return ROWS[3 * page - 3 : 3 * page]


def failing_first(replies: list[Reply], then: Callable[[dict[str, str]], Any]) -> Callable:
    """Answer these first, and well from then on."""
    waiting = iter(replies)
    return lambda query: next(waiting, None) or then(query)


# --- paging --------------------------------------------------------------------------------------


def test_one_answer_is_written_as_json_lines(site: Site, tmp_path: Path) -> None:
    site.routes["/items"] = lambda query: ROWS
    said = site.collect(tmp_path / "raw")
    assert rows(tmp_path / "raw") == ROWS
    assert fingerprint(tmp_path / "raw", said)["rows"] == 7
    assert fingerprint(tmp_path / "raw", said)["columns"] == ["id", "name"]


def test_items_keep_their_keys_order_and_values(site: Site, tmp_path: Path) -> None:
    items = '[{"z": 1.0, "a": {"y": null, "b": [1, "é\\n"]}, "big": 12345678901234567890}, {"a": "\\ud800"}]'
    site.routes["/items"] = lambda query: Reply(body=items.encode())
    site.collect(tmp_path / "raw")
    assert (tmp_path / "raw/part-00000.jsonl").read_text(encoding="utf-8") == (
        '{"z":1.0,"a":{"y":null,"b":[1,"é\\n"]},"big":12345678901234567890}\n{"a":"\\ud800"}\n'
    )


def test_page_numbers_go_up_until_a_page_is_empty(site: Site, tmp_path: Path) -> None:
    site.routes["/items"] = by_page
    said = site.collect(tmp_path / "raw", params={"sort": "id"}, paging={"by": "page"})
    assert rows(tmp_path / "raw") == ROWS
    assert site.asked == [f"/items?sort=id&page={n}" for n in (1, 2, 3, 4)]
    assert said == {
        "kind": "api",
        "url": f"{site.url}/items",
        "params": {"sort": "id"},
        "items": None,
        "paging": "page",
        "pages": 3,
    }


def test_page_numbers_go_up_until_a_page_is_not_there(site: Site, tmp_path: Path) -> None:
    site.routes["/items"] = lambda query: by_page({"page": query["p"]}) or Reply({}, 404)
    paging = {"by": "page", "param": "p", "start": 2}
    assert site.collect(tmp_path / "raw", paging=paging)["pages"] == 2
    assert rows(tmp_path / "raw") == ROWS[3:]


def test_an_offset_goes_up_by_what_the_api_gave_and_not_by_what_it_was_asked_for(
    site: Site, tmp_path: Path
) -> None:
    def capped(query: dict[str, str]) -> dict[str, Any]:
        skip = int(query["skip"])
        return {"rows": ROWS[skip : skip + min(2, int(query["limit"]))]}

    site.routes["/items"] = capped
    paging = {"by": "offset", "param": "skip", "start": None, "next": None}
    site.collect(tmp_path / "raw", params={"limit": 100}, items="rows", paging=paging)
    assert rows(tmp_path / "raw") == ROWS


@pytest.mark.parametrize("end", [{"next": None}, {"next": ""}, {"next": False}, {}])
def test_a_cursor_is_followed_until_there_is_none(site: Site, tmp_path: Path, end: dict) -> None:
    def answer(query: dict[str, str]) -> dict[str, Any]:
        at = {"": 0, "b+/=": 1, "c": 2}[query.get("after", "")]
        following = [{"next": "b+/="}, {"next": "c"}, end][at]
        return {"meta": following, "data": {"items": ROWS[3 * at : 3 * at + 3]}}

    site.routes["/items"] = answer
    paging = {"by": "cursor", "param": "after", "next": "meta.next"}
    said = site.collect(tmp_path / "raw", items="data.items", paging=paging)
    assert rows(tmp_path / "raw") == ROWS
    assert said["pages"] == 3


def test_a_cursor_may_be_the_last_items_id(site: Site, tmp_path: Path) -> None:
    site.routes["/items"] = lambda query: {
        "data": [row for row in ROWS if row["id"] > int(query.get("starting_after", 0))][:3]
    }
    paging = {"by": "cursor", "param": "starting_after", "next": "data.-1.id"}
    site.collect(tmp_path / "raw", items="data", paging=paging)
    assert rows(tmp_path / "raw") == ROWS


@pytest.mark.parametrize("absolute", [True, False])
def test_a_cursor_without_a_parameter_is_an_address(
    site: Site, tmp_path: Path, absolute: bool
) -> None:
    start = site.url if absolute else ""
    site.routes["/items"] = lambda query: {
        "@odata.nextLink": f"{start}/more?x=a%20b",
        "v": ROWS[:3],
    }
    site.routes["/more"] = lambda query: {"v": ROWS[3:]}
    paging = {"by": "cursor", "next": "@odata.nextLink"}
    site.collect(tmp_path / "raw", items="v", paging=paging)
    assert rows(tmp_path / "raw") == ROWS
    assert site.asked[1] == "/more?x=a%20b"


def test_an_empty_page_in_the_middle_does_not_end_a_cursor(site: Site, tmp_path: Path) -> None:
    pages = {"1": {"n": "2", "v": ROWS[:1]}, "2": {"n": "3", "v": []}, "3": {"v": ROWS[1:]}}
    site.routes["/items"] = lambda query: pages[query.get("c", "1")]
    said = site.collect(
        tmp_path / "raw", items="v", paging={"by": "cursor", "param": "c", "next": "n"}
    )
    assert rows(tmp_path / "raw") == ROWS
    assert said["pages"] == 2


def test_the_link_header_is_followed(site: Site, tmp_path: Path) -> None:
    link = {"Link": '</items2?page=2>; rel="next", </items9>; rel="last"'}
    site.routes["/items"] = lambda query: Reply(ROWS[:4], headers=link)
    site.routes["/items2"] = lambda query: Reply(ROWS[4:], headers={"Link": '</items>; rel="prev"'})
    site.collect(tmp_path / "raw", paging={"by": "link"})
    assert rows(tmp_path / "raw") == ROWS
    assert site.asked == ["/items", "/items2?page=2"]


def test_equal_runs_give_equal_bytes_and_accounts(site: Site, tmp_path: Path) -> None:
    site.routes["/items"] = by_page
    said = [site.collect(tmp_path / name, paging={"by": "page"}) for name in ("a", "b")]
    assert said[0] == said[1]
    first, second = (
        {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in "ab"
    )
    assert first == second


def test_full_parts_are_followed_by_further_ones(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pedigree.collecting.web.pages.MAX_PART", 100)
    site.routes["/items"] = lambda query: ROWS[int(query["page"]) - 1 : int(query["page"])]
    site.collect(tmp_path / "raw", paging={"by": "page"})
    assert len(list((tmp_path / "raw").iterdir())) == 2
    assert rows(tmp_path / "raw") == ROWS


# --- patience ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "trouble",
    [
        Reply({}, 500),
        Reply({}, 503, {"Retry-After": "0"}),
        Reply({}, 429, {"Retry-After": "0"}),
        Reply(ROWS, cut=True),
        Reply(ROWS, cut=True, headers={"Content-Encoding": "gzip"}),
    ],
    ids=["500", "503", "429", "cut", "cut and garbled"],
)
def test_a_passing_trouble_is_asked_through(site: Site, tmp_path: Path, trouble: Reply) -> None:
    site.routes["/items"] = failing_first([trouble, trouble], lambda query: ROWS)
    site.collect(tmp_path / "raw")
    assert rows(tmp_path / "raw") == ROWS
    assert len(site.asked) == 3


def test_an_answer_that_stalls_is_asked_for_again(site: Site, tmp_path: Path) -> None:
    site.routes["/items"] = failing_first([Reply(stall=True)], lambda query: ROWS)
    site.collect(tmp_path / "raw", read_timeout=0.2)
    assert rows(tmp_path / "raw") == ROWS


@pytest.mark.parametrize(
    ("trouble", "what"),
    [
        (Reply({}, 502), "returned 502 Bad Gateway. 3 attempts were made (collect.retries)."),
        (
            Reply(None, 429, {"Content-Type": "text/plain"}, b"slow\ndown"),
            "returned 429 Too Many Requests. Its message is: “slow down”. 3 attempts",
        ),
        (Reply(ROWS, cut=True), "closed the connection: peer closed connection"),
        (Reply(stall=True), "sent nothing for 0.2 seconds (collect.read_timeout). 3 attempts"),
    ],
    ids=["502", "429", "cut", "stall"],
)
def test_a_lasting_trouble_is_named(site: Site, tmp_path: Path, trouble: Reply, what: str) -> None:
    site.routes["/items"] = lambda query: trouble
    with pytest.raises(UserError) as refusal:
        site.collect(tmp_path / "raw", read_timeout=0.2)
    assert what in str(refusal.value)
    assert f"{site.url}/items" in str(refusal.value)
    assert len(site.asked) == 3


def test_a_server_that_is_not_there_is_named(start: Callable[[], Site], tmp_path: Path) -> None:
    with pytest.raises(
        UserError, match=r"http://127\.0\.0\.1:9/items cannot be reached: .*refused"
    ):
        api.collect(tmp_path, "http://127.0.0.1:9/items", retries=0)


def test_a_throttling_server_is_not_asked_before_the_time_it_names(
    site: Site, tmp_path: Path
) -> None:
    at = []

    def answer(query: dict[str, str]) -> Any:
        at.append(time.monotonic())
        return ROWS if len(at) > 1 else Reply({}, 429, {"Retry-After": "1"})

    site.routes["/items"] = answer
    site.collect(tmp_path / "raw")
    assert at[1] - at[0] >= 1


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_a_server_that_asks_to_wait_too_long_is_given_up(
    site: Site, tmp_path: Path, form: str
) -> None:
    def answer(query: dict[str, str]) -> Any:
        date = formatdate(time.time() + 3600, usegmt=True)
        return Reply({}, 429, {"Retry-After": "3600" if form == "seconds" else date})

    site.routes["/items"] = answer
    with pytest.raises(
        UserError, match=r"Retry-After is 3[56]\d\d seconds, but collect.max_wait allows 300"
    ):
        site.collect(tmp_path / "raw")
    assert len(site.asked) == 1


def test_a_date_to_wait_for_is_held_against_the_servers_own_clock() -> None:
    headers = {
        "Date": "Wed, 21 Oct 2015 07:28:00 GMT",
        "Retry-After": "Wed, 21 Oct 2015 07:28:42 GMT",
    }
    assert retry_after(headers) == 42
    assert retry_after(headers | {"Date": "Wed, 21 Oct 2015 08:00:00 GMT"}) == 0


@given(st.text() | st.integers().map(str), st.none() | st.text())
def test_no_retry_after_breaks_the_client(text: str, date: str | None) -> None:
    assert retry_after({"Retry-After": text} | ({"Date": date} if date else {})) >= 0


def test_requests_keep_their_distance(site: Site, tmp_path: Path) -> None:
    at = []

    def answer(query: dict[str, str]) -> Any:
        at.append(time.monotonic())
        return by_page(query)

    site.routes["/items"] = answer
    site.collect(tmp_path / "raw", paging={"by": "page"}, requests_per_second=20)
    assert len(at) == 4
    assert min(later - earlier for earlier, later in pairwise(at)) >= 1 / 20


# --- going on after a break ----------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["page", "cursor"])
def test_a_run_goes_on_after_the_page_at_which_the_last_one_broke(
    site: Site, tmp_path: Path, kind: str
) -> None:
    broken = [True]

    def answer(query: dict[str, str]) -> Any:
        page = int(query.get("page", 1))
        if page == 3 and broken[0]:
            return Reply({}, 500)
        return {"v": by_page({"page": str(page)}), "n": page + 1 if page < 3 else None}

    site.routes["/items"] = answer
    settings = {"items": "v", "paging": {"by": kind, "param": "page"}}
    if kind == "cursor":
        settings["paging"]["next"] = "n"
    with pytest.raises(UserError, match="The next run resumes after the 2 pages"):
        site.collect(tmp_path / "broken", **settings)
    assert not list((tmp_path / "broken").iterdir())

    broken[0] = False
    site.asked.clear()
    resumed = site.collect(tmp_path / "resumed", **settings)
    assert [path[-6:] for path in site.asked][:1] == ["page=3"]
    assert not any("page=2" in path or path == "/items" for path in site.asked)

    assert site.collect(tmp_path / "whole", **settings) == resumed
    name = "part-00000.jsonl"
    assert (tmp_path / "resumed" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def broken_run(site: Site, folder: Path) -> Path:
    """Break at the third page; return the folder with the first two."""
    site.routes["/items"] = lambda query: by_page(query) if query["page"] < "3" else Reply({}, 500)
    with pytest.raises(UserError):
        site.collect(folder, paging={"by": "page"})
    site.routes["/items"] = by_page
    site.asked.clear()
    (kept,) = RESUME.iterdir()
    return kept


def test_what_a_break_left_half_written_is_cut_off(site: Site, tmp_path: Path) -> None:
    kept = broken_run(site, tmp_path / "raw")
    with (kept / "part-00000.jsonl").open("a") as part, (kept / "journal.jsonl").open("a") as lines:
        part.write('{"id": 7, "na')
        lines.write('{"asked": "http')
    site.routes["/items"] = lambda query: by_page(query) or Reply({}, 500)
    with pytest.raises(UserError, match="The next run resumes after the 3 pages before"):
        site.collect(tmp_path / "raw", paging={"by": "page"})
    site.routes["/items"] = by_page
    site.collect(tmp_path / "raw", paging={"by": "page"})
    assert rows(tmp_path / "raw") == ROWS
    assert list(dict.fromkeys(site.asked)) == ["/items?page=3", "/items?page=4"]


def test_a_part_that_lost_items_begins_anew(site: Site, tmp_path: Path) -> None:
    kept = broken_run(site, tmp_path / "raw")
    (kept / "part-00000.jsonl").write_text("")
    site.collect(tmp_path / "raw", paging={"by": "page"})
    assert rows(tmp_path / "raw") == ROWS
    assert site.asked[0] == "/items?page=1"


def test_other_settings_begin_anew_and_more_patience_does_not(site: Site, tmp_path: Path) -> None:
    broken_run(site, tmp_path / "raw")
    site.collect(tmp_path / "other", params={"x": 1}, paging={"by": "page"})
    assert site.asked[0] == "/items?x=1&page=1"
    site.asked.clear()
    site.collect(tmp_path / "same", paging={"by": "page"}, retries=9, max_pages=99)
    assert site.asked[0] == "/items?page=3"


def test_pages_that_are_too_old_are_not_used(site: Site, tmp_path: Path) -> None:
    broken_run(site, tmp_path / "raw")
    site.collect(tmp_path / "raw", paging={"by": "page"}, keep_hours=0)
    assert site.asked[0] == "/items?page=1"
    assert rows(tmp_path / "raw") == ROWS


def test_nothing_is_kept_of_a_run_that_succeeds(site: Site, tmp_path: Path) -> None:
    broken_run(site, tmp_path / "raw")
    site.collect(tmp_path / "raw", paging={"by": "page"})
    assert not list(RESUME.iterdir())


# --- what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("paging", "answer"),
    [
        ({"by": "link"}, Reply(ROWS, headers={"Link": '</items>; rel="next"'})),
        ({"by": "cursor", "next": "n"}, {"n": "/items", "v": ROWS}),
        ({"by": "cursor", "next": "n", "param": "c"}, {"n": "same", "v": []}),
    ],
)
def test_pages_that_form_a_loop_are_refused(
    site: Site, tmp_path: Path, paging: dict, answer: Any
) -> None:
    site.routes["/items"] = lambda query: answer
    items = None if paging["by"] == "link" else "v"
    with pytest.raises(UserError, match="is the next page, but was already collected"):
        site.collect(tmp_path / "raw", items=items, paging=paging)
    assert len(site.asked) <= 2


@pytest.mark.parametrize("kind", ["page", "offset"])
def test_an_api_that_gives_a_page_again_is_refused(site: Site, tmp_path: Path, kind: str) -> None:
    site.routes["/items"] = lambda query: ROWS
    with pytest.raises(UserError, match=r"has the same items as .*check collect.paging"):
        site.collect(tmp_path / "raw", paging={"by": kind})
    assert len(site.asked) == 2


@pytest.mark.parametrize(
    ("settings", "what"),
    [
        ({"max_pages": 2}, "has more than 2 pages; if this is correct, raise collect.max_pages"),
        (
            {"max_bytes": 100},
            "bytes that remain of collect.max_bytes; if this is correct, raise the limit",
        ),
    ],
)
def test_more_than_the_limits_is_refused(
    site: Site, tmp_path: Path, settings: dict, what: str
) -> None:
    site.routes["/items"] = by_page
    with pytest.raises(UserError, match=what):
        site.collect(tmp_path / "raw", paging={"by": "page"}, **settings)
    site.collect(tmp_path / "raw", paging={"by": "page"}, max_pages=3)
    assert rows(tmp_path / "raw") == ROWS


def test_a_small_answer_that_unpacks_to_a_huge_one_is_refused(site: Site, tmp_path: Path) -> None:
    import gzip

    packed = gzip.compress(b"[" + b" " * 10**7 + b"]")
    site.routes["/items"] = lambda query: Reply(body=packed, headers={"Content-Encoding": "gzip"})
    with pytest.raises(UserError, match=r"collect\.max_bytes"):
        site.collect(tmp_path / "raw", max_bytes=10**6)


@pytest.mark.parametrize(
    ("answer", "items", "what"),
    [
        (Reply(body=b"<p>Hello", headers={"Content-Type": "text/html"}), None, r"is not JSON \(text/html\)"),
        (Reply(body=b""), None, "is not JSON: Expecting value"),
        (Reply(body=b'"\xe9"'), None, "is not JSON"),
        ({"data": {"rows": []}}, "dta.rows", "which has no 'dta'; did you mean 'data'?"),
        ({"data": {"rows": []}}, "data.row", "which has no 'row'; did you mean 'rows'?"),
        ({"data": {"rows": []}}, "data", "'data' is not a list in the response of .* lists in it: data.rows."),
        ({"data": [], "n": 1}, None, "the response is not a list .* lists in it: data."),
        ([[1]], "3", "which has no item 3 in a list of 1 items"),
        (5, None, "the response is not a list"),
        ([{"a": 1}, 5], None, "item 2: an object is expected, but got 5"),
        ([{"a": 1}, None], None, "item 2: an object is expected, but got null"),
        (Reply({}, 404), None, "items returned 404 Not Found"),
        (Reply({"error": "no such limit"}, 400), None, '400 Bad Request. Its message is: “{"error": "no such limit"}”.'),
        (Reply(status=302), None, "returned 302 Found"),
        (Reply(status=302, headers={"Location": "/items"}), None, "is redirected more than 10 times"),
        (Reply({}, 401), None, "401 Unauthorized.* If a token is required, .*collect.token_env"),
    ],
)  # fmt: skip
def test_an_answer_that_does_not_fit_is_named(
    site: Site, tmp_path: Path, answer: Any, items: str | None, what: str
) -> None:
    site.routes["/items"] = lambda query: answer
    with pytest.raises(UserError, match=what) as refusal:
        site.collect(tmp_path / "raw", items=items)
    assert f"{site.url}/items" in str(refusal.value)
    assert not list((tmp_path / "raw").iterdir())


@pytest.mark.parametrize(
    ("settings", "what"),
    [
        ({"paging": {"by": "pages"}}, "unknown kind 'pages'; did you mean 'page'?"),
        ({"paging": {"by": "page", "size": 5}}, "collect.paging.size does not apply to paging by page; it uses param, start"),
        ({"paging": {"by": "link", "next": "x"}}, "does not apply to paging by link; it has no settings"),
        ({"paging": {"by": "cursor"}}, "collect.paging.next is not set"),
        ({"requests_per_second": 0}, "set it to a number above 0"),
        ({"headers": {"authorization": "Bearer x"}}, "'authorization' carries a credential.*collect.token_env"),
        ({"headers": {"X-A": "a\nb"}}, "the header 'X-A' is invalid"),
        ({"token_env": "NOT_SET"}, "the environment variable NOT_SET is not set"),
    ],
)  # fmt: skip
def test_a_setting_that_does_not_fit_is_named_before_anything_is_asked(
    site: Site, tmp_path: Path, settings: dict, what: str
) -> None:
    with pytest.raises(UserError, match=what):
        site.collect(tmp_path / "raw", **settings)
    assert site.asked == []


@pytest.mark.parametrize(
    ("url", "what"),
    [
        ("example.org/items", "does not begin with https://"),
        ("ftp://example.org/items", "does not begin with https://"),
        ("http://example.org:99999/", "does not begin with https://"),
        ("https://me:pass@example.org/", "contains a user or password, but settings are committed"),
    ],
)
def test_an_address_that_cannot_be_asked_is_refused(tmp_path: Path, url: str, what: str) -> None:
    with pytest.raises(UserError, match=what) as refusal:
        api.collect(tmp_path, url)
    assert "pass@" not in str(refusal.value)


# --- the token -----------------------------------------------------------------------------------


@pytest.fixture
def token(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("API_TOKEN", f"{TOKEN}\n")
    return TOKEN


@pytest.mark.parametrize(
    ("settings", "header", "value"),
    [
        ({}, "Authorization", f"Bearer {TOKEN}"),
        ({"auth_header": "X-Api-Key", "auth_scheme": None}, "X-Api-Key", TOKEN),
    ],
)
def test_the_token_goes_into_the_header_that_is_asked_for(
    site: Site, tmp_path: Path, token: str, settings: dict, header: str, value: str
) -> None:
    site.routes["/items"] = lambda query: ROWS
    site.collect(tmp_path / "raw", token_env="API_TOKEN", **settings)
    assert site.headers[0][header] == value


def test_the_token_may_go_into_the_query(site: Site, tmp_path: Path, token: str) -> None:
    def answer(query: dict[str, str]) -> Any:
        assert query["key"] == TOKEN
        page = int(query["page"])
        following = f"{site.url}/items?page={page + 1}&key={query['key']}"
        return {"v": by_page(query), "next": following if page < 2 else None}

    site.routes["/items"] = answer
    settings = {
        "items": "v",
        "params": {"page": 1},
        "paging": {"by": "cursor", "next": "next"},
        "token_env": "API_TOKEN",
        "auth_param": "key",
    }
    with pytest.raises(UserError, match="has more than 1 pages"):
        site.collect(tmp_path / "raw", max_pages=1, **settings)
    (journal,) = RESUME.glob("*/journal.jsonl")
    assert TOKEN not in journal.read_text()
    said = site.collect(tmp_path / "raw", **settings)
    assert rows(tmp_path / "raw") == ROWS[:6]
    assert TOKEN not in json.dumps(said)


@pytest.mark.parametrize("status", [401, 403, 400, 404, 418, 500])
@pytest.mark.parametrize("where", [{}, {"auth_param": "key"}])
def test_no_message_shows_the_token(
    site: Site, tmp_path: Path, token: str, status: int, where: dict
) -> None:
    site.routes["/items"] = lambda query: Reply({"error": f"bad token {TOKEN}"}, status)
    with pytest.raises(UserError) as refusal:
        site.collect(tmp_path / "raw", token_env="API_TOKEN", **where)
    assert TOKEN not in str(refusal.value)
    assert ("API_TOKEN" in str(refusal.value)) == (status in (401, 403))


@pytest.mark.parametrize("value", [f"{TOKEN}\nX-Evil: 1", f"{TOKEN}é"])
def test_a_token_that_no_header_can_carry_is_refused_unseen(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("API_TOKEN", value)
    with pytest.raises(UserError, match="the header 'Authorization' is invalid") as refusal:
        site.collect(tmp_path / "raw", token_env="API_TOKEN")
    assert TOKEN not in str(refusal.value)
    assert site.asked == []


@pytest.mark.parametrize("header", ["Authorization", "X-Api-Key"])
@pytest.mark.parametrize("way", ["redirect", "link", "cursor"])
def test_no_way_leads_the_token_to_another_site(
    start: Callable[[], Site], tmp_path: Path, token: str, header: str, way: str
) -> None:
    site, other = start(), start()
    target = f"{other.url}/items"
    site.routes["/items"] = lambda query: {
        "redirect": Reply(status=307, headers={"Location": target}),
        "link": Reply(ROWS, headers={"Link": f'<{target}>; rel="next"'}),
        "cursor": [{"next": target}],
    }[way]
    paging = {
        "redirect": {"by": "none"},
        "link": {"by": "link"},
        "cursor": {"by": "cursor", "next": "0.next"},
    }
    with pytest.raises(
        UserError, match=f"leads to {target} on another site, which is not followed"
    ):
        site.collect(
            tmp_path / "raw", token_env="API_TOKEN", auth_header=header, paging=paging[way]
        )
    assert other.asked == []


def test_a_redirect_within_the_site_is_followed_with_the_token(
    site: Site, tmp_path: Path, token: str
) -> None:
    site.routes["/items"] = lambda query: Reply(status=301, headers={"Location": "/v2/items"})
    site.routes["/v2/items"] = lambda query: ROWS
    site.collect(tmp_path / "raw", token_env="API_TOKEN")
    assert rows(tmp_path / "raw") == ROWS
    assert site.headers[1]["Authorization"] == f"Bearer {TOKEN}"


@pytest.mark.parametrize(
    "encoded", [TOKEN, quote(TOKEN[:2]) + "%33" + TOKEN[3:], TOKEN.encode().hex()]
)
@pytest.mark.parametrize("where", [{}, {"auth_param": "api_key"}])
@pytest.mark.parametrize("what", ["status", "json", "items", "loop", "link", "twice", "many"])
def test_no_message_shows_the_token_of_a_redirected_address(
    site: Site, tmp_path: Path, token: str, encoded: str, where: dict, what: str
) -> None:
    target = f"/v2?api_key={encoded}"
    link = {"Link": f'<{target}>; rel="next"'}
    site.routes["/items"] = lambda query: Reply(status=302, headers={"Location": target})
    site.routes["/v2"] = lambda query: {
        "status": Reply({"error": f"{'x ' * 145} {encoded}"}, 403),
        "json": Reply(body=f"<p>{encoded}".encode()),
        "items": Reply([f"an item with {'x' * 30} {encoded}"]),
        "loop": Reply(status=302, headers={"Location": target}),
        "link": Reply(ROWS, headers={"Link": f'<http://[{encoded}>; rel="next"'}),
        "twice": Reply(ROWS, headers=link),
        "many": Reply(ROWS, headers=link),
    }[what]
    limits = {"many": {"max_bytes": 10}}.get(what, {})
    with pytest.raises(UserError) as refusal:
        site.collect(
            tmp_path / "raw", token_env="API_TOKEN", paging={"by": "link"}, **where, **limits
        )
    said = str(refusal.value)
    assert TOKEN[:6] not in said.replace("%33", "3")
    assert TOKEN.encode().hex()[:20] not in said
    for file in Path("data").rglob("*"):
        assert file.is_dir() or TOKEN not in file.read_text()


def test_items_that_repeat_the_token_are_collected_without_it(
    site: Site, tmp_path: Path, token: str
) -> None:
    site.routes["/items"] = lambda query: [
        {"id": 1, "self": f"{site.url}/items/1?api_key={token}", "no": quote(token, safe="")}
    ]
    said = site.collect(tmp_path / "raw", token_env="API_TOKEN", auth_param="api_key")
    (row,) = rows(tmp_path / "raw")
    assert row == {"id": 1, "self": f"{site.url}/items/1?api_key=***", "no": "***"}
    assert token not in json.dumps(said)


@pytest.mark.parametrize("where", [{}, {"auth_param": "key"}, {"auth_header": "X-Api-Key"}])
def test_a_token_is_not_sent_without_encryption(tmp_path: Path, token: str, where: dict) -> None:
    with pytest.raises(
        UserError, match=r"collect\.url: the address of example\.org begins with http:"
    ):
        api.collect(tmp_path, "http://example.org/items", token_env="API_TOKEN", **where)


@pytest.mark.parametrize(
    "header", ["X-Auth-Token", "Api-Key", "Ocp-Apim-Subscription-Key", "Cookie"]
)
def test_no_header_of_the_settings_may_carry_a_credential(
    site: Site, tmp_path: Path, header: str
) -> None:
    with pytest.raises(UserError, match=f"'{header}' carries a credential"):
        site.collect(tmp_path / "raw", headers={header: "x"})


# --- dotted paths --------------------------------------------------------------------------------

keys = st.text(st.characters(blacklist_characters="."), min_size=1)


@given(st.lists(keys, min_size=1, max_size=4), st.integers())
def test_a_dotted_path_finds_what_stands_there(path: list[str], value: int) -> None:
    data: Any = value
    for key in reversed(path):
        data = {key: data}
    assert value_at(data, ".".join(path)) == value


# --- as a stage ----------------------------------------------------------------------------------


def typed(settings: Any) -> CollectSettings:
    collect = OmegaConf.to_container(settings)
    return CollectSettings.model_validate({"collect": collect, "load": {"contract": "none.yaml"}})


def test_the_stage_takes_a_snapshot_that_stays_until_it_is_asked_for_anew(site: Site) -> None:
    site.routes["/items"] = by_page
    files = [ROOT / "conf/collect" / name for name in ("limits/default.yaml", "api.yaml")]
    settings = OmegaConf.merge(*map(OmegaConf.load, files))
    del settings["defaults"]
    settings.url, settings.paging.by = f"{site.url}/items", "page"
    main(typed(settings))
    said = json.loads(Path("data/raw/snapshot.json").read_text(encoding="utf-8"))
    assert (said["rows"], said["columns"], said["source"]["kind"]) == (7, ["id", "name"], "api")
    asked = len(site.asked)
    main(typed(settings))
    assert len(site.asked) == asked
    settings.as_of = "later"
    main(typed(settings))
    assert len(site.asked) == 2 * asked
