"""Refuse answers that cannot become a project: one sentence on stderr, exit 1, nothing left behind.

Runs in the new, still empty project folder, which cookiecutter removes when this fails.
"""

import difflib
import json
import os
import re
import shutil
import sys
import tempfile
import unicodedata
from pathlib import Path
from urllib.parse import urlsplit

# The only Jinja in this file: JSON inside a raw string cannot end it, whatever was answered.
ANSWERS = json.loads(r"""<<cookiecutter|jsonify>>""")

CHOICES = {
    "licence": ("MIT", "Apache-2.0", "BSD-3-Clause", "Proprietary"),
    "python_version": ("3.11", "3.12", "3.13"),
    "task": ("auto", "binary", "multiclass", "regression"),
    "setup": ("yes", "no"),
}
# What `pedigree adopt` can read, each also packed.
KINDS = tuple(
    kind + packed
    for kind in (
        *(".csv", ".tsv", ".txt", ".parquet", ".feather", ".arrow", ".jsonl", ".ndjson", ".json"),
        ".xlsx",
    )
    for packed in ("", ".gz", ".bz2", ".zst", ".zip")
)
TEXTS = ("project_name", "project", "description", "author", "data", "target", "remote")
EXAMPLE_TARGET = {
    "auto": "sex",
    "binary": "sex",
    "multiclass": "species",
    "regression": "body_mass_g",
}
RESERVED = {"con", "prn", "aux", "nul"} | {f"{x}{n}" for x in ("com", "lpt") for n in range(1, 10)}
# Line breaks, control characters, and marks that reorder or hide text. Those that join emoji stay.
UNPRINTABLE = {"Cc", "Cs", "Zl", "Zp"}
INVISIBLE = {"\u200b", "\u200e", "\u200f", "\ufeff", "\ufffe", "\uffff"} | {
    chr(code) for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))
}


class BadAnswer(Exception):
    """An answer that cannot be used; the message is the sentence to show."""


def check_texts() -> None:
    """Refuse answers that would break the files they are written into."""
    for name in TEXTS:
        answer = ANSWERS[name]
        if not isinstance(answer, str):
            raise BadAnswer(f"{name}: a text is expected, not {answer!r}.")
        for char in answer:
            if unicodedata.category(char) in UNPRINTABLE or char in INVISIBLE:
                raise BadAnswer(f"{name}: the character {char!a} is not allowed in an answer.")
        if "${" in answer:
            raise BadAnswer(f"{name}: '${{' is not allowed, it would be read as a reference.")
    for name in ("project_name", "author"):
        if not ANSWERS[name].strip():
            raise BadAnswer(f"{name}: must not be empty.")


def check_choices() -> None:
    """Refuse what is not on the list; a stored or replayed answer can be."""
    for name, choices in CHOICES.items():
        if ANSWERS[name] not in choices:
            raise BadAnswer(f"{name}: {ANSWERS[name]!r} is not one of {', '.join(choices)}.")


def check_project() -> None:
    """Refuse a slug that cannot name both a folder and a Python distribution."""
    slug = ANSWERS["project"]
    if not re.fullmatch(r"[a-z0-9]+([-_][a-z0-9]+)*", slug) or slug in RESERVED:
        raise BadAnswer(
            f"project: {slug!r} cannot name a folder and a Python project; use lower-case letters"
            " and digits, joined by single hyphens or underscores."
        )


def check_remote() -> None:
    """Refuse a remote that would put a password, or a broken line, into .dvc/config."""
    remote = ANSWERS["remote"]
    if '"' in remote or "%(" in remote:
        raise BadAnswer("remote: quotation marks and '%(' cannot be written into .dvc/config.")
    refuse_password("remote", remote)


def refuse_password(name: str, address: str) -> None:
    """Refuse an address that is none, or that would be committed with a password in it."""
    try:
        password = urlsplit(address).password
    except ValueError:
        raise BadAnswer(f"{name}: {address!r} is not a valid address.") from None
    if password:
        way_out = " and give it later with `dvc remote modify --local`" if name == "remote" else ""
        raise BadAnswer(
            f"{name}: the address holds a password, which would be committed; leave it out{way_out}."
        )


