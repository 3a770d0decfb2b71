"""MLflow: one run for each result."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pedigree.base.files.disk_errors import SPACE, WRITING
from pedigree.base.git import git
from pedigree.base.names import UserError
from pedigree.base.paths import METRICS, PARAMS, PLOTS, REPORTS
from pedigree.base.secrets.redaction import redact
from pedigree.base.secrets.transport import refuse_plain_http
from pedigree.base.stage import say
from pedigree.tracking.result import NotLogged, Result

if TYPE_CHECKING:
    from mlflow import MlflowClient

IDENTITY = "pipeline.result"  # the tag that identifies a result
CREDENTIALS = ("MLFLOW_TRACKING_TOKEN", "MLFLOW_TRACKING_PASSWORD")  # MLflow reads these itself
PER_REQUEST = 100  # maximum number of parameters and of tags in a request to MLflow


def log(
    result: Result, *, uri_env: str, experiment: str, artifacts: Sequence[str], timeout: int
) -> None:
    """Log a result to MLflow, unless it is logged already.

    Parameters
    ----------
    result : Result
    uri_env : str
        Environment variable with the address of a server; if it is not set, mlflow.db in the project is used.
    experiment : str
        Name of MLflow's experiment.
    artifacts : sequence of str
        Files and folders to upload.
    timeout : int
        Timeout for responses of the server, in seconds.

    Raises
    ------
    NotLogged
        The server cannot be reached, rejects the result, or would get a token or password without encryption.
    """
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", str(timeout))
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")  # the default of 7 takes minutes
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    server = os.environ.get(uri_env)
    root = project()
    where = f"the server that {uri_env} names" if server else f"{root.name}/mlflow.db"
    try:
        if server and ("@" in server or any(map(os.environ.get, CREDENTIALS))):
            refuse_plain_http(server, uri_env)
        client = MlflowClient(server or f"sqlite:///{(root / 'mlflow.db').as_posix()}")
        known = client.get_experiment_by_name(experiment)
        # Without a server, MLflow would write artifacts to the current folder.
        folder = None if server else (root / "mlartifacts").as_uri()
        place = known.experiment_id if known else client.create_experiment(experiment, folder)
        query = f"tags.`{IDENTITY}` = '{result.id}' and attributes.status = 'FINISHED'"
        if there := client.search_runs([place], query, max_results=1):
            say(f"already logged to {where}, experiment {experiment}, {there[0].info.run_name}")
            return
        name = upload(client, place, result, artifacts)
    except (MlflowException, OSError, UserError) as error:
        if getattr(error, "errno", None) in WRITING or "disk is full" in str(error):
            raise UserError(
                f"{where} cannot be written, since the disk is full; {SPACE}."
            ) from None
        reason = redact(str(error).splitlines()[0])
        raise NotLogged(f"{where}: {reason}") from error
    say(f"logged to {where}, experiment {experiment}, {name}")


log.needs = ("mlflow",)  # type: ignore[attr-defined]


def upload(
    client: MlflowClient, experiment_id: str, result: Result, artifacts: Sequence[str]
) -> str:
    """Create a run for a result.

    Parameters
    ----------
    client : MlflowClient
    experiment_id : str
        MLflow's id of the experiment.
    result : Result
        The result to log.
    artifacts : sequence of str
        Files and folders to upload.

    Returns
    -------
    str
        Name of the run; after an error, the run is marked as failed.
    """
    from mlflow.entities import Metric, Param, RunTag

    tags = {**origin_tags(), IDENTITY: result.id}
    tags |= {f"dvc.md5.{path}": md5 for path, md5 in result.outputs.items()}
    name = tags.get("dvc.experiment") or tags.get("git.commit", "")[:7] or None
    now = int(time.time() * 1000)
    run = client.create_run(experiment_id, run_name=name)
    run_id = run.info.run_id
    try:
        values = [Metric(key, value, now, 0) for key, value in spelt(result.metrics).items()]
        client.log_batch(run_id, metrics=values)
        settings = [Param(key, str(value)) for key, value in spelt(result.parameters).items()]
        for start in range(0, len(settings), PER_REQUEST):
            client.log_batch(run_id, params=settings[start : start + PER_REQUEST])
        marks = [RunTag(key, value) for key, value in spelt(tags).items()]
        for start in range(0, len(marks), PER_REQUEST):
            client.log_batch(run_id, tags=marks[start : start + PER_REQUEST])
        for path in map(Path, artifacts):
            if path.is_dir():
                client.log_artifacts(run_id, str(path), path.as_posix())
            else:
                client.log_artifact(run_id, str(path), path.parent.as_posix())
    except BaseException:
        client.set_terminated(run_id, "FAILED")
        raise
    client.set_terminated(run_id, "FINISHED")
    return str(run.info.run_name)


def origin_tags() -> dict[str, str]:
    """Return the Git commit, whether anything but the outputs differs from it, and the name of DVC's experiment."""
    commit = git("rev-parse", "HEAD").strip()
    outputs = (METRICS, PARAMS, PLOTS, REPORTS, Path("dvc.lock"))
    others = [f":(exclude){path.as_posix()}" for path in outputs]
    dirty = bool(git("status", "--porcelain", "--", ".", *others).strip())
    name = os.environ.get("DVC_EXP_NAME")
    found = {"dvc.experiment": name} if name else {}
    if commit:  # MLflow displays the first; the second is for searches
        found |= {"mlflow.source.git.commit": commit, "git.commit": commit}
        found |= {"git.dirty": str(dirty).lower()}
    return found


def project() -> Path:
    """Return the project's folder; for a queued experiment, which DVC runs in a copy, that of the original."""
    here = Path.cwd()
    for folder in here.parents:
        if folder.parts[-3:] == (".dvc", "tmp", "exps"):
            return folder.parents[2]
    return here


def spelt(values: dict[str, Any]) -> dict[str, Any]:
    """Shorten names, and replace characters that MLflow does not accept in them."""
    return {re.sub(r"[^\w\-. /]", "_", name)[:250]: value for name, value in values.items()}
