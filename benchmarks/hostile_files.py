"""What hostile files do to `adopt` and `predict`: a few hundred files, each read in a process of its own.

Each has to end in a result or in one sentence, within seconds and 1 GB of memory. What `adopt` accepts goes through `load`,
a small model is fitted on it, and `predict` reads the same file. `--small` takes a part, for CI.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import re
import resource
import select
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
from hostile_cases import Case, as_csv, as_lines, as_parquet, cases, plain

TEMPLATE = Path(__file__).parents[1]
RESULTS = TEMPLATE / "build/hostile_files.md"
SECONDS = 60  # of the processor, for one file
PATIENCE = 180  # seconds by the clock, which others may take
MEMORY = 2**30  # bytes that a process may add to those of the libraries
SMALL = 40  # every so many files are tried by --small, and those that are named in ALWAYS
ALWAYS = ("a million columns", "keys in a line", "six million cells", "gzip bomb of rows")


def attempt(case: Case, path: Path) -> str:
    """Adopt a file, load it, fit a model and predict the same file; return how it ended."""
    from pedigree.adopting import command, propose_settings
    from pedigree.adopting.source import find_source
    from pedigree.base.names import UserError

    try:
        source = find_source(str(path), path.parent)
        adoption = propose_settings(source, case.target)
        command.print_decisions(adoption)
    except UserError as error:
        return f"adopt refuses: {error}"
    try:
        return used(adoption, path)
    except UserError as error:
        return f"adopted, then refused: {error}"


def used(adoption: Any, path: Path) -> str:
    """Load the rows by the proposed settings, fit a tree, and predict the file with it."""
    import yaml
    from omegaconf import OmegaConf
    from sklearn.preprocessing import FunctionTransformer

    from pedigree.base.problem import Problem
    from pedigree.data.engine import read_file
    from pedigree.data.loading import Contract
    from pedigree.data.records import SnapshotRecord
    from pedigree.data.target import EncodedTarget, classes, features
    from pedigree.estimators.building import build_model
    from pedigree.estimators.fitting import fit
    from pedigree.estimators.signature import Signature
    from pedigree.prediction.bundle import Bundle
    from pedigree.prediction.predictor import Predictor
    from pedigree.serving.batch import predict_file

    by_kind = {file.parent.name: text for file, text in adoption.contents.items()}
    contract = Path("contract.yaml")
    contract.write_text(by_kind["contracts"], encoding="utf-8")
    stated = OmegaConf.to_container(OmegaConf.create(by_kind["problem"]), resolve=True)
    assert isinstance(stated, dict)
    chosen = SETTINGS[adoption.problem.task]
    problem = Problem.model_validate(
        chosen["problem"] | {k: v for k, v in stated.items() if k != "defaults"}
    )
    missing = chosen["load"]["missing"]
    rows = pd.concat(
        [read_file(one, missing, adoption.source.reading) for one in adoption.source.paths],
        ignore_index=True,
    )
    promised = Contract.read(str(contract))
    types = promised.types(rows)
    typed, broken = promised.enforce(rows, types)
    if len(broken):
        return f"adopted, but load rejects {len(broken)} rows: {broken['reason'].iloc[0]:.200}"
    promised.check_target(typed, problem)
    known = typed[typed[problem.target].notna()]
    target = EncodedTarget(name=problem.target, classes=classes(known[problem.target], problem))
    X = features(known, problem).select_dtypes(exclude="datetime")
    model = fit(build_model(chosen["model"]), None, X, target.encode(known))
    same = FunctionTransformer()
    signature = Signature.model_validate(
        {
            "target": target, "task": problem.task, "calibration": None, "threshold": None,
            "inputs": {name: {"type": types[name], "required": True} for name in X}, "types": types,
            "missing": missing, "contract": yaml.safe_load(by_kind["contracts"]), "clean": {},
        }
    )  # fmt: skip
    snapshot = SnapshotRecord(
        settings={},
        source={"kind": "file", "reading": adoption.source.reading},
        rows=len(rows),
        columns=list(rows),
        files=[],
    )
    bundle = Bundle(
        "0" * 64, signature, snapshot, Predictor(same, same, model, None, None, target.classes)
    )
    scored, rejected = predict_file(path, Path("scored.csv"), bundle, max_rejected=10**9)
    return f"adopted and predicted {scored} rows, {len(rejected)} of them rejected"


SETTINGS: dict[str, dict[str, Any]] = {}


def prepare(folder: Path) -> Path:
    """Generate a project, import what a try needs, and compose the settings of each task; return its folder."""
    from cookiecutter.main import cookiecutter

    sys.path.insert(0, str(TEMPLATE / "<<cookiecutter.project>>"))
    made = cookiecutter(
        str(TEMPLATE), no_input=True, output_dir=str(folder), accept_hooks=False, default_config=True,
        extra_context={"project": "project", "setup": "no"},
    )  # fmt: skip
    project = Path(made)
    os.chdir(project)
    from pedigree.config.composing import compose

    for task in ("binary", "multiclass", "regression"):
        SETTINGS[task] = compose([f"problem={task}", "model=decision_tree"])
    path = folder / "warm" / "rows.csv"
    path.parent.mkdir()
    for suffix, write in {
        "csv": as_csv(plain()),
        "parquet": as_parquet(plain()),
        "jsonl": as_lines(plain()),
    }.items():
        write(path.with_suffix(f".{suffix}"))
        with contextlib.redirect_stdout(io.StringIO()):
            print(attempt(Case("", "", "", write), path.with_suffix(f".{suffix}")))
    import openpyxl  # noqa: F401

    return project


def tried(case: Case, project: Path, path: Path) -> tuple[str, float, float]:
    """Try a file in a forked process; return how it ended, the seconds of the processor, and the megabytes that it added."""
    read, write = os.pipe()
    began = time.monotonic()
    child = os.fork()
    if child == 0:
        run_child(case, path, project, write)
    os.close(write)
    text, ended = b"", False
    while not ended and (left := began + PATIENCE - time.monotonic()) > 0:
        if select.select([read], [], [], left)[0]:
            chunk = os.read(read, 2**16)
            text, ended = text + chunk, not chunk
    os.close(read)
    if not ended:
        os.kill(child, signal.SIGKILL)
    _, status, usage = os.wait4(child, 0)
    seconds = usage.ru_utime + usage.ru_stime
    if not ended or (os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGXCPU):
        return "FAILED: time-out", seconds, usage.ru_maxrss / 1e3
    if not text:
        return f"FAILED: ended with status {status}", seconds, usage.ru_maxrss / 1e3
    end = json.loads(text)
    extra = (usage.ru_maxrss * 1024 - end["before"]) / 1e6
    if extra > MEMORY / 1e6 and not end["how"].startswith("FAILED"):
        end["how"] = f"FAILED: {extra:.0f} MB of memory, {end['how']}"
    return end["how"], seconds, extra


def run_child(case: Case, path: Path, project: Path, write: int) -> None:
    """Try a file with bounded memory, and report how it ended."""
    os.chdir(project)
    quiet = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(quiet, stream)
    pages = [int(one) for one in Path("/proc/self/statm").read_text().split()[:2]]
    size, before = (one * resource.getpagesize() for one in pages)
    bound = size + 3 * MEMORY  # of addresses, of which threads reserve many
    resource.setrlimit(resource.RLIMIT_AS, (bound, bound))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 1))
    try:
        how = attempt(case, path)
    except MemoryError:
        how = "FAILED: no memory left"
    except BaseException as error:
        where = traceback.extract_tb(error.__traceback__)
        own = [one for one in where if "pedigree" in one.filename][-1:] or where[-1:]
        how = f"FAILED: {type(error).__name__}: {str(error)[:200]} ({Path(own[0].filename).name}:{own[0].lineno})"
    os.write(write, json.dumps({"how": how[:2000], "before": before}).encode()[:60_000])
    os._exit(0)


def main() -> int:
    """Try all files, print those that failed, and write a table by kind."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="try a part of the files")
    parser.add_argument(
        "--only", metavar="TEXT", help="try those whose kind and description contain a text"
    )
    parser.add_argument("--verbose", action="store_true", help="print how each file ended")
    options = parser.parse_args()
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    ends: list[tuple[Case, str, float, float]] = []
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        project = prepare(scratch)
        for number, case in enumerate(cases()):
            called = f"{case.kind}: {case.what}"
            if options.only and not re.search(options.only, called):
                continue
            if options.small and number % SMALL and not any(one in called for one in ALWAYS):
                continue
            folder = scratch / "file"
            folder.mkdir()
            try:
                case.make(folder / case.name)
            except (pa.ArrowException, OSError):  # not every type can be stored
                shutil.rmtree(folder)
                continue
            end = tried(case, project, folder / case.name)
            shutil.rmtree(folder)
            ends.append((case, *end))
            if options.verbose or end[0].startswith("FAILED"):
                print(f"{called} [{end[1]:.1f} s, {end[2]:.0f} MB] {end[0]:.400}", flush=True)
    write_table(ends)
    failed = sum(how.startswith("FAILED") for _, how, *_ in ends)
    print(f"{len(ends)} files tried, {len(ends) - failed} survived; see {RESULTS}")
    return int(failed > 0)


def write_table(ends: list[tuple[Case, str, float, float]]) -> None:
    """Write how many files of each kind were tried, adopted, refused, and survived."""
    kinds = list(dict.fromkeys(case.kind for case, *_ in ends))
    lines = [
        "| kind of file | tried | survived | adopted and predicted | refused with a sentence | slowest (s) | most memory (MB) |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for kind in [*kinds, "all"]:
        own = [one for one in ends if kind in (one[0].kind, "all")]
        count = Counter(
            "failed"
            if how.startswith("FAILED")
            else "refused"
            if "refuse" in how or "rejects" in how
            else "used"
            for _, how, *_ in own
        )
        lines.append(
            f"| {kind} | {len(own)} | {len(own) - count['failed']} | {count['used']} | {count['refused']} | "
            f"{max(one[2] for one in own):.1f} | {max(max(one[3] for one in own), 0):.0f} |"
        )
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
