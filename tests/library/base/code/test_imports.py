"""What code runs with a module, as far as its text tells."""

from importlib.metadata import version
from pathlib import Path

import pytest

from pedigree.base.code.imports import reached, requirements, versions


@pytest.fixture
def mycode(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a package of the owner's, in a project that is the current folder."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "mycode"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "models.py").write_text(
        "import json\nfrom catboost import CatBoostClassifier\n"
        "def f():\n    from mycode import helpers\n    from mycode.numbers import ONE\n"
    )
    (folder / "helpers.py").write_text("from pedigree import Selector\n")
    (folder / "numbers.py").write_text("ONE = 1\n")
    (folder / "other.py").write_text("import dask\n")
    return folder


def test_own_modules_are_followed_also_inside_of_functions(mycode: Path) -> None:
    files, libraries = reached(["mycode.models"])
    own = {name for name in files if name.startswith("mycode")}
    assert own == {"mycode", "mycode.models", "mycode.helpers", "mycode.numbers"}
    assert files["mycode.helpers"] == mycode / "helpers.py"
    assert "catboost" in libraries
    assert not {"json", "dask"} & libraries


def test_a_public_name_leads_to_the_module_that_defines_it(mycode: Path) -> None:
    files, _ = reached(["mycode.helpers"])
    assert "pedigree.features.selection.selector" in files
    assert "pedigree.verdict.judging" not in files  # the interface names it, too


def test_modules_that_import_each_other_are_followed_once(mycode: Path) -> None:
    (mycode / "numbers.py").write_text("from mycode import models\n")
    assert set(reached(["mycode.models"])[0]) >= {"mycode.models", "mycode.numbers"}


def test_versions_are_those_of_the_libraries_and_of_what_they_require() -> None:
    found = versions({"sklearn"})
    needed = ("scikit-learn", "numpy", "scipy", "joblib", "threadpoolctl")
    assert {f"{name} {version(name)}" for name in needed} <= set(found)
    assert not [one for one in found if one.startswith(("catboost", "pytest", "dvc "))]
    assert versions({"not_installed"}) == []


def test_what_an_extra_brings_is_not_required() -> None:
    assert "matplotlib" not in set(requirements("scikit-learn"))
