"""What a generated project consists of: these files and only these, whatever was answered."""

import importlib.metadata
import itertools
import json
import re
import shutil
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version
from template.projects import (
    CSV,
    TEMPLATE,
    TREE,
    command_line,
    commands_shown,
    files,
    generate,
    run,
    succeed,
)

from pedigree.environment.requirements import declared_requirements, pinned_versions

TASKS = ("binary", "multiclass", "regression")
LICENCES = ("MIT", "Apache-2.0", "BSD-3-Clause", "Proprietary")
PYTHONS = ("3.11", "3.12", "3.13")
STEPS = (
    *("collect", "load", "profile", "clean", "split", "engineer", "select", "compare"),
    *(
        "tune",
        "train",
        "evaluate",
        "explain",
        "leakage",
        "verdict",
        "package",
        "monitor",
        "report",
        "track",
    ),
)
TOP = {
    *(
        ".dvc/.gitignore",
        ".dvc/config",
        ".dvcignore",
        ".gitattributes",
        ".github/dependabot.yml",
        ".github/workflows/audit.yml",
        ".github/workflows/ci.yml",
        ".gitignore",
    ),
    *(
        ".pre-commit-config.yaml",
        "LICENSE",
        "Makefile",
        "README.md",
        "constraints-legacy.txt",
        "constraints.txt",
    ),
    *("data/external/README.md", "data/incoming/README.md", "models/champion/README.md"),
    *("dvc.yaml", "notebooks/explore.ipynb", "pyproject.toml"),
}
EXAMPLE = {
    *("conf/clean/penguins.yaml", "conf/collect/example.yaml", "conf/engineer/penguins.yaml"),
    *(f"conf/problem/{task}.yaml" for task in TASKS),
    *("contracts/penguins.yaml", "data/incoming/penguins-2009.csv"),
}
OWN = {"data/external/telco-churn.csv"}  # its settings are written by `pedigree adopt`
FOLDERS = {
    *("conf", "pedigree", "pipeline", "requirements", "tests"),
    *("deploy", "monitoring", "notebooks"),
}


def common() -> set[str]:
    """Return the files that every project has: those of the folders that are taken as they are."""
    inside = {name for name in files(TREE) if name.split("/")[0] in FOLDERS}
    return TOP | (inside - EXAMPLE)


def cycle(data: bool) -> list[dict[str, str]]:
    """Return answers in which each option of each question occurs, each task with each other."""
    others = zip(itertools.cycle(LICENCES), itertools.cycle(PYTHONS), strict=False)
    remotes = itertools.cycle(["", "s3://bucket/path"])
    return [
        {"task": task, "licence": licence, "python_version": python, "remote": next(remotes)}
        | ({"target": "Churn"} if data else {})
        for task, (licence, python) in zip(TASKS * 4, others, strict=False)
    ]


def texts(project: Path) -> dict[str, str]:
    """Return the text of each file, by its path."""
    return {
        name: (project / name).read_text()
        for name in sorted(files(project))
        if not name.endswith((".png", ".parquet"))
    }


@pytest.mark.parametrize("answers", cycle(data=False), ids=lambda a: "-".join(a.values()))
def test_the_example_has_these_files_and_only_these(
    tmp_path: Path, answers: dict[str, str]
) -> None:
    assert files(generate(tmp_path, **answers)) == common() | EXAMPLE


@pytest.mark.parametrize("answers", cycle(data=True), ids=lambda a: "-".join(a.values()))
def test_own_data_has_these_files_and_only_these(
    tmp_path: Path, data: Path, answers: dict[str, str]
) -> None:
    project = generate(tmp_path, data=str(data), **answers)
    assert files(project) == common() | OWN
    assert (project / "data/external/telco-churn.csv").read_bytes() == data.read_bytes()


@pytest.fixture(params=["example", "own"])
def project(request: pytest.FixtureRequest) -> Path:
    return request.getfixturevalue(request.param)


def test_no_delimiter_is_left_over(project: Path) -> None:
    for name, text in texts(project).items():
        if not name.endswith((".py", ".csv")):
            found = re.search(r"<<|<%|<#|#>|%>|cookiecutter\.", text)
            assert not found, f"{name}: {found}"


