"""Validate the answers: for an invalid one, print one sentence on stderr and exit with 1, without leaving files.

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

# The only Jinja in this file. JSON cannot end a raw string, whatever the answers are.
ANSWERS = json.loads(r"""<<cookiecutter|jsonify>>""")

CHOICES = {
    "licence": ("MIT", "Apache-2.0", "BSD-3-Clause", "Proprietary"),
    "python_version": ("3.11", "3.12", "3.13"),
    "task": ("auto", "binary", "multiclass", "regression"),
    "setup": ("yes", "no"),
}
# Suffixes of files that `pedigree adopt` can read, each also compressed.
KINDS = tuple(
    kind + packed
    for kind in (
        *(".csv", ".tsv", ".txt", ".parquet", ".feather", ".arrow", ".jsonl", ".ndjson", ".json"),
        ".xlsx",
    )
    for packed in ("", ".gz", ".bz2", ".zst", ".zip")
)
# Schemes of addresses for which DVC has a kind of remote; an address without a host is a local path.
REMOTES = (
    *("s3", "gs", "azure", "ssh", "hdfs", "webhdfs"),
    *("oss", "gdrive", "http", "https", "webdav", "webdavs"),
)
SPACE = 10_000_000  # bytes that the files of a project take, in blocks of 4 kB
TEXTS = ("project_name", "project", "description", "author", "data", "target", "remote")
EXAMPLE_TARGET = {
    "auto": "sex",
    "binary": "sex",
    "multiclass": "species",
    "regression": "body_mass_g",
}
RESERVED = {"con", "prn", "aux", "nul"} | {f"{x}{n}" for x in ("com", "lpt") for n in range(1, 10)}
# What credentials look like: as in pedigree/base/secrets/forms.py of the project, which a hook cannot import.
CREDENTIALS = (
    ("an AWS access key", r"""\bA(?:KIA|SIA|BIA|CCA)[A-Z0-9]{16}\b"""),
    ("an Azure key", r"""(?i:\b(?:Account|SharedAccess)Key=[A-Za-z0-9+/]{16,})"""),
    ("a Google API key", r"""\bAIza[\w-]{30,}"""),
    ("a Google OAuth token", r"""\b(?:ya29\.|GOCSPX-)[\w-]{20,}"""),
    ("a GitHub token", r"""\b(?:gh[opsru]_[A-Za-z0-9]{20,}|github_pat_\w{20,})"""),
    ("a GitLab token", r"""\bgl(?:pat|oas|dt|rt|cbt|ptt|ft|imt|agent|soat|ffct)-[\w.-]{16,}"""),
    ("a Slack token", r"""\bx(?:ox[a-z]|app)-[\w-]{10,}|\bhooks\.slack\.com/(?:services|workflows)/\w+"""),
    ("a Discord webhook", r"""\bdiscord(?:app)?\.com/api/webhooks/\d+/[\w-]{20,}"""),
    ("a Telegram token", r"""\b\d{8,10}:AA[\w-]{30,}"""),
    ("an API key of the form sk-", r"""\bsk-(?:[A-Za-z0-9]{20,}|(?:ant|proj|svcacct|admin|or)-[\w-]{10,}|(?=[\w-]*\d)(?=[\w-]*[A-Z])[\w-]{20,})"""),
    ("a Groq, xAI or Replicate key", r"""\b(?:gsk_|xai-|r8_)[A-Za-z0-9]{30,}"""),
    ("a Hugging Face token", r"""\bhf_[A-Za-z0-9]{20,}"""),
    ("a Stripe key", r"""\b(?:[sr]k_(?:live|test)|whsec)_[A-Za-z0-9]{10,}"""),
    ("a SendGrid key", r"""\bSG\.[\w-]{16,}\.[\w-]{16,}"""),
    ("an npm token", r"""\bnpm_[A-Za-z0-9]{30,}"""),
    ("a PyPI token", r"""\bpypi-(?:AgE[\w-]{20,}|[\w-]{50,})"""),
    ("a Docker token", r"""\bdckr_(?:pat|oat)_[\w-]{20,}"""),
    ("a Databricks token", r"""\bdapi[0-9a-f]{32}"""),
    ("a DigitalOcean token", r"""\bdo[opr]_v1_[0-9a-f]{40,}"""),
    ("a Vault token", r"""\bhv[sbr]\.[\w-]{20,}"""),
    ("a Shopify token", r"""\bshp(?:at|ca|pa|ss|ua)_[0-9a-fA-F]{30,}"""),
    ("a Grafana token", r"""\bgl(?:sa|c)_[\w=]{30,}"""),
    ("a Postman key", r"""\bPMAK-[0-9a-f]{20,}"""),
    ("an Atlassian token", r"""\bAT[AC]TT3[\w=-]{20,}"""),
    ("a JSON Web Token", r"""\beyJ[\w-]{8,}\.eyJ[\w-]{4,}\.[\w-]*"""),
    ("a private key", r"""-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY|\bAGE-SECRET-KEY-1\w{20,}"""),
    ("an Authorization header", r"""(?i:\b(?:bearer|basic)\s+(?=\S*[0-9=])[\w.~+/=-]{16,})"""),
    ("a password of a connection", r"""(?i:(?<![\w$:@])(?:password|passwd|pwd)=(?![:@?%$*'\"{])[^\s;&,)'\"]{3,})"""),
    ("a user and password of an address", r"""://[^/\s:@?#]*:[^/\s@]+@|\bhttps?://[^/\s:@?#]+@"""),
    ("a credential in the query of an address", r"""(?i:[?&;](?:[\w.%-]*[_.%-])?(?:(?:(?:api|app|access|account|auth|consumer|master|private|secret|service|subscription)[_-]?key|token|secret|password|passwd|pwd|passphrase|signature|sig|credentials?)=[^&#\s]|(?<![\w.-])(?:key|code|appid|auth|session[_-]?id)=(?:(?=[\w.~+/=%-]*\d)(?=[\w.~+/=%-]*[A-Za-z])[\w.~+/=%-]{6,}|[\w.~+/=%-]{24,})))"""),
)  # fmt: skip
# Line breaks, control characters, and characters that reorder or hide text, except those that join emoji.
UNPRINTABLE = {"Cc", "Cs", "Zl", "Zp"}
INVISIBLE = {"\u200b", "\u200e", "\u200f", "\ufeff", "\ufffe", "\uffff"} | {
    chr(code) for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))
}


