"""The first push: every `run` step of a project's workflow, in a clone that has neither its cache nor its folders."""

import os
import re
import shutil
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from importlib.resources import files
from pathlib import Path

import pytest
import yaml
from template import servers
from template.projects import BIN, command_line, finish, run, succeed

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("workflow")]

PENGUINS = Path(str(files("palmerpenguins") / "data" / "penguins-raw.csv"))
# What starts the emulator of a store, and how DVC is told of it, in the settings that are committed.
STORES = {"s3": "s3", "azure": "azure", "gs": "google"}
SETTINGS = {
    "s3": {"endpointurl": "{}"},
    "azure": {},
    "gs": {"endpointurl": "{}", "allow_anonymous_login": "true"},
}
WARNING = "::warning title=The pipeline did not run::data/external/penguins-raw.csv cannot be had"


def project(folder: Path, **answers: str) -> Path:
    """Make a project whose first commit is there, with a preset that takes seconds; return it."""
    shown = succeed(*command_line(folder, project="p", setup="no", **answers), cwd=folder)
    made = finish(folder / "p", shown)
    config = made / "conf/config.yaml"
    config.write_text(config.read_text().replace("experiment: null", "experiment: quick"))
    succeed("git", "commit", "-qam", "Take seconds", cwd=made)
    return made


class Runner:
    """Runs the workflow's steps as GitHub does, but for those that are actions.

    Parameters
    ----------
    clone : Path
        What `actions/checkout` leaves.
    secrets : mapping
        Of the repository's settings.
    """

    def __init__(self, clone: Path, secrets: Mapping[str, str]) -> None:
        workflow = yaml.safe_load((clone / ".github/workflows/ci.yml").read_text())
        (self.job,) = workflow["jobs"].values()
        self.clone = clone
        self.secrets = secrets
        self.temp = clone.parent / "runner"
        self.temp.mkdir()
        self.path = self.temp / "path"
        self.path.touch()
        self.said = ""

    def known(self, text: str) -> str:
        """Put the values in place of the workflow's expressions."""
        values = {f"secrets.{name}": value for name, value in self.secrets.items()}
        values |= {f"matrix.{name}": one for name, (one,) in self.job["strategy"]["matrix"].items()}
        return re.sub(r"\$\{\{ (.*?) \}\}", lambda found: values.get(found[1], ""), text)

    def run(self, without: str = "") -> int:
        """Run the steps until one fails; return its exit code."""
        for step in self.job["steps"]:
            if "run" not in step or (without and step["run"].startswith(without)):
                continue
            script = self.temp / "script.sh"
            script.write_text(self.known(step["run"]))
            settings = self.job["env"] | step.get("env", {})
            env = {name: self.known(value) for name, value in settings.items()}
            added = self.path.read_text().splitlines()
            env |= {"PATH": os.pathsep.join([*reversed(added), os.environ["PATH"]])}
            env |= {"RUNNER_TEMP": str(self.temp), "GITHUB_PATH": str(self.path)}
            done = run("bash", "-e", script, cwd=self.clone, env=env)
            self.said += done.stdout + done.stderr
            if done.returncode:
                return done.returncode
        return 0


@pytest.fixture
def runner(tmp_path: Path) -> Callable[..., Runner]:
    """Return a function that clones a project for the runner, away from all that lies beside it."""

    def start(made: Path, **secrets: str) -> Runner:
        (tmp_path / "machine").mkdir()
        clone = tmp_path / "machine/p"
        succeed("git", "clone", "-q", made, clone)
        return Runner(clone, secrets)

    return start


def test_the_bundled_data_need_no_remote(tmp_path: Path, runner: Callable[..., Runner]) -> None:
    machine = runner(project(tmp_path))
    assert machine.run() == 0, machine.said
    assert "::warning" not in machine.said
    assert re.search("^accepted", machine.said, re.MULTILINE)
    assert (machine.clone / ".venv/bin/dvc").exists()


def test_own_data_in_a_folder_of_one_s_machine_leave_lint_and_tests(
    tmp_path: Path, runner: Callable[..., Runner]
) -> None:
    made = project(tmp_path, data=str(PENGUINS), target="Sex")
    succeed("dvc", "push", cwd=made)
    machine = runner(made)
    (machine.clone / ".venv").symlink_to(BIN.parent)
    assert machine.run(without="make setup") == 0, machine.said
    assert WARNING in machine.said
    assert "passed" in machine.said
    assert "Running stage" not in machine.said


@pytest.mark.parametrize("kind", ["s3", "azure", "gs"])
@pytest.mark.tools
def test_own_data_come_from_a_store_by_the_secrets_of_its_kind(
    tmp_path: Path, runner: Callable[..., Runner], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", servers.HOST)
    monkeypatch.setenv("no_proxy", servers.HOST)
    # Else gcsfs asks over gRPC what kind of bucket it is, which no emulator answers.
    monkeypatch.setenv("GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT", "false")
    with ExitStack() as stack:
        endpoint = stack.enter_context(getattr(servers, STORES[kind])(tmp_path))
        remote = f"{kind}://{servers.BUCKET}/p"
        made = project(tmp_path, data=str(PENGUINS), target="Sex", remote=remote)
        secrets = {
            "s3": {"AWS_ACCESS_KEY_ID": "someone", "AWS_SECRET_ACCESS_KEY": "something"},
            "azure": {"AZURE_STORAGE_CONNECTION_STRING": endpoint},
            "gs": {},  # its emulator knows nobody
        }[kind]
        for name, value in SETTINGS[kind].items():
            succeed("dvc", "remote", "modify", "storage", name, value.format(endpoint), cwd=made)
        succeed("git", "commit", "-qam", "Reach the emulator", "--allow-empty", cwd=made)
        succeed("dvc", "push", cwd=made, env=secrets)
        machine = runner(made, **secrets)
        (machine.clone / ".venv").symlink_to(BIN.parent)
        assert machine.run(without="make") == 0, machine.said
        assert "::warning" not in machine.said
        assert "Running stage 'train'" in machine.said
        if secrets:
            shutil.rmtree(machine.clone.parent)
            stranger = runner(made)
            (stranger.clone / ".venv").symlink_to(BIN.parent)
            assert stranger.run(without="make") == 0, stranger.said
            assert WARNING in stranger.said
