"""Ctrl-C: one line instead of a traceback."""

import sys
from types import TracebackType


def interrupted_in_one_line(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """Print an exception that nothing caught, as `sys.excepthook` does, but an interruption in one line.

    Parameters
    ----------
    kind : type
    error : BaseException
    trace : traceback or None
    """
    if issubclass(kind, KeyboardInterrupt):
        print(
            "interrupted", file=sys.stderr
        )  # Python then ends with the exit code for it, 130 in a shell
    else:
        sys.__excepthook__(kind, error, trace)
