import sys

import pytest
from conftest import Project

from pipeline import check
from pipeline.core.base.tables import read_json, write_json


def exit_code(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> object:
    monkeypatch.setattr(sys, "argv", ["check", *arguments])
    with pytest.raises(SystemExit) as end:
        check.main()
    return end.value.code


def test_an_accepted_model_is_exit_code_0(project: Project, monkeypatch, capsys) -> None:
    assert exit_code(monkeypatch) == 0
    said = capsys.readouterr().out
    assert "roc_auc" in said
    assert "met    gain_over_dummy" in said
    assert said.endswith("\naccepted\n")


def test_a_model_that_is_not_accepted_is_exit_code_1(project: Project, monkeypatch, capsys) -> None:
    project.compose("problem.criteria.gain_over_dummy.at_least=2")
    project.run("verdict")
    assert exit_code(monkeypatch) == 1
    said = capsys.readouterr().out
    assert "MISSED gain_over_dummy" in said
    assert said.endswith("\nNOT ACCEPTED\n")


def test_no_verdict_is_exit_code_1_and_says_what_to_run(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert (
        exit_code(monkeypatch) == "check: metrics/verdict.json is not there; run `dvc repro` first."
    )


def test_another_verdict_can_be_named(project: Project, monkeypatch, capsys) -> None:
    verdict = read_json(project.folder / "metrics/verdict.json")
    verdict["criteria"][0]["value"] = None
    write_json(verdict | {"accepted": False}, project.folder / "old.json")
    assert exit_code(monkeypatch, "old.json") == 1
    assert "gain_over_dummy - >= 0" in capsys.readouterr().out