def check_python() -> None:
    """Refuse to set up an environment for a Python that is not there and cannot be fetched."""
    wanted = ANSWERS["python_version"]
    if ANSWERS["setup"] == "no" or sys.version_info >= tuple(map(int, wanted.split("."))):
        return
    newer = CHOICES["python_version"][CHOICES["python_version"].index(wanted) :]
    if not any(shutil.which(name) for name in ("uv", *(f"python{version}" for version in newer))):
        running = ".".join(map(str, sys.version_info[:2]))
        raise BadAnswer(
            f"python_version: {wanted} is wanted but only Python {running} is here; install Python"
            f" {wanted} or uv, or answer setup with no."
        )


def find_data(answer: str) -> Path | None:
    """Find the user's file.

    A relative path is meant from where cookiecutter was started. Hooks run inside the new project,
    so that place is taken from PWD, which shells keep; failing that, it is looked for beside the
    new project.

    Parameters
    ----------
    answer : str
        The path as given; ``~`` is the home folder.

    Returns
    -------
    Path or None
        The path that exists, if any does.
    """
    starts = (Path(os.environ.get("PWD", "..")), Path.cwd().parent)
    home = os.path.expanduser(answer)  # noqa: PTH111 (Path's raises for an unknown user)
    paths = [start / home for start in starts]
    return next((path for path in paths if path.exists()), None)


def check_data() -> None:
    """Refuse data that cannot be read as a table, or a target that is not in it."""
    data, target, problem = ANSWERS["data"], ANSWERS["target"], ANSWERS["__problem"]
    if not data:
        if target not in ("", EXAMPLE_TARGET[problem]):
            raise BadAnswer(
                f"target: the bundled example's is {EXAMPLE_TARGET[problem]!r} for {problem}; leave it"
                " empty, or say in data where your own file is."
            )
        return
    if not target:
        raise BadAnswer("target: say which column of your data is to be predicted.")
    if "://" in data:
        refuse_password("data", data)
        return
    path = find_data(data)
    if path is None:
        raise BadAnswer(f"data: there is no file {data!r}.")
    if not path.is_dir():
        check_file(path)


def check_file(path: Path) -> None:
    """Refuse a file that is plainly no data; the rest is for `pedigree adopt`, which can read all kinds."""
    if not path.stat().st_size:
        raise BadAnswer(f"data: {path.name!r} is empty.")
    if not path.name.lower().endswith(KINDS):
        raise BadAnswer(f"data: {path.name!r} is not named like one of {', '.join(KINDS)}.")
    if path.suffix.lower() not in (".csv", ".tsv", ".txt"):
        return
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            text = file.read(100_000)
    except UnicodeDecodeError:
        return
    target, header = ANSWERS["target"], next(filter(None, text.splitlines()), "")
    if target in text or re.fullmatch(r"column_\d+", target):
        return
    names = [name.strip("\"' ") for name in re.split(r"[,;\t|]", header)]
    near = difflib.get_close_matches(target.lower(), [name.lower() for name in names], 1)
    close = [name for name in names if name.lower() in near]
    hint = f"did you mean {close[0]!r}?" if close else f"its columns are {', '.join(names[:20])}."
    raise BadAnswer(f"target: {path.name!r} has no column {target!r}; {hint}")


def regenerating() -> bool:
    """Tell whether `cruft update` or `cruft diff` renders the template only to compare it.

    Only cruft puts the template's commit among the answers, and to compare it renders into a
    temporary folder that holds nothing else. The data may be gone from where it was by then, and
    is in the project already.
    """
    parent = Path.cwd().parent
    temporary = parent.parent == Path(tempfile.gettempdir()).resolve()
    return "_commit" in ANSWERS and temporary and len(list(parent.iterdir())) == 1


def main() -> None:
    """Check all answers; the first bad one ends it."""
    check_texts()
    check_choices()
    check_project()
    check_remote()
    if not regenerating():
        check_python()
        check_data()


if __name__ == "__main__":
    try:
        main()
    except (BadAnswer, OSError) as problem:
        sys.exit(f"{problem}")
