"""Remove files of other choices, then set up the new project: Git, environment, data, first commit.

Runs in the finished project folder. The files are complete in any case. If a command fails, or setup
was declined, the remaining commands are printed for the user to run; both use one list (`commands`).
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
from contextlib import contextmanager
from pathlib import Path

# The only Jinja in this file. JSON cannot end a raw string, whatever the answers are.
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
# The extra for each kind of store, with the schemes of its addresses.
STORES = {
    "s3": ("s3", "s3a"),
    "gs": ("gs", "gcs"),
    "azure": ("azure", "az", "abfs", "abfss", "adl"),
}
DEPENDABOT = Path(".github/dependabot.yml")
DVC_CONFIG = Path(".dvc/config")
WORKFLOWS = (Path(".github/workflows/ci.yml"), Path(".github/workflows/audit.yml"))
CACHES = ("__pycache__", ".hypothesis", ".mypy_cache", ".pytest_cache", ".ruff_cache")


def find_data(answer: str) -> Path | None:
    """Find the user's file; see the function of this name in pre_gen_project.py."""
    starts = (Path(os.environ.get("PWD", "..")), Path.cwd().parent)
    home = os.path.expanduser(answer)  # noqa: PTH111 (Path's raises for an unknown user)
    paths = [start / home for start in starts]
    return next((path for path in paths if path.exists()), None)


def regenerating() -> bool:
    """Return whether cruft renders the template only for a comparison; see pre_gen_project.py."""
    parent = Path.cwd().parent
    temporary = parent.parent == Path(tempfile.gettempdir()).resolve()
    return "_commit" in ANSWERS and temporary and len(list(parent.iterdir())) == 1


def check_name() -> None:
    """Raise an error for a project with the name of a required package, which pip would confuse."""
    pinned = re.findall(
        r"^([\w-]+)==", Path("constraints.txt").read_text(encoding="utf-8"), re.MULTILINE
    )
    if ANSWERS["project"].replace("_", "-") in pinned:
        sys.exit(
            f"project: {ANSWERS['project']!r} is the name of a package that the project requires;"
            " choose another name."
        )


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path that takes the place of a path if the block succeeds, so that no incomplete file is left."""
    new = path.with_name(f".new-{os.getpid()}-{path.name}")
    try:
        yield new
        new.replace(path)
    except OSError as problem:
        # copytree collects its errors: source, target and reason of each.
        reason = problem.args[0][0][2] if isinstance(problem, shutil.Error) else problem.strerror
        sys.exit(f"{path} cannot be written: {reason}; nothing was generated.")
    finally:
        if new.is_dir():
            shutil.rmtree(new, ignore_errors=True)
        else:
            new.unlink(missing_ok=True)


def write(text: str, path: Path) -> None:
    """Write a text file."""
    with replacing(path) as new:
        new.write_text(text, encoding="utf-8", newline="\n")


def drop_caches() -> None:
    """Remove caches that work on the template itself may have left."""
    for name in CACHES:
        for folder in list(Path().rglob(name)):
            shutil.rmtree(folder, ignore_errors=True)


def choose_licence() -> None:
    """Write the chosen licence to LICENSE."""
    Path("licences", ANSWERS["licence"]).replace("LICENSE")
    shutil.rmtree("licences")


def drop_example() -> None:
    """Remove the files of the bundled example if the user's own data replaces it."""
    if ANSWERS["data"]:
        for path in map(Path, EXAMPLE_ONLY):
            path.unlink(missing_ok=True)


def copy_data() -> None:
    """Copy the user's file or folder to data/external/, where `collect` reads it and DVC tracks it."""
    if not ANSWERS["data"] or "://" in ANSWERS["data"]:
        return
    source = find_data(ANSWERS["data"]) or Path(ANSWERS["data"])
    place = Path("data/external", ANSWERS["__data_file"])
    copy = shutil.copytree if source.is_dir() else shutil.copyfile
    with replacing(place) as new:
        copy(source, new)


