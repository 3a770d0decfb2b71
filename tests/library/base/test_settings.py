import pytest
from library.projects import Project, stages

from pedigree.base.names import UserError
from pedigree.base.settings import leaves, read_settings, read_yaml


@pytest.mark.parametrize("stage", [name for name, stage in stages().items() if "params" in stage])
def test_a_stage_sees_exactly_the_keys_that_dvc_yaml_lists(project: Project, stage: str) -> None:
    listed = stages()[stage]["params"]
    seen = leaves(read_settings(stage))
    everything = leaves(read_yaml(project.folder / "params.yaml"))
    expected = {k for k in everything if any(f"{k}.".startswith(f"{key}.") for key in listed)}
    assert {key.split(".exclude.")[0] for key in seen} == {
        key.split(".exclude.")[0] for key in expected
    }


def test_a_setting_that_is_not_listed_does_not_exist(project: Project) -> None:
    with pytest.raises(Exception, match="model"):
        _ = read_settings("collect").model


@pytest.mark.parametrize("params", [{}, {"evaluate": None}, {"evaluate": "no"}])
def test_a_setting_that_params_yaml_lacks_is_named(project: Project, params: dict) -> None:
    project.write("params.yaml", params)
    with pytest.raises(
        UserError, match=r"params.yaml has no '[\w.]+', which stage 'verdict' needs"
    ):
        read_settings("verdict")


def test_settings_cannot_be_changed(project: Project) -> None:
    with pytest.raises(Exception, match="read-only"):
        read_settings("verdict").verdict.resamples = 1


def test_columns_of_the_problem_may_be_spelt_as_in_the_source(project: Project) -> None:
    problem = read_settings("verdict").problem
    assert problem.target == "sex"
    assert problem.group == ["species", "individual_id"]
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


def test_an_unknown_stage_is_refused(project: Project) -> None:
    with pytest.raises(UserError, match="no stage 'trian'; did you mean 'train'"):
        read_settings("trian")


def test_missing_settings_say_how_to_make_them(project: Project) -> None:
    (project.folder / "params.yaml").unlink()
    with pytest.raises(UserError, match=r"params\.yaml is not there; run `dvc repro`"):
        read_settings("train")


def test_a_missing_key_names_the_stage_that_needs_it(project: Project) -> None:
    project.write("params.yaml", {"problem": {"target": "sex"}})
    with pytest.raises(UserError, match=r"no 'evaluate', which stage 'evaluate' needs"):
        read_settings("evaluate")


def test_broken_yaml_names_the_file(project: Project) -> None:
    project.write("params.yaml", "a: [1")
    with pytest.raises(UserError, match=r"params\.yaml is not valid YAML"):
        read_settings("train")