def test_caches_left_in_the_template_are_not_taken_along(
    tmp_path: Path, template_repository: Path
) -> None:
    template = Path(shutil.copytree(template_repository, tmp_path / "template"))
    for name in ("pedigree/__pycache__/x.pyc", ".mypy_cache/x/x.bin", ".ruff_cache/x"):
        cached = template / TREE.name / name
        cached.parent.mkdir(parents=True)
        cached.write_bytes(b"\x8a\x00<<")
    cli = command_line(tmp_path, project="p", setup="no")
    succeed(*(str(template) if part == str(TEMPLATE) else part for part in cli))
    found = [path for path in (tmp_path / "p").rglob("*") if "cache" in path.name]
    assert found == []


def test_code_is_the_same_in_every_project(project: Path) -> None:
    code = [name for name in files(project) if name.endswith(".py")]
    assert code
    for name in code:
        assert (project / name).read_bytes() == (TREE / name).read_bytes()


def test_every_yaml_toml_and_json_file_is_valid(project: Path) -> None:
    parsers: dict[str, Callable[[str], Any]] = {
        ".yaml": lambda text: list(yaml.safe_load_all(text)),
        ".yml": yaml.safe_load,
        ".toml": tomllib.loads,
        ".json": json.loads,
    }
    for name, text in texts(project).items():
        if parse := parsers.get(Path(name).suffix):
            assert parse(text), name


def test_style_and_types_are_clean(project: Path) -> None:
    succeed("ruff", "check", "--no-cache", ".", cwd=project)
    succeed("ruff", "format", "--no-cache", "--check", ".", cwd=project)
    succeed("mypy", "--cache-dir", TEMPLATE / "build/mypy", cwd=project)


def test_dvc_understands_the_pipeline(make_ready: Callable[..., Path]) -> None:
    project = make_ready()
    stages = succeed("dvc", "stage", "list", "--name-only", cwd=project).split()
    assert stages == ["configure", *STEPS]
    assert "verdict" in succeed("dvc", "dag", cwd=project)


def chosen(project: Path) -> dict[str, str]:
    """Return the option of each group that the project's settings choose."""
    groups: dict[str, str] = {}
    for entry in yaml.safe_load((project / "conf/config.yaml").read_text())["defaults"]:
        groups |= entry if isinstance(entry, dict) else {}
    for group, name in groups.items():
        assert name is None or (project / f"conf/{group}/{name}.yaml").is_file(), (group, name)
    return groups


@pytest.mark.parametrize(
    ("task", "problem"),
    [("auto", "binary"), ("binary", "binary"), ("regression", "regression")],
)
def test_settings_choose_what_was_answered(tmp_path: Path, task: str, problem: str) -> None:
    project = generate(tmp_path, task=task)
    example = {"collect": "example", "clean": "penguins", "split": "group", "engineer": "penguins"}
    assert (example | {"problem": problem}).items() <= chosen(project).items()


@pytest.mark.parametrize(
    ("task", "split"),
    [("auto", "stratified"), ("multiclass", "stratified"), ("regression", "random")],
)
def test_settings_of_own_data_are_chosen_for_them(
    make_ready: Callable[..., Path], tmp_path: Path, task: str, split: str
) -> None:
    target = {"auto": "Churn", "multiclass": "plan", "regression": "age"}[task]
    data = tmp_path / "telco-churn.csv"
    data.write_text(CSV.replace("pro,yes", "max,yes"))
    project = make_ready(data=str(data), target=target, task=task)
    own = {"problem": "telco_churn", "collect": "telco_churn", "clean": "default", "split": split}
    assert own.items() <= chosen(project).items()
    assert succeed("git", "status", "--porcelain", cwd=project) == ""


@pytest.mark.parametrize(
    ("licence", "first", "spdx"),
    [
        ("MIT", "MIT License", "MIT"),
        ("Apache-2.0", "Apache License", "Apache-2.0"),
        ("BSD-3-Clause", "BSD 3-Clause License", "BSD-3-Clause"),
        ("Proprietary", "Copyright (c) Zoë. All rights reserved.", "LicenseRef-Proprietary"),
    ],
)
def test_the_licence_is_the_chosen_one(tmp_path: Path, licence: str, first: str, spdx: str) -> None:
    project = generate(tmp_path, licence=licence, author="Zoë")
    text = (project / "LICENSE").read_text()
    assert text.strip().splitlines()[0].strip() == first
    assert licence == "Apache-2.0" or "Zoë" in text
    metadata = tomllib.loads((project / "pyproject.toml").read_text())["project"]
    assert metadata["license"] == spdx


