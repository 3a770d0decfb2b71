"""Source: items of a JSON HTTP API, page by page."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pedigree.base.names import UserError
from pedigree.base.secrets.forms import is_credential_name
from pedigree.base.secrets.redaction import hide, redact
from pedigree.collecting.web import Client, RequestFailed, Response
from pedigree.collecting.web.pages import (
    PageCache,
    complete_paging,
    first_address,
    next_address,
    value_at,
)


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
    """Collect all items as JSON lines, with keys and values as received, but without the token.

    Parameters
    ----------
    folder : Path
        Folder of the snapshot.
    url : str
        Address of the first page.
    params, headers : mapping, optional
        Query parameters and headers of each request; credentials are not allowed.
    items : str, optional
        Dotted path of the list of items in a response; None = the response is the list.
    paging : mapping, optional
        How a page leads to the next one, see `pages.KINDS`.
    token_env : str, optional
        Name of the environment variable with the token.
    auth_header, auth_scheme : str
        Header that carries the token, and the word before it.
    auth_param : str, optional
        Query parameter that carries the token instead of a header.
    requests_per_second : float
    retries, backoff, max_wait, connect_timeout, read_timeout
        Retries and timeouts in seconds, see `Client`.
    keep_hours : float
        Hours for which the pages of an interrupted run are kept.
    max_pages, max_bytes : int
        Limits of the snapshot; a larger one is an error.

    Returns
    -------
    dict
        Description of the source, without credentials.

    Raises
    ------
    UserError
        A setting is invalid, requests fail, or a response is not as the settings describe it. Pages that
        were received are kept for the next run.
    """
    if requests_per_second <= 0:
        raise UserError(
            f"collect.requests_per_second is {requests_per_second}; set it to a number above 0."
        )
    paging = complete_paging(paging or {"by": "none"})
    token = read_token(token_env)
    in_header = {auth_header: f"{auth_scheme or ''} {token}".strip()}
    client = Client(
        url,
        headers={
            **without_credentials(headers or {}),
            **(in_header if token and not auth_param else {}),
        },
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
    cache = PageCache([first, headers, items, paging, token_env], keep_hours)
    try:
        with client:
            _fetch(client, cache, first, items or "", paging, max_pages, max_bytes)
    except UserError as error:
        text = f"{error}{_token_hint(error, token_env)}{cache.resume_hint()}"
        raise UserError(redact(text)) from None
    pages = sum(page["items"] > 0 for page in cache.pages)
    cache.move_to(folder)
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
    cache: PageCache,
    first: str,
    items: str,
    paging: Mapping[str, Any],
    max_pages: int,
    max_bytes: int,
) -> None:
    """Fetch the pages that are not in the cache."""
    from tqdm import tqdm

    url: str | None = cache.pages[-1]["next"] if cache.pages else first
    has_end_page = "start" in paging  # paging by number ends with an empty page or a 404
    with tqdm(desc="collect", unit=" pages", initial=len(cache.pages), disable=None) as progress:
        while url:
            if url in cache.visited:
                raise UserError(
                    f"{url} is the next page, but was already collected: the pages form a loop."
                )
            try:
                response = client.get(url, max_bytes - cache.size)
            except RequestFailed as failure:
                if failure.status == 404 and cache.pages and has_end_page:
                    return
                raise
            data = parse_json(response)
            lines = [client.without_token(line) for line in json_lines(data, items, response.url)]
            following = client.without_secrets(
                next_address(paging, url, response, data, len(lines))
            )
            if len(cache.pages) >= max_pages and (lines or following):
                raise UserError(
                    f"the API has more than {max_pages} pages; if this is correct, raise collect.max_pages."
                )
            cache.add(url, following, lines, len(response.body))
            progress.update()
            url = following


def parse_json(response: Response) -> Any:
    """Parse the JSON body of a response.

    Raises
    ------
    UserError
        The body is not JSON.
    """
    try:
        return json.loads(response.body)
    except (ValueError, RecursionError) as error:
        kind = f" ({response.kind})" if response.kind and "json" not in response.kind else ""
        raise UserError(
            f"the response of {response.url} is not JSON{kind}: {error}; set collect.url to the address of an API, not of a "
            "web page."
        ) from None


def json_lines(data: Any, path: str, url: str) -> list[bytes]:
    """Return the items of a response, each as a line of JSON.

    Parameters
    ----------
    data
        The parsed response.
    path : str
        Dotted path of the list of items.
    url : str
        Address of the response, for messages.

    Returns
    -------
    list of bytes

    Raises
    ------
    UserError
        The path leads to no list, or an item of the list is not an object.
    """
    try:
        found = value_at(data, path)
    except LookupError as error:
        raise UserError(
            f"collect.items: '{path}' is not in the response of {url}, which {error.args[0]}"
        ) from None
    if found is None:
        return []
    if not isinstance(found, list):
        place = f"'{path}' is" if path else "the response is"
        lists = (
            [key for key, value in found.items() if isinstance(value, list)]
            if isinstance(found, dict)
            else []
        )
        shown = ", ".join(f"{path}.{key}".strip(".") for key in lists) or "none"
        raise UserError(
            f"collect.items: {place} not a list in the response of {url}; lists in it: {shown}."
        )
    lines = []
    for number, item in enumerate(found, start=1):
        if not isinstance(item, dict):
            raise UserError(
                f"{url}, item {number}: an object is expected, but got {redact(json.dumps(item)):.60}."
            )
        try:
            lines.append(json.dumps(item, ensure_ascii=False, separators=(",", ":")).encode())
        except UnicodeEncodeError:  # a lone surrogate can only be written as an escape
            lines.append(json.dumps(item, separators=(",", ":")).encode())
    return lines


def read_token(token_env: str | None) -> str:
    """Return the token of an environment variable, or "" without one.

    Raises
    ------
    UserError
        The variable is not set.
    """
    if not token_env:
        return ""
    token = os.environ.get(token_env, "").strip()
    hide(token)
    if not token:
        raise UserError(
            f"collect.token_env: the environment variable {token_env} is not set; set it to the token and run again."
        )
    return token


def without_credentials(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers if none of them carries a credential, since settings are committed.

    Raises
    ------
    UserError
        A header carries a credential.
    """
    for name in headers:
        if is_credential_name(name):
            raise UserError(
                f"collect.headers: '{name}' carries a credential, but settings are committed; store it in an "
                "environment variable and set collect.token_env to the name of the variable."
            )
    return {name: str(value) for name, value in headers.items()}


def _token_hint(error: UserError, token_env: str | None) -> str:
    if not isinstance(error, RequestFailed) or error.status not in (401, 403):
        return ""
    if token_env:
        return f" Check the token in the environment variable {token_env} (collect.token_env)."
    return (
        " If a token is required, store it in an environment variable and set collect.token_env to the name of the "
        "variable."
    )
