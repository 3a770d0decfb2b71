import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from library.projects import ROOT, Project, leave_out_missing, record

from pedigree.base.dvc_files.lock import digest
from pedigree.base.names import UserError
from pedigree.base.tables import read_json, write_json
from pedigree.config.checks import check
from pedigree.tracking.mlflow import log, spelt
from pedigree.tracking.mlflow import project as project_folder
from pedigree.tracking.result import NotLogged, Result

RECEIPT = Path("reports/track.json")


@pytest.fixture
def recorded(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Return a finished project whose next result goes to MLflow."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    config = project.compose("track=mlflow", "train=default")
    leave_out_missing({"_target_": "mlflow.MlflowClient"})
    assert config.track.tracker.experiment == "Sex"
    record(project)
    return project


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """Start an MLflow server of its own on this machine, and stop it at the end."""
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    store = tmp_path / "server"
    store.mkdir()
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--backend-store-uri", f"sqlite:///{store / 'runs.db'}", "--workers", "1"]
    command += ["--artifacts-destination", str(store / "files")]
    address = f"http://127.0.0.1:{port}"
    with (store / "log").open("w") as log:
        started = subprocess.Popen(
            command, stdout=log, stderr=log, cwd=store, start_new_session=True
        )
        try:
            for _ in range(240):
                try:
                    urllib.request.urlopen(f"{address}/health", timeout=1)
                    break
                except OSError:
                    assert started.poll() is None, (store / "log").read_text()
                    time.sleep(0.5)
            yield address
        finally:
            os.killpg(started.pid, signal.SIGKILL)  # with the workers that it started
            started.wait()


def runs(uri: str) -> list[Any]:
    from mlflow import MlflowClient

    client = MlflowClient(uri)
    experiment = client.get_experiment_by_name("Sex")
    return list(client.search_runs([experiment.experiment_id])) if experiment else []


def test_without_a_tracker_nothing_is_logged_and_nothing_imported(project: Project) -> None:
    assert read_json(RECEIPT) == {"tracker": None, "result": None, "logged": False}
    code = "import sys, runpy; runpy.run_module('pipeline.track'); print({'mlflow', 'pandas'} & set(sys.modules))"
    surroundings = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=surroundings, check=True, capture_output=True, text=True
    )
    assert done.stdout.strip() == "set()"


@pytest.mark.slow
def test_a_result_is_one_run_with_settings_metrics_files_and_hashes(
    recorded: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DVC_EXP_NAME", "brave-idea")
    subprocess.run(["git", "init", "-q"], check=True)
    subprocess.run(["git", "add", "conf"], check=True)
    name = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
    subprocess.run(["git", *name, "commit", "-qm", "first"], check=True)
    recorded.run("track")
    receipt = RECEIPT.read_bytes()
    uri = f"sqlite:///{Path.cwd() / 'mlflow.db'}"
    (run,) = runs(uri)
    assert run.info.status == "FINISHED"
    assert run.info.run_name == "brave-idea"
    assert run.data.params["model.estimator.depth"] == "4"
    assert run.data.params["verdict.resamples"] == "100"
    assert not [key for key in run.data.params if key.startswith(("track", "profile", "monitor"))]
    validation = read_json(Path("metrics/evaluate.json"))
    scores = {key: one for key, one in validation.items() if isinstance(one, float)}
    assert scores
    assert {key: run.data.metrics[f"validation/{key}"] for key in scores} == scores
    for one in read_json(Path("metrics/verdict.json"))["metrics"]:
        assert run.data.metrics[f"test/{one['metric']}"] == one["value"]
    assert run.data.metrics["accepted"] == 1
    tags = run.data.tags
    for path in ("models/bundle", "models/model.skops", "metrics/verdict.json", "data/raw"):
        assert tags[f"dvc.md5.{path}"] == digest(Path(path))
    head = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=True)
    assert tags["git.commit"] == head.stdout.strip()
    assert tags["git.dirty"] == "true"  # the contract, for one, is not in the commit
    assert tags["dvc.experiment"] == "brave-idea"
    stored = Path("mlartifacts") / run.info.run_id / "artifacts"
    for path in ("models/bundle/signature.json", "models/bundle/README.md", "reports/compare.csv"):
        assert (stored / path).read_bytes() == Path(path).read_bytes()

    # The same result is not logged twice, and its receipt is the same; another one is.
    recorded.run("track")
    assert len(runs(uri)) == 1
    assert RECEIPT.read_bytes() == receipt
    write_json({**validation, next(iter(validation)): 0.5}, Path("metrics/evaluate.json"))
    with pytest.raises(
        UserError, match=r"metrics/evaluate\.json differs from the version in dvc\.lock"
    ):
        recorded.run("track")
    record(recorded)
    recorded.run("track")
    assert len(runs(uri)) == 2
    assert read_json(RECEIPT)["logged"] is True
    assert RECEIPT.read_bytes() != receipt


