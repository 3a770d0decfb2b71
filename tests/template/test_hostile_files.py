import subprocess
import sys
from pathlib import Path

import pytest

TEMPLATE = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="measures processes as Linux does")
def test_a_part_of_the_hostile_files_ends_in_a_result_or_a_sentence() -> None:
    run = [sys.executable, "benchmarks/hostile_files.py", "--small"]
    done = subprocess.run(run, cwd=TEMPLATE, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
