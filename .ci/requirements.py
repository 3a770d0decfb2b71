"""Print what an environment of the Makefile needs: the requirements of the template and of a project.

A project's pyproject.toml cannot be installed from before it is rendered.
"""

import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).parents[1]


def requirements(environment: str) -> Iterable[str]:
    """List the requirements of an environment.

    Parameters
    ----------
    environment : {"default", "tools", "legacy"}
        What a project has by default and the template's tests use; the same with all extras but `legacy`; what
        a project has with the extra `legacy`, and what the library's tests use.
    """
    template, project = map(read, (ROOT, ROOT / "<<cookiecutter.project>>"))
    if environment == "legacy":
        return [
            *template[""],
            *template["library"],
            *project[""],
            *project["dev"],
            *project["legacy"],
        ]
    everything = environment == "tools"
    return [
        requirement
        for part in (template, project)
        for extra, listed in part.items()
        if extra in ("", "dev", "library") or (everything and extra != "legacy")
        for requirement in listed
    ]


def read(folder: Path) -> dict[str, list[str]]:
    """Read the requirements of a pyproject.toml by extra; those without one are under an empty name."""
    project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras: dict[str, list[str]] = project["optional-dependencies"]
    return {"": project["dependencies"]} | extras


if __name__ == "__main__":
    print(*requirements(sys.argv[1]), sep="\n")
