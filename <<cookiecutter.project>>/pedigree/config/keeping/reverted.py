"""Settings of the last commit that conf/ does not contain, as those of an applied experiment, and that are no longer in force."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from pedigree.base.git import blobs, git
from pedigree.base.names import UserError, counted
from pedigree.base.paths import CONF, PARAMS
from pedigree.base.settings import Loader, leaves
from pedigree.config.composing import compose

SHOWN = 10
_MISSING = object()


def reverted(settings: Mapping[str, Any], composed: Mapping[str, Any]) -> Iterator[str]:
    """Describe settings that are back at the values of conf/.

    Parameters
    ----------
    settings : mapping
        The settings in force.
    composed : mapping
        What conf/ composes.

    Yields
    ------
    str
        A line of a warning; none if no setting is.
    """
    before, now, own = leaves(_committed()), leaves(settings), leaves(composed)
    changed = {key for key, one in before.items() if now.get(key, _MISSING) != one}
    if not changed:
        return
    then = leaves(_composed_then())
    back = [
        key
        for key in before | now
        if then
        and before.get(key, _MISSING) not in (now.get(key, _MISSING), then.get(key, _MISSING))
        and now.get(key, _MISSING) == own.get(key, _MISSING)
    ]
    if not back:
        return
    yield f"{counted(len(back), 'setting')} of the last commit, not in {CONF}/, went back to the values of {CONF}/:"
    for key in sorted(back, key=lambda key: key.count("."))[:SHOWN]:  # such as model.name first
        yield f"  {key}: {before.get(key, '(not set)')} -> {now.get(key, '(gone)')}"
    if len(back) > SHOWN:
        yield f"  ... and {len(back) - SHOWN} more"
    yield f"to keep them, run `python -m pedigree keep HEAD`, which writes them into {CONF}/, and repeat this run"


def _committed() -> dict[str, Any]:
    return yaml.load(git("show", f"HEAD:./{PARAMS}"), Loader=Loader) or {}


def _composed_then() -> dict[str, Any]:
    """Compose conf/ of the commit that last changed params.yaml; empty if that is impossible."""
    commit = git("log", "-1", "--format=%H", "--", f"./{PARAMS}").strip()
    names = git("ls-tree", "-r", "-z", "--name-only", commit, f"./{CONF}/").split("\0")[:-1]
    with tempfile.TemporaryDirectory() as folder:
        for name, (_, content) in zip(
            names, blobs(f"{commit}:./{one}" for one in names), strict=True
        ):
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        try:
            return compose(folder=Path(folder, CONF))
        except UserError:
            return {}