def extras() -> list[str]:
    """List the extras to install: `dev`, those of its stores, and `excel` if the data is an Excel file."""
    schemes = {ANSWERS[name].partition("://")[0] for name in ("remote", "data")}
    source = Path("data/external", ANSWERS["__data_file"])
    names = [path.name for path in source.rglob("*")] if source.is_dir() else [source.name]
    stores = [extra for extra, known in STORES.items() if schemes & set(known)]
    return ["dev", *stores, *(["excel"] if any(".xls" in name.lower() for name in names) else [])]


def record_extras() -> None:
    """Make `make setup`, which continuous integration also runs, install the same extras."""
    makefile = Path("Makefile")
    text = makefile.read_text(encoding="utf-8")
    text = text.replace("EXTRAS := dev\n", f"EXTRAS := {' '.join(extras())}\n")
    write(text, makefile)


def identity() -> list[str]:
    """Set an author for the first commit if Git has none.

    Returns
    -------
    list of str
        Options for ``git``; empty if the user's own name and address are set.
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
    """Return the root of the repository that contains the project, if there is one.

    A folder that the repository ignores is not part of it, and the project gets its own repository.
    """
    if Path(".git").exists() or capture("git", "check-ignore", "."):
        return None
    root = capture("git", "rev-parse", "--show-toplevel")
    return Path(root) if root else None


def fit_workflow(root: Path) -> None:
    """Let the workflows run in the project's folder, since they must be at the repository's root."""
    inside = Path.cwd().resolve().relative_to(root.resolve()).as_posix()
    for path in WORKFLOWS:
        text = path.read_text(encoding="utf-8")
        text = text.replace("name: ci\n", f"name: {ANSWERS['project']}\n")
        text = text.replace("name: audit\n", f"name: {ANSWERS['project']} audit\n")
        text = text.replace("working-directory: .\n", f"working-directory: {json.dumps(inside)}\n")
        write(text, path)
    text = DEPENDABOT.read_text(encoding="utf-8")
    text = text.replace(
        "pip\n    directory: /\n", f"pip\n    directory: {json.dumps('/' + inside)}\n"
    )
    write(text, DEPENDABOT)


def place_storage(root: Path) -> None:
    """Put the local storage beside the repository, since Git would track it beside the project."""
    beside = root.resolve().parent / f"{ANSWERS['project']}-dvc-storage"
    there = Path(os.path.relpath(beside, DVC_CONFIG.parent.resolve())).as_posix()
    text = DVC_CONFIG.read_text(encoding="utf-8")
    text = text.replace(f'"../../{beside.name}"', json.dumps(there))
    write(text, DVC_CONFIG)


def commands() -> Iterator[list[str]]:
    """Yield the commands that turn the files into a working project, in order.

    Yields
    ------
    list of str
        A command, to be run in the project's folder before the next one is requested.
    """
    shared = enclosing()
    python = str(TOOLS / "python")
    if not shared:
        yield ["git", "init", "--quiet", "-b", "main"]
    if shutil.which("uv"):
        yield ["uv", "venv", "--quiet", ".venv"]
        # The environment is named, since uv would otherwise use an active one. Bytecode is compiled
        # now: if Python may not write it, sixteen processes would compile it again in each run.
        install = ["uv", "pip", "install", "--quiet", "--python", ".venv", "--compile-bytecode"]
    else:
        yield [find_python(), "-m", "venv", ".venv"]
        install = [python, "-m", "pip", "install", "--quiet"]
    chosen = [word for name in ("core", *extras()) for word in ("-r", f"requirements/{name}.txt")]
    yield [*install, "--require-hashes", *chosen]
    yield [python, "-m", "pedigree", "prepare"]
    if ANSWERS["data"]:
        yield adopt()
    if shared:  # its owner decides what is committed there, and when
        return
    yield ["git", "add", "."]
    commit = ["-c", "commit.gpgsign=false", "commit", "--quiet", "--no-verify"]
    yield ["git", *identity(), *commit, "-m", "Start from the Pedigree template"]


def adopt() -> list[str]:
    """Return the command that scans the user's data and writes settings for it."""
    local = f"data/external/{ANSWERS['__data_file']}"
    data = ANSWERS["data"] if "://" in ANSWERS["data"] else local
    task = [] if ANSWERS["task"] == "auto" else ["--task", ANSWERS["task"]]
    python = str(TOOLS / "python")
    return [python, "-m", "pedigree", "adopt", data, f"--target={ANSWERS['target']}", *task]