class BadAnswer(Exception):
    """An invalid answer; the message is the sentence to print."""


def check_texts() -> None:
    """Raise an error for answers that would make the files they are written to invalid."""
    for name in TEXTS:
        answer = ANSWERS[name]
        if not isinstance(answer, str):
            raise BadAnswer(f"{name}: a string is expected, not {answer!r}.")
        for char in answer:
            if unicodedata.category(char) in UNPRINTABLE or char in INVISIBLE:
                raise BadAnswer(
                    f"{name}: the character {char!a} is not allowed in an answer; remove it."
                )
        refuse_credential(name, answer)
        if "${" in answer:
            raise BadAnswer(
                f"{name}: '${{' is not allowed, since it would be read as a reference; remove it."
            )
    for name in ("project_name", "author"):
        if not ANSWERS[name].strip():
            raise BadAnswer(f"{name}: must not be empty.")


def check_choices() -> None:
    """Raise an error for answers that are not in the list of choices, as stored or replayed answers may be."""
    for name, choices in CHOICES.items():
        if ANSWERS[name] not in choices:
            raise BadAnswer(f"{name}: {ANSWERS[name]!r} is not one of {', '.join(choices)}.")


def check_project() -> None:
    """Raise an error for a slug that is not a valid name of a folder and of a Python distribution."""
    slug = ANSWERS["project"]
    if not re.fullmatch(r"[a-z0-9]+([-_][a-z0-9]+)*", slug) or slug in RESERVED:
        raise BadAnswer(
            f"project: {slug!r} cannot name a folder and a Python project; use lower-case letters"
            " and digits, joined by single hyphens or underscores."
        )


def check_remote() -> None:
    """Raise an error for a remote that DVC does not support, or that cannot be written into .dvc/config."""
    remote = ANSWERS["remote"]
    if '"' in remote or "%(" in remote:
        raise BadAnswer("remote: quotation marks and '%(' cannot be written into .dvc/config.")
    check_address("remote", remote)
    address = urlsplit(remote)
    if address.netloc and address.scheme not in ("", *REMOTES):
        raise BadAnswer(
            f"remote: DVC has no remote for {address.scheme}://; use a path or one of"
            f" {', '.join(f'{scheme}://' for scheme in REMOTES)}."
        )


def refuse_credential(name: str, answer: str) -> None:
    """Raise an error for an answer that contains a credential: it would be committed, and is not shown."""
    for kind, pattern in CREDENTIALS:
        if re.search(pattern, answer):
            way_out = (
                " and set it later with `dvc remote modify --local`" if name == "remote" else ""
            )
            raise BadAnswer(
                f"{name}: the answer contains what looks like {kind}, which would be committed; remove it{way_out}."
            )


