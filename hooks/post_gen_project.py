"""Drop what was not chosen, then set the new project up: Git, environment, data, first commit.

Runs in the finished project folder. The files come out right in any case; a command that fails, or
was not wanted, is shown with those after it, to be run by hand. Both use one list (`commands`).
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

# The only Jinja in this file: JSON inside a raw string cannot end it, whatever was answered.
ANSWERS = json.loads(r"""<<cookiecutter|jsonify>>""")

WINDOWS = os.name == "nt"
TOOLS = Path(".venv", "Scripts" if WINDOWS else "bin")  # of the environment
EXAMPLE_ONLY = (
    "conf/clean/penguins.yaml",
    "conf/collect/example.yaml",
    "conf/engineer/penguins.yaml",
    "conf/problem/binary.yaml",
    "conf/problem/multiclass.yaml",
    "conf/problem/regression.yaml",
    "contracts/penguins.yaml",
    "data/incoming/penguins-2009.csv",
)
# The extra that reaches a store, by the schemes of its addresses.
STORES = {
    "s3": ("s3", "s3a"),
    "gs": ("gs", "gcs"),
    "azure": ("azure", "az", "abfs", "abfss", "adl"),
}
DEPENDABOT = Path(".github/dependabot.yml")
DVC_CONFIG = Path(".dvc/config")
WORKFLOW = Path(".github/workflows/ci.yml")
CACHES = ("__pycache__", ".hypothesis", ".mypy_cache", ".pytest_cache", ".ruff_cache")


def find_data(answer: str) -> Path | None:
    """Find the user's file; see the function of this name in pre_gen_project.py."""
    starts = (Path(os.environ.get("PWD", "..")), Path.cwd().parent)
    home = os.path.expanduser(answer)  # noqa: PTH111 (Path's raises for an unknown user)
    paths = [start / home for start in starts]
    return next((path for path in paths if path.exists()), None)


def regenerating() -> bool:
    """Tell whether cruft renders the template only to compare it; see pre_gen_project.py."""
    parent = Path.cwd().parent
    temporary = parent.parent == Path(tempfile.gettempdir()).resolve()
    return "_commit" in ANSWERS and temporary and len(list(parent.iterdir())) == 1


def check_name() -> None:
    """Refuse a project that bears the name of a package it needs; pip would mix them up."""
    pinned = re.findall(
        r"^([\w-]+)==", Path("constraints.txt").read_text(encoding="utf-8"), re.MULTILINE
    )
    if ANSWERS["project"].replace("_", "-") in pinned:
        sys.exit(f"project: {ANSWERS['project']!r} is the name of a package that the project uses.")


def drop_caches() -> None:
    """Remove what working on the template itself may have left in it."""
    for name in CACHES:
        for folder in list(Path().rglob(name)):
            shutil.rmtree(folder, ignore_errors=True)


def choose_licence() -> None:
    """Keep the chosen licence as LICENSE."""
    Path("licences", ANSWERS["licence"]).replace("LICENSE")
    shutil.rmtree("licences")


def drop_example() -> None:
    """Leave out what belongs to the bundled example, where the user's own data take its place."""
    if ANSWERS["data"]:
        for path in map(Path, EXAMPLE_ONLY):
            path.unlink(missing_ok=True)


def copy_data() -> None:
    """Copy the user's file or folder to where `collect` reads it and DVC tracks it."""
    if not ANSWERS["data"] or "://" in ANSWERS["data"]:
        return
    source = find_data(ANSWERS["data"]) or Path(ANSWERS["data"])
    copy = shutil.copytree if source.is_dir() else shutil.copyfile
    copy(source, Path("data/external", ANSWERS["__data_file"]))


def extras() -> list[str]:
    """List the extras to install: what develops the project, its stores, and Excel's files if it begins with some."""
    schemes = {ANSWERS[name].partition("://")[0] for name in ("remote", "data")}
    source = Path("data/external", ANSWERS["__data_file"])
    names = [path.name for path in source.rglob("*")] if source.is_dir() else [source.name]
    stores = [extra for extra, known in STORES.items() if schemes & set(known)]
    return ["dev", *stores, *(["excel"] if any(".xls" in name.lower() for name in names) else [])]


