"""A small pipeline of real stages stands in for the sixteen: what matters is how it is run again."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from pedigree.lineage.verify import command

pytestmark = pytest.mark.slow

STAGES = {
    "copy": {
        "cmd": "python copy_rows.py",
        "deps": ["data/rows.csv", "copy_rows.py"],
        "outs": ["data/copied"],
    },
    "count": {
        "cmd": "python count_rows.py",
        "deps": ["data/copied", "count_rows.py"],
        "outs": [{"count.txt": {"cache": False}}],
    },
}
COPY = """
from pathlib import Path
Path("data/copied").mkdir(parents=True)
for name in ("one", "two"):
    Path("data/copied", f"{name}.csv").write_text(Path("data/rows.csv").read_text())
"""
COUNT = """
from pathlib import Path
lines = Path("data/copied/one.csv").read_text().splitlines()
Path("count.txt").write_text(str(len(lines)))
"""
STAMP = "import time; Path('data/copied/two.csv').write_text(str(time.time_ns()))\n"


def run(*arguments: str) -> str:
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def dvc(*arguments: str) -> str:
    return run(sys.executable, "-m", "dvc", *arguments)


def commit(what: str = "change") -> None:
    run("git", "add", ".")
    run("git", "-c", "commit.gpgsign=false", "commit", "--quiet", "-m", what)


def make(folder: Path, copy: str = COPY) -> Path:
    """Make a project that has run, is committed, and whose data are in its remote."""
    folder.mkdir(parents=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("PATH", str(Path(sys.executable).parent), prepend=":")
        run("git", "init", "--quiet", "-b", "main")
        run("git", "config", "user.name", "Tests")
        run("git", "config", "user.email", "tests@localhost")
        dvc("init", "--quiet")
        dvc("config", "core.analytics", "false")
        dvc("remote", "add", "--quiet", "--default", "storage", ".storage")
        Path(".gitignore").write_text("/.storage/\n/data/copied/\n")
        Path("data").mkdir()
        Path("data/rows.csv").write_text("a\n1\n2\n")
        Path("copy_rows.py").write_text(copy)
        Path("count_rows.py").write_text(COUNT)
        Path("dvc.yaml").write_text(yaml.safe_dump({"stages": STAGES}))
        dvc("add", "--quiet", "data/rows.csv")
        dvc("repro", "--quiet")
        commit("first")
        dvc("push", "--quiet")
    return folder


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("original") / "project")


@pytest.fixture
def project(original: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy of the project, as the current folder."""
    folder = shutil.copytree(original, tmp_path / "project", symlinks=True)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def verify(monkeypatch: pytest.MonkeyPatch, capsys) -> Callable[..., tuple[object, str]]:
    """Return a function that runs the command and returns its exit code and what it printed."""

    def run_it(*arguments: str) -> tuple[object, str]:
        monkeypatch.setattr(sys, "argv", ["verify", *arguments])
        with pytest.raises(SystemExit) as end:
            command.main()
        return end.value.code, capsys.readouterr().out

    return run_it


def test_the_same_bytes_are_exit_code_0(project: Path, verify) -> None:
    before = {path: path.stat().st_mtime_ns for path in project.rglob("*") if path.is_file()}
    code, said = verify()
    assert code == 0
    recorded = yaml.safe_load(Path("dvc.lock").read_text())["stages"]["copy"]["outs"][0]["md5"]
    assert "from the remote: data/rows.csv.dvc" in said
    assert "[1/2] copy\n[2/2] count\n" in said
    assert f"identical  data/copied  {recorded}" in said
    assert "2 of 2 outputs are bit-identical" in said
    after = {path: path.stat().st_mtime_ns for path in project.rglob("*") if path.is_file()}
    assert {
        path for path in before if before[path] != after[path] and ".git" not in path.parts
    } == set()


def test_what_the_clock_got_into_is_exit_code_1_and_named(
    tmp_path: Path, monkeypatch, verify
) -> None:
    monkeypatch.chdir(make(tmp_path / "stamped", COPY + STAMP))
    code, said = verify()
    assert code == 1
    assert "DIFFERENT  data/copied" in said
    assert ": two.csv\n" in said
    assert "identical  count.txt" in said
    assert "1 of 2 outputs are bit-identical" in said
    assert "the first different output was made by `copy`" in said
    assert "HEAD differs from what" not in said


def test_code_that_is_committed_without_a_run_is_found_out(project: Path, verify) -> None:
    Path("count_rows.py").write_text(COUNT.replace("len(lines)", "len(lines) + 1"))
    commit()
    code, said = verify()
    assert code == 1
    assert "DIFFERENT  count.txt" in said
    assert "HEAD differs from what `count` ran with in count_rows.py; run `dvc repro`" in said


def test_settings_that_are_committed_without_a_run_are_found_out(project: Path, verify) -> None:
    stages = yaml.safe_load(yaml.safe_dump(STAGES))
    stages["count"]["cmd"] += " && echo 3 > count.txt"
    stages["count"]["params"] = ["bins"]
    Path("dvc.yaml").write_text(yaml.safe_dump({"stages": stages}))
    Path("params.yaml").write_text("bins: 3")
    commit()
    assert "HEAD differs from what `count` ran with in bins, command" in verify()[1]


def test_changes_that_are_not_committed_are_left_out_and_it_is_said(project: Path, verify) -> None:
    Path("count_rows.py").write_text("raise SystemExit('broken')")
    code, said = verify()
    assert code == 0
    assert "uncommitted changes are not included" in said


