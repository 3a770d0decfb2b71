"""What commands and steps say: progress at INFO, with ``-v`` also each setting and file, with ``-q`` only what went wrong."""

from __future__ import annotations

import argparse
import logging
import sys
from typing import Any

LOGGER = logging.getLogger("pedigree")
LINE = logging.Formatter("%(message)s")
TIMED_LINE = logging.Formatter("%(relativeCreated)6.0f ms  %(message)s")


class _Console(logging.Handler):
    """Prints a line at once, also into a pipe: warnings to stderr, the rest to stdout, as they are when it prints."""

    def emit(self, record: logging.LogRecord) -> None:
        stream = sys.stderr if record.levelno >= logging.WARNING else sys.stdout
        print(self.format(record), file=stream, flush=True)


CONSOLE = _Console()
LOGGER.addHandler(CONSOLE)
LOGGER.setLevel(logging.INFO)
LOGGER.propagate = False  # to handlers that a library has added


def set_level(level: int) -> None:
    """Choose what is said; each line tells its time where everything is."""
    LOGGER.setLevel(level)
    CONSOLE.setFormatter(TIMED_LINE if level == logging.DEBUG else LINE)


class _Level(argparse.Action):
    """Sets the level as soon as its option is read."""

    def __call__(self, parser: Any, namespace: Any, values: Any, option: Any = None) -> None:
        set_level(self.const)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Give a parser the options that choose what is said."""
    one = parser.add_mutually_exclusive_group()
    more = "tell each setting, each file that is read or written, and the time"
    one.add_argument("-v", "--verbose", action=_Level, const=logging.DEBUG, nargs=0, help=more)
    less = "tell only what is wrong"
    one.add_argument("-q", "--quiet", action=_Level, const=logging.WARNING, nargs=0, help=less)


def tolerate_any_terminal() -> None:
    """Let a terminal that lacks a character show its code, where it would end the command."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