def record_extras() -> None:
    """Let `make setup`, which continuous integration runs too, install the same."""
    makefile = Path("Makefile")
    text = makefile.read_text(encoding="utf-8")
    text = text.replace("EXTRAS := dev\n", f"EXTRAS := {' '.join(extras())}\n")
    makefile.write_text(text, encoding="utf-8", newline="\n")


def identity() -> list[str]:
    """Name an author for the first commit when Git knows none.

    Returns
    -------
    list of str
        Options for ``git``; empty when the user's own name and address are set.
    """
    if all(capture("git", "config", f"user.{key}") for key in ("name", "email")):
        return []
    name = re.sub(r"[<>].*", "", ANSWERS["author"]).strip(" .,:;\"'\\")
    address = re.search(r"[\w.+-]+@[\w.-]+\w", ANSWERS["author"], re.ASCII)
    return [
        *("-c", f"user.name={name or ANSWERS['project']}"),
        *("-c", f"user.email={address.group() if address else ANSWERS['project'] + '@localhost'}"),
    ]


def enclosing() -> Path | None:
    """Return the root of the repository that the project becomes a folder of, if it does.

    A folder that the repository ignores is none of it, and the project gets a repository of its own.
    """
    if Path(".git").exists() or capture("git", "check-ignore", "."):
        return None
    root = capture("git", "rev-parse", "--show-toplevel")
    return Path(root) if root else None


def fit_workflow(root: Path) -> None:
    """Let CI run in the project's folder, since what starts it has to lie at the repository's root."""
    inside = Path.cwd().resolve().relative_to(root.resolve()).as_posix()
    text = WORKFLOW.read_text(encoding="utf-8")
    text = text.replace("name: ci\n", f"name: {ANSWERS['project']}\n")
    text = text.replace("working-directory: .\n", f"working-directory: {json.dumps(inside)}\n")
    WORKFLOW.write_text(text, encoding="utf-8", newline="\n")
    text = DEPENDABOT.read_text(encoding="utf-8")
    text = text.replace(
        "pip\n    directory: /\n", f"pip\n    directory: {json.dumps('/' + inside)}\n"
    )
    DEPENDABOT.write_text(text, encoding="utf-8", newline="\n")


def place_storage(root: Path) -> None:
    """Put the local storage beside the repository, not beside the project, where Git would see it."""
    beside = root.resolve().parent / f"{ANSWERS['project']}-dvc-storage"
    there = Path(os.path.relpath(beside, DVC_CONFIG.parent.resolve())).as_posix()
    text = DVC_CONFIG.read_text(encoding="utf-8")
    text = text.replace(f'"../../{beside.name}"', json.dumps(there))
    DVC_CONFIG.write_text(text, encoding="utf-8", newline="\n")


def commands() -> Iterator[list[str]]:
    """List what turns the files into a working project, in order.

    Yields
    ------
    list of str
        A command, to be run in the project's folder before the next is asked for.
    """
    shared = enclosing()
    if not shared:
        yield ["git", "init", "--quiet", "-b", "main"]
    if shutil.which("uv"):
        yield ["uv", "venv", "--quiet", ".venv"]
        # The environment is named, lest uv takes one that happens to be active. Bytecode is
        # compiled now: where Python may not cache it, sixteen processes would, on each run.
        install = ["uv", "pip", "install", "--quiet", "--python", ".venv", "--compile-bytecode"]
        chosen = [word for extra in extras() for word in ("--extra", extra)]
        yield [*install, "-c", "constraints.txt", "-r", "pyproject.toml", *chosen]
    else:
        yield [find_python(), "-m", "venv", ".venv"]
        install = [str(TOOLS / "python"), "-m", "pip", "install", "--quiet"]
        yield [*install, "-c", "constraints.txt", f".[{','.join(extras())}]"]
    if ANSWERS["data"]:
        yield adopt()
    if shared:  # what is committed there, and when, is its owner's to say
        return
    yield ["git", "add", "."]
    commit = ["-c", "commit.gpgsign=false", "commit", "--quiet", "--no-verify"]
    yield ["git", *identity(), *commit, "-m", "Start from the Pedigree template"]


def adopt() -> list[str]:
    """Return the command that looks at the user's data and writes the settings for it."""
    local = f"data/external/{ANSWERS['__data_file']}"
    data = ANSWERS["data"] if "://" in ANSWERS["data"] else local
    task = [] if ANSWERS["task"] == "auto" else ["--task", ANSWERS["task"]]
    python = str(TOOLS / "python")
    return [python, "-m", "pedigree", "adopt", data, f"--target={ANSWERS['target']}", *task]


