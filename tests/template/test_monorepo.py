"""A project that is a folder of a bigger Git repository: no repository within it, and every command works."""

import json
from pathlib import Path

import pytest
import yaml
from template.projects import command_line, finish, run, succeed

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("monorepo")]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project two folders down in a repository; its stages have run, quickly, and are committed."""
    root = tmp_path_factory.mktemp("monorepo") / "repository"
    succeed("git", "init", "-q", "-b", "main", root)
    (root / "README.md").write_text("Not ours.\n")
    succeed("git", "add", ".", cwd=root)
    succeed("git", "commit", "-qm", "Before", cwd=root)
    folder = root / "ml projects"
    folder.mkdir()
    shown = succeed(*command_line(folder, project="p", setup="no"), cwd=folder)
    assert "nothing was committed" in shown
    assert succeed("git", "log", "--format=%s", cwd=root) == "Before\n"
    ready = finish(folder / "p", shown)
    config = ready / "conf/config.yaml"
    config.write_text(config.read_text().replace("experiment: null", "experiment: quick"))
    succeed("dvc", "repro", cwd=ready)
    succeed("git", "add", ".", cwd=ready)
    succeed("git", "commit", "-qm", "First run", cwd=ready)
    succeed("dvc", "push", cwd=ready)
    (root / "README.md").write_text(
        "Still not ours.\n"
    )  # an edit that is none of the project's business
    return ready


@pytest.fixture(scope="module")
def experiment(project: Path) -> str:
    """Return the name of an experiment that ran in a copy."""
    succeed("dvc", "exp", "run", "--temp", "-S", "model=linear", "evaluate", cwd=project)
    return succeed("dvc", "exp", "list", "--name-only", cwd=project).split()[-1]


def pedigree(project: Path, *arguments: str) -> str:
    return succeed("python", "-m", "pedigree", *arguments, cwd=project)


def test_the_repository_is_the_one_that_was_there(project: Path) -> None:
    assert not (project / ".git").exists()
    root = succeed("git", "rev-parse", "--show-toplevel", cwd=project).strip()
    assert Path(root) == project.parents[1]
    assert succeed("git", "status", "--porcelain", cwd=project).split() == ["M", "README.md"]


def test_the_workflow_only_has_to_be_moved(project: Path) -> None:
    for file, name in {"ci": "p", "audit": "p audit"}.items():
        workflow = yaml.safe_load((project / f".github/workflows/{file}.yml").read_text())
        assert workflow["name"] == name
        assert workflow["defaults"]["run"]["working-directory"] == "ml projects/p"
    updates = yaml.safe_load((project / ".github/dependabot.yml").read_text())["updates"]
    folders = {one["package-ecosystem"]: one["directory"] for one in updates}
    assert folders == {"github-actions": "/", "pip": "/ml projects/p"}


def test_nothing_is_left_to_do(project: Path) -> None:
    assert "up to date" in succeed("dvc", "repro", cwd=project)


def test_the_verdict_and_its_history_are_found(project: Path) -> None:
    said = run("python", "-m", "pedigree", "check", cwd=project).stdout
    assert "1 model has been evaluated on this test set" in said


def test_an_output_is_traced_to_its_commit_and_its_experiment(
    project: Path, experiment: str
) -> None:
    found = json.loads(pedigree(project, "trace", "--json", "models/bundle"))
    assert found["commit"] == succeed("git", "rev-parse", "HEAD", cwd=project).strip()
    assert experiment in pedigree(project, "trace", "--uses", "data/raw")


def test_versions_are_compared(project: Path, experiment: str) -> None:
    assert "no differences" in pedigree(project, "diff", "HEAD", experiment)
    pedigree(project, "runs", "HEAD", experiment)
    assert (project / "reports/runs.html").is_file()
    done = run("python", "-m", "pedigree", "diff", "HEAD", "nonsense", cwd=project)
    assert "is not a commit, branch, tag or experiment" in done.stderr


def test_what_the_cache_has_lost_comes_from_the_remote(project: Path, experiment: str) -> None:
    cache = project / ".dvc/cache"
    cache.rename(project / ".dvc/elsewhere")
    try:
        assert "no differences" in pedigree(project, "diff", "HEAD~0", "HEAD")
    finally:
        (project / ".dvc/elsewhere").rename(cache)


def test_head_is_verified_in_a_clone_of_the_repository(project: Path) -> None:
    said = pedigree(project, "verify")
    assert "outputs are bit-identical" in said
    assert "uncommitted changes" not in said


def test_a_clone_beside_the_repository_pulls_what_was_pushed(project: Path) -> None:
    root = project.parents[1]
    succeed("git", "clone", "-q", root, root.parent / "clone")
    clone = root.parent / "clone/ml projects/p"
    succeed("dvc", "pull", cwd=clone)
    assert "up to date" in succeed("dvc", "repro", cwd=clone)


def test_a_folder_that_git_ignores_gets_a_repository_of_its_own(tmp_path: Path) -> None:
    succeed("git", "init", "-q", tmp_path)
    (tmp_path / ".gitignore").write_text("build/\n")
    shown = succeed(*command_line(tmp_path / "build", project="p", setup="no"))
    assert "git init --quiet -b main" in shown
    assert "nothing was committed" not in shown
