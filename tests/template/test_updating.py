"""From one version of the template to the next, over a project that its owner has edited: docs/updating.md."""

import re
import shutil
import sys
from pathlib import Path

import pytest
from template.projects import TEMPLATE, TREE, command_line, finish, run, succeed

from pedigree.base.code.library import MANIFEST, manifest

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("updating")]

# What the owner edits, each file also edited by the template's next version, elsewhere in it.
MINE = {
    "conf/config.yaml": ("experiment: null", "experiment: quick"),
    "pipeline/train.py": ("    fitted.write_curves(", '    say("mine")\n    fitted.write_curves('),
    "pipeline/custom/features.py": (
        "        return tags\n",
        "        return tags\n\n\nMINE = True\n",
    ),
}
THEIRS = {
    "conf/config.yaml": ("defaults:\n", "# Theirs.\ndefaults:\n"),
    "pipeline/train.py": ('"""Model training: the', '"""Theirs. Model training: the'),
    "pipeline/custom/features.py": ('"""', '"""Theirs. '),
    "pedigree/base/names.py": ('"""', '"""Theirs. '),
    "pedigree/base/git.py": ('"""', '"""Theirs. '),
}
DROPPED, ADDED = "docs_of_old.txt", "pedigree/base/added.py"


def edit(folder: Path, edits: dict[str, tuple[str, str]]) -> None:
    for name, (old, new) in edits.items():
        text = (folder / name).read_text()
        assert old in text, name
        (folder / name).write_text(text.replace(old, new, 1))


def commit(folder: Path, message: str) -> None:
    succeed("git", "add", ".", cwd=folder)
    succeed("git", "commit", "-qm", message, cwd=folder)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the address of the template with two tags, v0.1.0 and v0.2.0."""
    folder = tmp_path_factory.mktemp("versions") / "pedigree"
    left_out = shutil.ignore_patterns(".git", ".venv", "build", "__pycache__", ".*_cache")
    shutil.copytree(TEMPLATE, folder, ignore=left_out)
    succeed("git", "init", "-q", "-b", "main", cwd=folder)
    tree = folder / TREE.name
    (tree / DROPPED).touch()
    commit(folder, "First")
    succeed("git", "tag", "v0.1.0", cwd=folder)
    edit(tree, THEIRS)
    (tree / DROPPED).unlink()
    (tree / ADDED).write_text('"""Added."""\n')
    (tree / "pedigree" / MANIFEST).write_text(manifest(tree / "pedigree"))
    commit(folder, "Second")
    succeed("git", "tag", "v0.2.0", cwd=folder)
    return folder.as_uri()


def updated(project: Path) -> None:
    """Check that the owner's edits are there, and the template's."""
    for edits in (MINE, THEIRS):
        for name, (_, new) in edits.items():
            assert new in (project / name).read_text(), name
    assert not list(project.rglob("*.rej"))
    assert (project / ADDED).exists()
    assert not (project / DROPPED).exists()


def test_cruft_updates_from_one_tag_to_the_next(template: str, tmp_path: Path) -> None:
    cruft = (sys.executable, "-m", "cruft")
    create = (*cruft, "create", template, "--checkout", "v0.1.0", "--no-input", "--output-dir")
    answers = '{"project": "my-project", "setup": "no"}'
    shown = succeed(*create, tmp_path, "--extra-context", answers)
    project = finish(tmp_path / "my-project", shown)
    edit(project, MINE)
    commit(project, "Mine")
    succeed(*cruft, "update", "-y", "--checkout", "v0.2.0", cwd=project)
    updated(project)
    commit(project, "Update")

    assert "mine" in succeed("dvc", "repro", cwd=project)
    done = run("python", "-m", "pedigree", "check", cwd=project)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "library" not in done.stdout


def test_git_alone_updates_as_the_page_says(template: str, tmp_path: Path) -> None:
    address = (f"git+{template}", "v0.1.0")
    cli = command_line(tmp_path, "--checkout", address[1], project="my-project", setup="no")
    shown = succeed(*(address[0] if part == str(TEMPLATE) else part for part in cli))
    project = finish(tmp_path / "my-project", shown)
    edit(project, MINE)
    commit(project, "Mine")
    for commands in by_git(TEMPLATE / "docs/updating.md"):
        succeed("bash", "-euc", commands.replace("ADDRESS", address[0]), cwd=project)
    updated(project)
    assert succeed("git", "status", "--porcelain", cwd=project) == ""


def by_git(page: Path) -> list[str]:
    """Return the blocks of commands under the heading `With Git alone`."""
    _, _, section = page.read_text().partition("## With Git alone\n")
    blocks = re.findall(r"(?:^    .*\n)+", section, re.MULTILINE)
    assert len(blocks) == 2
    return blocks
