"""How to install optional dependencies: the extras of pyproject.toml, by the files of requirements/."""

from __future__ import annotations

from pathlib import Path

PYPROJECT = Path("pyproject.toml")
REQUIREMENTS = Path(
    "requirements"
)  # what is installed, with hashes: core.txt and a file for each extra
LEGACY = "legacy"  # the extra for an environment of its own, with an earlier pandas
TORCH = "torch"  # a package, and its extra: the build depends on the processor, so no hash is known


def pins_of(extra: str) -> Path:
    """Return the file that contains the exact versions of an extra."""
    return Path("constraints-legacy.txt" if extra == LEGACY else "constraints.txt")


def way_to_add(extra: str) -> str:
    """Return the commands that install an extra, with uv or with pip.

    Examples
    --------
    >>> way_to_add("s3")
    "run `uv pip install --require-hashes -r requirements/s3.txt` or `pip install --require-hashes -r requirements/s3.txt`"
    """
    file = REQUIREMENTS / f"{extra}.txt"
    way = f"run {way_to_pip(f'--require-hashes -r {file.as_posix()}')}"
    return f"{way}, then {way_to_pip(f'-c {pins_of(extra)} {TORCH}')}" if extra == TORCH else way


def way_to_pip(arguments: str) -> str:
    """Return the command that installs something, with uv or with pip."""
    return f"`uv pip install {arguments}` or `pip install {arguments}`"
