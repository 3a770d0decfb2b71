"""What SIGKILL leaves behind: each stage is killed at a random moment, run again at once, and compared with a clean run.

In every stage, with and without the dvc.lock of an earlier run with other settings, one of these is killed: the stage; `dvc`
alone, whose stage continues; both with their group, as by a power cut; or `dvc` while it saves what the stage wrote. The next
`dvc repro` starts in the same second and has to compute the stage again, since there is no run cache. Where `dvc` alone is
killed with an earlier dvc.lock, its stage is also stopped, until the next one waits for it. A case survives if all outputs
are those of the clean run, byte by byte, and nothing else is left in the project. At last, whole runs are killed anywhere.
Results go to build/kill.md. The moments are random, but the same in each run.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import yaml
from speed import ENVIRONMENT, TEMPLATE, generate

RESULTS = TEMPLATE / "build/kill.md"
VICTIMS = {
    "stage": "the stage",
    "dvc": "`dvc` alone",
    "group": "both",
    "saving": "`dvc` while it saves",
}
SMALL = [("load", "dvc"), ("clean", "stage"), ("clean", "dvc"), ("clean", "group")]
# What a run may leave beside its outputs.
BESIDE = {".dvc", ".git", "__pycache__", "timings", ".trials", "dvc.lock", ".gitignore"}
ANY = "all stages"
LIMIT = 300  # seconds, for whatever is waited for


@dataclass
class Case:
    """A kill, and what the run after it did."""

    stage: str
    victim: str
    with_lock: bool
    moment: float = 0
    recomputed: bool = False
    waited: bool = False
    problem: str = ""

    def __str__(self) -> str:
        lock = "with" if self.with_lock else "without"
        done = ["computed again"] * self.recomputed + ["waited"] * self.waited
        return (
            f"{self.stage}, {VICTIMS[self.victim]} killed after {self.moment:.2f} s, {lock} an earlier "
            f"dvc.lock: {self.problem or 'survived'} ({', '.join(done) or 'not computed again'})"
        )


def main() -> None:
    """Kill, run again, compare; exit with 1 if a case did not survive."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--small", action="store_true", help="four cases, in half a minute")
    parser.add_argument("--stages", help="only these, separated by commas")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    options = parser.parse_args()
    cases: list[Case] = []
    with tempfile.TemporaryDirectory() as name:
        matrix = Matrix(Path(name), options.seed)
        matrix.prepare("clean" if options.small else "", earlier=not options.small)
        wanted = options.stages.split(",") if options.stages else matrix.stages
        planned = [
            Case(stage, victim, with_lock)
            for victim in VICTIMS
            for with_lock in (False, True)
            for stage in [*wanted, *([ANY] if victim in ("dvc", "group") else [])]
        ]
        if options.small:
            planned = [Case(stage, victim, False) for stage, victim in SMALL]
        for case in planned:
            cases.append((matrix.run_whole if case.stage == ANY else matrix.run)(case))
            if not options.small:  # also after an interruption, the table says what was tried
                RESULTS.parent.mkdir(exist_ok=True)
                RESULTS.write_text(table(cases) + "\n", encoding="utf-8", newline="\n")
    print(table(cases))
    sys.exit(any(case.problem for case in cases))


