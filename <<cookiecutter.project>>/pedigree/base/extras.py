"""How to install optional dependencies: the extras of pyproject.toml."""

from __future__ import annotations


def way_to_add(extra: str, pins: str = "constraints.txt") -> str:
    """Return the commands that install an extra, with uv or with pip.

    Examples
    --------
    >>> way_to_add("s3")
    "run `uv pip install -c constraints.txt -r pyproject.toml --extra s3` or `pip install -c constraints.txt '.[s3]'`"
    """
    uv, pip = f"-r pyproject.toml --extra {extra}", f"'.[{extra}]'"
    return f"run `uv pip install -c {pins} {uv}` or `pip install -c {pins} {pip}`"
