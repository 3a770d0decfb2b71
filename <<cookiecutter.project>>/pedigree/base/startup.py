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


def short_errors(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """Print an exception that nothing caught, as `sys.excepthook` does, but Ctrl-C and damaged bytecode in one line.

    Parameters
    ----------
    kind : type
    error : BaseException
    trace : traceback or None
    """
    if issubclass(kind, KeyboardInterrupt):
        # Python then ends as it does after Ctrl-C: with 130 in a shell.
        print("interrupted", file=sys.stderr)
    elif issubclass(kind, EOFError) and "marshal" in str(error):
        print(
            "Python's bytecode is damaged, as after a full disk; delete it: "
            "find . -name __pycache__ -prune -exec rm -r {} +",
            file=sys.stderr,
        )
    else:
        sys.__excepthook__(kind, error, trace)
