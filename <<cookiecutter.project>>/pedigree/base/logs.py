"""What commands and steps print: progress at INFO; with ``-v`` also settings and files; with ``-q`` only warnings."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from typing import Any, TextIO

from pedigree.base.secrets.redaction import redact

LOGGER = logging.getLogger("pedigree")
LINE = logging.Formatter("%(message)s")
TIMED_LINE = logging.Formatter("%(relativeCreated)6.0f ms  %(message)s")


def discard(stream: TextIO) -> None:
    """Drop what else is written to a stream whose reader closed the pipe early, as `head` does.

    Python flushes once more at exit, which would fail again.
    """
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


class _Console(logging.Handler):
    """Prints each line at once, also into a pipe: warnings to stderr, the rest to stdout; both are looked up per line."""

    def emit(self, record: logging.LogRecord) -> None:
        stream = sys.stderr if record.levelno >= logging.WARNING else sys.stdout
        try:
            print(redact(self.format(record)), file=stream, flush=True)
        except BrokenPipeError:
            discard(stream)  # a stage finishes its work all the same


CONSOLE = _Console()
LOGGER.addHandler(CONSOLE)
LOGGER.setLevel(logging.INFO)
LOGGER.propagate = False  # otherwise handlers that a library adds print each line again


def set_level(level: int) -> None:
    """Choose the level of what is printed; at DEBUG each line begins with the time."""
    LOGGER.setLevel(level)
    CONSOLE.setFormatter(TIMED_LINE if level == logging.DEBUG else LINE)


class _Level(argparse.Action):
    """Sets the level as soon as the option is parsed."""

    def __call__(self, parser: Any, namespace: Any, values: Any, option: Any = None) -> None:
        set_level(self.const)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that choose what is printed to a parser."""
    one = parser.add_mutually_exclusive_group()
    more = "also print each setting, each file that is read or written, and the time"
    one.add_argument("-v", "--verbose", action=_Level, const=logging.DEBUG, nargs=0, help=more)
    less = "print only warnings and errors"
    one.add_argument("-q", "--quiet", action=_Level, const=logging.WARNING, nargs=0, help=less)


def tolerate_any_terminal() -> None:
    """Let a terminal that lacks a character print its escape code instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