def find_python() -> str:
    """Return a Python that is new enough: the running one, or one on PATH."""
    wanted = tuple(map(int, ANSWERS["python_version"].split(".")))
    if wanted <= sys.version_info[:2] < (3, 14):
        return sys.executable
    found = (shutil.which(f"python3.{minor}") for minor in range(wanted[1], 14))
    return next(filter(None, found), f"python{ANSWERS['python_version']}")


def environment() -> dict[str, str]:
    """Return the environment variables of the commands: the project's tools first, only its own repository."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if name not in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "VIRTUAL_ENV")
    }
    path = filter(None, (str(TOOLS.absolute()), os.environ.get("PATH")))
    return inherited | {"PATH": os.pathsep.join(path)}


def capture(*command: str) -> str:
    """Return the output of a command; empty if it cannot run."""
    try:
        done = subprocess.run(
            command, env=environment(), capture_output=True, encoding="utf-8", check=False
        )
    except OSError:
        return ""
    return done.stdout.strip()


def shown(command: list[str]) -> str:
    """Format a command as in a shell."""
    return subprocess.list2cmdline(command) if WINDOWS else shlex.join(command)


def run(command: list[str]) -> str | None:
    """Run a command without showing its output, except that of adopt.

    Returns
    -------
    str or None
        The end of its output if it failed, else None.
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
        The remaining commands.
    """
    print("Setting up the project (installing the packages takes a minute):", flush=True)
    for command in steps:
        if problem := run(command):
            if "adopt" in command:  # the data cannot be used; the project is removed
                sys.exit(problem.splitlines()[-1])
            print(f"\nThis command failed:\n{problem}", flush=True)
            return [command, *steps]
    return []


def report(left: list[list[str]]) -> None:
    """Print the remaining commands, and how to start."""
    activate = r".venv\Scripts\activate" if WINDOWS else ". .venv/bin/activate"
    begin = [shown(["cd", str(Path.cwd())]), *map(shown, left), activate, "dvc repro"]
    print(
        "\nThe files are ready. Run these commands:"
        if left
        else "\nThe project is ready. Start with:"
    )
    print(*(f"    {line}" for line in begin), sep="\n", flush=True)
    if shared := enclosing():
        there = [f".github/workflows/{ANSWERS['project']}{end}.yml" for end in ("", "-audit")]
        here = " and ".join(path.as_posix() for path in WORKFLOWS)
        print(
            f"The project is a folder of the Git repository {shared}, so nothing was committed. GitHub only uses workflows"
            f" at its root: move {here} to {' and '.join(there)} there, and add the entries of"
            f" {DEPENDABOT.as_posix()} to that of the root; all are already adapted to this folder."
        )
    if "_commit" in ANSWERS:
        print("and commit .cruft.json, which cruft writes last and `cruft update` requires.")


def main() -> None:
    """Finish the files, then set up the project if the user chose it."""
    check_name()
    drop_caches()
    choose_licence()
    drop_example()
    if not regenerating():
        copy_data()
    record_extras()
    if regenerating():
        return
    # An overwritten folder has its own history and environment, which belong to the user.
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
        sys.exit(f"the project could not be written: {problem}")
