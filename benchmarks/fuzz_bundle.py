"""Open thousands of damaged and crafted bundles, and watch what the process does.

A case is a copy of the bundle of a finished project with one random change, by a fixed seed. Half of the changes are not
sealed again: each must be refused. The other half is, as an attacker would do: such a bundle may load and predict
anything, or be refused in a sentence; it must not import, start, connect to, read or write anything that an honest one
does not, nor take more than a minute or two gigabytes. A worker with an audit hook (`sys.addaudithook`) opens them; if it
dies, the case has failed, and another worker goes on.

The table is written to build/fuzz_bundle.md; the exit code is 1 if a case did not survive.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
SECONDS = 60  # for a case
BYTES = 2 * 2**30  # of address space beyond that of an honest bundle
# Strings and numbers that a crafted file could contain.
HOSTILE: list[Any] = [
    *("os.system", "pandas.read_pickle", "builtins.eval", "subprocess.run", "numpy.f2py.run_main"),
    *("pedigree.base.git.git", "pipeline.custom.sources.x", "antigravity.x", "sklearn.datasets.fetch_openml"),
    *("/etc/passwd", "http://127.0.0.1:9/x", "${oc.env:HOME}", "__import__('os').getcwd()", "x" * 100_000),
    *("", "\ud800", "(a+)+$", None, True, -1, 0, 2**31, 2**63, 10**400, 1e308, float("nan"), [], {}, [[]] * 99),
    *("FunctionNode", "PartialNode", "ObjectNode", "MethodNode", "CachedNode", "DictNode", "NdArrayNode"),
    *({"_target_": "os.getcwd"}, {"__loader__": "FunctionNode", "__module__": "os", "__class__": "system"}),
]  # fmt: skip
NATIVE = "CatBoost's own bytes"
FORBIDDEN = (
    *("subprocess.", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.kill", "pty.", "socket."),
    *("os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.chmod", "os.symlink", "os.link", "shutil."),
    *("pickle.find_class", "urllib.", "http.", "ftplib.", "smtplib.", "sqlite3.", "ctypes.dlopen"),
    *("tempfile.", "webbrowser.", "exec", "code.__new__"),
)  # fmt: skip


def mutated(content: bytes, chance: random.Random) -> bytes:
    """Change some bytes: flip, cut off, insert or repeat."""
    place = chance.randrange(len(content) + 1)
    size = chance.choice((1, 1, 4, 64))
    return chance.choice(
        [
            content[:place] + bytes([chance.randrange(256)]) * size + content[place + size :],
            content[:place],
            content[:place] + chance.randbytes(size) + content[place:],
            content[:place] + content[max(0, place - size) :],
        ]
    )


def edited(data: Any, chance: random.Random) -> Any:
    """Replace, remove or copy a random part of a JSON document."""
    holders = [(one, key) for one in _containers(data) for key in _keys(one)]
    if not holders:
        return chance.choice(HOSTILE)
    for _ in range(chance.choice((1, 1, 2, 5))):
        holder, key = chance.choice(holders)
        other, name = chance.choice(holders)
        if key not in _keys(holder) or name not in _keys(other):
            continue
        match chance.randrange(4):
            case 0:
                del holder[key]
            case 1:
                holder[key] = json.loads(json.dumps(other[name]))
            case _:
                holder[key] = chance.choice(HOSTILE)
    return data


def _containers(data: Any) -> Iterator[Any]:
    waiting = [data]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict | list):
            yield one
            waiting += one.values() if isinstance(one, dict) else one


def _keys(one: Any) -> list[Any]:
    return list(one) if isinstance(one, dict) else list(range(len(one)))


def edit_file(path: Path, chance: random.Random) -> str:
    """Edit a JSON file, or the description or an array in an archive of objects; return what was edited."""
    if path.suffix != ".skops":
        path.write_text(json.dumps(edited(json.loads(path.read_text()), chance)))
        return "JSON"
    with zipfile.ZipFile(path) as source:
        files = {name: source.read(name) for name in source.namelist()}
    name = chance.choice(["schema.json", "schema.json", "schema.json", *files])
    if name == "schema.json":
        files[name] = json.dumps(edited(json.loads(files[name]), chance)).encode()
    else:
        files[name] = mutated(files[name], chance)
    with zipfile.ZipFile(path, "w") as out:
        for one, content in files.items():
            out.writestr(one, content)
    return NATIVE if name.endswith(".bin") else "objects"


def change(folder: Path, case: int, seal: Callable[[Path], str]) -> str:
    """Apply the change of a case to a copy of a bundle; return its kind."""
    chance = random.Random(case)
    files = sorted(path for path in folder.iterdir() if path.suffix in (".json", ".skops"))
    path = chance.choice(files)
    if case % 2:
        before = path.read_bytes()
        while (after := mutated(before, chance)) == before:
            pass
        path.write_bytes(after)
        return "bytes, not sealed"
    path = chance.choice([one for one in files if one.name != "sha256.json"])
    if chance.random() < 0.2:
        path.write_bytes(mutated(path.read_bytes(), chance))
        kind = "bytes"
    else:
        kind = edit_file(path, chance)
    seal(folder)
    return f"{kind}, sealed again"


class Watch:
    """Records what an honest bundle does not do, while a case runs."""

    def __init__(self) -> None:
        self.folder, self.active = "", False
        self.found: list[str] = []
        self.known = {name.partition(".")[0] for name in sys.modules}
        sys.addaudithook(self._hook)

    def _hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.active:
            return
        if event == "open":
            path, mode, _ = arguments
            reads = isinstance(mode, str) and not set(mode) & set("wax+")
            places = (self.folder, sys.prefix, sys.base_prefix, str(ROOT), "<")
            if not (reads and str(path).startswith(places)):
                self.found.append(f"open {path} {mode}")
        elif event == "import":
            if arguments[0].partition(".")[0] not in self.known:
                self.found.append(f"import {arguments[0]}")
        elif event == "exec" and arguments[0].co_filename.startswith((sys.prefix, sys.base_prefix)):
            pass  # a module of a known package
        elif event.startswith(FORBIDDEN):
            self.found.append(f"{event} {arguments!r:.100}")

    @contextmanager
    def watching(self, folder: Path) -> Iterator[list[str]]:
        """Watch a block that may read the files of a folder; yield the list of what was found."""
        self.folder, self.found, self.active = str(folder), [], True
        try:
            yield self.found
        finally:
            self.active = False


class TooLong(BaseException):
    """A case took longer than it may."""


def work(project: Path, cases: range) -> None:
    """Open the bundles of some cases, and print a line of JSON for each."""
    os.chdir(project)
    sys.path.insert(0, str(project))
    from pedigree.base.names import UserError
    from pedigree.base.tables import read_table
    from pedigree.prediction.bundle import Bundle
    from pedigree.prediction.sealed import seal

    def too_long(*_: Any) -> None:
        raise TooLong

    signal.signal(signal.SIGALRM, too_long)
    rows = read_table(project / "data/loaded").head(3)
    honest = project / "models/bundle"

    def use(folder: Path) -> None:
        bundle = Bundle.load(folder)
        bundle.answer(bundle.check(rows.astype("object"))[0])

    watch = Watch()
    use(honest)
    with watch.watching(honest) as found:
        use(honest)
    watch.known |= {one.split()[1].partition(".")[0] for one in found if one.startswith("import ")}
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + BYTES, used + BYTES))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "bundle"
        for case in cases:
            shutil.rmtree(folder, ignore_errors=True)
            shutil.copytree(honest, folder)
            kind, outcome = change(folder, case, seal), "predicts"
            print(json.dumps({"begins": case, "kind": kind}), flush=True)
            with watch.watching(folder) as found:
                signal.alarm(SECONDS)
                try:
                    use(folder)
                except UserError:
                    outcome = "refused"
                except TooLong:
                    outcome = "too long"
                except Exception as error:
                    outcome = f"traceback: {type(error).__name__}: {error!s:.200}"
                finally:
                    signal.alarm(0)
            if found:
                outcome = f"forbidden: {found[0]}"
            print(json.dumps({"case": case, "kind": kind, "outcome": outcome}), flush=True)


def finished_project(folder: Path) -> Path:
    """Generate the default project, and run its stages up to the bundle."""
    from speed import ENVIRONMENT, generate

    project: Path = generate(folder)
    subprocess.run(["dvc", "repro", "--quiet", "package"], cwd=project, env=ENVIRONMENT, check=True)
    return project


def run(project: Path, cases: int) -> list[dict[str, Any]]:
    """Open the bundles of all cases in workers; return a dictionary of case, kind and outcome for each."""
    done: list[dict[str, Any]] = []
    begun, kind = -1, ""
    while begun + 1 < cases:
        command = [sys.executable, __file__, "--project", str(project), "--cases", str(cases)]
        command += ["--from-case", str(begun + 1)]
        environment = os.environ | {"PYTHONWARNINGS": "ignore"}
        worker = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
        assert worker.stdout
        first = begun
        for line in worker.stdout:
            report = json.loads(line)
            if "begins" in report:
                begun, kind = report["begins"], report["kind"]
            else:
                done.append(report)
        code = worker.wait()
        if begun == first:
            raise SystemExit(f"the worker ended with {code} before it opened a bundle")
        if code:
            done.append({"case": begun, "kind": kind, "outcome": f"crash (exit code {code})"})
    return done


def survived(report: dict[str, Any]) -> bool:
    """Return whether a case ended as it may."""
    good = ("refused",) if report["kind"].endswith("not sealed") else ("refused", "predicts")
    return report["outcome"] in good


def table(done: list[dict[str, Any]]) -> str:
    """Write the table of docs/reliability.md."""
    lines = [
        "| change | tried | refused | predicts | crashed | failed |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    for kind in sorted({one["kind"] for one in done}):
        some = [one for one in done if one["kind"] == kind]
        count = Counter(one["outcome"] for one in some)
        crashed = sum(one["outcome"].startswith("crash") for one in some)
        failed = len(some) - sum(map(survived, some))
        lines.append(
            f"| {kind} | {len(some):,} | {count['refused']:,} | {count['predicts']:,} | {crashed:,} | {failed:,} |"
        )
    return "\n".join(lines) + "\n"


def main() -> int:
    """Run all cases, or those of one worker."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--project", type=Path, help="folder of a finished project; default: a new one"
    )
    parser.add_argument(
        "--cases", type=int, default=5000, help="number of bundles (default: %(default)s)"
    )
    parser.add_argument("--from-case", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.from_case is not None:
        work(options.project, range(options.from_case, options.cases))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        project = options.project or finished_project(Path(folder, "made"))
        done = run(project.resolve(), options.cases)
    (ROOT / "build").mkdir(exist_ok=True)
    (ROOT / "build/fuzz_bundle.md").write_text(table(done), encoding="utf-8")
    print(table(done), end="")
    failed = [one for one in done if not survived(one)]
    for one in failed[:50]:
        print(f"case {one['case']} ({one['kind']}): {one['outcome']}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
