"""Pin every package that pyproject.toml requires, with the hashes of its files.

Run it after an edit of the dependencies in pyproject.toml, then `make setup`. It writes constraints.txt (the exact versions)
and requirements/ (core.txt, and for each extra a file that includes it, with hashes), and needs uv and the network. Versions
in constraints.txt stay if they fit; delete the lines of packages that may move before. The extra `legacy` has versions
of its own, in constraints-legacy.txt.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from packaging.requirements import Requirement

from pedigree.base.command import parser, plain_errors
from pedigree.base.extras import LEGACY, PYPROJECT, REQUIREMENTS, TORCH, pins_of
from pedigree.base.files.replacing import write_text
from pedigree.base.names import UserError, counted, normalized

CORE = "core"
# What PyTorch's builds for Linux on PyPI require. Which build is right depends on the processor, so neither is pinned by a hash.
CUDA = re.compile(r"(cuda-|nvidia-(cu|nccl|nv)|triton==)")
HEADER = """\
# Made by `python -m pedigree requirements`. To install exactly these files:
#     uv pip install --require-hashes -r {file}
# or the same with pip.
"""


@plain_errors("requirements")
def main(arguments: Sequence[str] | None = None) -> int:
    """Write the files, or compare them with each other."""
    cli = parser("requirements", __doc__)
    cli.add_argument(
        "--check",
        action="store_true",
        help="only report where pyproject.toml and the files disagree; needs neither uv nor the network",
    )
    if not cli.parse_args(arguments).check:
        write_requirements()
    found = list(disagreements())
    print("\n".join(found) or "pyproject.toml, constraints.txt and requirements/ agree")
    if found:
        print("Run `python -m pedigree requirements`, which writes them anew.")
    return int(bool(found))


def write_requirements() -> None:
    """Resolve the core and all extras together, then the part of each with its hashes; write all files at the end.

    Raises
    ------
    UserError
        uv is not installed, or finds no solution.
    """
    extras = declared_requirements()
    texts: dict[Path, str] = {}
    for pins in {pins_of(extra): None for extra in extras}:
        text = pins.read_text(encoding="utf-8") if pins.exists() else ""
        chosen = [extra for extra in extras if extra != CORE and pins_of(extra) == pins]
        found = [one for one in resolve(text, chosen) if not CUDA.match(one)]
        texts[pins] = merged(text, found)
    core = resolve(texts[pins_of(CORE)], [])
    for extra in extras:
        file, own = REQUIREMENTS / f"{extra}.txt", core
        header = HEADER.format(file=file.as_posix())
        if extra != CORE:
            own = resolve(texts[pins_of(extra)], [extra])
        if extra not in (CORE, LEGACY):  # whose pandas is an older one
            header += f"-r {CORE}.txt\n"
            own = [one for one in own if one not in core]
        kept = [one for one in own if not CUDA.match(one) and not one.startswith(f"{TORCH}==")]
        texts[file] = header + "".join(f"{one}\n" for one in kept)
        print(f"{file.as_posix()}: {counted(len(kept), 'package')}", flush=True)
    for path, text in texts.items():
        write_text(text, path)


def resolve(pins: str, extras: Iterable[str]) -> list[str]:
    r"""Resolve the core and some extras for every system and Python that pyproject.toml names.

    Parameters
    ----------
    pins : str
        The lines of a file of pins: versions to keep if they fit.
    extras : iterable of str

    Returns
    -------
    list of str
        The lines of each package: ``name==version ; marker \`` and the hash of each of its files.
    """
    if not shutil.which("uv"):
        raise UserError("uv is not installed; run `pip install uv`.")
    oldest = re.search(r"(?<=>=)\s*3\.\d+", _project()["requires-python"])
    with TemporaryDirectory() as folder:
        output = Path(folder, "pins.txt")  # uv keeps the versions of the file that it writes
        output.write_text(pins, encoding="utf-8", newline="\n")
        command = ["uv", "pip", "compile", str(PYPROJECT), "--output-file", str(output), "--quiet"]
        command += ["--universal", "--generate-hashes", "--no-header", "--no-annotate"]
        command += ["--python-version", oldest[0].strip()] if oldest else []
        command += [f"--extra={extra}" for extra in extras]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise UserError(f"uv finds no solution: {done.stderr.strip()}")
        text = output.read_text(encoding="utf-8")
    found = re.findall(r"^\S.*(?:\n .*)*", text, re.MULTILINE)
    # uv repeats the environments of pyproject.toml as the marker of what is required in all of them.
    common = {normalized(one.name) for one in declared_requirements()[CORE] if not one.marker}
    markers = re.findall(r"^([\w.-]+)==\S+( ;.*?)(?: \\)?$", text, re.MULTILINE)
    counts = Counter(marker for name, marker in markers if name in common)
    everywhere = f"{max(counts, key=counts.__getitem__, default='')} \\\n"
    return [one.replace(everywhere, " \\\n", 1) for one in found]


def merged(text: str, found: Iterable[str]) -> str:
    """Put the resolved versions into a file of pins; its comment, equal versions and the pins of other packages stay."""
    lines = text.splitlines()
    comment = [line for line in lines if line.startswith("#")]
    old = {line.split()[0]: line for line in lines if line and line not in comment}
    new = {one.split()[0]: one.splitlines()[0].removesuffix(" \\") for one in found}
    names = {one.partition("==")[0] for one in new}
    others = {one: line for one, line in old.items() if one.partition("==")[0] not in names}
    pins = others | {one: old.get(one, line) for one, line in new.items()}
    ordered = sorted(pins, key=lambda one: one.partition("=="))
    return "".join(f"{line}\n" for line in [*comment, *(pins[one] for one in ordered)])


def disagreements() -> Iterator[str]:
    """Compare what pyproject.toml requires, the pins, and the files with hashes; yield a sentence for each difference."""
    for extra, requirements in declared_requirements().items():
        file, pins = REQUIREMENTS / f"{extra}.txt", pins_of(extra)
        listed, pinned = pinned_versions(file), pinned_versions(pins)
        for name in sorted(listed):
            for version in sorted(listed[name] - pinned.get(name, set())):
                yield f"{file.as_posix()}: {pins} has another version of {name} than {version}."
        if extra not in (CORE, LEGACY):
            listed |= pinned_versions(REQUIREMENTS / f"{CORE}.txt")
        for one in requirements:
            found = (pinned if one.name == TORCH else listed).get(normalized(one.name))
            if not any(
                one.specifier.contains(version, prereleases=True) for version in found or ()
            ):
                yield f"pyproject.toml: {file.as_posix()} does not contain {one}."
    for file in sorted(REQUIREMENTS.glob("*.txt")):
        if file.stem not in declared_requirements():
            yield f"{file.as_posix()}: pyproject.toml has no extra {file.stem}; delete the file."


def pinned_versions(file: Path) -> dict[str, set[str]]:
    """Map the packages of a file of pins to their versions; empty if the file is missing."""
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    found: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([\w.-]+)==([^\s;]+)", text, re.MULTILINE):
        found.setdefault(normalized(name), set()).add(version)
    return found


def declared_requirements() -> dict[str, list[Requirement]]:
    """Return what pyproject.toml requires, by extra; the packages without one are under `core`."""
    project = _project()
    listed = {CORE: project["dependencies"]} | project.get("optional-dependencies", {})
    return {extra: [*map(Requirement, texts)] for extra, texts in listed.items()}


def _project() -> dict[str, Any]:
    found: dict[str, Any] = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["project"]
    return found