class Matrix:
    """A project before each of its stages, and the outputs of a clean run.

    Parameters
    ----------
    folder : Path
        An empty folder, for the projects.
    seed : int
        Of the moments.
    """

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder, self.seed = folder, seed
        self.project = generate(folder / "made")
        self.work = folder / "work"
        self.stages = list(yaml.safe_load((self.project / "dvc.yaml").read_text())["stages"])
        self.seconds: dict[str, float] = {}
        self.environment = ENVIRONMENT | {"DVC_SITE_CACHE_DIR": str(folder / "site")}

    def prepare(self, last: str, earlier: bool) -> None:
        """Run the stages up to `last`, or all, and keep a copy of the project before each.

        Parameters
        ----------
        last : str
            The last stage; empty for all.
        earlier : bool
            Whether another run, with another seed and other code, comes first.
        """
        if earlier:
            with other_version(self.project):
                self.finish(self.start(project=self.project))
        self.stages = self.stages[: self.stages.index(last) + 1] if last else self.stages
        for stage in self.stages:
            shutil.rmtree(self.project / ".dvc/cache/runs", ignore_errors=True)
            shutil.copytree(self.project, self.folder / stage)
            dvc = self.start("--single-item", stage, project=self.project)
            if began := self.wait_for_stage(dvc, stage):
                psutil.wait_procs([began], timeout=LIMIT)
                self.seconds[stage] = time.time() - began.create_time()
            self.finish(dvc)
        print(f"clean run: {sum(self.seconds.values()):.0f} s in {len(self.stages)} stages")

    def run(self, case: Case) -> Case:
        """Kill a run of one stage, run it again, and compare."""
        self.restore(case.stage, case.with_lock)
        before = files(self.work)
        fraction = self.fraction(case)
        while True:
            dvc = self.start("--single-item", case.stage)
            stage = self.wait_for_stage(dvc, case.stage)
            if stage and self.kill(case, dvc, stage, fraction):
                break
            self.restore(case.stage, case.with_lock)  # the stage was faster than before
            fraction /= 2
        self.run_again(case, "--single-item", case.stage, orphan=stage)
        if not case.problem:
            rest = set(files(self.work)) - set(before) - set(outputs(self.work, [case.stage]))
            if rest:
                case.problem = f"leaves {', '.join(sorted(rest))}"
        if not case.recomputed and not case.problem and case.victim != "saving":
            case.problem = "not computed again"
        print(case, flush=True)
        return case

    def run_whole(self, case: Case) -> Case:
        """Kill a run of all stages anywhere, run it again, and compare."""
        self.restore(self.stages[0], case.with_lock)
        dvc = self.start()
        case.moment = 1.3 * self.fraction(case) * sum(self.seconds.values())
        try:
            dvc.wait(case.moment)
        except subprocess.TimeoutExpired:
            (os.killpg if case.victim == "group" else os.kill)(dvc.pid, signal.SIGKILL)
        dvc.communicate()
        self.run_again(case)
        print(case, flush=True)
        return case

    def fraction(self, case: Case) -> float:
        """Choose when a case kills, as a fraction of the time that its victim takes."""
        name = f"{self.seed} {case.stage} {case.victim} {case.with_lock}"
        return random.Random(name).uniform(0.02, 0.98)

    def restore(self, stage: str, with_lock: bool) -> None:
        """Put the project back to where it was before a stage; without the lock, its later stages never ran."""
        shutil.rmtree(self.work, ignore_errors=True)
        shutil.copytree(self.folder / stage, self.work)
        if with_lock:
            return
        later = self.stages[self.stages.index(stage) :]
        for path in outputs(self.work, later):
            (self.work / path).unlink()
        lock = self.work / "dvc.lock"
        if lock.exists():
            recorded = yaml.safe_load(lock.read_text())
            recorded["stages"] = {
                name: entry for name, entry in recorded["stages"].items() if name not in later
            }
            lock.write_text(yaml.safe_dump(recorded, sort_keys=False))
            if not recorded["stages"]:
                lock.unlink()

    def start(self, *options: str, project: Path | None = None) -> subprocess.Popen[str]:
        """Start `dvc repro` as a group of its own."""
        return subprocess.Popen(
            ["dvc", "repro", *options],
            cwd=project or self.work,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def wait_for_stage(self, dvc: subprocess.Popen[str], stage: str) -> psutil.Process | None:
        """Wait until `dvc` has started a stage, and return its process; None if `dvc` ends without."""
        parent = psutil.Process(dvc.pid)
        while dvc.poll() is None:
            for child in parent.children(recursive=True):
                try:
                    if f"pipeline.{stage}" in child.cmdline() and "-c" not in child.cmdline():
                        return child
                except psutil.Error:
                    continue
            time.sleep(0.005)
        return None

    def kill(
        self, case: Case, dvc: subprocess.Popen[str], stage: psutil.Process, fraction: float
    ) -> bool:
        """Kill a case's victim; return whether it was alive.

        Parameters
        ----------
        case : Case
        dvc : Popen
            Runs the stage.
        stage : Process
            The stage.
        fraction : float
            When, as a fraction of the stage's time; while `dvc` saves, of half a second after it.
        """
        if case.victim == "saving":
            psutil.wait_procs([stage], timeout=LIMIT)
            time.sleep(fraction / 2)
            running = dvc.poll() is None
        else:
            time.sleep(fraction * self.seconds[case.stage])
            running = alive(stage)
        case.moment = time.time() - stage.create_time() if running else 0
        if running and case.victim == "stage":
            stage.kill()
        elif running:
            (os.killpg if case.victim == "group" else os.kill)(dvc.pid, signal.SIGKILL)
            if case.victim == "dvc" and case.with_lock:
                stage.suspend()
        if case.victim == "stage" or not running:
            dvc.communicate()
        else:
            dvc.wait()  # its output stays open while the stage runs
        return running

    def run_again(self, case: Case, *options: str, orphan: psutil.Process | None = None) -> None:
        """Run `dvc repro` at once, and note what differs from the clean run.

        Parameters
        ----------
        case : Case
        *options : str
            Of `dvc repro`.
        orphan : Process, optional
            The stage that the killed run started; it may be alive.
        """
        dvc = self.start(*options)
        if orphan and case.victim == "dvc":
            follower = self.wait_for_stage(dvc, case.stage)
            case.waited = bool(follower) and alive(orphan)
            if case.with_lock:
                time.sleep(1)
                orphan.resume()
        try:
            text = dvc.communicate(timeout=LIMIT)[0]
        except subprocess.TimeoutExpired:
            os.killpg(dvc.pid, signal.SIGKILL)
            case.problem = "the next run does not end"
            return
        case.recomputed = "Running stage" in text
        names = [case.stage] if case.stage in self.stages else self.stages
        if dvc.returncode:
            case.problem = f"the next run fails: {text.strip().splitlines()[-1]}"
            return
        clean = outputs(self.project, names)
        made = outputs(self.work, names)
        differing = [path for path in clean | made if clean.get(path) != made.get(path)]
        if differing:
            case.problem = f"differs in {', '.join(differing)}"

    @staticmethod
    def finish(dvc: subprocess.Popen[str]) -> None:
        """Wait for a run that must succeed."""
        text = dvc.communicate(timeout=3 * LIMIT)[0]
        if dvc.returncode:
            sys.exit(text)


def alive(process: psutil.Process) -> bool:
    """Return whether a process still runs."""
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


@contextmanager
def other_version(project: Path) -> Iterator[None]:
    """Give a project the settings and code of an earlier run: every stage then has other dependencies."""
    config, code = project / "conf/config.yaml", project / "pipeline/__init__.py"
    texts = {file: file.read_text() for file in (config, code)}
    assert "seed: 42" in texts[config]
    config.write_text(texts[config].replace("seed: 42", "seed: 7"))
    code.write_text(f"{texts[code]}\n# An earlier version.\n")
    yield
    for file, text in texts.items():
        file.write_text(text)


def outputs(project: Path, stages: list[str]) -> dict[str, str]:
    """Return the SHA-256 of every file that stages have written."""
    declared = yaml.safe_load((project / "dvc.yaml").read_text())["stages"]
    paths = [project / path for stage in stages for path in declared_outputs(declared[stage])]
    found = [
        one
        for path in paths
        for one in ([path] if path.is_file() else sorted(path.rglob("*")))
        if one.is_file()
    ]
    return {
        one.relative_to(project).as_posix(): hashlib.sha256(one.read_bytes()).hexdigest()
        for one in found
    }


def declared_outputs(stage: dict[str, Any]) -> Iterator[str]:
    """Yield the outputs of a stage of dvc.yaml."""
    for kind in ("outs", "metrics", "plots"):
        for one in stage.get(kind) or ():
            yield one if isinstance(one, str) else next(iter(one))


def files(project: Path) -> list[str]:
    """List the files of a project, leaving out those of DVC, Git, Python, and measured times."""
    found = (one.relative_to(project) for one in project.rglob("*") if one.is_file())
    return [one.as_posix() for one in found if not BESIDE & set(one.parts)]


def table(cases: list[Case]) -> str:
    """Return the cases as a Markdown table, and those that did not survive."""
    lines = [
        "| killed | earlier dvc.lock | tried | survived | computed again | waited for the stage |",
        "|---|---|---:|---:|---:|---:|",
    ]
    for name, victim in VICTIMS.items():
        for with_lock in (False, True):
            for whole in (False, True):
                own = [
                    case
                    for case in cases
                    if (case.victim, case.with_lock, case.stage == ANY) == (name, with_lock, whole)
                ]
                if own:
                    where = " anywhere in a whole run" if whole else ""
                    survived = sum(not case.problem for case in own)
                    again = sum(case.recomputed for case in own)
                    waited = sum(case.waited for case in own)
                    lock = "yes" if with_lock else "no"
                    lines.append(
                        f"| {victim}{where} | {lock} | {len(own)} | {survived} | {again} | {waited} |"
                    )
    lines += [f"\n- {case}" for case in cases if case.problem]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
