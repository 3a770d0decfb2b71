"""What the library's tests run is the template's own code, as it stands: nothing is to be rendered after an edit."""

import subprocess
import sys
from pathlib import Path

import pytest
from library.projects import ROOT, TEMPLATE, TREE

import pedigree
import pipeline


@pytest.mark.parametrize("package", [pedigree, pipeline], ids=lambda one: one.__name__)
def test_code_is_imported_from_the_template(package: object) -> None:
    own = TREE / package.__name__ / "__init__.py"
    assert Path(package.__file__).samefile(own)
    show = f"import {package.__name__} as package; print(package.__file__)"
    command = [sys.executable, "-c", show]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert Path(said.strip()).samefile(own)


def test_the_project_lies_outside_of_the_template() -> None:
    assert TEMPLATE not in ROOT.resolve().parents
