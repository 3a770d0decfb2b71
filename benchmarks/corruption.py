"""Who notices a flipped bit: one byte of each file that a run leaves is changed, and the commands that read it are run.

The times of the file stay as they were, so that DVC, which trusts them, believes that nothing has changed; only objects in its
cache and dvc.lock are also given to DVC. A case is noticed if a command ends with a sentence that names the file, or its
output, and without a traceback. Results go to build/corruption.md. The bytes are random, but the same in each run.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from kill import declared_outputs
from speed import ENVIRONMENT, TEMPLATE, generate

RESULTS = TEMPLATE / "build/corruption.md"
PEDIGREE = (sys.executable, "-m", "pedigree")


@dataclass
class Kind:
    """Cases of one kind of file.

    Parameters
    ----------
    name : str
    by : dict of str to int
        How many each command noticed.
    missed : list of str
        Files that no command noticed, or that ended in a traceback.
    example : str
        What was printed in the first case.
    """

    name: str
    by: dict[str, int] = field(default_factory=dict)
    missed: list[str] = field(default_factory=list)
    example: str = ""

    def add(self, file: Path, found: tuple[str, str] | None) -> None:
        """Add a case: the file, the command that noticed, and the line that it printed."""
        print(f"{self.name}: {file}: {': '.join(found) if found else 'NOT NOTICED'}", flush=True)
        if not found:
            self.missed.append(str(file))
            return
        command, line = found
        self.by[command] = self.by.get(command, 0) + 1
        self.example = self.example or line


def main() -> None:
    """Flip, run, list; exit with 1 if something was not noticed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--small", action="store_true", help="the first stages, in half a minute")
    parser.add_argument("--seed", type=int, default=0, help="of the bytes")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        project = Project(Path(name), random.Random(options.seed))
        project.prepare("clean" if options.small else "")
        kinds = [
            project.outputs(),
            project.objects(2 if options.small else 60),
            project.checkout(1 if options.small else 12),
            project.lock(3 if options.small else 30),
        ]
        if not options.small:
            kinds += [project.bundle("models/bundle"), project.bundle("models/champion/bundle")]
    text = table(kinds)
    print(text)
    if not options.small:
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(text + "\n", encoding="utf-8", newline="\n")
    sys.exit(any(kind.missed for kind in kinds))


