"""Git, called through its command line."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

from pedigree.base.names import UserError


def git(*arguments: str) -> str:
    """Run Git and return its output; an empty string if it fails or is not installed."""
    try:
        done = subprocess.run(
            ["git", *arguments], capture_output=True, text=True, encoding="utf-8", check=False
        )
    except FileNotFoundError:
        return ""
    return done.stdout if done.returncode == 0 else ""


def inside() -> bool:
    """Return whether the working folder is part of a Git repository."""
    return bool(git("rev-parse", "--git-dir"))


def head() -> str:
    """Return the hash of the last commit.

    Raises
    ------
    UserError
        There is none, or no Git repository.
    """
    if not (commit := git("rev-parse", "HEAD").strip()):
        raise UserError(
            "nothing is committed here yet; run `git init` if this is not a Git repository, then "
            "`git add .` and `git commit`."
        )
    return commit


def is_committed(path: Path) -> bool:
    """Return whether the last commit contains a file as it is now."""
    committed = git("rev-parse", "--verify", "--quiet", f"HEAD:./{path.as_posix()}")
    return bool(committed) and committed == git("hash-object", path.as_posix())


def blobs(names: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    """Read many files from Git in one process.

    Parameters
    ----------
    names : iterable of str
        Each as COMMIT:./PATH.

    Yields
    ------
    identity : str
        The object's name, equal for equal contents; empty if the file does not exist.
    content : bytes
    """
    names = list(names)
    if not names:
        return
    with subprocess.Popen(
        ["git", "cat-file", "--batch"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin
        assert process.stdout
        for name in names:
            process.stdin.write(f"{name}\n".encode())
            process.stdin.flush()
            identity, *kind_and_size = process.stdout.readline().decode().split()
            if kind_and_size[-1] == "missing":
                yield "", b""
                continue
            content = process.stdout.read(int(kind_and_size[-1]))
            process.stdout.read(1)  # the newline
            yield identity, content
