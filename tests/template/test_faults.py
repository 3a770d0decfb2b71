"""The matrices of injected faults in their small form; `make nightly` runs them whole."""

import sys

import pytest
from template.projects import TEMPLATE, run

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("faults")]


@pytest.mark.parametrize("matrix", ["kill", "corruption"])
def test_the_small_matrix_holds(matrix: str) -> None:
    done = run(sys.executable, TEMPLATE / f"benchmarks/{matrix}.py", "--small")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "| tried |" in done.stdout