class Project:
    """A finished run, whose files are damaged one at a time.

    Parameters
    ----------
    folder : Path
        An empty folder, for the project.
    chance : random.Random
        Chooses files and bytes.
    """

    def __init__(self, folder: Path, chance: random.Random) -> None:
        self.folder, self.chance = generate(folder / "made"), chance
        self.environment = ENVIRONMENT | {"DVC_SITE_CACHE_DIR": str(folder / "site")}
        self.stages: dict[str, Any] = yaml.safe_load((self.folder / "dvc.yaml").read_text())[
            "stages"
        ]

    def prepare(self, last: str) -> None:
        """Run the stages up to `last` and commit; or all, and promote the bundle."""
        commands = [("dvc", "repro", "--quiet", *filter(None, [last]))]
        if not last:
            commands.append((*PEDIGREE, "promote", "--anyway"))
        commands += [
            ("git", "add", "."),
            ("git", "-c", "user.name=x", "-c", "user.email=x@localhost", "commit", "-qm", "Run"),
        ]
        for command in commands:
            code, text = self.run(*command)
            if code:
                sys.exit(f"{' '.join(command)}: {text}")
        self.done = yaml.safe_load((self.folder / "dvc.lock").read_text())["stages"]

    def run(self, *command: str, folder: Path | None = None, **environment: str) -> tuple[int, str]:
        """Run a command; return its exit code and what it printed."""
        done = subprocess.run(
            command,
            cwd=folder or self.folder,
            env=self.environment | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout

    @contextmanager
    def flipped(self, file: Path) -> Iterator[None]:
        """Flip a bit of a file, with its times and mode unchanged, until the block ends."""
        path, state = self.folder / file, (self.folder / file).stat()
        content = path.read_bytes()
        damaged = bytearray(content)
        damaged[self.chance.randrange(len(damaged))] ^= 1 << self.chance.randrange(8)
        try:
            overwrite(path, damaged, state)
            yield
        finally:
            overwrite(path, content, state)

    def one_of(self, output: str) -> Path:
        """Choose a file of an output."""
        path = self.folder / output
        files = (
            [path] if path.is_file() else [one for one in sorted(path.rglob("*")) if one.is_file()]
        )
        full = [one for one in files if one.stat().st_size]
        chosen: Path = self.chance.choice(full)
        return chosen.relative_to(self.folder)

    def outputs(self) -> Kind:
        """Flip a bit of each output; the first stage that reads it, as run by `dvc`, or `trace`, has to notice."""
        kind = Kind("outputs of stages: data, models, metrics, plots, settings, params.yaml")
        for output in (one for stage in self.done for one in declared_outputs(self.stages[stage])):
            file = self.one_of(output)
            with self.flipped(file):
                kind.add(file, self.noticed_by_stage(output) or self.noticed_by_trace(file))
        return kind

    def noticed_by_stage(self, output: str) -> tuple[str, str] | None:
        """Let the first stage that reads an output notice."""
        if not (name := next(self.readers(output), None)):
            return None
        # In a copy, since a stage that `dvc` starts begins by deleting its outputs.
        with tempfile.TemporaryDirectory() as copy:
            shutil.copytree(self.folder, copy, dirs_exist_ok=True)
            command = (sys.executable, "-m", f"pipeline.{name}")
            code, text = self.run(*command, folder=Path(copy), DVC_STAGE=name)
        fine = code == 1 and output in text and "Traceback" not in text
        return ("the next stage", text.strip()) if fine else None

    def noticed_by_trace(self, file: Path) -> tuple[str, str] | None:
        """Let `pedigree trace` notice, where no stage reads a file."""
        _, text = self.run(*PEDIGREE, "trace", str(file))
        lines = [line for line in text.splitlines() if "was changed after the run" in line]
        return ("`pedigree trace`", lines[0].strip()) if lines and "Traceback" not in text else None

    def objects(self, most: int) -> Kind:
        """Flip a bit of objects in DVC's cache; `check --cache` has to name each."""
        kind = Kind("objects in DVC's cache")
        found = sorted((self.folder / ".dvc/cache/files/md5").glob("*/*"))
        for path in self.chance.sample(found, min(most, len(found))):
            file = path.relative_to(self.folder)
            with self.flipped(file):
                code, text = self.run(*PEDIGREE, "check", "--cache")
            fine = code == 1 and f"damaged: {file}" in text and "Traceback" not in text
            kind.add(
                file, ("`pedigree check --cache`", text.splitlines()[0].strip()) if fine else None
            )
        return kind

    def checkout(self, most: int) -> Kind:
        """Flip a bit of an object that `dvc checkout` then copies into the project; the first stage that reads it has to notice."""
        kind = Kind("outputs that `dvc checkout` has copied from a damaged cache")
        cached = [out for one in self.done.values() for out in one["outs"]]
        for out in cached:
            name = out["md5"]
            path = self.folder / ".dvc/cache/files/md5" / name[:2] / name[2:]
            if not path.exists() or sum(kind.by.values()) == most:
                continue
            if name.endswith(".dir"):
                name = self.chance.choice(json.loads(path.read_text()))["md5"]
                path = path.parents[1] / name[:2] / name[2:]
            with self.flipped(path.relative_to(self.folder)):
                self.run("rm", "-r", out["path"])
                code, text = self.run("dvc", "checkout", out["path"])
                refused = ("`dvc checkout`", text.strip()) if code else None
                found = refused or self.noticed_by_stage(out["path"])
            self.run("rm", "-rf", out["path"])
            self.run("dvc", "checkout", out["path"])
            if found or any(self.readers(out["path"])):
                kind.add(Path(out["path"]), found)
        return kind

    def readers(self, output: str) -> Iterator[str]:
        """Yield the stages that read an output."""
        for name, stage in self.stages.items():
            deps = [*stage.get("deps", ()), *(["params.yaml"] if name == "collect" else [])]
            if any(f"{one}/".startswith(f"{output}/") for one in deps):
                yield name

    def lock(self, number: int) -> Kind:
        """Flip bits of dvc.lock; `dvc status` or `pedigree check` has to print something else than before."""
        kind = Kind("dvc.lock")
        file = Path("dvc.lock")
        commands: dict[str, tuple[str, ...]] = {
            "`dvc status`": ("dvc", "status"),
            "`pedigree check`": (*PEDIGREE, "check"),
            "`git status`": ("git", "status", "--short", "dvc.lock"),
        }
        before = {name: self.run(*command) for name, command in commands.items()}
        for _ in range(number):
            with self.flipped(file):
                found = self.noticed_by(commands, lambda name, now: now != before[name])
                if found:
                    old, new = (
                        text.splitlines()
                        for _, text in (before[found[0]], self.run(*commands[found[0]]))
                    )
                    found = found[0], next((one.strip() for one in new if one not in old), found[1])
                kind.add(file, found)
        return kind

    def bundle(self, folder: str) -> Kind:
        """Flip a bit of each file of a bundle; `predict`, or `verdict` for the champion, has to refuse it."""
        kind = Kind(folder)
        rows = next((self.folder / "data/loaded").glob("*.parquet"))
        champion = "champion" in folder
        commands: dict[str, tuple[str, ...]] = {
            "`pedigree predict`": (*PEDIGREE, "predict", str(rows), "--out", "scored.csv"),
        }
        if champion:
            commands = {"stage `verdict`": (sys.executable, "-m", "pipeline.verdict")}
        for path in sorted((self.folder / folder).iterdir()):
            file = path.relative_to(self.folder)
            with self.flipped(file):
                kind.add(
                    file, self.noticed_by(commands, lambda _, now: now[0] == 1 and folder in now[1])
                )
        return kind

    def noticed_by(
        self,
        commands: dict[str, tuple[str, ...]],
        noticed: Callable[[str, tuple[int, str]], bool],
    ) -> tuple[str, str] | None:
        """Return the first command that notices, and its last line; none may end in a traceback."""
        for name, command in commands.items():
            now = self.run(*command)
            if "Traceback" in now[1]:
                print(now[1])
                return None
            if noticed(name, now):
                return name, (now[1].strip().splitlines() or [""])[-1].strip()
        return None


def overwrite(path: Path, content: bytes | bytearray, state: os.stat_result) -> None:
    """Write a file, and give it the mode and the times of an earlier state."""
    path.chmod(0o644)
    path.write_bytes(content)
    path.chmod(state.st_mode)
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))


def table(kinds: list[Kind]) -> str:
    """Return the kinds as a Markdown table, and what was not noticed."""
    lines = [
        "| one flipped bit in | tried | noticed | by | for example |",
        "|---|---:|---:|---|---|",
    ]
    for kind in kinds:
        noticed = sum(kind.by.values())
        by = ", ".join(f"{command} ({number})" for command, number in kind.by.items())
        example = " ".join(kind.example.split()).replace("|", "\\|")
        lines.append(
            f"| {kind.name} | {noticed + len(kind.missed)} | {noticed} | {by} | {example} |"
        )
    lines += [f"\n- not noticed: {file} ({kind.name})" for kind in kinds for file in kind.missed]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
