"""dvc.yaml tells the truth: a stage that is not listed as using what was edited would be called up to date."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from omegaconf import OmegaConf
from sandbox import ROOT, Sandbox, inputs, outputs

from pedigree.base.code.imports import public_names
from pedigree.base.dvc_files.lock import lies_in
from pedigree.base.settings import listed_keys, read_yaml

DVC_YAML = read_yaml(ROOT / "dvc.yaml")


@pytest.fixture(params=DVC_YAML["stages"])
def stages(request: pytest.FixtureRequest, sandbox: Sandbox) -> dict[str, Any]:
    """Return a stage by its name; of a `foreach` or `matrix`, each of its stages."""
    return {name: sandbox.stages[name] for name in sandbox.instances(request.param)}


def module(name: str) -> Path | None:
    """Return the file of a module of the project, from its root."""
    path = Path(*name.split("."))
    files = (path.with_suffix(".py"), path / "__init__.py")
    return next((file for file in files if (ROOT / file).is_file()), None)


def running(node: ast.AST) -> Iterator[ast.AST]:
    """Yield a syntax tree without what only type checkers read."""
    if not (isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)):
        yield node
        for inner in ast.iter_child_nodes(node):
            yield from running(inner)


def imports(file: Path) -> Iterator[str]:
    """Name what a file imports anywhere by the module it is in."""
    for node in running(ast.parse((ROOT / file).read_text(encoding="utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            above = file.parts[: -node.level] if node.level else ()
            package = ".".join([*above, *([node.module] if node.module else [])])
            names = [f"{package}.{alias.name}" for alias in node.names]
        yield from (public_names().get(name, name) for name in names)


def code(command: str) -> set[Path]:
    """Return the files of the project that run with a command."""
    waiting = re.findall(r"-m (\w[\w.]*)", command)
    waiting += [file.replace("/", ".") for file in re.findall(r"(\w[\w/]*)\.py\b", command)]
    seen: set[Path] = set()
    while waiting:
        name = waiting.pop()
        above = name.rpartition(".")[0]
        waiting += [above] if above else []
        file = module(name)
        if file and file not in seen:
            seen.add(file)
            waiting += imports(file)
    # The library's interface loads nothing but what is imported from it.
    return seen - {Path("pedigree/__init__.py"), Path("pedigree/settings.py")}


def runs_nothing(file: Path) -> bool:
    """Tell whether a file holds nothing but a docstring."""
    body = ast.parse((ROOT / file).read_text(encoding="utf-8")).body
    return all(isinstance(node, ast.Expr) for node in body)


def test_a_stage_depends_on_the_code_that_it_runs(stages: dict[str, Any]) -> None:
    for name, stage in stages.items():
        files = sorted(one.as_posix() for one in code(str(stage["cmd"])) if not runs_nothing(one))
        missing = [file for file in files if not any(lies_in(file, dep) for dep in inputs(stage))]
        rooms = sorted(
            {str(Path(one).parent) if one.startswith("pedigree") else one for one in missing}
        )
        assert not rooms, f"add {', '.join(rooms)} to stages.{name}.deps in dvc.yaml"


def test_what_a_stage_reads_exists_or_is_made_by_another(
    sandbox: Sandbox, stages: dict[str, Any]
) -> None:
    for name, stage in stages.items():
        others = [stage for other, stage in sandbox.stages.items() if other != name]
        made = [path for other in others for path in outputs(other)]
        for path in inputs(stage):
            there = (ROOT / path).exists() or (ROOT / f"{path}.dvc").exists() or "://" in path
            assert there or any(lies_in(path, one) or lies_in(one, path) for one in made), path


def has(settings: Any, key: str) -> bool:
    return OmegaConf.select(settings, key, default="(none)") != "(none)"


def test_a_stage_sees_the_settings_that_its_script_reads(
    sandbox: Sandbox, stages: dict[str, Any]
) -> None:
    """Whatever stands as `settings.section.key` in a script of pipeline/."""
    for name, stage in stages.items():
        files = [sandbox.folder / path for path in inputs(stage) if lies_in(path, "settings")]
        seen = OmegaConf.merge(*map(OmegaConf.load, files)) if files else OmegaConf.create()
        for key in listed_keys(stage):
            value = OmegaConf.select(sandbox.settings, key)
            OmegaConf.update(seen, key, value, force_add=True)
        own = [ROOT / file for file in code(str(stage["cmd"])) if file.parts[0] == "pipeline"]
        text = "".join(file.read_text(encoding="utf-8") for file in own)
        read = re.findall(r"\bsettings\.(\w+\.\w+)", text) + re.findall(r"\bsettings\.(\w+)", text)
        missing = [key for key in read if has(sandbox.settings, key) and not has(seen, key)]
        assert not missing, f"add {missing} to stages.{name}.params in dvc.yaml"


@pytest.mark.parametrize("kind", ["metrics", "plots"])
def test_what_dvc_shows_is_an_output(sandbox: Sandbox, kind: str) -> None:
    made = [path for stage in sandbox.stages.values() for path in outputs(stage)]
    for one in DVC_YAML.get(kind, ()):
        (name, options), *_ = one.items() if isinstance(one, dict) else [(one, {})]
        drawn = options.get("y")  # of a plot with a title for a name, columns by file
        for path in drawn if isinstance(drawn, dict) else [name]:
            assert any(lies_in(path, out) for out in made), path
