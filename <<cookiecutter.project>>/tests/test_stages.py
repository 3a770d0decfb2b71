"""Each stage of dvc.yaml runs on the project's own data, with small settings, and writes what it lists as `outs`.

A stage runs in a copy of the project, after those that make what it reads: `pytest -k train` tries `train` alone.
"""

import pytest
from sandbox import ROOT, Sandbox, outputs

from pedigree.base.settings import read_yaml

STAGES = read_yaml(ROOT / "dvc.yaml")["stages"]
QUICK = ("configure", "collect", "load", "clean", "split")


@pytest.mark.parametrize(
    "name",
    [one if one in QUICK else pytest.param(one, marks=pytest.mark.slow) for one in STAGES],
)
def test_a_stage_writes_its_outputs(sandbox: Sandbox, name: str) -> None:
    for stage in sandbox.instances(name):
        sandbox.run(stage)
        missing = [
            path for path in outputs(sandbox.stages[stage]) if not (sandbox.folder / path).exists()
        ]
        assert missing == []