def test_the_python_version_is_the_oldest_and_the_one_in_ci(tmp_path: Path) -> None:
    project = generate(tmp_path, python_version="3.12")
    metadata = tomllib.loads((project / "pyproject.toml").read_text())["project"]
    assert metadata["requires-python"] == ">=3.12,<3.14"
    ci = yaml.safe_load((project / ".github/workflows/ci.yml").read_text())
    assert ci["jobs"]["verify"]["strategy"]["matrix"]["python"] == ["3.12"]


@pytest.mark.parametrize(
    ("name", "slug"),
    [("My Project", "my-project"), ("Été & Co", "ete-co"), ("🎉", "my-project"), ("A_b", "a-b")],
)
def test_the_folder_is_named_after_the_project(tmp_path: Path, name: str, slug: str) -> None:
    assert generate(tmp_path, project_name=name).name == slug


# What Git keeps --------------------------------------------------------------------------------


def test_git_keeps_settings_and_fingerprints_and_dvc_the_rest(
    make_ready: Callable[..., Path],
) -> None:
    project = make_ready()
    ignored = (
        *("data/raw/x.parquet", "data/clean/part-0.parquet", "models/model.skops", ".venv"),
        *("models/champion/bundle/model.skops", "models/champion/bundle/README.md"),
        *(
            "data/external/x.csv",
            "data/incoming/new.csv",
            "timings/train.json",
        ),
        *("pedigree/__pycache__/x.pyc", ".dvc/cache/x", ".dvc/tmp/x", ".dvc/config.local", ".env"),
    )
    kept = (
        *("params.yaml", "dvc.lock", "metrics/verdict.json", "data/external/x.csv.dvc"),
        *("models/champion/README.md", "models/champion/bundle.dvc"),
        *("data/incoming/new.csv.dvc", "data/incoming/penguins-2009.csv", "conf/x.yaml"),
    )
    shown = run("git", "check-ignore", *ignored, *kept, cwd=project).stdout.split()
    assert shown == list(ignored)


# Make and the environment ----------------------------------------------------------------------


def test_make_lists_its_targets(project: Path) -> None:
    for folder in (TEMPLATE, project):
        makefile = (folder / "Makefile").read_text()
        declared = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
        assert declared
        listed = [line.split()[0] for line in succeed("make", cwd=folder).splitlines()]
        assert listed == declared.group(1).split()


def test_make_setup_does_what_the_hook_does(tmp_path: Path) -> None:
    shown = commands_shown(succeed(*command_line(tmp_path, project="p", setup="no")))
    by_hook = [line for line in shown if line.startswith("uv") or line.endswith(" prepare")]
    by_make = succeed("make", "--dry-run", "setup", cwd=tmp_path / "p").splitlines()
    assert [line.replace(" --allow-existing", "") for line in by_make] == by_hook


def test_pytorch_is_installed_without_a_hash_where_its_extra_is_chosen(tmp_path: Path) -> None:
    project = generate(tmp_path)
    makefile = project / "Makefile"
    makefile.write_text(makefile.read_text().replace("EXTRAS := dev\n", "EXTRAS := dev torch\n"))
    lines = succeed("make", "--dry-run", "setup", cwd=project).splitlines()
    files = "-r requirements/core.txt -r requirements/dev.txt -r requirements/torch.txt"
    assert [line.partition("--compile-bytecode ")[2] for line in lines if " pip " in line] == [
        f"--require-hashes {files}",
        "-c constraints.txt torch",
    ]


@pytest.mark.parametrize("folder", [TEMPLATE, TREE], ids=["template", "project"])
def test_the_pinned_packages_are_audited_once_a_week(folder: Path, project: Path) -> None:
    """The audit itself asks a database of advisories, which tests do not."""
    audit = yaml.safe_load((folder / ".github/workflows/audit.yml").read_text())
    when = audit[True]  # YAML 1.1 reads the key `on` as a boolean
    assert [len(one["cron"].split()) for one in when["schedule"]] == [5]
    assert audit["permissions"] == {"contents": "read"}
    (job,) = audit["jobs"].values()
    (command,) = (step["run"] for step in job["steps"] if "run" in step)
    place = folder if folder == TEMPLATE else project
    lines = succeed(*command.split(), "--dry-run", cwd=place).splitlines()
    audits = [line for line in lines if "pip-audit@" in line]
    assert audits
    assert all("--ignore-vuln CVE-2025-69872" in line for line in audits)
    assert all("--require-hashes" in line or "torch" in line for line in audits)


