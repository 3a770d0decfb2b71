"""How a command of the project parses its arguments, reports errors and prints results."""

from __future__ import annotations

import argparse
import json
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any

from pedigree.base.files.disk_errors import disk_error_in_words
from pedigree.base.guards.startup import in_one_line
from pedigree.base.logs import LOGGER, add_options, discard
from pedigree.base.names import UserError, terminal_text
from pedigree.base.secrets.redaction import redact


def parser(
    name: str, description: str | None, program: str = "pedigree "
) -> argparse.ArgumentParser:
    """Make the parser of ``python -m pedigree <name>``.

    Parameters
    ----------
    name : str
        Name of the command.
    description : str or None
        Shown by ``--help``, with its line breaks kept.
    program : str
        What stands before the name on the command line.

    Returns
    -------
    argparse.ArgumentParser
        With the options `-v` and `-q`.
    """
    made = argparse.ArgumentParser(
        prog=f"python -m {program}{name}",
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_options(made)
    return made


def integer(least: int, most: int | None = None) -> Callable[[str], int]:
    """Return the type of an option that is an integer within limits, for `argparse`.

    Parameters
    ----------
    least, most : int
        The limits, both included; None is no limit.
    """
    allowed = f"{least} or more" if most is None else f"from {least} to {most}"

    def parse(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = least - 1
        if number < least or (most is not None and number > most):
            raise argparse.ArgumentTypeError(f"must be an integer, {allowed} (it is {text!r})")
        return number

    return parse


@contextmanager
def plain_errors(name: str) -> Iterator[None]:
    """End a command or stage with a one-sentence message and exit code 1 after an error that its user can fix.

    Neither the message nor the traceback of another error contains a credential. Can also be used as a decorator.
    """
    sys.excepthook = _redacted_traceback
    try:
        try:
            yield
        finally:
            sys.stdout.flush()
    except UserError as error:
        sys.exit(redact(f"{name}: {terminal_text(str(error))}"))
    except BrokenPipeError:  # `head` has read enough
        discard(sys.stdout)
        sys.exit(1)
    except OSError as error:
        if (found := disk_error_in_words(error)) is None:
            raise
        LOGGER.debug("the error in full", exc_info=True)
        sys.exit(f"{name}: {found}")


def _redacted_traceback(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    line = in_one_line(error)
    shown = f"{line}\n" if line else "".join(traceback.format_exception(kind, error, trace))
    print(redact(shown), end="", file=sys.stderr, flush=True)


def print_found(found: Any, text: str, as_json: bool) -> None:
    """Print a result, as text for people or as JSON for machines.

    If the reader closes the pipe early, as `head` does, that is not an error.

    Parameters
    ----------
    found : object
        The result; it must be serializable as JSON.
    text : str
        The same result for people.
    as_json : bool
        Whether to print JSON.
    """
    try:
        shown = json.dumps(found, indent=2, ensure_ascii=False) if as_json else text
        print(redact(shown), flush=True)
    except BrokenPipeError:
        discard(sys.stdout)
