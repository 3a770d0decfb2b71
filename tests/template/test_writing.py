"""Files are written in one place, `pedigree/base/files/`: anything else that writes, moves or removes is found here."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from template.projects import TEMPLATE, TREE

PLACE = TREE / "pedigree/base/files"
# Methods that write, move or remove files, of pathlib, shutil, os, pandas, pyarrow, matplotlib and other libraries.
WRITES = {
    *("write_text", "write_bytes", "touch", "symlink_to", "hardlink_to"),
    *("unlink", "os.remove", "rmdir", "rmtree", "removedirs", "truncate"),
    *("rename", "renames", "move", "copy2", "copyfile", "copyfileobj", "copytree"),
    *("to_csv", "to_excel", "to_feather", "to_json", "to_parquet", "to_pickle", "to_file"),
    *("ParquetWriter", "CSVWriter", "write_table", "savefig", "save_model", "show_html"),
    *("dump", "get_file", "urlretrieve", "mkdtemp", "extractall"),
}
OWN = {"write_text", "write_bytes", "write_table", "save_model"}  # functions of the library
# A function that is given a temporary folder or file, or that removes only what is its own.
EXCEPTIONS = {
    "adopting/write.py: unlink": "a batch of the example, if Git has it",
    "base/guards/orphan.py: open": "the lock of a stage, whose content only names its process",
    "base/guards/orphan.py: rmtree": "outputs that `dvc` had deleted and an orphan wrote again",
    "base/guards/orphan.py: truncate": "the lock of a stage",
    "base/guards/orphan.py: unlink": "outputs that `dvc` had deleted and an orphan wrote again",
    "collecting/web/__init__.py: open": "the temporary file of `collecting.file`",
    "collecting/web/pages.py: move": "pages from their cache into the snapshot's temporary folder",
    "collecting/web/pages.py: rmtree": "the cache of pages, in a folder of its own with a journal",
    "collecting/web/pages.py: truncate": "the cache of pages: what comes after the journal's last line",
    "config/keeping/command.py: copytree": "a copy of conf/ in a temporary folder",
    "config/keeping/command.py: write_text": "a copy of conf/ in a temporary folder",
    "config/keeping/kept_files.py: dump": "into memory",
    "config/keeping/reverted.py: write_bytes": "conf/ of a commit in a temporary folder",
    "contract/text.py: dump": "into memory",
    "environment/requirements.py: write_text": "the output of uv in a temporary folder",
    "features/engineering/related/synthesis.py: to_parquet": "into memory",
    "lineage/verify/command.py: mkdtemp": "the clone that is compared",
    "lineage/verify/command.py: rmtree": "the clone that is compared",
    "lineage/verify/copy.py: copyfile": "into the clone that is compared",
    "serving/promote.py: unlink": "the signature of the champion that is replaced",
    "serving/batch.py: CSVWriter": "the temporary file of `predict_file`",
    "serving/batch.py: ParquetWriter": "the temporary file of `predict_file`",
}
IN_HOOKS = {
    "post_gen_project.py: rmtree": "caches, licences that were not chosen, and the temporary file of `replacing`",
    "post_gen_project.py: unlink": "files of the example, and the temporary file of `replacing`",
    "post_gen_project.py: replace": "the chosen licence, a file of the template; and the hook's own `replacing`",
}


def temporary(function: ast.AST) -> set[str]:
    """Return the names that a function gets from `replacing` and `new_folder`, and those that it makes of them."""
    names = {
        item.optional_vars.id
        for node in ast.walk(function)
        if isinstance(node, ast.With)
        for item in node.items
        if isinstance(item.optional_vars, ast.Name)
        and isinstance(item.context_expr, ast.Call)
        and ast.unparse(item.context_expr.func) in ("replacing", "new_folder")
    }
    # `new.open("w") as file`, `part = new / name`
    for _ in range(2):
        for node in ast.walk(function):
            pairs: list[tuple[ast.expr | None, ast.expr]] = []
            if isinstance(node, ast.With):
                pairs = [(item.optional_vars, item.context_expr) for item in node.items]
            elif isinstance(node, ast.Assign):
                pairs = [(target, node.value) for target in node.targets]
            for target, value in pairs:
                if isinstance(target, ast.Name) and names & named(value):
                    names.add(target.id)
    return names


def named(node: ast.AST) -> set[str]:
    return {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}


def writing(call: ast.Call) -> str | None:
    """Return the name of what a call writes, moves or removes with."""
    method = isinstance(call.func, ast.Attribute)
    name = call.func.attr if isinstance(call.func, ast.Attribute) else ast.unparse(call.func)
    if name == "open":
        mode = call.args[0 if method else 1 :] + [one.value for one in call.keywords]
        texts = [one.value for one in mode if isinstance(one, ast.Constant)]
        writes = any(re.fullmatch(r"[rwaxbt+]*[wax+][bt+]*", str(one)) for one in texts)
        return name if writes else None
    if name in (
        "replace",
        "rename",
    ):  # of a path: one argument; of a string: two; of a frame: with keywords
        return name if method and len(call.args) == 1 and not call.keywords else None
    if name == "dump" and len(call.args) < 2:  # returns a string
        return None
    name = ast.unparse(call.func) if ast.unparse(call.func) == "os.remove" else name
    return name if name in WRITES and not (name in OWN and not method) else None


def found(file: Path) -> Iterator[str]:
    """Yield the names of what a file writes with outside of a block of `replacing` or `new_folder`."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    functions = [one for one in ast.walk(tree) if isinstance(one, ast.FunctionDef)]
    inside = {
        id(call): names for one in functions for names in [temporary(one)] for call in ast.walk(one)
    }
    for node in ast.walk(tree):
        name = writing(node) if isinstance(node, ast.Call) else None
        if name and not named(node) & inside.get(id(node), set()):
            yield name


def test_only_one_place_writes_files() -> None:
    files = [
        *(
            (one, TREE / "pedigree")
            for one in (TREE / "pedigree").rglob("*.py")
            if PLACE not in one.parents
        ),
        *((one, TREE) for one in (TREE / "pipeline").rglob("*.py")),
    ]
    seen = {
        f"{one.relative_to(root).as_posix()}: {name}" for one, root in files for name in found(one)
    }
    assert seen == set(EXCEPTIONS)


def test_the_hooks_write_in_one_place() -> None:
    seen = {
        f"{one.name}: {name}" for one in (TEMPLATE / "hooks").glob("*.py") for name in found(one)
    }
    assert seen == set(IN_HOOKS)


@pytest.mark.parametrize(
    "line",
    [
        "Path('x').write_text('')",
        "open('x', 'w')",
        "path.open(mode='ab')",
        "frame.to_csv(path)",
        "shutil.rmtree(path)",
        "new.replace(path)",
        "parquet.write_table(table, path)",
    ],
)
def test_what_writes_elsewhere_is_found(line: str, tmp_path: Path) -> None:
    (tmp_path / "module.py").write_text(f"def f():\n    {line}\n")
    assert len(list(found(tmp_path / "module.py"))) == 1


@pytest.mark.parametrize(
    "line", ["new.write_text('')", "frame.to_csv(new / 'x')", "text.replace('a', 'b')", "open('x')"]
)
def test_what_writes_in_place_is_not(line: str, tmp_path: Path) -> None:
    (tmp_path / "module.py").write_text(
        f"def f():\n    with replacing(path) as new:\n        {line}\n"
    )
    assert list(found(tmp_path / "module.py")) == []
