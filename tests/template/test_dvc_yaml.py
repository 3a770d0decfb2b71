"""The table of contents: in DVC's own form, and with the code that each stage runs."""

import difflib
import shutil
from pathlib import Path

import pytest
import yaml
from dvc.utils.serialize import dumps_yaml, parse_yaml_for_update
from template.projects import TEMPLATE, TREE, generate, succeed

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


def test_only_three_stages_switch_the_run_cache_off() -> None:
    """DVC does so for a stage that keeps an output in its place, or outside of the cache and of its metrics and plots."""
    text = (TREE / "dvc.yaml").read_text().partition("\nparams:")[0]
    off, metrics = set(), set()
    for name, stage in yaml.safe_load(text)["stages"].items():
        for kind in ("outs", "metrics", "plots"):
            detailed = [one for one in stage.get(kind, ()) if isinstance(one, dict)]
            for path, how in (pair for one in detailed for pair in one.items()):
                if how.get("persist") or (kind == "outs" and how.get("cache") is False):
                    off.add(name)
                if kind == "metrics":
                    metrics.add(path)
    assert off == {"configure", "collect", "load"}
    assert metrics == {f"metrics/{name}.json" for name in ("evaluate", "leakage", "verdict")}


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


def test_the_code_that_stages_depend_on_is_what_make_deps_writes(tmp_path: Path) -> None:
    project = shutil.copytree(TREE, tmp_path / "project")
    succeed("python", TEMPLATE / "tools/deps.py", cwd=project, env={"PYTHONPATH": "."})
    assert (project / "dvc.yaml").read_text() == (TREE / "dvc.yaml").read_text()


@pytest.mark.parametrize(
    ("edited", "stages"),
    [
        ("pedigree/evaluation/fairness.py", {"evaluate", "verdict"}),
        ("pedigree/report/words.py", {"report"}),
        ("pedigree/explanation/shapley.py", {"explain"}),
        ("pedigree/serving/api.py", set()),
        ("pedigree/lineage/trace/uses.py", set()),
        ("pipeline/train.py", {"train"}),
        ("pipeline/custom/cleaning.py", {"clean", "package", "monitor"}),
    ],
)
def test_an_edit_runs_only_the_stages_that_depend_on_the_code(
    tmp_path: Path, edited: str, stages: set[str]
) -> None:
    table = yaml.safe_load((generate(tmp_path) / "dvc.yaml").read_text())["stages"]
    again = {
        name
        for name, one in table.items()
        if any(f"{edited}/".startswith(f"{dep}/") for dep in one["deps"])
    }
    library = {"package"} if edited.startswith("pedigree/") else set()  # it records the seal
    assert again == {"configure", *stages, *library}