@pytest.mark.slow
def test_a_server_is_told_and_one_that_is_away_loses_nothing(
    recorded: Project,
    server: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("MY_SERVER", "http://me:hidden@127.0.0.1:9")
    recorded.compose("track=mlflow", "track.tracker.uri_env=MY_SERVER")
    recorded.run("track")
    said = capsys.readouterr().out
    assert "WARNING: the result was not logged: the server that MY_SERVER names" in said
    assert "dvc repro -sf track" in said
    assert "hidden" not in said
    assert read_json(RECEIPT)["logged"] is False

    monkeypatch.setenv("MY_SERVER", server)
    recorded.run("track")
    recorded.run("track")
    (run,) = runs(server)
    assert read_json(RECEIPT)["logged"] is True
    assert run.data.tags["pipeline.result"] == read_json(RECEIPT)["result"]
    assert run.data.tags["dvc.md5.models/bundle"] == digest(Path("models/bundle"))
    assert not Path("mlflow.db").exists()
    assert "models/bundle/model.skops" in uploaded(server, run.info.run_id)


@pytest.mark.parametrize(
    ("server", "token"), [("http://example.org", "abc"), ("http://me:hidden@10.0.0.1:5000", "")]
)
def test_a_token_is_not_sent_without_encryption(
    monkeypatch: pytest.MonkeyPatch, server: str, token: str
) -> None:
    leave_out_missing({"_target_": "mlflow.MlflowClient"})
    monkeypatch.setenv("MY_SERVER", server)
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", token)
    with pytest.raises(
        NotLogged, match=r"MY_SERVER: the address of .* begins with http://"
    ) as said:
        log(Result({}, {}, {}), uri_env="MY_SERVER", experiment="x", artifacts=(), timeout=1)
    assert "hidden" not in str(said.value)


def uploaded(server: str, run_id: str) -> list[str]:
    from mlflow import MlflowClient

    return [one.path for one in MlflowClient(server).list_artifacts(run_id, "models/bundle")]


def test_a_result_that_dvc_has_not_recorded_is_refused(project: Project) -> None:
    project.compose("track=mlflow")
    with pytest.raises(UserError, match=r"differs from the version in dvc\.lock; run `dvc repro`"):
        project.run("track")


def test_an_address_in_the_settings_is_refused(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    with pytest.raises(UserError, match=r"track\.tracker\.uri_env"):
        check(project.compose("track=mlflow", "track.tracker.uri_env='http://127.0.0.1:5000'"))


def test_a_queued_experiment_logs_into_the_project_and_not_into_its_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for copy in ("tmpab12", "standalone/tmpab12", "tmpab12/sub"):
        folder = tmp_path / "sub/.dvc/tmp/exps" / copy
        folder.mkdir(parents=True, exist_ok=True)
        monkeypatch.chdir(folder)
        assert project_folder() == tmp_path / "sub"
    monkeypatch.chdir(tmp_path)
    assert project_folder() == tmp_path


def test_names_are_spelt_as_mlflow_takes_them() -> None:
    assert spelt({"problem.exclude.Delta 13 (o/oo)": 1}) == {"problem.exclude.Delta 13 _o/oo_": 1}
    assert len(next(iter(spelt({"x" * 400: 1})))) == 250
