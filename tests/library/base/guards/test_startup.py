"""Processes that are interrupted, or start on a nearly full disk."""

import os
import shutil
import signal
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import pytest
from library.projects import ROOT

from pedigree.base.guards import startup

# A process that was started in the background ignores Ctrl-C.
HANDLED = "import signal, time\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"
Usage = namedtuple("Usage", ["total", "used", "free"])


def start(folder: Path, code: str) -> "subprocess.Popen[str]":
    """Start a module of a package that imports the library, as stages do."""
    (folder / "mine").mkdir()
    (folder / "mine/__init__.py").write_text("import pedigree\n")
    (folder / "mine/step.py").write_text(code)
    return subprocess.Popen(
        [sys.executable, "-m", "mine.step"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.skipif(os.name == "nt", reason="Windows has no signals")
@pytest.mark.parametrize(
    "begin", ["", "from pedigree.base.command import plain_errors\nplain_errors('x').__enter__()\n"]
)
def test_an_interruption_is_one_line(begin: str, tmp_path: Path) -> None:
    process = start(tmp_path, f"{HANDLED}{begin}print('begun', flush=True)\ntime.sleep(60)\n")
    assert process.stdout
    assert process.stdout.readline() == "begun\n"
    process.send_signal(signal.SIGINT)
    assert process.communicate()[1] == "interrupted\n"
    assert process.returncode == -signal.SIGINT  # 130 in a shell


def test_damaged_bytecode_is_named_with_the_way_out(tmp_path: Path) -> None:
    process = start(tmp_path, "raise EOFError('marshal data too short')")
    said = process.communicate()[1]
    assert said.startswith("Python's bytecode is damaged, as after a full disk; delete it: find . ")
    assert said.count("\n") == 1
    assert process.returncode == 1


def test_other_errors_keep_their_traceback(tmp_path: Path) -> None:
    said = start(tmp_path, "1 / 0").communicate()[1]
    assert said.startswith("Traceback")
    assert "ZeroDivisionError" in said


@pytest.mark.parametrize(("free", "expected"), [(10, True), (10**12, False)])
def test_no_bytecode_is_written_on_a_nearly_full_disk(
    free: int, expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(0, 0, free))
    startup.spare_a_full_disk()
    assert sys.dont_write_bytecode is expected
