"""Write settings that did not come from conf/ into conf/, as those of an applied experiment.

    dvc exp apply NAME
    python -m pedigree keep
    git add . && git commit -m "Keep NAME"

Later experiments then start from these settings. An option that differs is changed in conf/config.yaml; values are
written to conf/STEP/kept.yaml, which that file then chooses. `dvc repro` computes nothing again, since the settings are the same.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from omegaconf import OmegaConf

from pedigree.base.command import parser, plain_errors
from pedigree.base.files.replacing import write_text
from pedigree.base.git import git
from pedigree.base.names import UserError, first_of
from pedigree.base.paths import CONF, PARAMS
from pedigree.base.settings import Loader, read_yaml
from pedigree.config.composing import compose
from pedigree.config.keeping.kept_files import kept_files
from pedigree.config.keeping.options import infer_options
from pedigree.config.keeping.overrides import changed_values


@plain_errors("keep")
def main(arguments: Sequence[str] | None = None) -> None:
    """Write them, and print what is written."""
    cli = parser("keep", __doc__)
    cli.add_argument(
        "commit",
        nargs="?",
        help="the commit with the settings; params.yaml of the workspace if left out",
    )
    commit = cli.parse_args(arguments).commit
    wanted = committed(commit) if commit else read_yaml(PARAMS)
    if text(compose()) == text(wanted):
        print(f"nothing to keep: {CONF}/ composes these settings already")
        return
    for path, content in solution(wanted).items():
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        if content != before:
            write_text(content, path)
            print(f"{path}: {'changed' if before else 'written'}")
    print(f"{CONF}/ composes these settings now; run `dvc repro`, then commit {CONF}/")


def committed(commit: str) -> dict[str, Any]:
    """Read params.yaml of a commit.

    Raises
    ------
    UserError
        The commit does not exist, or has none.
    """
    if not (content := git("show", f"{commit}:./{PARAMS}")):
        raise UserError(f"commit '{commit}' does not exist or has no {PARAMS}.")
    return yaml.load(content, Loader=Loader)  # type: ignore[no-any-return]


def text(settings: Mapping[str, Any]) -> str:
    """Return the text of params.yaml."""
    return OmegaConf.to_yaml(OmegaConf.create(dict(settings)))


def solution(wanted: Mapping[str, Any]) -> dict[Path, str]:
    """Find files with which conf/ composes settings to the byte.

    Parameters
    ----------
    wanted : mapping
        The settings.

    Raises
    ------
    UserError
        There are none, such as for a key that conf/config.yaml sets and the settings do not have.
    """
    left: list[str] = []
    # The values of a preset come after all others, so that it may have to be left out.
    for presets in (True, False):
        found = infer_options(wanted, presets)
        for whole in (False, True):
            files = kept_files(found, whole)
            with tempfile.TemporaryDirectory() as folder:
                copy = Path(shutil.copytree(CONF, Path(folder, CONF)))
                for path, content in files.items():
                    (copy / path.relative_to(CONF)).write_text(
                        content, encoding="utf-8", newline="\n"
                    )
                try:
                    made = compose(folder=copy)
                except UserError:
                    continue
            if text(made) == text(wanted):
                return files
            left = [".".join(path) for path, _ in changed_values(made, wanted)]
    raise UserError(
        f"{CONF}/ cannot be changed automatically to compose {first_of(left, 10) or 'these settings'}; "
        "write these values into its files, and run `dvc repro`."
    )
