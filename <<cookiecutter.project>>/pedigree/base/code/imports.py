"""Which code a module runs: the project's files that it imports, and the libraries."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.metadata import packages_distributions, requires, version
from pathlib import Path

from pedigree.base.code.library import folder
from pedigree.base.names import normalized
from pedigree.base.paths import LIBRARY


def reached(modules: Iterable[str]) -> tuple[dict[str, Path], set[str]]:
    """Follow imports, including those inside functions.

    Parameters
    ----------
    modules : iterable of str
        Dotted names of modules; imports of other libraries are not followed.

    Returns
    -------
    files : dict of str to Path
        The project's own modules by name, and the packages that contain them.
    libraries : set of str
        Top-level names of all others, except the standard library.
    """
    files: dict[str, Path] = {}
    libraries: set[str] = set()
    waiting, seen = list(modules), set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        top, _, _ = name.partition(".")
        waiting += [name.rpartition(".")[0]] if "." in name else []
        if home := home_of(top):
            path = home.joinpath(*name.split("."))
            for file in (path.with_suffix(".py"), path / "__init__.py"):
                if file.is_file():
                    files[name] = file
                    waiting += imported(file)
        elif top not in sys.stdlib_module_names:
            libraries.add(top)
    return files, libraries


def home_of(top: str) -> Path | None:
    """Return the folder that contains a package of the project; None for a library."""
    if top == LIBRARY.name:
        return folder().parent
    here = Path.cwd()
    is_own = (here / top).is_dir() or (here / f"{top}.py").is_file()
    return here if is_own else None


def imported(file: Path) -> set[str]:
    """List the dotted names that a file imports: modules, and names that it takes from modules."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {one.name for one in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {f"{node.module}.{one.name}" for one in node.names}
    return {public_names().get(name, name) for name in names}


@cache
def public_names() -> dict[str, str]:
    """Map the names of the library's lazily loaded interface to the objects they stand for."""
    top = LIBRARY.name
    found: dict[str, str] = {}
    for stub in sorted(folder().glob("*.pyi")):
        public = top if stub.stem == "__init__" else f"{top}.{stub.stem}"
        for node in ast.parse(stub.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ImportFrom):
                names = [one.name for one in node.names]
                found |= {f"{public}.{name}": f"{top}.{node.module}.{name}" for name in names}
    return found


def versions(libraries: Iterable[str]) -> list[str]:
    """Return name and version of the packages that provide the libraries, and of their direct requirements."""
    holders = packages_distributions()
    found = {name for library in libraries for name in holders.get(library, ())}
    needed = {name for one in found for name in requirements(one)}
    installed = {normalized(name) for names in holders.values() for name in names}
    return sorted(
        f"{one} {version(one)}" for one in {normalized(one) for one in found} | needed & installed
    )


def requirements(package: str) -> Iterator[str]:
    """Yield the names of the packages that a package requires without any extra."""
    for one in requires(package) or ():
        if "extra ==" not in one:
            yield normalized(re.split(r"[^\w.-]", one, maxsplit=1)[0])
