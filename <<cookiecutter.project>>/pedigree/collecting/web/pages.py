"""Pages of an API: how one leads to the next, and where they are kept until all are there."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx

from pedigree.base.names import UserError, did_you_mean
from pedigree.base.stage import say
from pedigree.collecting.web import Answer, join

RESUME = Path("data/.resume")  # no output, and known to neither Git nor DVC
PART = 2**28  # bytes after which a new part begins
# What each kind of paging uses, with what is taken where it is not given.
KINDS: dict[str, dict[str, Any]] = {
    "none": {},
    "page": {"param": "page", "start": 1},
    "offset": {"param": "offset", "start": 0},
    "cursor": {"param": None, "next": None},
    "link": {},
}


def complete(paging: Mapping[str, Any]) -> dict[str, Any]:
    """Check the settings of paging, and fill in what is not given.

    Raises
    ------
    UserError
        There is no such kind or key, or a key means nothing to this kind.
    """
    kind = str(paging.get("by"))
    if kind not in KINDS:
        raise UserError(f"collect.paging.by: there is no '{kind}'; {did_you_mean(kind, KINDS)}")
    given = {key: value for key, value in paging.items() if key != "by" and value is not None}
    for key in given:
        if key not in KINDS[kind]:
            known = f"it uses {', '.join(KINDS[kind])}" if KINDS[kind] else "it has no settings"
            raise UserError(f"collect.paging.{key} means nothing to paging by {kind}; {known}.")
    if kind == "cursor" and "next" not in given:
        raise UserError(
            "collect.paging.next is not set; paging by cursor needs to know where in the answer the cursor stands."
        )
    return {"by": kind, **KINDS[kind], **given}


def first_address(url: str, params: Mapping[str, Any], paging: Mapping[str, Any]) -> str:
    """Return the address of the first page."""
    address = httpx.URL(url).copy_merge_params(params)
    if "start" in paging:
        address = address.copy_set_param(paging["param"], paging["start"])
    return str(address)


def next_address(
    paging: Mapping[str, Any], asked: str, answer: Answer, data: Any, items: int
) -> str | None:
    """Return the address of the page after this one, or None after the last.

    Parameters
    ----------
    paging : mapping
        As `complete` returns it.
    asked : str
        The address of this page.
    answer, data
        What came back, and the JSON in it.
    items : int
        How many items the page has.
    """
    kind, param = paging["by"], str(paging.get("param") or "")
    if kind == "link":
        return join(answer.url, answer.next) if answer.next else None
    if kind == "cursor":
        try:
            cursor = find(data, paging["next"])
        except LookupError:  # also how an API says that there is no more
            return None
        if cursor in (None, "", False):
            return None
        if isinstance(cursor, dict | list):
            raise UserError(
                f"collect.paging.next: '{paging['next']}' is not a text or number in the answer of {asked}."
            )
        if not param:
            return join(answer.url, str(cursor))
        return str(httpx.URL(asked).copy_set_param(param, cursor))
    if kind == "none" or not items:
        return None
    step = 1 if kind == "page" else items  # an API may give fewer than it was asked for
    return str(httpx.URL(asked).copy_set_param(param, int(httpx.URL(asked).params[param]) + step))


def find(data: Any, path: str) -> Any:
    """Return what stands at a dotted path; numbers pick from lists, and keys may have dots.

    Raises
    ------
    LookupError
        Says what is not there, and what may have been meant.
    """
    if not path:
        return data
    if isinstance(data, dict) and path in data:
        return data[path]
    part, _, rest = path.partition(".")
    if isinstance(data, list) and re.fullmatch(r"-?\d+", part):
        if -len(data) <= int(part) < len(data):
            return find(data[int(part)], rest)
        raise LookupError(f"has no item {part}, but {len(data)} items")
    if not isinstance(data, dict):
        raise LookupError(
            f"has no '{part}', but {'a list' if isinstance(data, list) else 'a value'}"
        )
    if part not in data:
        raise LookupError(f"has no '{part}'; {did_you_mean(part, data)}")
    return find(data[part], rest)


class Kept:
    """The pages that were fetched, in a working folder, so that a run that breaks can go on.

    Items are appended to parts, and when a page is whole, a line is appended to a journal. What the
    parts hold beyond the journal's last line is of a page that broke, and is cut off.

    Parameters
    ----------
    settings : sequence
        What makes these pages and no others; any change begins anew.
    hours : float
        Older pages are thrown away: a snapshot is to show one time.
    """

    def __init__(self, settings: Sequence[Any], hours: float) -> None:
        name = hashlib.sha256(json.dumps(settings).encode()).hexdigest()[:16]
        self.folder = RESUME / name
        self.journal = self.folder / "journal.jsonl"
        for journal in RESUME.glob("*/journal.jsonl"):
            if time.time() - journal.stat().st_mtime > hours * 3600:
                shutil.rmtree(journal.parent)
        self.pages = self._restored()
        self.asked = {page["asked"] for page in self.pages}
        self.contents = {page["content"]: page["asked"] for page in self.pages if page["items"]}
        if self.pages:
            say(f"{len(self.pages)} pages of an earlier run are there; it goes on after them")

    @property
    def size(self) -> int:
        """The bytes that were received for them."""
        return self.pages[-1]["bytes"] if self.pages else 0

    def described(self) -> str:
        """Say that they are there, if they are."""
        if not self.pages:
            return ""
        return (
            f" The {len(self.pages)} pages before are kept, and the next run goes on after them; to begin anew, "
            f"delete {self.folder}."
        )

    def add(self, asked: str, following: str | None, lines: Sequence[bytes], size: int) -> None:
        """Keep a page's items.

        Raises
        ------
        UserError
            An earlier page had the same items.
        """
        text = b"".join(line + b"\n" for line in lines)
        content = hashlib.sha256(text).hexdigest()
        if lines and content in self.contents:
            raise UserError(
                f"{asked} has the same items as {self.contents[content]}: the API does not page as collect.paging "
                "says. Does it call the parameter otherwise?"
            )
        last = self.pages[-1] if self.pages else {"part": 0, "end": 0, "bytes": 0}
        part, end = (last["part"] + 1, 0) if last["end"] >= PART else (last["part"], last["end"])
        self.folder.mkdir(parents=True, exist_ok=True)
        with self._part(part).open("ab") as file:
            file.write(text)
        page = {
            "asked": asked,
            "next": following,
            "content": content,
            "items": len(lines),
            "bytes": last["bytes"] + size,
            "part": part,
            "end": end + len(text),
        }
        with self.journal.open("a", encoding="utf-8") as file:
            file.write(json.dumps(page) + "\n")
        self.pages.append(page)
        self.asked.add(asked)
        self.contents[content] = asked

    def release(self, target: Path) -> None:
        """Move the parts to where they belong, and forget the pages."""
        for part in sorted(self.folder.glob("part-*.jsonl")):
            if part.stat().st_size:
                shutil.move(part, target / part.name)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _part(self, number: int) -> Path:
        return self.folder / f"part-{number:05d}.jsonl"

    def _restored(self) -> list[dict[str, Any]]:
        """Read the journal and cut off what a break left behind it."""
        text = self.journal.read_bytes() if self.journal.exists() else b""
        whole = text[: text.rfind(b"\n") + 1]
        pages = [json.loads(line) for line in whole.splitlines()]
        ends = {self._part(page["part"]): page["end"] for page in pages}
        if any(not part.exists() or part.stat().st_size < end for part, end in ends.items()):
            shutil.rmtree(self.folder)
            return []
        if pages:
            os.truncate(self.journal, len(whole))
        for part in self.folder.glob("part-*.jsonl"):
            os.truncate(part, ends.get(part, 0))
        return pages
