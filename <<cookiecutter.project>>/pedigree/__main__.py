"""The command line: ``python -m pedigree COMMAND``."""

from __future__ import annotations

import sys
from importlib import import_module

from pedigree import __version__
from pedigree.base.logs import tolerate_any_terminal
from pedigree.base.names import did_you_mean

# Each module has a `main(arguments)`. It is imported only when it is called, since some require optional libraries.
COMMANDS = {
    "adopt": ("adopting.command", "propose settings for your own data"),
    "options": ("config.options", "list the tools that each step offers"),
    "keep": ("config.keeping.command", "write the settings of an applied experiment into conf/"),
    "check": (
        "check.command",
        "print the verdict on the model, and exit with 1 if it is not accepted",
    ),
    "repro": ("check.repro", "run `dvc repro` after other dvc commands have ended"),
    "predict": ("serving.batch", "score a file of rows with the bundle"),
    "serve": ("serving.api", "serve the bundle as an HTTP API"),
    "promote": (
        "serving.promote",
        "promote the bundle to champion, with which later models are compared",
    ),
    "sign": ("serving.sign", "sign a bundle with a key, so that others can verify its origin"),
    "trace": ("lineage.trace.command", "show what a file, a model or a prediction was made from"),
    "verify": ("lineage.verify.command", "run HEAD again and compare every output bit by bit"),
    "runs": ("lineage.runs.command", "compare experiments or commits on a page"),
    "diff": ("lineage.diff.command", "show what changed between two versions of the data"),
    "contract": (
        "contract.command",
        "validate the data against its contract, or update the contract",
    ),
    "prepare": (
        "environment.private_folder",
        "set what DVC needs on this machine only, once per clone",
    ),
    "requirements": (
        "environment.requirements",
        "pin every package that pyproject.toml requires, with hashes",
    ),
}


def main(arguments: list[str]) -> int | str:
    """Run a command; return the exit code, or an error message."""
    name, *rest = arguments or ["--help"]
    if (
        name in ("-v", "--verbose", "-q", "--quiet") and rest
    ):  # allowed before and after the command
        name, rest = rest[0], [name, *rest[1:]]
    if name in ("-h", "--help"):
        width = max(map(len, COMMANDS))
        print("usage: python -m pedigree [-v | -q] COMMAND [OPTION ...]")
        print("       python -m pedigree --version\n")
        for command, (_, purpose) in COMMANDS.items():
            print(f"  {command:<{width}}  {purpose}")
        print("\n`python -m pedigree COMMAND --help` explains a command; steps run by `dvc repro`.")
        return 0
    if name == "--version":
        print(f"pedigree {__version__}")
        return 0
    if name not in COMMANDS:
        return f"pedigree: unknown command '{name}'; {did_you_mean(name, COMMANDS)}"
    tolerate_any_terminal()
    return import_module(f"pedigree.{COMMANDS[name][0]}").main(rest) or 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