def check_address(name: str, address: str) -> None:
    """Raise an error for an invalid address."""
    try:
        urlsplit(address)
    except ValueError:
        raise BadAnswer(f"{name}: {address!r} is not a valid address.") from None


def check_python() -> None:
    """Raise an error if the environment requires a Python that is neither installed nor available through uv."""
    wanted = ANSWERS["python_version"]
    if ANSWERS["setup"] == "no" or sys.version_info >= tuple(map(int, wanted.split("."))):
        return
    newer = CHOICES["python_version"][CHOICES["python_version"].index(wanted) :]
    if not any(shutil.which(name) for name in ("uv", *(f"python{version}" for version in newer))):
        running = ".".join(map(str, sys.version_info[:2]))
        raise BadAnswer(
            f"python_version: {wanted} is required, but only Python {running} is installed; install Python"
            f" {wanted} or uv, or answer setup with no."
        )


def check_space() -> None:
    """Raise an error if the disk has no room for the files, of which cookiecutter would leave the first ones."""
    path = find_data(ANSWERS["data"]) if ANSWERS["data"] else None
    files = path.rglob("*") if path and path.is_dir() else filter(None, [path])
    needed = SPACE + sum(file.stat().st_size for file in files)
    free = shutil.disk_usage(Path.cwd()).free
    if free < needed:
        raise BadAnswer(
            f"{Path.cwd().parent} has {free / 1e6:.1f} MB left, but the project takes {needed / 1e6:.0f} MB; free some"
            " space, or choose another folder."
        )


def find_data(answer: str) -> Path | None:
    """Find the user's file.

    A relative path is relative to the folder in which cookiecutter was started. Hooks run inside the new
    project, so that folder is taken from PWD, which shells set; otherwise the folder of the new project
    is searched.

    Parameters
    ----------
    answer : str
        The path as entered; ``~`` is the home folder.

    Returns
    -------
    Path or None
        The existing path, or None.
    """
    starts = (Path(os.environ.get("PWD", "..")), Path.cwd().parent)
    home = os.path.expanduser(answer)  # noqa: PTH111 (Path's raises for an unknown user)
    paths = [start / home for start in starts]
    return next((path for path in paths if path.exists()), None)


def check_data() -> None:
    """Raise an error for data that is not a table, or a target that is not a column of it."""
    data, target, problem = ANSWERS["data"], ANSWERS["target"], ANSWERS["__problem"]
    if not data:
        if target not in ("", EXAMPLE_TARGET[problem]):
            raise BadAnswer(
                f"target: the bundled example's is {EXAMPLE_TARGET[problem]!r} for {problem}; leave it"
                " empty, or set data to the path of your own file."
            )
        return
    if not target:
        raise BadAnswer("target: enter the column of your data that is to be predicted.")
    if "://" in data:
        check_address("data", data)
        return
    path = find_data(data)
    if path is None:
        raise BadAnswer(f"data: the file {data!r} does not exist; check the path.")
    if not path.is_dir():
        check_file(path)


def check_file(path: Path) -> None:
    """Raise an error for files that are clearly not data; `pedigree adopt` checks the rest."""
    if not path.stat().st_size:
        raise BadAnswer(f"data: {path.name!r} is empty.")
    if not path.name.lower().endswith(KINDS):
        raise BadAnswer(
            f"data: {path.name!r} has an unknown suffix; use one of {', '.join(KINDS)}."
        )
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
    raise BadAnswer(f"target: {target!r} is not a column of {path.name!r}; {hint}")


def regenerating() -> bool:
    """Return whether `cruft update` or `cruft diff` renders the template only for a comparison.

    Only cruft adds the template's commit to the answers, and for a comparison it renders into an
    empty temporary folder. The original data may not exist any more then, but is in the
    project already.
    """
    parent = Path.cwd().parent
    temporary = parent.parent == Path(tempfile.gettempdir()).resolve()
    return "_commit" in ANSWERS and temporary and len(list(parent.iterdir())) == 1


def main() -> None:
    """Check all answers; the first invalid one raises an error."""
    check_texts()
    check_choices()
    check_project()
    check_remote()
    if not regenerating():
        check_python()
        check_data()
        check_space()


if __name__ == "__main__":
    try:
        main()
    except (BadAnswer, OSError) as problem:
        sys.exit(f"{problem}")
