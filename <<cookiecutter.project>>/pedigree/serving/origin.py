"""Options of commands by which only one bundle, or only the bundles of one key, are accepted."""

from __future__ import annotations

import argparse
from pathlib import Path

from pedigree.prediction.sealed import ID


def add_origin(cli: argparse.ArgumentParser) -> None:
    """Add the options `--expect` and `--signed-by`."""
    cli.add_argument(
        "--expect",
        type=_identity,
        metavar="ID",
        help="refuse any other bundle than this one; `sha256sum models/bundle/sha256.json` prints its id",
    )
    cli.add_argument(
        "--signed-by",
        type=Path,
        metavar="FILE",
        help="refuse a bundle without a signature that this public key verifies (see `sign --help`)",
    )


def _identity(text: str) -> str:
    if not ID.fullmatch(text.lower()):
        raise argparse.ArgumentTypeError(
            "the id of a bundle has 64 hexadecimal digits; a shorter one could be that of another bundle"
        )
    return text.lower()
