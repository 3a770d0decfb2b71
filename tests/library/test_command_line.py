"""``python -m pedigree``: one command line for all commands."""

import subprocess
import sys
from importlib import import_module

import pytest
from library.projects import ROOT

import pedigree
from pedigree.__main__ import COMMANDS, main


def test_without_arguments_it_lists_every_command_with_a_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main([]) == 0
    lines = capsys.readouterr().out.splitlines()
    for name, (_, purpose) in COMMANDS.items():
        assert [line.split() for line in lines if line.startswith(f"  {name} ")] == [
            [name, *purpose.split()]
        ]


@pytest.mark.parametrize("option", ["-q", "--verbose"])
def test_how_much_is_said_is_chosen_before_or_after_the_command(
    option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for arguments in ([option, "trace", "--help"], ["trace", option, "--help"]):
        with pytest.raises(SystemExit):
            main(arguments)
        assert "usage: python -m pedigree trace [-h] [-v | -q]" in capsys.readouterr().out


def test_an_unknown_command_is_refused_with_what_may_have_been_meant() -> None:
    assert main(["trase"]) == "pedigree: unknown command 'trase'; did you mean 'trace'?"


def test_it_prints_its_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"pedigree {pedigree.__version__}\n"


def test_runs_requires_two_and_its_usage_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, said in {
        ("HEAD",): "the following arguments are required: RUN",
        ("HEAD", "HEAD"): "compare 2 to 6 different runs",
    }.items():
        with pytest.raises(SystemExit):
            main(["runs", *arguments])
        error = capsys.readouterr().err
        assert "RUN RUN [RUN ...]" in error
        assert said in error


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        import_module(f"pedigree.{COMMANDS[name][0]}").main(["--help"])
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith(f"usage: python -m pedigree {name} ")


def test_the_exit_code_of_a_mistake_is_1() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pedigree", "trase"], cwd=ROOT, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (
        1,
        "pedigree: unknown command 'trase'; did you mean 'trace'?\n",
    )


def test_no_command_is_named_like_a_step() -> None:
    steps = {path.stem for path in (ROOT / "pipeline").glob("*.py")}
    assert steps & set(COMMANDS) == set()
