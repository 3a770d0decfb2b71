"""A word has one meaning in the code base: no two classes or public functions share a name."""

import ast
from collections import defaultdict

import pytest
from template.projects import TREE

# Defined in many modules, of which a caller or conf/ chooses one by the module's name.
ENTRY_POINTS = {
    "main": "of every command and script",
    "collect": "of every source that conf/collect/ offers",
    "MLPClassifier": "of both networks: conf/model/keras.yaml and torch.yaml choose keras_mlp or torch_mlp",
    "MLPRegressor": "of both networks: conf/model/keras.yaml and torch.yaml choose keras_mlp or torch_mlp",
}
Definition = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def definitions(*kinds: type[Definition]) -> dict[str, list[str]]:
    """Map the public names that modules define to those modules."""
    found: dict[str, list[str]] = defaultdict(list)
    for folder in ("pedigree", "pipeline"):
        for path in sorted((TREE / folder).rglob("*.py")):
            for node in ast.parse(path.read_text(encoding="utf-8")).body:
                if isinstance(node, kinds) and not node.name.startswith("_"):
                    found[node.name].append(path.relative_to(TREE).as_posix())
    return found


def plurals(name: str) -> set[str]:
    """Return what may be the plural of a name."""
    return {f"{name}s", f"{name}es", f"{name.removesuffix('y')}ies"}


@pytest.mark.parametrize("kinds", [(ast.ClassDef,), FUNCTIONS], ids=["classes", "functions"])
def test_a_name_is_defined_once(kinds: tuple[type[Definition], ...]) -> None:
    found = definitions(*kinds)
    shared = {name: modules for name, modules in found.items() if len(modules) > 1}
    assert {name: shared[name] for name in shared.keys() - ENTRY_POINTS.keys()} == {}


@pytest.mark.parametrize("kinds", [(ast.ClassDef,), FUNCTIONS], ids=["classes", "functions"])
def test_no_name_is_the_plural_of_another(kinds: tuple[type[Definition], ...]) -> None:
    found = definitions(*kinds)
    pairs = {name: plurals(name) & found.keys() for name in found}
    assert {name: several for name, several in pairs.items() if several} == {}


def test_every_entry_point_has_several_modules() -> None:
    found = definitions(ast.ClassDef, *FUNCTIONS)
    assert [name for name in ENTRY_POINTS if len(found[name]) < 2] == []