def constraints() -> dict[str, str]:
    lines = (TREE / "constraints.txt").read_text().splitlines()
    pins = [Requirement(line) for line in lines if not line.startswith("#")]
    here = [pin for pin in pins if pin.marker is None or pin.marker.evaluate()]
    return {canonicalize_name(pin.name): str(pin.specifier).removeprefix("==") for pin in here}


def required() -> list[Requirement]:
    both = [tomllib.loads((folder / "pyproject.toml").read_text()) for folder in (TEMPLATE, TREE)]
    listed = [
        Requirement(text)
        for project in (file["project"] for file in both)
        for extra, texts in (
            {"": project["dependencies"]} | project["optional-dependencies"]
        ).items()
        if extra != "legacy"  # has pins of its own
        for text in texts
    ]
    return [one for one in listed if one.marker is None or one.marker.evaluate()]


def transitive(requirements: list[Requirement]) -> set[str]:
    """Return the names of the packages that some requirements need on this system, recursively."""
    todo = [*requirements]
    seen: set[str] = set()
    while todo:
        one = todo.pop()
        name = canonicalize_name(one.name)
        if name in seen or (one.marker and not one.marker.evaluate({"extra": ""})):
            continue
        seen.add(name)
        todo += map(Requirement, importlib.metadata.requires(name) or [])
    return seen


def test_every_requirement_has_a_floor_and_a_pin_above_it() -> None:
    pins = constraints()
    for requirement in required():
        assert ">=" in str(requirement.specifier), requirement
        assert requirement.specifier.contains(pins[canonicalize_name(requirement.name)])


@pytest.mark.tools
def test_every_transitive_package_is_pinned() -> None:
    assert transitive(required()) - constraints().keys() == set()


@pytest.mark.parametrize("extra", ["core", "dev"])
def test_every_package_of_a_project_is_in_the_files_with_hashes(
    extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(TREE)
    listed = pinned_versions(TREE / "requirements/core.txt") | pinned_versions(
        TREE / f"requirements/{extra}.txt"
    )
    needed = transitive(declared_requirements()["core"] + declared_requirements()[extra])
    assert needed - listed.keys() == set()


@pytest.mark.tools
def test_every_package_of_an_extra_is_in_the_files_with_hashes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(TREE)
    core = pinned_versions(TREE / "requirements/core.txt")
    for extra in declared_requirements().keys() - {"legacy"}:
        needed = transitive(declared_requirements()[extra]) - transitive([Requirement("torch")])
        assert needed - (core | pinned_versions(TREE / f"requirements/{extra}.txt")).keys() == set()


@pytest.mark.tools
def test_the_tests_run_with_the_pinned_versions() -> None:
    found = {name: Version(importlib.metadata.version(name)) for name in constraints()}
    installed = {name: one.public for name, one in found.items()}  # 2.13.0 of 2.13.0+cpu
    assert installed == constraints()


def test_the_table_of_tools_names_every_option_and_no_other() -> None:
    """docs/tools.md is what `make test-tools` saw; a new option is missing there until it has been tried."""
    group, listed = "", set()
    for line in (TEMPLATE / "docs/tools.md").read_text().splitlines():
        group = line.removeprefix("## ") if line.startswith("## ") else group
        if found := re.match(r"\| `(\w+)` \| (.*) \|$", line):
            assert "failed" not in found[2], line
            listed.add(f"{group}/{found[1]}")
    offered = {
        path.relative_to(TREE / "conf").with_suffix("").as_posix()
        for path in (TREE / "conf").glob("*/**/*.yaml")
    }
    elsewhere = {f"collect/{name}" for name in ("api", "bigquery", "openml", "scrape", "sql")}
    parts = {name for name in offered if name.startswith(("problem/", "collect/limits/"))}
    assert listed == offered - elsewhere - parts


def test_no_index_address_is_written_anywhere(project: Path) -> None:
    for name, text in texts(project).items():
        assert not re.search(r"--(extra-)?index-url|--find-links|/simple\b", text), name


def test_actions_are_pinned_by_commit_with_their_version() -> None:
    workflows = [*TEMPLATE.glob(".github/workflows/*.yml"), *TREE.glob(".github/workflows/*.yml")]
    assert len(workflows) == 4
    for workflow in workflows:
        for line in workflow.read_text().splitlines():
            if "uses:" in line:
                assert re.search(r"uses: [\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$", line), line
