"""The owner's own code: it runs, is stored, and is a dependency of the stages that use it."""

import re
from collections.abc import Callable
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from textwrap import dedent
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import yaml
from library.projects import ROOT, Project

from pedigree.base.dvc_files.declared import DeclaredStage
from pedigree.base.names import UserError
from pedigree.base.tables import read_json, read_table
from pedigree.config.checks import check
from pedigree.config.dependencies import undeclared
from pedigree.explanation import tables
from pedigree.storage import artifact
from pipeline.custom.features import DistanceFromMedian

MINE = """
from sklearn.preprocessing import StandardScaler


class Mine(StandardScaler):
    pass
"""


def test_the_example_learns_from_training_rows_only(
    copy_of: Callable[[str], Project], monkeypatch: pytest.MonkeyPatch
) -> None:
    project = copy_of("binary")
    monkeypatch.chdir(project.folder)
    project.compose("engineer=distance")
    project.run("engineer")
    made = read_table(Path("data/features/validation"))["distance_body_mass_g"]
    train, validation = (read_table(Path("data/split") / one) for one in ("train", "validation"))
    median = train["body_mass_g"].median()
    deviation = (train["body_mass_g"] - median).abs().median()
    expected = (validation["body_mass_g"] - median).abs() / deviation
    np.testing.assert_allclose(made.astype(float), expected.clip(upper=10).astype(float))
    stored = artifact.load_model(Path("models/engineer.skops"))["distance"]
    assert isinstance(stored.transformer, DistanceFromMedian)


@pytest.mark.parametrize(
    "kind", ["sources", "cleaning", "features", "models", "metrics", "explainers"]
)
def test_dvc_knows_every_room_of_the_owners_code(kind: str) -> None:
    assert (ROOT / f"pipeline/custom/{kind}.py").is_file()
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    assert [s for s in stages if f"pipeline/custom/{kind}.py" in stages[s]["deps"]]


# Kind, the option that its docstring names, stages that run with it, and how that is seen.
EXAMPLES: list[tuple[str, str, tuple[str, ...], Callable[[], Any]]] = [
    (
        *("sources", "collect=squares", ("collect",)),
        lambda: read_json(Path("data/raw/snapshot.json"))["columns"] == ["number", "square"],
    ),
    (
        *("cleaning", "clean=absolute", ("clean",)),
        lambda: "absolute" in read_json(Path("metrics/clean.json"))["steps"],
    ),
    (
        *("models", "model=frequencies", ("tune", "train", "evaluate")),
        lambda: read_json(Path("metrics/train.json"))["estimator"].endswith(".Frequencies"),
    ),
    (
        *("explainers", "explain=fixed", ("explain",)),
        lambda: (tables.read()["global"]["method"] == "fixed").any(),
    ),
]


def defined(code: str, name: str, folder: Path) -> ModuleType:
    """Import code as if it stood in a module."""
    (folder / "example.py").write_text(code)
    spec = spec_from_file_location(name, folder / "example.py")
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("kind", "choice", "stages", "seen"), EXAMPLES, ids=[kind for kind, *_ in EXAMPLES]
)
def test_the_example_of_a_docstring_works(
    project: Project,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    choice: str,
    stages: tuple[str, ...],
    seen: Callable[[], Any],
) -> None:
    module = import_module(f"pipeline.custom.{kind}")
    text = str(module.__doc__)
    code, option = (dedent(block) for block in re.findall(r"::\n\n((?:    .*\n|\n)+)", text))
    (path,) = re.findall(r"conf/\w+/\w+\.yaml", text)
    assert f"`dvc exp run -S {choice}`" in text
    for name, value in vars(defined(code, module.__name__, tmp_path)).items():
        monkeypatch.setattr(module, name, value, raising=False)
    project.write(path, option)
    if kind == "sources":  # in place of the penguins
        project.write("contracts/penguins.yaml", "columns: {}\n")
        check(project.compose(choice, "~collect.path"))
    else:
        check(project.compose(choice))
    project.run(*stages)
    assert seen()


def mine(place: str) -> dict[str, Any]:
    """Return settings that name a class of mycode/features.py."""
    return {"engineer": {"steps": {place: {"_target_": "mycode.features.Mine"}}}}


def test_code_that_no_stage_depends_on_is_refused_with_the_line_to_add(
    copy_of: Callable[[str], Project], monkeypatch: pytest.MonkeyPatch
) -> None:
    project = copy_of("binary")
    monkeypatch.chdir(project.folder)
    monkeypatch.syspath_prepend(str(project.folder))
    project.write("mycode/features.py", MINE)
    step = {
        "_target_": "pedigree.features.engineering.Apply",
        "transformer": {"_target_": "mycode.features.Mine"},
    }
    project.write("conf/engineer/mine.yaml", {"steps": {"mine": step}})
    config = project.compose("engineer=mine")
    with pytest.raises(UserError) as error:
        check(config)
    for stage in ("engineer", "compare", "tune", "train", "verdict", "package", "monitor"):
        assert f"add `- mycode/features.py` to stages.{stage}.deps in dvc.yaml" in str(error.value)
    assert "stages.report" not in str(error.value)


def test_code_that_the_stages_depend_on_is_accepted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mycode").mkdir()
    (tmp_path / "mycode/features.py").write_text(MINE)
    for dep, mistakes in (("mycode", 0), ("mycode/features.py", 0), ("mycode/other.py", 1)):
        stage = DeclaredStage.read({"params": ["engineer"], "deps": [dep]})
        assert len(list(undeclared(mine("x"), {"engineer": stage}))) == mistakes
