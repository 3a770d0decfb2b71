"""How a command of the project reads its arguments, reports mistakes in plain words, and prints."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pedigree.base.logs import add_options
from pedigree.base.names import UserError


def parser(
    name: str, description: str | None, program: str = "pedigree "
) -> argparse.ArgumentParser:
    """Make the parser of ``python -m pedigree <name>``, which shows `description` as it is and knows `-v` and `-q`."""
    made = argparse.ArgumentParser(
        prog=f"python -m {program}{name}",
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_options(made)
    return made


@contextmanager
def plain_errors(name: str) -> Iterator[None]:
    """End a command or stage with one sentence, and exit code 1, where its user can mend what is wrong.

    It serves as a decorator, too.
    """
    try:
        yield
    except UserError as error:
        sys.exit(f"{name}: {error}")


def print_found(found: Any, text: str, as_json: bool) -> None:
    """Print what was found, as a text for people or as JSON for machines.

    The reader may leave early, as `head` does: that is not a mistake.
    """
    try:
        print(json.dumps(found, indent=2, ensure_ascii=False) if as_json else text, flush=True)
    except BrokenPipeError:
        # Python flushes once more when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
