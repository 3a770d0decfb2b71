"""Write the code part of every stage's `deps` in dvc.yaml, from the imports of what the stage runs.

That is its script, the tools that its settings can name, and the classes of the fitted objects that it
opens. A stage depends on the rooms of the library that these and their imports lie in, so that an edit
of other code does not run it again, and on the owner's own code that it may call.
"""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from pedigree.base.code.imports import public_names
from pedigree.base.dvc_files.declared import DeclaredStage
from pedigree.config.dependencies import users

LIBRARY, SCRIPTS = Path("pedigree"), Path("pipeline")
CODE = (LIBRARY.name, SCRIPTS.name)
WHOLE = 1 / 4  # from this fraction of its modules on, a room is listed as a whole
PLACED = {"compare": ["model"], "train": ["model"]}  # groups whose files conf/ places into another
CLASSES = {"select": "pedigree.features.selection.selector"}  # fitted, and named by no setting
# What lies in pipeline/custom/, and the group or key of settings that names what is in it.
CUSTOM = {
    "sources.py": "collect",
    "cleaning.py": "clean",
    "features.py": "engineer",
    "models.py": "model",
    "metrics.py": "problem.custom_metrics",
    "explainers.py": "explain",
    "templates": "report",
}


@cache
def statements(file: Path) -> list[ast.stmt]:
    """Parse a file into statements, without docstrings and what is for type checkers; none if it does not exist."""
    body = ast.parse(file.read_text(encoding="utf-8")).body if file.is_file() else []
    named = {one: getattr(getattr(one, "test", None), "id", None) for one in body}
    return [one for one in body if not isinstance(one, ast.Expr) and named[one] != "TYPE_CHECKING"]


def imported(file: Path) -> set[str]:
    """Name the modules of the project that a file imports anywhere, and the packages above them."""
    names: set[str] = set()
    for node in (node for one in statements(file) for node in ast.walk(one)):
        if isinstance(node, ast.Import):
            names |= {one.name for one in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}.{one.name}" for one in node.names}
    parts = [public_names().get(name, name).split(".") for name in names]
    return {".".join(one[:n]) for one in parts for n in range(1, len(one) + 1) if one[0] in CODE}


def groups(stage: str, data: list[str]) -> set[str]:
    """Name the groups of settings that a stage sees, or opens fitted objects of."""
    folders = [path.name for path in Path("conf").iterdir() if path.is_dir()]
    places = {*folders, *CUSTOM.values()}
    used = {one for one in places if any(users(one, {stage: DeclaredStage.read({"deps": data})}))}
    return used.union(*(PLACED.get(one, ()) for one in used))


def tools(group: str) -> Iterator[str]:
    """Name the modules of what a group of settings can name."""
    for file in Path("conf", group).rglob("*.yaml"):
        yield from re.findall(r"_target_: (p[\w.]+)\.\w+", file.read_text(encoding="utf-8"))
    yield CLASSES.get(group, SCRIPTS.name)


def code(stage: str, used: set[str]) -> set[Path]:
    """Return every file of the project that can run in a stage with these groups of settings."""
    waiting = [f"{SCRIPTS}.{stage}", SCRIPTS.name]
    waiting += [name for one in used for name in tools(one)]
    seen: set[Path] = set()
    while waiting:
        path = Path(*waiting.pop().split("."))
        for file in {path.with_suffix(".py"), path / "__init__.py"} - seen:
            seen.add(file)
            waiting += imported(file)
    # The interface's own file maps names and does nothing.
    return set(filter(statements, seen - {LIBRARY / "__init__.py"}))


def rooms(files: set[Path], folder: Path = LIBRARY) -> Iterator[Path]:
    """Name the rooms that files lie in, or the files where they are few of a room."""
    modules = set(filter(statements, folder.rglob("*.py")))
    run = modules & files
    if folder != LIBRARY and len(run) > 1 and len(run) >= WHOLE * len(modules):
        yield folder
    elif run:
        yield from (file for file in run if file.parent == folder)
        for one in filter(Path.is_dir, folder.iterdir()):
            yield from rooms(files, one)


def deps(stage: str, data: list[str]) -> list[str]:
    """List what a stage depends on, in DVC's order."""
    if stage == "configure":  # looks into every tool
        return sorted([*data, *CODE])
    used = groups(stage, data)
    files = code(stage, used)
    # `package` records the library's seal.
    library = [LIBRARY] if stage == "package" else rooms(files)
    custom = [SCRIPTS / "custom" / kind for kind, group in CUSTOM.items() if group in used]
    paths = [*library, *custom, *(file for file in files if SCRIPTS in file.parents)]
    return sorted({*data, *(path.as_posix() for path in paths)})


def rewritten(text: str) -> str:
    """Return the text of dvc.yaml with the deps that the code asks for."""

    def replaced(match: re.Match[str]) -> str:
        data = [one for one in re.findall(r"- (\S+)", match[3]) if one.split("/")[0] not in CODE]
        return match[1] + "".join(f"    - {one}\n" for one in deps(match[2], data))

    entry = r"^(  (\w+):\n(?:    .*\n)*?    deps:\n)((?:    - .*\n)+)"
    return re.sub(entry, replaced, text, flags=re.MULTILINE)


if __name__ == "__main__":
    table = Path("dvc.yaml")
    table.write_text(rewritten(table.read_text(encoding="utf-8")), encoding="utf-8", newline="\n")
