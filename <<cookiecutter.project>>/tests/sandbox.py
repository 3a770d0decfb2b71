"""A copy of the project in which tests run stages: they read the project's code and data, and write outputs of their own.

Its settings are those of conf/, made small. It holds nothing but dvc.yaml and what stages list as `deps`.
"""

import os
import posixpath
import subprocess
import sys
from contextlib import chdir
from pathlib import Path
from typing import Any

import pytest
from omegaconf import OmegaConf

from pedigree.base.dvc_files.lock import lies_in
from pedigree.base.files.replacing import link_or_copy
from pedigree.base.settings import as_dict, leaves, read_yaml
from pedigree.base.tables import read_table, write_table
from pedigree.config.composing import compose
from pedigree.config.configuration import EXPERIMENT, hand_out

ROOT = Path(__file__).parents[1]
# Settings that make stages take long, and the greatest values that tests need.
SMALL = {
    "compare.folds": 2,
    "compare.repeats": 1,
    "evaluate.resamples": 100,
    "monitor.resamples": 100,
    "select.stability_folds": 2,
    "tune.folds": 2,
    "tune.trials": 2,
    "verdict.resamples": 100,
}
ROWS = 2000  # that the stages after `load` see: a sample, if there are more
SERVED = ("api", "bigquery", "openml", "scrape", "sql")  # sources that ask a server


def listed(stage: dict[str, Any], *kinds: str) -> list[str]:
    """Return the paths that a stage lists as `deps` or `outs`, from the project's root."""
    names = [
        one if isinstance(one, str) else next(iter(one))
        for kind in kinds
        for one in stage.get(kind, ())
    ]
    folder = stage.get("wdir", ".")
    return [name if "://" in name else posixpath.normpath(f"{folder}/{name}") for name in names]


def inputs(stage: dict[str, Any]) -> list[str]:
    """Return the paths that a stage reads."""
    files = [one for one in stage.get("params", ()) if isinstance(one, dict)]
    return listed(stage | {"files": files}, "deps", "files")


def outputs(stage: dict[str, Any]) -> list[str]:
    """Return the paths that a stage writes."""
    return listed(stage, "outs", "metrics", "plots")


class Sandbox:
    """A copy of the project in which a stage runs when a test asks for it.

    Attributes
    ----------
    folder : Path
        Where it is.
    settings : DictConfig
        What its params.yaml holds.
    stages : dict
        The stages of dvc.yaml as DVC reads them: of `foreach` and `matrix`, each by its own name.
    """

    def __init__(self, folder: Path) -> None:
        from dvc.parsing import DataResolver
        from dvc.repo import Repo

        self.folder = folder
        self.ended: dict[str, BaseException | None] = {}  # the stages that ran, and how it went
        self.made: list[str] = []
        with chdir(ROOT):
            self.settings = OmegaConf.create(compose())
        for key, most in SMALL.items():
            value = OmegaConf.select(self.settings, key)
            if isinstance(value, int) and value > most:
                OmegaConf.update(self.settings, key, most)
        text = OmegaConf.to_yaml(self.settings)
        (folder / "params.yaml").write_text(text, encoding="utf-8", newline="\n")
        self.link("dvc.yaml")
        with chdir(folder):
            hand_out(as_dict(self.settings))
            resolver = DataResolver(Repo(uninitialized=True), "", read_yaml(Path("dvc.yaml")))
            self.stages: dict[str, Any] = resolver.resolve()["stages"]
        self.made += [path for stage in self.stages.values() for path in outputs(stage)]
        for path in sorted({path for stage in self.stages.values() for path in inputs(stage)}):
            self.link(path)

    def link(self, path: str) -> None:
        """Show the sandbox a file or folder of the project, but for what stages make."""
        source, target = ROOT / path, self.folder / path
        if any(lies_in(path, made) for made in self.made):
            return
        if source.is_dir():
            for one in source.iterdir():
                self.link(f"{path}/{one.name}")
        elif source.exists() and not target.exists():
            link_or_copy(source, target)

    def instances(self, name: str) -> list[str]:
        """Return the stages that an entry of dvc.yaml stands for: one, or those of a `foreach` or `matrix`."""
        return [one for one in self.stages if one == name or one.startswith(f"{name}@")]

    def run(self, name: str) -> None:
        """Run a stage once, after those that make what it reads; fail or skip as it did the first time."""
        if name not in self.ended:
            self.ended[name] = None
            try:
                self.run_those_before(name)
                self.execute(name)
            except (pytest.fail.Exception, pytest.skip.Exception) as end:
                self.ended[name] = end
        if end := self.ended[name]:
            raise end

    def run_those_before(self, name: str) -> None:
        """Run the stages that make what a stage reads, or take what `dvc repro` made by those that cannot run here."""
        for path in inputs(self.stages[name]):
            for other, stage in self.stages.items():
                made = outputs(stage)
                if other == name or not any(lies_in(path, o) or lies_in(o, path) for o in made):
                    continue
                try:
                    self.run(other)
                except pytest.skip.Exception:
                    if not all((ROOT / one).exists() for one in made):
                        raise
                    for target in (self.folder / one for one in made):
                        if not target.exists():
                            link_or_copy(ROOT / target.relative_to(self.folder), target)

    def surroundings(self) -> dict[str, str]:
        """Return the variables of commands: without those that settings name, which lead to servers."""
        named = [value for key, value in leaves(self.settings).items() if key.endswith("_env")]
        kept = {name: value for name, value in os.environ.items() if name not in named}
        path = f"{Path(sys.executable).parent}{os.pathsep}{kept.get('PATH', '')}"
        return kept | {"PATH": path, EXPERIMENT: "test"}  # of which `configure` leaves the settings

    def execute(self, name: str) -> None:
        """Run the commands of a stage."""
        stage = self.stages[name]
        source = str(self.settings["collect"])
        if name == "collect" and ("://" in source or any(f".{one}." in source for one in SERVED)):
            pytest.skip("collect asks a server; `dvc repro collect` tries it")
        if stage.get("frozen"):
            pytest.skip(f"stage '{name}' is frozen in dvc.yaml")
        commands = [stage["cmd"]] if isinstance(stage["cmd"], str) else stage["cmd"]
        for command in commands:
            done = subprocess.run(
                command,
                shell=True,
                cwd=self.folder / stage.get("wdir", "."),
                env=self.surroundings(),
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode and name == "collect" and "Traceback" not in done.stderr:
                pytest.skip(done.stderr.strip())
            if done.returncode:
                pytest.fail(f"$ {command}\n{done.stdout}{done.stderr}", pytrace=False)
        if name == "load" and len(rows := read_table(self.folder / "data/loaded")) > ROWS:
            sample = rows.sample(ROWS, random_state=0).sort_index()
            write_table(sample, self.folder / "data/loaded")
