"""What a full disk, missing permission, a missing folder and Ctrl-C do to every stage and command.

Each is tried at several points. It survives if it ends in one sentence and exit code 1 (or succeeds after all), leaves
nothing incomplete under a final name and nothing temporary, and the next run gives the same bytes. `--small` tries the first
stages, with a limit of file sizes in place of a full disk; otherwise a small file system is mounted, which root can do.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import yaml

TEMPLATE = Path(__file__).parents[1]
RESULTS = TEMPLATE / "build/disk_full.md"
BIN = Path(sys.executable).parent
ENVIRONMENT = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
ENVIRONMENT.pop("PYTHONDONTWRITEBYTECODE", None)
FRACTIONS = (0, 0.3, 0.6, 0.9)  # of what a stage writes
SMALL = ("configure", "collect", "load", "clean")
SECONDS = (0.5, 1.0, 1.5)  # after which a stage is interrupted
MEGABYTES = 300  # of the small file system
# Root without the privilege to write where the permissions do not allow it.
UNPRIVILEGED = ("setpriv", "--bounding-set", "-dac_override,-dac_read_search")
GIVEN = (
    "conf",
    "contracts",
    "data/external",
    "data/incoming",
    "settings",
)  # folders that stages read
CSV = "age,plan,Churn\n" + "".join(
    f"{20 + n % 50},{'pro' if n % 3 else 'basic'},{'yes' if n % 4 == 0 else 'no'}\n"
    for n in range(3000)
)
Limited = AbstractContextManager[dict[str, Any]]


def python(
    *arguments: str, cwd: Path, before: Sequence[str] = (), **options: Any
) -> subprocess.CompletedProcess[str]:
    """Run Python in a project."""
    options = {"env": ENVIRONMENT} | options
    return subprocess.run(
        [*before, sys.executable, *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        **options,
    )


class FileLimit:
    """A disk that refuses the end of each file beyond a size."""

    def full(self, free: int) -> Limited:
        """Return options of a subprocess that cannot write more bytes to a file."""
        hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
        limit = partial(resource.setrlimit, resource.RLIMIT_FSIZE, (free, hard))
        # Bytecode is written in one go, and nothing notices if that is cut off.
        return nullcontext(
            {"preexec_fn": limit, "env": ENVIRONMENT | {"PYTHONDONTWRITEBYTECODE": "1"}}
        )


@dataclass
class SmallDisk:
    """A small file system in memory, of which a file takes what is not to be free."""

    folder: Path

    @contextmanager
    def full(self, free: int) -> Iterator[dict[str, Any]]:
        """Leave a number of bytes free; yield options of a subprocess."""
        ballast = self.folder / "ballast"
        size = shutil.disk_usage(self.folder).free - free
        with ballast.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, max(size, 1))
        try:
            yield {}
        finally:
            ballast.unlink()

    @classmethod
    @contextmanager
    def mounted(cls, folder: Path) -> Iterator[SmallDisk]:
        """Mount it."""
        folder.mkdir()
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={MEGABYTES}m", "disk", str(folder)], check=True
        )
        try:
            yield cls(folder)
        finally:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)


@dataclass
class Table:
    """What was tried, and what did not survive."""

    tried: dict[tuple[str, str], int] = field(default_factory=lambda: defaultdict(int))
    failed: dict[tuple[str, str], list[str]] = field(default_factory=lambda: defaultdict(list))

    def add(self, trouble: str, what: str, faults: list[str], where: object) -> None:
        """Count a case; print its faults."""
        self.tried[trouble, what] += 1
        if faults:
            self.failed[trouble, what].append(f"{where}: {'; '.join(faults)}")
        print(
            f"{trouble:<16} {what:<12} {where!s:<22} {'; '.join(faults) or 'survived'}", flush=True
        )

    def text(self) -> str:
        """Return a Markdown table, with a row for each stage and command."""
        troubles = list(dict.fromkeys(trouble for trouble, _ in self.tried))
        lines = [
            "Survived of tried:\n",
            f"| | {' | '.join(troubles)} |",
            f"|---|{'---:|' * len(troubles)}",
        ]
        for what in dict.fromkeys(what for _, what in self.tried):
            cells = [
                f"{self.tried[one, what] - len(self.failed[one, what])} of {self.tried[one, what]}"
                if (one, what) in self.tried
                else ""
                for one in troubles
            ]
            lines.append(f"| `{what}` | {' | '.join(cells)} |")
        for (trouble, what), cases in self.failed.items():
            lines += [f"- {trouble}, `{what}`, {case}" for case in cases]
        return "\n".join(lines)


@dataclass
class Case:
    """A project of which every stage has run, and the bytes that it made."""

    project: Path
    good: dict[str, str]

    def check(
        self, done: subprocess.CompletedProcess[str], outs: list[str], before: dict[str, str | None]
    ) -> list[str]:
        """List what is wrong after a run that may have failed."""
        lines = done.stderr.strip().splitlines()
        faults = [f"exit code {done.returncode}"] if done.returncode not in (0, 1) else []
        if "Traceback" in done.stderr + done.stdout:
            faults.append(f"traceback: {lines[-1]}")
        elif (
            done.returncode == 1
            and len([one for one in lines if not ignored(one)]) != 1
            and " in the settings:" not in done.stderr
        ):
            faults.append(f"{len(lines)} lines: {lines[:3]}")
        for out in outs:
            if digest(self.project / out) not in (None, self.good[out], before[out]):
                faults.append(f"{out} is incomplete")
        return faults + leftovers(self.project)


def ignored(line: str) -> bool:
    """Return whether a line is a progress bar, or joblib's note that it makes no processes."""
    return not line.strip() or any(one in line for one in ("\r", "%|", "it/s]", "joblib"))


