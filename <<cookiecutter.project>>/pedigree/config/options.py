"""The options of each step, and the packages that each requires.

Choose one permanently in conf/config.yaml, or for one run with `dvc exp run -S STEP=OPTION`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pedigree.base.command import parser, plain_errors, print_found
from pedigree.base.names import UserError, did_you_mean
from pedigree.base.paths import CONF
from pedigree.base.settings import read_yaml
from pedigree.config.tools import (
    DISTRIBUTIONS,
    extra_of,
    missing_packages,
    required_modules,
    way_to_install,
)

# Of a sentence; "et al." and "e.g." are abbreviations, after which no capital letter follows.
END = r"(?<=\.) (?=[A-Z`])"
TARGET = r"^\s*(?:- )?_target_: (\w+(?:\.[\w${}]+)+)"  # neither `null` nor a reference


def options(step: str | None = None) -> dict[str, list[dict[str, Any]]]:
    """List the options of the groups of settings.

    Parameters
    ----------
    step : str, optional
        A folder of conf/; `model` includes its subfolders. Default: all folders.

    Returns
    -------
    dict
        For each group a list of options with name, summary, chosen, extras (of the project, that it
        requires), missing (packages that are not installed) and install (the command that installs them, or None).

    Raises
    ------
    UserError
        The group does not exist.
    """
    defaults = [one for one in read_yaml(CONF / "config.yaml")["defaults"] if isinstance(one, dict)]
    chosen = {name.removeprefix("optional "): to for one in defaults for name, to in one.items()}
    order = {name: place for place, name in enumerate(chosen)}
    folders = [one for one in CONF.rglob("*") if one.is_dir() and any(one.glob("*.yaml"))]
    found = {one.relative_to(CONF).as_posix(): one for one in folders}
    hidden = {"collect/limits", "problem/task"}  # parts of other files, not options
    names = sorted(
        found.keys() - hidden, key=lambda name: (order.get(name.split("/")[0], 99), name)
    )
    if step and step not in names:
        raise UserError(f"conf/ has no group '{step}'; {did_you_mean(step, names)}")
    return {
        name: [
            describe_option(file, file.stem in chosen_options(chosen.get(name)))
            for file in sorted(found[name].glob("*.yaml"))
        ]
        for name in names
        if not step or name == step or name.startswith(f"{step}/")
    }


def chosen_options(choice: str | list[str] | None) -> list[str]:
    """Return the options that a line of the defaults list chooses; `profile` may choose several."""
    return choice if isinstance(choice, list) else [choice or ""]


def describe_option(file: Path, chosen: bool) -> dict[str, Any]:
    """Describe an option by the comment at its top, and list the packages it lacks."""
    text = file.read_text(encoding="utf-8")
    comment = re.match(r"(?:# @.*\n)?((?:# ?.*\n)+)", text)  # without Hydra's `# @package` line
    summary = " ".join(comment[1].replace("#", "").split()) if comment else ""
    targets = [one for part in parts(file) for one in re.findall(TARGET, part, re.MULTILINE)]
    # An adapter with one class for each kind of problem requires the same packages for both.
    named = {one.replace("${problem.estimator}", "Classifier") for one in targets}
    missing = {package for one in named for package in missing_packages(one)}
    required = {DISTRIBUTIONS.get(part, part) for one in named for part in required_modules(one)}
    return {
        "name": file.stem,
        "summary": re.split(END, summary, maxsplit=1)[0].rstrip(".:"),
        "chosen": chosen,
        "extras": sorted(set(filter(None, map(extra_of, required)))),
        "missing": sorted(missing),
        "install": way_to_install(min(missing)) if missing else None,
    }


def parts(file: Path) -> Iterator[str]:
    """Yield the text of an option and of the files that its defaults list includes."""
    yield file.read_text(encoding="utf-8")
    for one in (read_yaml(file) or {}).get("defaults", []):
        group, name = next(iter(one.items())) if isinstance(one, dict) else ("", one)
        group = group.removeprefix("override ").partition("@")[0]
        folder = CONF / group[1:] if group.startswith("/") else file.parent / group
        part = folder / f"{name}.yaml"  # interpolated names and `_self_` are not files
        if part.is_file():
            yield from parts(part)


def format_options(found: dict[str, list[dict[str, Any]]]) -> str:
    """Format the options for people; a star marks those that conf/config.yaml chooses."""
    lines = []
    for group, offered in found.items():
        lines += ["", f"{group}  (conf/{group}/)"]
        width = max(len(one["name"]) for one in offered)
        for one in offered:
            unnamed = [each for each in one["extras"] if f"`{each}`" not in one["summary"]]
            extras = "".join(f" (extra `{each}`)" for each in unnamed)
            star = "*" if one["chosen"] else " "
            lines.append(f"  {star} {one['name']:<{width}}  {one['summary']}{extras}")
            if one["missing"]:
                lack = ", ".join(one["missing"])
                way = f"; {one['install']}" if one["install"] else ""
                lines.append(f"    {'':<{width}}  not installed: {lack}{way}")
    return "\n".join(lines[1:])


@plain_errors("options")
def main(arguments: Sequence[str] | None = None) -> None:
    """List the options."""
    cli = parser("options", __doc__)
    cli.add_argument("step", nargs="?", help="a folder of conf/, such as model; default: all")
    cli.add_argument("--json", action="store_true", help="print JSON for machines")
    asked = cli.parse_args(arguments)
    found = options(asked.step)
    print_found(found, format_options(found), asked.json)
