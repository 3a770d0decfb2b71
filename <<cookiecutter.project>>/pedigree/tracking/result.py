"""The finished result: DVC's record of it, and its metrics."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pedigree.base.dvc_files.declared import declared
from pedigree.base.dvc_files.lock import (
    LOCK,
    ancestors,
    digest,
    lies_in,
    output_hashes,
    recorded_stages,
    settings_of,
    stages_by_output,
)
from pedigree.base.names import UserError
from pedigree.base.paths import PARAMS, SETTINGS
from pedigree.base.settings import leaves
from pedigree.base.stage import say
from pedigree.base.tools import instantiate
from pedigree.scoring.results import ValidationMetrics, VerdictMetrics

if TYPE_CHECKING:
    from pedigree.base.section import Tool


class NotLogged(Exception):
    """The tracker could not be reached, or rejected the result."""


@dataclass(frozen=True)
class Result:
    """The result of a run of the pipeline.

    Parameters
    ----------
    parameters : dict
        Every setting that the result depends on, ``{"section.key": value}``.
    metrics : dict
        Validation and test metrics, and whether the criteria are met (0 or 1).
    outputs : dict
        DVC's MD5 of every output that the result depends on.

    Examples
    --------
    >>> from pedigree import Result
    >>> result = Result({"seed": 1}, {"validation/roc_auc": 0.9}, {"models/model.skops": "d41d8c"})
    >>> result.id[:8]
    '...'
    """

    parameters: dict[str, Any]
    metrics: dict[str, float]
    outputs: dict[str, str]

    @property
    def id(self) -> str:
        """Return the SHA-256 of settings and outputs, which is equal for equal results."""
        text = json.dumps([self.parameters, self.outputs], sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()

    @classmethod
    def read(cls) -> Result:
        """Read the result that the stage `track` depends on.

        Raises
        ------
        UserError
            DVC has not recorded the result, or a file differs from the record.
        """
        stages = recorded_stages()
        made = stages_by_output(stages)
        declared_here = declared()
        outs = {path for one in declared_here.values() for path in one.outs}
        deps = [dep for dep in declared_here["track"].deps if dep in outs]
        parts = [dep for dep in deps if not lies_in(dep, SETTINGS.as_posix())]
        for path in parts:
            if output_hashes(stages).get(path, "") != digest(Path(path)):
                raise UserError(f"{path} differs from the version in {LOCK}; run `dvc repro`.")
        settings: dict[str, Any] = {}
        outputs: dict[str, str] = {}
        for name in ancestors(stages, [made[path] for path in parts]):
            settings |= leaves(settings_of(stages, name) or {})
            outputs |= {out["path"]: out["md5"] for out in stages[name]["outs"]}
        for owned in (PARAMS, SETTINGS):  # they contain the settings of all other stages, too
            outputs.pop(owned.as_posix(), None)
        return cls(dict(sorted(settings.items())), metrics(), dict(sorted(outputs.items())))

    def log(self, tracker: Tool) -> bool:
        """Log it to a tracker; return whether it was logged.

        Parameters
        ----------
        tracker : Tool
            `track.tracker` of the settings: `_target_` and its arguments.
        """
        try:
            instantiate(tracker, _partial_=True)(self)
        except NotLogged as error:
            say(f"WARNING: the result was not logged: {error}")
            say("WARNING: all other outputs are written; run `dvc repro -sf track` to log it later")
            return False
        return True


def metrics() -> dict[str, float]:
    """Read the scores on the validation and test sets, and the verdict."""
    validation, verdict = ValidationMetrics.read(), VerdictMetrics.read()
    scores = validation.scores | {"worst_slice": validation.worst_slice}
    found = {f"validation/{name}": value for name, value in scores.items()}
    found |= {f"test/{one.metric}": one.value for one in verdict.metrics}
    found |= {"accepted": float(verdict.accepted)}
    return {name: value for name, value in found.items() if value is not None}
