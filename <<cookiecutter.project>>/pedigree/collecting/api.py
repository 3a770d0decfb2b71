"""Items of an HTTP API that answers in JSON, page by page."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pedigree.base.names import UserError
from pedigree.collecting.web import Answer, Client, Refusal
from pedigree.collecting.web.pages import Kept, complete, find, first_address, next_address

CREDENTIALS = ("authorization", "proxy-authorization", "cookie", "x-api-key")


def collect(
    folder: Path,
    url: str,
    params: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
    items: str | None = None,
    paging: Mapping[str, Any] | None = None,
    token_env: str | None = None,
    auth_header: str = "Authorization",
    auth_scheme: str | None = "Bearer",
    auth_param: str | None = None,
    requests_per_second: float = 5,
    retries: int = 5,
    backoff: float = 1,
    max_wait: float = 300,
    connect_timeout: float = 10,
    read_timeout: float = 60,
    keep_hours: float = 24,
    max_pages: int = 10_000,
    max_bytes: int = 10**10,
) -> dict[str, Any]:
    """Collect all items as JSON lines, their keys in the order and their values as received.

    Parameters
    ----------
    folder : Path
        Where the snapshot goes.
    url, params, headers, items, paging, ...
        See ``conf/collect/api.yaml``.

    Raises
    ------
    UserError
        A setting does not fit, the API refuses or fails for too long, its answer is not what the
        settings say, or its pages have no end. The pages so far are kept for the next run.
    """
    if requests_per_second <= 0:
        raise UserError("collect.requests_per_second: a number above 0 is needed.")
    paging = complete(paging or {"by": "none"})
    token = read_token(token_env)
    in_header = {auth_header: f"{auth_scheme or ''} {token}".strip()}
    client = Client(
        url,
        headers={**harmless(headers or {}), **(in_header if token and not auth_param else {})},
        params={auth_param: token} if token and auth_param else {},
        secret=token,
        pause=1 / requests_per_second,
        retries=retries,
        backoff=backoff,
        max_wait=max_wait,
        connect_timeout=connect_timeout,
        read_timeout=read_timeout,
    )
    first = first_address(url, params or {}, paging)
    kept = Kept([first, headers, items, paging, token_env], keep_hours)
    try:
        with client:
            _fetch(client, kept, first, items or "", paging, max_pages, max_bytes)
    except UserError as error:
        raise UserError(f"{error}{_way_out(error, token_env)}{kept.described()}") from None
    pages = sum(page["items"] > 0 for page in kept.pages)
    kept.release(folder)
    return {
        "kind": "api",
        "url": url,
        "params": dict(params or {}),
        "items": items,
        "paging": paging["by"],
        "pages": pages,
    }


def _fetch(
    client: Client,
    kept: Kept,
    first: str,
    items: str,
    paging: Mapping[str, Any],
    max_pages: int,
    max_bytes: int,
) -> None:
    """Fetch the pages that are not kept yet."""
    from tqdm import tqdm

    asked: str | None = kept.pages[-1]["next"] if kept.pages else first
    with tqdm(desc="collect", unit=" pages", initial=len(kept.pages), disable=None) as progress:
        while asked:
            if asked in kept.asked:
                raise UserError(
                    f"{asked} is named as the next page, and was one already: the pages form a loop."
                )
            try:
                answer = client.get(asked, max_bytes - kept.size)
            except Refusal as refusal:
                if refusal.status == 404 and kept.pages and "start" in paging:
                    return  # how some say that the last page was the last
                raise
            data = parsed(answer)
            lines = as_lines(data, items, answer.url)
            following = client.bare(next_address(paging, asked, answer, data, len(lines)))
            if len(kept.pages) >= max_pages and (lines or following):
                raise UserError(
                    f"the API has more than {max_pages} pages; if that is right, raise collect.max_pages."
                )
            kept.add(asked, following, lines, len(answer.body))
            progress.update()
            asked = following


def parsed(answer: Answer) -> Any:
    """Parse the JSON of an answer.

    Raises
    ------
    UserError
        It is none.
    """
    try:
        return json.loads(answer.body)
    except (ValueError, RecursionError) as error:
        kind = f" but {answer.kind}" if answer.kind and "json" not in answer.kind else ""
        raise UserError(
            f"{answer.url} answered no JSON{kind}: {error}. Is collect.url an API's address, and not that of a page "
            "about it?"
        ) from None


def as_lines(data: Any, path: str, url: str) -> list[bytes]:
    """Return the items of an answer, each as a line of JSON.

    Raises
    ------
    UserError
        There is no list where it should be, or something in it is not an object.
    """
    try:
        found = find(data, path)
    except LookupError as error:
        raise UserError(
            f"collect.items: there is no '{path}' in the answer of {url}; it {error.args[0]}"
        ) from None
    if found is None:
        return []
    if not isinstance(found, list):
        place = f"'{path}' is" if path else "the answer is"
        lists = (
            [key for key, value in found.items() if isinstance(value, list)]
            if isinstance(found, dict)
            else []
        )
        shown = ", ".join(f"{path}.{key}".strip(".") for key in lists) or "none"
        raise UserError(
            f"collect.items: {place} no list in the answer of {url}. Lists that stand there: {shown}."
        )
    lines = []
    for number, item in enumerate(found, start=1):
        if not isinstance(item, dict):
            raise UserError(
                f"{url}, item {number}: an object is expected, and this is {json.dumps(item):.60}."
            )
        try:
            lines.append(json.dumps(item, ensure_ascii=False, separators=(",", ":")).encode())
        except UnicodeEncodeError:  # half a character, which only an escape can spell
            lines.append(json.dumps(item, separators=(",", ":")).encode())
    return lines


def read_token(token_env: str | None) -> str:
    """Return the token that the environment holds, or nothing where none is named.

    Raises
    ------
    UserError
        The variable is named but not set.
    """
    if not token_env:
        return ""
    token = os.environ.get(token_env, "").strip()
    if not token:
        raise UserError(
            f"collect.token_env: the environment variable {token_env} is not set; set it to the token and run again."
        )
    return token


def harmless(headers: Mapping[str, str]) -> dict[str, str]:
    """Refuse headers that carry a credential: settings are committed.

    Raises
    ------
    UserError
        Names the header.
    """
    for name in headers:
        if name.lower() in CREDENTIALS:
            raise UserError(
                f"collect.headers: '{name}' carries a credential, and settings are committed; put it into an "
                "environment variable, and the variable's name into collect.token_env."
            )
    return {name: str(value) for name, value in headers.items()}


def _way_out(error: UserError, token_env: str | None) -> str:
    if not isinstance(error, Refusal) or error.status not in (401, 403):
        return ""
    if token_env:
        return f" It does not accept the token in the environment variable {token_env} (collect.token_env)."
    return " If it wants a token, put it into an environment variable, and the variable's name into collect.token_env."
