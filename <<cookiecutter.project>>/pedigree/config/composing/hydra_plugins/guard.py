"""A plugin of Hydra that lets DVC write no secret into params.yaml; `hydra.plugins_path` in .dvc/config names its folder.

DVC composes conf/ with the overrides of `dvc exp run -S` before any stage runs, and puts the result into a commit. It
loads Hydra's plugins just before, each as a module of `hydra_plugins`, which must have no `__init__.py`.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf


def _refuse(*_: Any) -> Any:
    raise ValueError(
        "oc.env would write the value of an environment variable into params.yaml, which is committed; write the "
        "variable's name as a setting that ends in _env"
    )


# Also for references in conf/, and wherever else the words of the command line do not show it.
OmegaConf.register_new_resolver("oc.env", _refuse, replace=True)


def _refuse_arguments(arguments: list[str]) -> None:
    """Refuse overrides that contain a credential or call a resolver."""
    from dvc.exceptions import DvcException

    from pedigree.base.secrets.finding import override_mistakes

    for argument in arguments:
        for mistake in override_mistakes(argument) if "=" in argument else ():
            raise DvcException(f"nothing was run: {mistake}")


sys.path.append(str(Path(__file__).resolve().parents[4]))
try:
    _refuse_arguments(sys.argv[1:])
finally:
    sys.path.pop()