def find_python() -> str:
    """Find a Python that is new enough: the running one, or one on PATH."""
    wanted = tuple(map(int, ANSWERS["python_version"].split(".")))
    if wanted <= sys.version_info[:2] < (3, 14):
        return sys.executable
    found = (shutil.which(f"python3.{minor}") for minor in range(wanted[1], 14))
    return next(filter(None, found), f"python{ANSWERS['python_version']}")


def environment() -> dict[str, str]:
    """Return the commands' variables: the project's tools first, no repository but its own."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if name not in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "VIRTUAL_ENV")
    }
    path = filter(None, (str(TOOLS.absolute()), os.environ.get("PATH")))
    return inherited | {"PATH": os.pathsep.join(path)}


def capture(*command: str) -> str:
    """Return what a command prints; nothing if it cannot run."""
    try:
        done = subprocess.run(
            command, env=environment(), capture_output=True, encoding="utf-8", check=False
        )
    except OSError:
        return ""
    return done.stdout.strip()


def shown(command: list[str]) -> str:
    """Write a command as one would type it."""
    return subprocess.list2cmdline(command) if WINDOWS else shlex.join(command)


def run(command: list[str]) -> str | None:
    """Run a command quietly, but for what adopt decided about the user's data.

    Returns
    -------
    str or None
        Why it failed; None if it did not.
    """
    print(f"  $ {shown(command)}", flush=True)
    try:
        done = subprocess.run(
            command,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
        )
    except FileNotFoundError:
        return f"{command[0]} is not installed"
    except OSError as problem:
        return str(problem)
    except KeyboardInterrupt:
        return "interrupted"
    if done.returncode == 0:
        if "adopt" in command:
            print(f"\n{done.stdout}", flush=True)
        return None
    return "\n".join(done.stdout.strip().splitlines()[-15:]) or f"exit code {done.returncode}"


def set_up(steps: Iterator[list[str]]) -> list[list[str]]:
    """Run the commands until one fails.

    Returns
    -------
    list of list of str
        Those still to be run.
    """
    print("Setting the project up (the packages take a minute):", flush=True)
    for command in steps:
        if problem := run(command):
            if "adopt" in command:  # the data will not do, and nothing is left behind
                sys.exit(problem.splitlines()[-1])
            print(f"\nThis did not work:\n{problem}", flush=True)
            return [command, *steps]
    return []


def report(left: list[list[str]]) -> None:
    """Say what is still to be run, and how to begin."""
    activate = r".venv\Scripts\activate" if WINDOWS else ". .venv/bin/activate"
    begin = [shown(["cd", str(Path.cwd())]), *map(shown, left), activate, "dvc repro"]
    print("\nThe files are ready; still to be run:" if left else "\nReady. Begin with:")
    print(*(f"    {line}" for line in begin), sep="\n", flush=True)
    if shared := enclosing():
        there = Path(".github/workflows", f"{ANSWERS['project']}.yml")
        print(
            f"The project is a folder of the Git repository {shared}: nothing was committed. GitHub looks at its root"
            f" only: move {WORKFLOW.as_posix()} to {there.as_posix()} there, and add the entries of"
            f" {DEPENDABOT.as_posix()} to that of the root; both are written for this folder."
        )
    if "_commit" in ANSWERS:
        print("and commit .cruft.json, which cruft writes last and `cruft update` looks for.")


def main() -> None:
    """Finish the files, then set the project up if that was the answer."""
    check_name()
    drop_caches()
    choose_licence()
    drop_example()
    if not regenerating():
        copy_data()
    record_extras()
    if regenerating():
        return
    # A folder that was written over has its own history and environment: those are the user's.
    wanted = ANSWERS["setup"] == "yes" and not Path(".git").exists()
    if shared := enclosing():
        fit_workflow(shared)
        place_storage(shared)
    steps = commands()
    report(set_up(steps) if wanted else list(steps))


if __name__ == "__main__":
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")  # a terminal that cannot show an emoji
    try:
        main()
    except OSError as problem:
        sys.exit(f"The project could not be written: {problem}")
