import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pedigree.environment.private_folder import main, make_private

STAGES = """\
stages:
  copy:
    cmd: cp rows.csv copy.csv
    deps: [rows.csv]
    params: [seed]
    outs: [copy.csv]
"""
BY_DEFAULT = Path("/var/tmp/dvc/repo")


def run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def dvc(*arguments: str) -> str:
    return run(sys.executable, "-m", "dvc", *arguments)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a new clone, in which DVC has done nothing yet."""
    folder = tmp_path / "p"
    (folder / ".dvc").mkdir(parents=True)
    (folder / ".dvc/config").write_text("[core]\n    analytics = false\n")
    (folder / ".dvc/.gitignore").write_text("/config.local\n/tmp\n/cache\n")
    (folder / "dvc.yaml").write_text(STAGES)
    (folder / "params.yaml").write_text("seed: 1\n")
    (folder / "rows.csv").write_text("a\n1\n")
    (folder / ".gitignore").write_text("/copy.csv\n")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user"))
    monkeypatch.delenv("DVC_SITE_CACHE_DIR", raising=False)
    run("git", "init", "--quiet", "-b", "main")
    run("git", "config", "user.name", "Tests")
    run("git", "config", "user.email", "tests@localhost")
    run("git", "add", ".")
    run("git", "commit", "--quiet", "-m", "Start")
    return folder


@pytest.fixture
def open_to_all() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.slow
def test_dvc_keeps_its_index_where_only_its_user_can_write(project: Path, tmp_path: Path) -> None:
    main([])
    private = tmp_path / "user/pedigree/dvc"
    assert dvc("config", "--local", "core.site_cache_dir").strip() == str(private)
    assert mode(private) == 0o700
    dvc("repro")
    assert len(list((private / "repo").iterdir())) == 1
    run("git", "add", ".")
    run("git", "commit", "--quiet", "-m", "Run")
    dvc("exp", "run", "--temp", "-S", "seed=2")
    used = {path.name for path in (private / "repo").iterdir()}
    assert len(used) == 2  # that of the copy, too
    assert not {name for name in used if (BY_DEFAULT / name).exists()}
    assert mode(private) == 0o700
    assert run("git", "status", "--porcelain") == ""


def test_a_folder_that_was_open_is_closed(tmp_path: Path, open_to_all: None) -> None:
    made = make_private(tmp_path / "a/b")
    assert mode(made) == 0o700
    made.chmod(0o777)
    assert mode(make_private(made)) == 0o700


def test_other_settings_of_this_machine_stay(project: Path) -> None:
    dvc("config", "--local", "cache.type", "symlink")
    main([])
    main([])
    assert dvc("config", "--local", "cache.type").strip() == "symlink"
    assert Path(".dvc/config.local").read_text().count("site_cache_dir") == 1


@pytest.mark.skipif(
    not hasattr(os, "getuid") or os.getuid() != 0, reason="only root can give away a folder"
)
def test_a_folder_of_another_user_is_refused(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "user/pedigree/dvc"
    folder.mkdir(parents=True)
    os.chown(folder, 12345, 12345)
    with pytest.raises(SystemExit) as ended:
        main([])
    assert "belongs to another user; set XDG_CACHE_HOME" in str(ended.value)
    assert not Path(".dvc/config.local").exists()


def test_what_stands_in_the_way_is_named(project: Path, tmp_path: Path) -> None:
    (tmp_path / "user").write_text("a file")
    with pytest.raises(SystemExit) as ended:
        main([])
    assert str(ended.value).startswith(f"prepare: {tmp_path}/user/pedigree/dvc cannot be made")


def test_a_damaged_configuration_is_one_sentence(project: Path) -> None:
    (project / ".dvc/config.local").write_text("[core", encoding="utf-8")
    with pytest.raises(SystemExit, match=r"DVC's settings cannot be read .*config\.local"):
        main([])


def test_outside_of_a_project_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user"))
    with pytest.raises(SystemExit, match=r"there is no \.dvc/ here"):
        main([])
