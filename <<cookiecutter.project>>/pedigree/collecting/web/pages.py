"""Pages of an API: finding the next one, and caching them until all are complete."""

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

import httpx2

from pedigree.base.files.replacing import append
from pedigree.base.names import UserError, did_you_mean
from pedigree.base.stage import say
from pedigree.collecting.web import Response, absolute_url

RESUME = Path("data/.resume")  # not an output, and ignored by Git and DVC
MAX_PART = 2**28  # bytes after which a new part begins
# Keys of each kind of paging, with their defaults.
KINDS: dict[str, dict[str, Any]] = {
    "none": {},
    "page": {"param": "page", "start": 1},
    "offset": {"param": "offset", "start": 0},
    "cursor": {"param": None, "next": None},
    "link": {},
}


def complete_paging(paging: Mapping[str, Any]) -> dict[str, Any]:
    """Validate the settings of paging, and fill in defaults.

    Raises
    ------
    UserError
        The kind is unknown, a key does not apply to it, or a required key is missing.
    """
    kind = str(paging.get("by"))
    if kind not in KINDS:
        raise UserError(f"collect.paging.by: unknown kind '{kind}'; {did_you_mean(kind, KINDS)}")
    given = {key: value for key, value in paging.items() if key != "by" and value is not None}
    for key in given:
        if key not in KINDS[kind]:
            known = f"it uses {', '.join(KINDS[kind])}" if KINDS[kind] else "it has no settings"
            raise UserError(f"collect.paging.{key} does not apply to paging by {kind}; {known}.")
    if kind == "cursor" and "next" not in given:
        raise UserError(
            "collect.paging.next is not set; set it to the path of the cursor in the response."
        )
    return {"by": kind, **KINDS[kind], **given}


def first_address(url: str, params: Mapping[str, Any], paging: Mapping[str, Any]) -> str:
    """Return the address of the first page.

    Parameters
    ----------
    url : str
        Address of the API.
    params : mapping of str to object
        Query parameters.
    paging : mapping of str to object
        As returned by `complete_paging`.

    Returns
    -------
    str
    """
    address = httpx2.URL(url).copy_merge_params(params)
    if "start" in paging:
        address = address.copy_set_param(paging["param"], paging["start"])
    return str(address)


def next_address(
    paging: Mapping[str, Any], url: str, response: Response, data: Any, items: int
) -> str | None:
    """Return the address of the page after this one, or None after the last.

    Parameters
    ----------
    paging : mapping
        As returned by `complete_paging`.
    url : str
        Address of this page.
    response : Response
    data
        The JSON of the response.
    items : int
        Number of items of this page.

    Returns
    -------
    str or None

    Raises
    ------
    UserError
        The response has no cursor of the expected type.
    """
    kind, param = paging["by"], str(paging.get("param") or "")
    if kind == "link":
        return absolute_url(response.url, response.next) if response.next else None
    if kind == "cursor":
        try:
            cursor = value_at(data, paging["next"])
        except LookupError:  # some APIs leave the cursor out on the last page
            return None
        if cursor in (None, "", False):
            return None
        if isinstance(cursor, dict | list):
            raise UserError(
                f"collect.paging.next: '{paging['next']}' is not a string or number in the response of {url}."
            )
        if not param:
            return absolute_url(response.url, str(cursor))
        return str(httpx2.URL(url).copy_set_param(param, cursor))
    if kind == "none" or not items:
        return None
    step = 1 if kind == "page" else items  # an API may return fewer items than requested
    return str(httpx2.URL(url).copy_set_param(param, int(httpx2.URL(url).params[param]) + step))


def value_at(data: Any, path: str) -> Any:
    """Return the value at a dotted path; numbers index lists, and keys can contain dots.

    Raises
    ------
    LookupError
        A part of the path is missing.
    """
    if not path:
        return data
    if isinstance(data, dict) and path in data:
        return data[path]
    part, _, rest = path.partition(".")
    if isinstance(data, list) and re.fullmatch(r"-?\d+", part):
        if -len(data) <= int(part) < len(data):
            return value_at(data[int(part)], rest)
        raise LookupError(f"has no item {part} in a list of {len(data)} items")
    if not isinstance(data, dict):
        raise LookupError(f"has no '{part}' in {'a list' if isinstance(data, list) else 'a value'}")
    if part not in data:
        raise LookupError(f"has no '{part}'; {did_you_mean(part, data)}")
    return value_at(data[part], rest)


class PageCache:
    """Fetched pages in a working folder, from which an interrupted run resumes.

    Items are appended to part files, and after each page a line is appended to a journal. Content of the
    parts beyond the journal's last line is of an incomplete page, and is truncated.

    Parameters
    ----------
    settings : sequence
        Settings that identify the pages; after a change of one of them, a run starts over.
    hours : float
        Maximum age of pages, so that a snapshot shows one point in time.
    """

    def __init__(self, settings: Sequence[Any], hours: float) -> None:
        name = hashlib.sha256(json.dumps(settings).encode()).hexdigest()[:16]
        self.folder = RESUME / name
        self.journal = self.folder / "journal.jsonl"
        for journal in RESUME.glob("*/journal.jsonl"):
            if time.time() - journal.stat().st_mtime > hours * 3600:
                shutil.rmtree(journal.parent)
        self.pages = self._restore()
        self.visited = {page["asked"] for page in self.pages}
        self.contents = {page["content"]: page["asked"] for page in self.pages if page["items"]}
        if self.pages:
            say(f"resuming after {len(self.pages)} pages of an earlier run")

    @property
    def size(self) -> int:
        """Number of bytes received for the pages."""
        return self.pages[-1]["bytes"] if self.pages else 0

    def resume_hint(self) -> str:
        """Return a sentence for error messages about the cached pages, or ""."""
        if not self.pages:
            return ""
        return f" The next run resumes after the {len(self.pages)} pages before; to start over, delete {self.folder}."

    def add(self, url: str, following: str | None, lines: Sequence[bytes], size: int) -> None:
        """Add the items of a page.

        Parameters
        ----------
        url : str
            Address of the page.
        following : str or None
            Address of the next page.
        lines : sequence of bytes
            The items.
        size : int
            Bytes of the response.

        Raises
        ------
        UserError
            An earlier page had the same items.
        """
        text = b"".join(line + b"\n" for line in lines)
        content = hashlib.sha256(text).hexdigest()
        if lines and content in self.contents:
            raise UserError(
                f"{url} has the same items as {self.contents[content]}; check collect.paging, such as the name of the "
                "parameter."
            )
        last = self.pages[-1] if self.pages else {"part": 0, "end": 0, "bytes": 0}
        part, end = (
            (last["part"] + 1, 0) if last["end"] >= MAX_PART else (last["part"], last["end"])
        )
        append(text, self._part(part))
        page = {
            "asked": url,
            "next": following,
            "content": content,
            "items": len(lines),
            "bytes": last["bytes"] + size,
            "part": part,
            "end": end + len(text),
        }
        append(f"{json.dumps(page)}\n".encode(), self.journal)
        self.pages.append(page)
        self.visited.add(url)
        self.contents[content] = url

    def move_to(self, target: Path) -> None:
        """Move the parts to the folder of the snapshot, and clear the cache."""
        for part in sorted(self.folder.glob("part-*.jsonl")):
            if part.stat().st_size:
                shutil.move(part, target / part.name)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _part(self, number: int) -> Path:
        return self.folder / f"part-{number:05d}.jsonl"

    def _restore(self) -> list[dict[str, Any]]:
        """Read the journal, and truncate content after its last line."""
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
