"""What the wiring costs: the pipeline through DVC against the same functions in one process.

Everything is measured in one run on one machine, so that the ratios mean something; absolute
seconds depend on the machine. Run it with `make bench`.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml
from cookiecutter.main import cookiecutter

TEMPLATE = Path(__file__).parents[1]
RESULTS = TEMPLATE / "build/speed.md"
IDLE_RUNS = 5
BIN = Path(sys.executable).parent
ENVIRONMENT = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
# As on a person's machine: where Python may not keep bytecode, each stage would compile the project.
ENVIRONMENT.pop("PYTHONDONTWRITEBYTECODE", None)

# The stages of dvc.yaml as plain function calls; `configure` composes the settings first.
ONE_PROCESS = """
from importlib import import_module
import yaml
import_module("pipeline.configure").main()
from pedigree.base.settings import read_settings
for stage in yaml.safe_load(open("dvc.yaml"))["stages"]:
    if stage != "configure":
        import_module(f"pipeline.{stage}").main(read_settings(stage))
"""


def main() -> None:
    """Measure, print, and write what was printed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--runs", type=int, default=1, help="runs of each side, in turn (default: %(default)s)"
    )
    runs = parser.parse_args().runs
    through_dvc, one_process = [], []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for run in range(runs):
            project = generate(folder / f"dvc{run}")
            through_dvc.append(seconds(["dvc", "repro"], project))
            plain = generate(folder / f"plain{run}")
            one_process.append(seconds([sys.executable, "-c", ONE_PROCESS], plain))
        empty = empty_pipeline(folder / "empty")
        idle, idle_empty = [], []
        for _ in range(IDLE_RUNS):
            idle.append(seconds(["dvc", "repro"], project))
            idle_empty.append(seconds(["dvc", "repro"], empty))
        stages = list(yaml.safe_load((project / "dvc.yaml").read_text())["stages"])
        memory = {stage: peak_megabytes(stage, project) for stage in stages}
    largest = sorted(memory.items(), key=lambda one: -one[1])
    text = "\n".join(
        [
            "# Speed and memory\n",
            f"Measured by `benchmarks/speed.py` on {os.cpu_count()} cores: medians of {runs} runs from nothing, and of "
            f"{IDLE_RUNS} with nothing to do. Seconds vary by half from one machine and hour to the next.\n",
            "| | `dvc repro` | compared with | ratio | aim |",
            "|---|---:|---|---:|---:|",
            line(
                "from nothing", through_dvc, "the same functions in one process", one_process, 1.5
            ),
            line("nothing to do", idle, "sixteen empty stages", idle_empty, 1.2),
            "\n| stage | peak memory, MB |",
            "|---|---:|",
            *(f"| `{stage}` | {megabytes:.0f} |" for stage, megabytes in largest),
        ]
    )
    print(text)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(text + "\n", encoding="utf-8", newline="\n")


def generate(folder: Path) -> Path:
    """Generate the default project under Git and DVC, in the environment that runs this."""
    folder.mkdir()
    answers = {"project": "demo", "setup": "no"}
    project = Path(
        cookiecutter(str(TEMPLATE), no_input=True, output_dir=str(folder), extra_context=answers)
    )
    prepare(project)
    return project


def empty_pipeline(folder: Path) -> Path:
    """Make sixteen stages in a row that copy an empty file, and run them once."""
    folder.mkdir()
    (folder / "out00").touch()
    stages = {
        f"stage{n:02}": {
            "cmd": f"cp out{n - 1:02} out{n:02}",
            "deps": [f"out{n - 1:02}"],
            "outs": [f"out{n:02}"],
        }
        for n in range(1, 17)
    }
    (folder / "dvc.yaml").write_text(
        yaml.safe_dump({"stages": stages}), encoding="utf-8", newline="\n"
    )
    prepare(folder)
    seconds(["dvc", "config", "core.analytics", "false"], folder)
    seconds(["dvc", "repro"], folder)
    return folder


def prepare(project: Path) -> None:
    """Put a folder under Git and DVC."""
    seconds(["git", "init", "-b", "main"], project)
    if not (project / ".dvc").exists():
        seconds(["dvc", "init"], project)


def seconds(command: list[str], folder: Path) -> float:
    """Time a command; its output is shown if it fails."""
    started = time.perf_counter()
    done = subprocess.run(command, cwd=folder, env=ENVIRONMENT, capture_output=True, text=True)
    taken = time.perf_counter() - started
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stdout}\n{done.stderr}")
    return taken


def line(what: str, ours: list[float], than: str, theirs: list[float], aim: float) -> str:
    """Write a line of the table: two medians and their ratio."""
    mine, other = statistics.median(ours), statistics.median(theirs)
    return f"| {what} | {mine:.1f} s | {than}, {other:.1f} s | {mine / other:.1f} | {aim} |"


def peak_megabytes(stage: str, project: Path) -> float:
    """Run a stage again and return its largest resident size."""
    child = subprocess.Popen(
        [sys.executable, "-m", f"pipeline.{stage}"],
        cwd=project,
        env=ENVIRONMENT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(child.pid, 0)
    if status:
        sys.exit(f"{stage} failed when it was run again")
    return usage.ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)


if __name__ == "__main__":
    main()
