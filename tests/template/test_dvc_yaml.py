"""The table of contents is in the form in which DVC writes it, so that DVC's commands change their own lines only."""

import difflib
from pathlib import Path

import pytest
from conftest import generate, succeed
from dvc.utils.serialize import dumps_yaml, parse_yaml_for_update

EXTRA = """\
  extra:
    cmd: echo
    deps:
    - data/clean
    params:
    - problem.target
    outs:
    - data/extra
"""


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_dvc_would_write_the_same_bytes(tmp_path: Path, task: str) -> None:
    text = (generate(tmp_path, task=task) / "dvc.yaml").read_text(encoding="utf-8")
    assert dumps_yaml(parse_yaml_for_update(text, "dvc.yaml")) == text


@pytest.mark.slow
def test_dvc_changes_its_own_lines_only(tmp_path: Path) -> None:
    project = generate(tmp_path)
    succeed("git", "init", "--quiet", cwd=project)
    file = project / "dvc.yaml"
    shipped = file.read_text(encoding="utf-8").splitlines(keepends=True)

    def changes(*command: str) -> str:
        succeed("dvc", *command, cwd=project)
        now = file.read_text(encoding="utf-8").splitlines(keepends=True)
        lines = list(difflib.unified_diff(shipped, now, n=0))[2:]
        return "".join(line for line in lines if not line.startswith("@@"))

    for stage in ("collect", "evaluate", "track"):
        assert changes("freeze", stage) == "+    frozen: true\n"
        assert changes("unfreeze", stage) == ""
    added = "".join(f"+{line}\n" for line in EXTRA.splitlines())
    add = ("-n", "extra", "-d", "data/clean", "-p", "problem.target", "-o", "data/extra", "echo")
    assert changes("stage", "add", *add) == added
    assert changes("remove", "extra") == ""
    start = shipped.index("  track:\n")
    end = next(i for i, line in enumerate(shipped) if i > start and not line.startswith("    "))
    assert changes("remove", "track") == "".join(f"-{line}" for line in shipped[start:end])
