"""The objects in DVC's cache, which DVC itself trusts by their names: read only if the content has the MD5 of the name."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from configparser import ConfigParser
from pathlib import Path

from pedigree.base.names import UserError


def cache_folder() -> Path:
    """Return the folder of DVC's cache that contains its objects."""
    config = ConfigParser()
    config.read([".dvc/config", ".dvc/config.local"], encoding="utf-8")
    folder = config.get("cache", "dir", fallback="cache").strip("\"'")
    return Path(".dvc") / folder / "files" / "md5"


def cached(md5: str) -> Path:
    """Return the path of an object in DVC's cache."""
    return cache_folder() / md5[:2] / md5[2:]


def is_intact(path: Path) -> bool:
    """Return whether the content of an object in DVC's cache has the MD5 by which it is named."""
    with path.open("rb") as stream:
        found = hashlib.file_digest(stream, "md5").hexdigest()
    return found == (path.parent.name + path.name).removesuffix(".dir")


def read_object(md5: str) -> bytes | None:
    """Read an object in DVC's cache; None if the cache does not contain it.

    Raises
    ------
    UserError
        Its content is not what was stored.
    """
    path = cached(md5)
    if not path.exists():
        return None
    content = path.read_bytes()
    refuse_damaged(content, md5)
    return content


def refuse_damaged(content: bytes, md5: str) -> None:
    """Raise an error if the content that DVC returns for an object is not what was stored."""
    if hashlib.md5(content, usedforsecurity=False).hexdigest() != md5.removesuffix(".dir"):
        raise UserError(
            f"{cached(md5)}, an object in DVC's cache, is damaged; `python -m pedigree check --cache` lists all of them, and the way out."
        )


def listing(md5: str) -> list[dict[str, str]]:
    """Return the files of a recorded folder; empty if DVC's cache does not contain its listing.

    Raises
    ------
    UserError
        The listing is damaged.
    """
    content = read_object(md5) if md5.endswith(".dir") else None
    return json.loads(content) if content else []


def objects() -> Iterator[Path]:
    """Yield the objects in DVC's cache, in the order of their names."""
    for path in sorted(cache_folder().glob("[0-9a-f][0-9a-f]/*")):
        if len(path.name.removesuffix(".dir")) == 30:  # others are files that a stopped `dvc` left
            yield path