def leftovers(folder: Path) -> list[str]:
    """Name temporary files that are left."""
    found = [one for kind in ("new", "old") for one in folder.rglob(f".{kind}-*")]
    return [f"{one.relative_to(folder)} is left" for one in found]


def digest(path: Path) -> str | None:
    """Return the MD5 of a file or folder, as DVC gives it."""
    from pedigree.base.dvc_files.lock import digest as md5

    found: str | None = md5(path)
    return found


def declared(project: Path) -> dict[str, Any]:
    """Return the stages of a project, each with its outputs and dependencies."""
    stages = yaml.safe_load((project / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    for stage in stages.values():
        stage["kept"] = [
            next(iter(o))
            for o in stage["outs"]
            if isinstance(o, dict) and next(iter(o.values())).get("persist")
        ]
        stage["outs"] = [o if isinstance(o, str) else next(iter(o)) for o in stage["outs"]]
    return dict(stages)


def generate(folder: Path, *answers: str) -> Path:
    """Generate a project."""
    folder.mkdir(exist_ok=True)
    done = python(
        "-m",
        "cookiecutter",
        str(TEMPLATE),
        "--no-input",
        "-o",
        str(folder),
        "project=p",
        "setup=no",
        *answers,
        cwd=folder,
    )
    assert done.returncode == 0, done.stderr
    for command in (["init", "-q"], ["add", "."]):
        subprocess.run(["git", *command], cwd=folder / "p", check=True)
    who = ["-c", "user.name=x", "-c", "user.email=x@localhost"]
    subprocess.run(["git", *who, "commit", "-qm", "x"], cwd=folder / "p", check=True)
    return folder / "p"


def run_once(project: Path, stages: list[str]) -> Case:
    """Run stages, and remember what they wrote."""
    for stage in stages:
        done = python("-m", f"pipeline.{stage}", cwd=project)
        assert done.returncode == 0, done.stderr
    outs = [out for stage in stages for out in declared(project)[stage]["outs"]]
    return Case(project, {out: str(digest(project / out)) for out in outs})


def again(case: Case, stage: str, outs: list[str]) -> list[str]:
    """Run a stage without trouble, unless its outputs are as they should be; name those whose bytes differ."""
    if all(digest(case.project / out) == case.good[out] for out in outs):
        return []
    done = python("-m", f"pipeline.{stage}", cwd=case.project)
    faults = [f"the next run fails: {done.stderr.strip()[-200:]}"] if done.returncode else []
    return faults + [
        f"{out} differs" for out in outs if digest(case.project / out) != case.good[out]
    ]


def full_disk(case: Case, stages: list[str], disk: FileLimit | SmallDisk, table: Table) -> None:
    """Let the disk fill up while each stage writes; DVC has removed the stage's outputs before."""
    for stage in stages:
        entry = declared(case.project)[stage]
        outs = entry["outs"]
        sizes = [sum(written(case.project / out)) for out in outs]
        for fraction in FRACTIONS if isinstance(disk, SmallDisk) else FRACTIONS[:3:2]:
            size = max(sizes) if isinstance(disk, FileLimit) else sum(sizes)
            before = {out: digest(case.project / out) for out in outs}
            for out in set(outs) - set(entry["kept"]):
                remove(case.project / out)
            with disk.full(int(fraction * size)) as options:
                done = python("-m", f"pipeline.{stage}", cwd=case.project, **options)
            faults = case.check(done, outs, before)
            if fraction == 0 and not done.returncode:
                faults.append("succeeds without space")
            table.add(
                "full disk", stage, faults + again(case, stage, outs), f"{fraction:.0%} of {size:,}"
            )


def written(path: Path) -> Iterator[int]:
    """Yield the bytes that the files of an output take, in blocks."""
    for file in path.rglob("*") if path.is_dir() else [path]:
        yield -(-file.stat().st_size // 4096) * 4096


def remove(path: Path) -> None:
    """Remove a file or folder."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def no_permission(case: Case, stages: list[str], table: Table) -> None:
    """Run each stage where nothing in the project can be written to."""
    root = os.geteuid() == 0
    folders = [
        case.project,
        *(one for one in case.project.rglob("*") if one.is_dir() and ".git" not in one.parts),
    ]
    for stage in stages:
        outs = declared(case.project)[stage]["outs"]
        before = {out: digest(case.project / out) for out in outs}
        modes = {
            one: one.stat().st_mode for one in folders if one.exists() and not one.is_symlink()
        }
        for one in modes:
            one.chmod(0o555)
        try:
            done = python("-m", f"pipeline.{stage}", cwd=case.project, before=UNPRIVILEGED * root)
        finally:
            for one, mode in modes.items():
                one.chmod(mode)
        faults = case.check(done, outs, before)
        faults += [] if done.returncode else ["succeeds without permission"]
        table.add("no permission", stage, faults + again(case, stage, outs), "read-only")


def missing_folder(case: Case, stages: list[str], table: Table) -> None:
    """Take away each folder that a stage reads from or writes to."""
    for stage in stages:
        entry = declared(case.project)[stage]
        outs = entry["outs"]
        above = {Path(one).parts[0] for one in outs} - {"params.yaml", "data"}
        read = set(GIVEN) & {"settings", *entry["deps"]}
        for folder in sorted({*above, *read, "timings"}):
            if not (case.project / folder).is_dir():
                continue
            before = {out: digest(case.project / out) for out in outs}
            (case.project / folder).rename(case.project / "away")
            try:
                done = python("-m", f"pipeline.{stage}", cwd=case.project)
                faults = case.check(done, outs, before)
                if (
                    not done.returncode
                ):  # made from fewer inputs; DVC runs no stage without one of its `deps`
                    faults = leftovers(case.project)
            finally:
                remove(case.project / folder)
                (case.project / "away").rename(case.project / folder)
            table.add("missing folder", stage, faults + again(case, stage, outs), folder)


def interrupted(case: Case, stages: list[str], table: Table) -> None:
    """Interrupt each stage, as Ctrl-C does, while it imports, begins and works."""
    for stage in stages:
        outs = declared(case.project)[stage]["outs"]
        for seconds in SECONDS:
            before = {out: digest(case.project / out) for out in outs}
            process = subprocess.Popen(
                [sys.executable, "-m", f"pipeline.{stage}"],
                cwd=case.project,
                env=ENVIRONMENT,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            time.sleep(seconds)
            process.send_signal(signal.SIGINT)
            stdout, stderr = process.communicate()
            # Silently, if Python was about to exit anyway.
            code = (
                int(bool(stderr.strip()))
                if process.returncode == -signal.SIGINT
                else process.returncode
            )
            done = subprocess.CompletedProcess(process.args, code, stdout, stderr)
            faults = case.check(done, outs, before)
            table.add("Ctrl-C", stage, faults + again(case, stage, outs), f"after {seconds} s")


def adopting(folder: Path, disk: FileLimit | SmallDisk, table: Table) -> None:
    """Let the disk fill up while `adopt` writes settings and copies data."""
    (folder / "churn.csv").write_text(CSV)
    fresh = generate(folder / "adopt")
    command = ("-m", "pedigree", "adopt", str(folder / "churn.csv"), "--target", "Churn")
    shutil.copytree(fresh, folder / "adopt/good")
    good = folder / "adopt/good"
    done = python(*command, cwd=good)
    assert done.returncode == 0, done.stderr
    expected = contents(good)
    points = (1000,) if isinstance(disk, FileLimit) else range(0, 200_000, 24_576)
    for free in points:
        project = folder / "adopt/tried"
        shutil.copytree(fresh, project)
        with disk.full(free) as options:
            done = python(*command, cwd=project, **options)
        faults = ["traceback"] if "Traceback" in done.stderr else []
        faults += (
            []
            if done.returncode == 0 or len(done.stderr.strip().splitlines()) == 1
            else [done.stderr[-200:]]
        )
        now = contents(project)
        faults += [
            f"{one} is incomplete"
            for one, text in now.items()
            if text not in (expected.get(one), contents(fresh).get(one))
        ]
        faults += leftovers(project)
        done = python(*command, cwd=project)
        faults += [] if contents(project) == expected else ["the next run gives other files"]
        faults += [] if done.returncode == 0 else [done.stderr[-200:]]
        shutil.rmtree(project)
        table.add("full disk", "adopt", faults, f"{free:,}")


def contents(project: Path) -> dict[str, str]:
    """Return the text of each file that `adopt` may write, without what DVC leaves, which .dvcignore lists."""
    places = ("conf", "contracts", "dvc.yaml", "data")
    found = (
        one
        for place in places
        for one in (
            (project / place).rglob("*") if (project / place).is_dir() else [project / place]
        )
    )
    return {
        one.relative_to(project).as_posix(): one.read_text(encoding="utf-8")
        for one in found
        if one.is_file() and not one.match(".*.tmp")
    }


def generating(folder: Path, disk: FileLimit | SmallDisk, table: Table) -> None:
    """Let the disk fill up before and while a project is generated: afterwards there is none."""
    source = folder / "large.csv"
    source.write_text(CSV * 200)
    where = folder / "generated"
    for free in (
        (0, 1_000_000, 9_000_000, 12_000_000) if isinstance(disk, SmallDisk) else (5_000_000,)
    ):
        where.mkdir()
        command = (
            "-m",
            "cookiecutter",
            str(TEMPLATE),
            "--no-input",
            "-o",
            str(where),
            "project=p",
            "setup=no",
        )
        with disk.full(free) as options:
            done = python(*command, f"data={source}", "target=Churn", cwd=folder, **options)
        faults = (
            [] if done.returncode or isinstance(disk, FileLimit) else ["succeeds without space"]
        )
        faults += ["traceback"] if "Traceback" in done.stderr else []
        faults += (
            ["a part of the project is left"] if done.returncode and any(where.iterdir()) else []
        )
        shutil.rmtree(where)
        table.add("full disk", "generation", faults, f"{free:,}")


def using(case: Case, disk: SmallDisk, table: Table) -> None:
    """Let the disk fill up while `predict` and `promote` write."""
    rows = case.project / "data/incoming/penguins-2009.csv"
    tried = {
        "predict": (("predict", str(rows), "--out", "scored.csv"), case.project / "scored.csv"),
        "promote": (("promote", "--anyway"), case.project / "models/champion/bundle"),
    }
    for name, (command, out) in tried.items():
        done = python("-m", "pedigree", *command, cwd=case.project)
        assert done.returncode == 0, done.stderr
        good, size = digest(out), sum(written(out))
        for fraction in FRACTIONS:
            remove(out)
            with disk.full(int(fraction * size)) as options:
                done = python("-m", "pedigree", *command, cwd=case.project, **options)
            faults = (
                []
                if done.returncode == 1 and len(done.stderr.strip().splitlines()) == 1
                else [done.stderr[-200:]]
            )
            faults += [f"{out.name} is incomplete"] if out.exists() else []
            faults += leftovers(case.project)
            done = python("-m", "pedigree", *command, cwd=case.project)
            faults += [] if digest(out) == good else [f"the next run differs: {done.stderr[-200:]}"]
            table.add("full disk", name, faults, f"{fraction:.0%} of {size:,}")
        for one in out.parent.glob(f"{out.name}*"):
            remove(one)


def through_dvc(case: Case, stages: list[str], disk: SmallDisk, table: Table) -> None:
    """Let the disk fill up while DVC runs and records a stage; then free space, and do what `repro` says."""
    done = python("-m", "dvc", "repro", "-q", cwd=case.project)
    assert done.returncode == 0, done.stderr
    good = {
        out: digest(case.project / out) for out in case.good
    }  # the bundle contains what dvc.lock records
    for stage in stages:
        for free in (0, 65536):
            with disk.full(free):
                done = python("-m", "dvc", "repro", "-sf", stage, cwd=case.project)
            faults = leftovers(case.project)
            done = python("-m", "pedigree", "repro", cwd=case.project)
            if "rm .dvc/tmp/rwlock" in done.stderr:
                (case.project / ".dvc/tmp/rwlock").unlink()
                done = python("-m", "pedigree", "repro", cwd=case.project)
            faults += [f"dvc repro fails: {done.stderr[-300:]}"] if done.returncode else []
            faults += [f"{out} differs" for out in good if digest(case.project / out) != good[out]]
            table.add("full under DVC", stage, faults, f"{free:,}")


def main() -> None:
    """Try, print, and write the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    small = "try the first stages, with a limit of file sizes instead of a file system of its own"
    parser.add_argument("--small", action="store_true", help=small)
    parser.add_argument(
        "--stages", nargs="+", metavar="STAGE", help="only try these (default: all)"
    )
    options = parser.parse_args()
    sys.path.insert(0, str(TEMPLATE / "<<cookiecutter.project>>"))
    table = Table()
    with tempfile.TemporaryDirectory() as name:
        above = Path(name)
        above.chmod(0o755)
        disk: FileLimit | SmallDisk = FileLimit()
        with nullcontext() if options.small else SmallDisk.mounted(above / "disk") as mounted:
            disk = mounted or disk
            folder = mounted.folder if mounted else above
            adopting(folder, disk, table)
            generating(folder, disk, table)
            project = generate(folder / "run")
            every = list(SMALL if options.small else declared(project))
            case = run_once(project, every)
            stages = options.stages or every
            full_disk(case, stages, disk, table)
            interrupted(case, stages, table)
            if isinstance(disk, SmallDisk):
                no_permission(case, stages, table)
                missing_folder(case, stages, table)
                using(case, disk, table)
                through_dvc(case, stages, disk, table)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(table.text() + "\n", encoding="utf-8")
    print(f"\n{table.text()}")
    sys.exit(1 if any(table.failed.values()) else 0)


if __name__ == "__main__":
    main()
