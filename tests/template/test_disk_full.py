"""The benchmark of full disks, in its small form."""

import sys

import pytest
from template.projects import TEMPLATE, succeed


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not limit the size of files")
def test_a_full_disk_is_survived() -> None:
    said = succeed(sys.executable, TEMPLATE / "benchmarks/disk_full.py", "--small")
    assert "Survived of tried" in said
