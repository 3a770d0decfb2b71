import sys
from pathlib import Path
from typing import Any

import pytest
from library.projects import Project, stages

from pedigree.base.names import UserError
from pedigree.base.section import keys_of
from pedigree.base.settings import leaves, read_settings, read_yaml
from pedigree.base.stage import run, say
from pedigree.base.steps import STEPS, settings_class


@pytest.mark.parametrize("stage", STEPS)
def test_a_step_sees_exactly_the_keys_of_its_class(project: Project, stage: str) -> None:
    listed = keys_of(settings_class(stage))
    seen = leaves(read_settings(stage))
    everything = leaves(read_yaml(project.folder / "params.yaml"))
    expected = {k for k in everything if any(f"{k}.".startswith(f"{key}.") for key in listed)}
    assert {key.split(".exclude.")[0] for key in seen} == {
        key.split(".exclude.")[0] for key in expected
    }


def test_a_setting_that_a_step_does_not_see_does_not_exist(project: Project) -> None:
    with pytest.raises(Exception, match="model"):
        _ = read_settings("collect").model


def add_stage(project: Project, name: str, **entry: Any) -> None:
    """Write a stage of the owner's own, or another entry for a step, into dvc.yaml."""
    table = stages()
    table[name] = table.get(name, {}) | entry
    project.write("dvc.yaml", {"stages": table})


def test_a_stage_that_its_owner_added_sees_the_params_that_it_lists(project: Project) -> None:
    add_stage(
        project, "mine", cmd="true", params=["evaluate.slices", "seed", {"other.yaml": ["x"]}]
    )
    settings = read_settings("mine", ["seed=3"])
    assert set(dict(settings)) == {"evaluate", "seed"}
    assert list(dict(settings.evaluate)) == ["slices"]
    assert settings.seed == 3


def test_a_step_sees_the_params_that_its_owner_added(project: Project) -> None:
    add_stage(project, "collect", params=["problem.target"])
    settings = read_settings("collect")
    assert set(dict(settings)) == {"collect", "load", "problem"}
    assert dict(settings.problem) == {"target": "sex"}


@pytest.mark.parametrize("params", [{}, {"evaluate": None}, {"evaluate": "no"}])
def test_a_setting_that_params_yaml_lacks_is_named(project: Project, params: dict) -> None:
    add_stage(project, "mine", cmd="true", params=["evaluate.slices"])
    project.write("params.yaml", params)
    with pytest.raises(
        UserError, match=r"'evaluate\.slices', which stage 'mine' needs, is not in params\.yaml"
    ):
        read_settings("mine")


def test_settings_cannot_be_changed(project: Project) -> None:
    with pytest.raises(Exception, match="frozen"):
        read_settings("verdict").verdict.resamples = 1


def test_columns_of_the_problem_may_be_spelt_as_in_the_source(project: Project) -> None:
    problem = read_settings("verdict").problem
    assert problem.target == "sex"
    assert problem.group == ("species", "individual_id")
    assert set(problem.exclude) == {"study_name", "sample_number", "individual_id", "comments"}


def test_an_override_holds_for_one_run(project: Project) -> None:
    assert read_settings("verdict", ["verdict.resamples=321"]).verdict.resamples == 321
    assert read_settings("verdict").verdict.resamples == 100


def test_an_override_may_spell_columns_as_in_the_source(project: Project) -> None:
    problem = read_settings("split", ["problem.target=Body Mass (g)"]).problem
    assert problem.target == "body_mass_g"


def test_a_setting_that_is_null_can_be_overridden(project: Project) -> None:
    project.compose("problem.positive=null")
    assert read_settings("split", ["problem.positive=female"]).problem.positive == "female"


@pytest.mark.parametrize(
    ("override", "hint"),
    [
        ("verdict.resample=3", "did you mean 'verdict.resamples'?"),
        ("model.name=linear", "overrides no setting of stage 'verdict'"),
        ("verdict.resamples", "write section.key=value"),
    ],
)
def test_an_unknown_override_is_refused(project: Project, override: str, hint: str) -> None:
    with pytest.raises(UserError) as refusal:
        read_settings("verdict", [override])
    assert override in str(refusal.value)
    assert hint in str(refusal.value)


def test_outputs_of_other_settings_are_announced(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["split", "split.test=0.3"])
    run("split", lambda settings: say(str(settings.split.test)))
    printed = capsys.readouterr()
    assert printed.out == "0.3\n"
    assert printed.err == (
        "Other settings than in params.yaml, for this run only: split.test=0.3; `dvc repro` replaces its outputs.\n"
    )


def test_an_unknown_stage_is_refused(project: Project) -> None:
    with pytest.raises(UserError, match=r"stage 'trian' is not in dvc\.yaml; did you mean 'train'"):
        read_settings("trian")


def test_missing_settings_say_how_to_make_them(project: Project) -> None:
    (project.folder / "settings/train.yaml").unlink()
    with pytest.raises(UserError, match=r"settings/train\.yaml does not exist; run `dvc repro`"):
        read_settings("train")


@pytest.mark.parametrize("path", ["conf/config.yaml", "contracts/penguins.yaml", "dvc.yaml"])
def test_a_file_that_no_stage_writes_is_restored_from_git(project: Project, path: str) -> None:
    (project.folder / path).unlink()
    with pytest.raises(UserError) as error:
        read_yaml(Path(path))
    assert str(error.value) == f"{path} does not exist; restore it with `git restore {path}`."


def test_broken_yaml_names_the_file(project: Project) -> None:
    project.write("settings/train.yaml", "a: [1")
    with pytest.raises(UserError, match=r"settings/train\.yaml is not valid YAML"):
        read_settings("train")
