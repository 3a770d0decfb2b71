"""Code that other systems run, too: text is UTF-8 with the line ends of the repository, nothing is of one system only."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from template.projects import TEMPLATE, TREE

CODE = sorted(
    path
    for folder in (TREE / "pedigree", TREE / "pipeline", TREE / "tests", TEMPLATE / "hooks")
    for path in folder.rglob("*.py")
)
# Of POSIX only, or forbidden to most people on Windows.
ABSENT = {
    "fcntl",
    "fork",
    "getuid",
    "grp",
    "killpg",
    "pwd",
    "resource",
    "setsid",
    "wait4",
    "SIGKILL",
}
LINKS = {"pedigree/base/files/replacing.py"}  # where a link that is not allowed becomes a copy
# After a look at the system.
GUARDED = {
    "pedigree/base/guards/orphan.py": "fcntl",
    "pedigree/environment/private_folder.py": "getuid",
}


def parsed() -> Iterator[tuple[str, ast.AST]]:
    """Yield every piece of syntax of the code, with the file that it stands in."""
    for path in CODE:
        inside = path.relative_to(TREE if path.is_relative_to(TREE) else TEMPLATE).as_posix()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            yield inside, node


def writes(call: ast.Call) -> bool:
    """Tell whether a call opens a text file to write to it."""
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    if isinstance(call.func, ast.Name) and name == "write_text":
        return False  # the library's own
    modes = [ast.literal_eval(one) for one in call.args[:2] if isinstance(one, ast.Constant)]
    opened = name == "open" and any(re.fullmatch("[wax]t?", str(mode)) for mode in modes)
    return name == "write_text" or opened


def test_text_files_name_their_encoding_and_line_ends() -> None:
    lacking = []
    for file, node in parsed():
        if isinstance(node, ast.Call):
            needed = {"encoding", "newline"} if writes(node) else set()
            if getattr(node.func, "attr", "") == "read_text":
                needed = {"encoding"}
            if needed - {argument.arg for argument in node.keywords}:
                lacking.append(f"{file}, line {node.lineno}: {ast.unparse(node)}")
    assert lacking == []


def test_nothing_is_of_one_system_only() -> None:
    found = []
    for file, node in parsed():
        named = {getattr(node, "attr", None)}
        if isinstance(node, ast.Import | ast.ImportFrom):
            named = {alias.name for alias in node.names}
        if named & ABSENT - {GUARDED.get(file)} or (named & {"symlink_to"} and file not in LINKS):
            found.append(f"{file}: {ast.unparse(node)}")
    assert found == []


@pytest.mark.parametrize("folder", [TEMPLATE, TREE])
def test_git_keeps_one_kind_of_line_ends(folder: Path) -> None:
    assert "* text=auto eol=lf\n" in (folder / ".gitattributes").read_text(encoding="utf-8")


def test_no_file_of_a_project_has_other_line_ends() -> None:
    texts = (path for path in TREE.rglob("*") if path.suffix not in (".png", ".pyc", ".parquet"))
    assert [path for path in texts if path.is_file() and b"\r\n" in path.read_bytes()] == []
