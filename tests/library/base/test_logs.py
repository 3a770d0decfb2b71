"""What commands and steps say, and what `-v` and `-q` change."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from library.projects import ROOT, Project

from pedigree.base.command import parser
from pedigree.base.logs import LOGGER
from pedigree.base.stage import say


@pytest.mark.parametrize(
    ("options", "out", "err"),
    [
        ([], "progress 100%\n", "careful\n"),
        (["-q"], "", "careful\n"),
        (["--quiet"], "", "careful\n"),
    ],
)
def test_progress_is_on_stdout_and_warnings_on_stderr(
    options: list[str], out: str, err: str, capsys: pytest.CaptureFixture[str]
) -> None:
    parser("any", None).parse_args(options)
    say("progress 100%")
    LOGGER.warning("careful")
    LOGGER.debug("a detail")
    assert capsys.readouterr() == (out, err)


def test_everything_is_said_with_its_time(capsys: pytest.CaptureFixture[str]) -> None:
    parser("any", None).parse_args(["-v"])
    LOGGER.debug("a detail")
    number, unit, *words = capsys.readouterr().out.split()
    assert number.isdigit()
    assert (unit, words) == ("ms", ["a", "detail"])


def test_more_and_less_exclude_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parser("any", None).parse_args(["-v", "-q"])
    assert "not allowed with argument" in capsys.readouterr().err


def test_a_library_that_sets_logging_up_makes_no_line_twice() -> None:
    code = (
        "import logging; logging.basicConfig(level=0, stream=__import__('sys').stdout);"
        "from pedigree import say; say('once')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "once\n"


def step(project: Project, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "pipeline.load", *arguments],
        cwd=project.folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_step_tells_of_its_progress_or_nothing_or_all(project: Project) -> None:
    usual = step(project)
    assert "rows and" in usual
    assert step(project, "-q") == ""
    # Options may stand anywhere.
    lines = step(project, "load.max_rejected=5", "-v", "load.missing=[NA]").splitlines()
    said = [line.partition(" ms  ")[2] for line in lines]
    assert "setting load.max_rejected = 5" in said
    assert "setting load.missing = ['NA']" in said
    assert "read data/raw/snapshot.json" in said
    assert "wrote metrics/load.json" in said
    assert said[-1].startswith("load took ")
    assert usual.splitlines()[-1] in said


def closed_early(code: str) -> subprocess.CompletedProcess[str]:
    """Run code whose output nobody reads."""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        return subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            stdout=writer,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    finally:
        os.close(writer)


def test_a_step_finishes_though_nobody_reads_what_it_prints(tmp_path: Path) -> None:
    done = closed_early(
        "import sys; sys.argv = ['any', '-v']; from pathlib import Path; from pedigree import run, say\n"
        "def main():\n    'Print twice.'\n    say('one'); say('two')\n"
        f"    Path({str(tmp_path / 'finished')!r}).touch()\n"
        "run('configure', main)"
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "finished").exists()


@pytest.mark.parametrize(
    ("command", "code"), [("print('text')", 1), ("print_found({}, 'text', False)", 0)]
)
def test_a_command_ends_quietly_if_nobody_reads_what_it_prints(command: str, code: int) -> None:
    done = closed_early(
        "from pedigree.base.command import plain_errors, print_found\n"
        f"with plain_errors('any'):\n    {command}"
    )
    assert (done.returncode, done.stderr) == (code, "")
