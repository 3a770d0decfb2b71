"""How a step runs: read its own settings, do the work, report errors as one sentence."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import time
from collections.abc import Callable, Sequence
from inspect import signature
from typing import Any

from pedigree.base.command import parser, plain_errors
from pedigree.base.files.replacing import write_text
from pedigree.base.guards.inputs import checked_inputs
from pedigree.base.guards.orphan import only_process
from pedigree.base.logs import LOGGER, tolerate_any_terminal
from pedigree.base.names import UserError
from pedigree.base.paths import PARAMS, TIMINGS
from pedigree.base.secrets.redaction import hide_variables


def run(stage: str, main: Callable[..., dict[str, Any] | None]) -> None:
    """Run a step as a command: ``python -m pipeline.<stage> [-v | -q] [section.key=value ...]``.

    The duration goes to ``timings/<stage>.json``, the one file that differs between two
    equal runs; it is neither an output of the stage nor read by another.

    Parameters
    ----------
    stage : str
        Name of the stage in ``dvc.yaml``.
    main : callable
        Does the step. It is called with the stage's own settings, if it takes any; its docstring is the help text.
        It may return a dictionary of further timings.

    Examples
    --------
    >>> import sys
    >>> from pedigree import run, say
    >>> sys.argv = ["python -m pipeline.split", "split.test=0.3"]
    >>> run("split", lambda settings: say(f"{settings.split.test:.0%} of the rows"))
    30% of the rows
    """
    command = parser(stage, main.__doc__, "pipeline.")
    takes_settings = bool(signature(main).parameters)
    command.add_argument(
        "overrides",
        nargs="*",
        metavar="section.key=value",
        help="other settings, for this run" if takes_settings else argparse.SUPPRESS,
    )
    overrides = command.parse_intermixed_args().overrides
    tolerate_any_terminal()
    with plain_errors(stage), only_process(stage), checked_inputs(stage):
        started = time.perf_counter()
        if overrides and not takes_settings:
            raise UserError(
                f"'{overrides[0]}' is refused, since this stage takes no settings from the command line; "
                f"edit conf/, or use `dvc exp run {_as_options(overrides)}` for one experiment."
            )
        _limit_threads()
        from pedigree.base.settings import as_dict, leaves, read_settings

        settings = read_settings(stage, overrides)
        hide_variables(as_dict(settings))
        if overrides:
            LOGGER.warning(
                "Other settings than in params.yaml, for this run only: %s; `dvc repro` replaces its outputs.",
                ", ".join(overrides),
            )
        for key, value in leaves(as_dict(settings)).items():
            LOGGER.debug("setting %s = %r", key, value)
        measured = (main(settings) if takes_settings else main()) or {}
        timings = {"seconds": round(time.perf_counter() - started, 3)} | measured
        write_text(json.dumps(timings, indent=2) + "\n", TIMINGS / f"{stage}.json")
    LOGGER.debug("%s took %s s", stage, timings["seconds"])


def say(text: str) -> None:
    """Print progress: a line of the logger `pedigree` at INFO, written at once, also into a pipe.

    Examples
    --------
    >>> from pedigree import say
    >>> say("3 rows dropped")
    3 rows dropped
    """
    LOGGER.info("%s", text)


def _as_options(overrides: Sequence[str]) -> str:
    """Return overrides as options of `dvc exp run`, quoted for a shell."""
    return shlex.join(word for override in overrides for word in ("-S", override))


def _limit_threads() -> None:
    """Fix the thread count of native libraries, because sums depend on it.

    A floating-point sum that is computed by another number of threads may differ in its last bit,
    and the outputs must be the same on every machine. threadpoolctl sets it in libraries that are
    loaded already, the environment in those that are loaded later.
    """
    from threadpoolctl import threadpool_limits

    from pedigree.base.settings import read_yaml

    threads = (read_yaml(PARAMS) or {}).get("threads", 1) if PARAMS.exists() else 1
    threadpool_limits(threads)
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[variable] = str(threads)
