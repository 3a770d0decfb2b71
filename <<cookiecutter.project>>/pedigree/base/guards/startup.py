"""What holds for every process of the project from its first import on."""

import shutil
import sys
from types import TracebackType

LITTLE = 100e6  # bytes


def spare_a_full_disk() -> None:
    """Write no bytecode if the disk is nearly full.

    Until 3.12.9, Python leaves incomplete bytecode on a full disk, and every later run fails.
    """
    if shutil.disk_usage(".").free < LITTLE:
        sys.dont_write_bytecode = True


def in_one_line(error: BaseException) -> str | None:
    """Return the line that replaces the traceback of Ctrl-C and of damaged bytecode; None for other errors."""
    if isinstance(error, KeyboardInterrupt):
        return "interrupted"  # Python then ends as it does after Ctrl-C: with 130 in a shell
    if isinstance(error, EOFError) and "marshal" in str(error):
        return (
            "Python's bytecode is damaged, as after a full disk; delete it: "
            "find . -name __pycache__ -prune -exec rm -r {} +"
        )
    return None


def short_errors(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """Print an exception that nothing caught, as `sys.excepthook` does, but some in one line."""
    if line := in_one_line(error):
        print(line, file=sys.stderr)
    else:
        sys.__excepthook__(kind, error, trace)