def test_a_stage_that_fails_is_told_with_its_last_lines(project: Path, verify) -> None:
    Path("count_rows.py").write_text("raise SystemExit('no such thing as a row')")
    commit()
    code, _ = verify()
    assert str(code).startswith("verify: a stage failed in the clone")
    assert "no such thing as a row" in str(code)


def test_data_that_were_not_pushed_are_taken_from_this_machine_on_demand(
    project: Path, verify
) -> None:
    shutil.rmtree(".storage")
    code, _ = verify()
    assert "the data cannot be fetched" in str(code)
    assert "Run `dvc push` where the data is, or use --local" in str(code)
    code, said = verify("--local")
    assert code == 0
    assert "from this machine's DVC cache: data/rows.csv.dvc" in said


def test_outputs_of_earlier_runs_are_not_taken_from_a_cache(project: Path, verify) -> None:
    """The recorded output is spoilt: who took it from a cache would call it identical."""
    lock = Path("dvc.lock")
    text = lock.read_text()
    md5 = yaml.safe_load(text)["stages"]["count"]["outs"][0]["md5"]
    lock.write_text(text.replace(md5, "f" * 32))
    commit()
    code, said = verify("--local")
    assert code == 1
    assert f"DIFFERENT  count.txt  {md5}, recorded {'f' * 32}" in said


def test_a_pinned_snapshot_is_brought_and_not_collected_anew(
    tmp_path: Path, monkeypatch, verify
) -> None:
    """Its source may have moved on since."""
    folder = make(tmp_path / "pinned")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=":")
    source = tmp_path / "elsewhere.csv"
    source.write_text("then")
    collect = f"""
from pathlib import Path
if not Path("data/raw/rows.csv").exists():
    Path("data/raw").mkdir(parents=True, exist_ok=True)
    Path("data/raw/rows.csv").write_text(Path({str(source)!r}).read_text())
"""
    stage = {
        "cmd": "python collect.py",
        "deps": ["collect.py"],
        "params": ["collect"],
        "outs": [{"data/raw": {"persist": True}}],
    }
    Path("collect.py").write_text(collect)
    Path("params.yaml").write_text("collect: {as_of: first}\n")
    Path("dvc.yaml").write_text(yaml.safe_dump({"stages": {"collect": stage, **STAGES}}))
    dvc("repro", "--quiet")
    commit()
    dvc("push", "--quiet")
    source.write_text("now")
    code, said = verify()
    assert code == 0, said
    assert "data/raw" in said.split("from the remote: ")[1].split("\n")[0]


@pytest.mark.parametrize("where", [(), ("--local",)], ids=["remote", "local"])
def test_stages_of_every_form_are_run_again_and_frozen_and_imported_files_are_brought(
    tmp_path: Path, monkeypatch, verify, where: tuple[str, ...]
) -> None:
    folder = make(tmp_path / "forms")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=":")
    each = "print('${item}', open('data/copied/one.csv').read())"
    both = "import os; print('${item.part} ${item.n}', sorted(os.listdir('parts')))"
    stages = STAGES | {
        "parts": {
            "foreach": ["a", "b"],
            "do": {
                "cmd": f'python -c "{each}" > parts/${{item}}.txt',
                "deps": ["data/copied"],
                "outs": ["parts/${item}.txt"],
            },
        },
        "pairs": {
            "matrix": {"part": ["a", "b"], "n": [1, 2]},
            "cmd": f'python -c "{both}" > pair-${{item.part}}-${{item.n}}.txt',
            "deps": ["parts", "imported.csv"],
            "outs": ["pair-${item.part}-${item.n}.txt"],
        },
        "says": {"cmd": "echo nothing"},
    }
    Path("dvc.yaml").write_text(yaml.safe_dump({"stages": stages}))
    Path("parts").mkdir()
    Path("parts/.gitignore").write_text("/*.txt")
    Path(".gitignore").write_text(Path(".gitignore").read_text() + "pair-*\nonce.txt\n")
    dvc("import", "--quiet", str(make(tmp_path / "other")), "data/rows.csv", "-o", "imported.csv")
    dvc("stage", "add", "--quiet", "-n", "once", "-o", "once.txt", "date +%s%N > once.txt")
    dvc("repro", "--quiet")
    dvc("freeze", "once")
    commit()
    dvc("push", "--quiet")
    code, said = verify(*where)
    assert code == 0, said
    brought = said.split(": ", 2)[2].split("\n")[0]
    assert brought == "data/rows.csv.dvc, imported.csv.dvc, once"
    assert "] pairs@" in said
    assert "[10/10]" not in said  # the frozen one is not run again
    assert "9 of 9 outputs are bit-identical" in said


@pytest.mark.parametrize("spoil", ["no commit", "no lock"])
def test_what_cannot_be_verified_says_what_to_do(
    tmp_path: Path, monkeypatch, verify, spoil: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    if spoil == "no lock":
        run("git", "init", "--quiet")
        run(
            "git",
            "-c",
            "user.name=T",
            "-c",
            "user.email=t@x",
            "commit",
            "--quiet",
            "--allow-empty",
            "-m",
            "x",
        )
    code, _ = verify()
    wanted = {
        "no commit": "nothing is committed here",
        "no lock": "has no dvc.lock; run `dvc repro`",
    }
    assert wanted[spoil] in str(code)


def test_the_folder_can_be_kept(project: Path, verify) -> None:
    _, said = verify("--keep")
    kept = Path(said.rsplit("kept: ", 1)[1].strip())
    assert (kept / "count.txt").read_text() == "3"
    shutil.rmtree(kept.parent)
