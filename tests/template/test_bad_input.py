"""Mistakes of every day end in a sentence that names file or key, and leave what was there."""

from pathlib import Path

import pytest
import yaml
from template.projects import CSV, command_line, finish, run, succeed

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("bad input")]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project on a person's own data that is loaded."""
    folder = tmp_path_factory.mktemp("bad")
    data = folder / "churn.csv"
    data.write_text(CSV)
    answers = {"project": "p", "setup": "no", "data": str(data), "target": "Churn"}
    project = finish(folder / "p", succeed(*command_line(folder, **answers), cwd=folder))
    succeed("dvc", "repro", "load", cwd=project)
    return project


@pytest.fixture
def project(made: Path) -> Path:
    """Return the loaded project, put back as it was for each test."""
    data = made / "data/external/churn.csv"
    data.write_text(CSV)
    succeed("git", "checkout", "-q", "conf", "contracts", cwd=made)
    succeed("dvc", "repro", "-q", "load", cwd=made)
    return made


def settings(project: Path, section: str, name: str, **values: object) -> None:
    path = project / "conf" / section / f"{name}.yaml"
    path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), **values}, sort_keys=False))


def refused(project: Path, *words: str) -> None:
    """Assert that the pipeline stops with a sentence of these words, and that all outputs stand."""
    kept = ("data/loaded/part-00000.parquet", "metrics/load.json")
    before = {name: (project / name).read_bytes() for name in kept}
    done = run("dvc", "repro", "load", cwd=project)
    printed = done.stdout + done.stderr
    assert done.returncode != 0
    assert "Traceback" not in printed
    for word in words:
        assert word in printed, printed
    assert {name: (project / name).read_bytes() for name in kept} == before
    assert (project / "data/raw/churn.csv").stat().st_size > 0
    assert (project / "params.yaml").exists()


def test_a_target_that_is_no_column(project: Path) -> None:
    settings(project, "problem", "churn", target="Churned")
    refused(project, "problem.target: column 'churned' is not in contracts/churn.yaml", "'churn'?")


def test_a_target_with_one_class(project: Path) -> None:
    (project / "data/external/churn.csv").write_text(CSV.replace(",yes", ",no"))
    refused(project, "problem.target 'churn' is 'no' in every row")


def test_an_empty_file(project: Path) -> None:
    (project / "data/external/churn.csv").write_text("")
    refused(project, "collect.path: data/external/churn.csv is empty")


def test_a_file_with_a_header_only(project: Path) -> None:
    (project / "data/external/churn.csv").write_text("age,plan,Churn\n")
    refused(project, "file returned nothing (churn.csv has no rows)", "collect.min_rows")


def test_a_file_that_is_gone(project: Path) -> None:
    (project / "data/external/churn.csv").rename(project / "data/external/churns.csv")
    done = run("python", "-m", "pipeline.collect", cwd=project)
    (project / "data/external/churns.csv").unlink()
    assert done.returncode == 1
    assert "data/external/churn.csv does not exist; did you mean 'churns.csv'?" in done.stderr
    assert (project / "data/raw/churn.csv").exists()


def test_a_column_of_the_wrong_type(project: Path) -> None:
    (project / "data/external/churn.csv").write_text(CSV.replace("\n25,", "\nyoung,", 1))
    refused(
        project,
        "contracts/churn.yaml",
        "column age should be of type int64",
        "'young'",
        "load.max_rejected",
    )


def test_an_unknown_key(project: Path) -> None:
    settings(project, "load", "default", max_rejectd=3)
    refused(project, "load.max_rejectd: unknown key in conf/load/; did you mean 'max_rejected'?")


def test_an_unknown_option(project: Path) -> None:
    config = project / "conf/config.yaml"
    config.write_text(config.read_text().replace("- model: catboost", "- model: catbost"))
    refused(project, "conf/model/ has no option 'catbost'", "did you mean 'catboost'?")


def test_an_unknown_tool(project: Path) -> None:
    settings(
        project,
        "select",
        "importance",
        selector={"_target_": "sklearn.feature_selection.SelectKBst"},
    )
    refused(project, "select.selector._target_", "did you mean 'SelectKBest'?")


def test_a_tool_of_a_module_that_nobody_knows(project: Path) -> None:
    settings(project, "select", "importance", selector={"_target_": "not_there_at_all.Selector"})
    refused(project, "module 'not_there_at_all' does not exist")


def test_a_negative_budget(project: Path) -> None:
    settings(project, "tune", "optuna", trials=-3)
    refused(project, "tune.trials", "greater than or equal to 1", "-3")


def test_an_environment_variable_in_the_settings(project: Path) -> None:
    settings(project, "load", "default", contract="${oc.env:HOME}")
    refused(project, "conf/load/default.yaml, line", "oc.env")


def test_a_metric_that_does_not_fit_the_task(project: Path) -> None:
    settings(project, "problem", "churn", metrics=["rmse"])
    refused(project, "problem.metrics: 'rmse' does not fit task binary")
