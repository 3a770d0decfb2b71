"""`pedigree keep`: the settings of an experiment reach conf/, and conf/ composes exactly these."""

import subprocess
from pathlib import Path

import pytest
import yaml
from library.projects import Project, make_project

from pedigree.base.paths import CONF, PARAMS
from pedigree.config.composing import compose
from pedigree.config.configuration import Configuration
from pedigree.config.keeping.command import main, text
from pedigree.config.keeping.options import infer_options

COMMENT = "# Größen in mm, “as they were measured”; a comment of the owner's\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Return a project in which nothing has run, as the current folder."""
    made = make_project(tmp_path / "project", "binary")
    monkeypatch.chdir(made.folder)
    return made


def keep(project: Project, *overrides: str) -> None:
    """Put an experiment in force, and keep it."""
    project.compose(*overrides)
    before = PARAMS.read_bytes()
    main([])
    assert PARAMS.read_bytes() == before
    assert text(compose()) == before.decode()


def conf() -> dict[str, str]:
    return {path.as_posix(): path.read_text(encoding="utf-8") for path in CONF.rglob("*.yaml")}


def test_options_values_and_removed_keys_are_kept_and_comments_stay(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    config = CONF / "config.yaml"
    config.write_text(COMMENT + config.read_text(encoding="utf-8"), encoding="utf-8")
    before = conf()
    overrides = (
        *("model=linear", "model/encoder=target", "model.by_kind.classification.C=10"),
        *("train/calibration=sigmoid", "tune=off", "seed=7", "verdict.resamples=333"),
        *("problem.group=null", "problem.goal='off'", "~model@compare.models.dummy"),
    )
    keep(project, *overrides)
    after = conf()
    assert after["conf/config.yaml"].startswith(COMMENT)
    changed = {path for path, text in after.items() if before.get(path) != text}
    assert changed == {
        "conf/config.yaml",
        *(f"conf/{step}/kept.yaml" for step in ("compare", "model", "problem", "train")),
    }
    assert yaml.safe_load(after["conf/model/kept.yaml"]) == {
        "defaults": ["linear", {"override encoder": "target"}, "_self_"],
        "by_kind": {"classification": {"C": 10}},
    }
    # A section without a key is written whole, with its references.
    assert "${seed}" in after["conf/compare/kept.yaml"]
    capsys.readouterr()
    main([])
    assert capsys.readouterr().out.startswith("nothing to keep")
    assert conf() == after
    assert compose(["seed=43"])["model"]["name"] == "linear"


def test_what_was_kept_can_be_changed_and_kept_again(project: Project) -> None:
    keep(project, "model.estimator.depth=3")
    kept = CONF / "model/kept.yaml"
    kept.write_text(kept.read_text() + "# mine\nclass_weight: balanced  # and this\n")
    keep(project, "model.estimator.depth=2", "model/scaler=robust", "problem.positive='no'")
    text = kept.read_text()
    assert "- override scaler: robust\n- _self_\n" in text
    assert "depth: 2\n# mine\nclass_weight: balanced  # and this\n" in text
    keep(project, "model=linear")
    assert yaml.safe_load((CONF / "config.yaml").read_text())["defaults"][9] == {"model": "linear"}
    assert kept.read_text() == text  # no file of the owner is removed


def test_a_preset_is_found_and_is_left_out_where_it_would_win(project: Project) -> None:
    config = CONF / "config.yaml"
    preset = config.read_text().replace("- _self_\n", "- _self_\n- optional experiment: null\n")
    config.write_text(preset)
    project.compose("experiment=quick")
    found = infer_options(yaml.safe_load(PARAMS.read_text()))
    assert found.options == {"experiment": "quick"}
    keep(project, "experiment=quick")
    keep(project, "evaluate.resamples=201")
    assert "experiment: null" in config.read_text()


def test_what_cannot_be_written_is_said_and_nothing_is_changed(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    project.compose("~verdict.resamples")
    before = conf()
    with pytest.raises(SystemExit) as ended:
        main([])
    assert "conf/ cannot be changed automatically to compose verdict.resamples;" in str(ended.value)
    assert conf() == before


def test_settings_of_the_last_commit_that_went_back_are_reported_and_can_be_kept(
    project: Project,
) -> None:
    def git(*arguments: str) -> None:
        identity = ("-c", "user.name=Tests", "-c", "user.email=tests@localhost")
        subprocess.run(["git", *identity, *arguments], check=True)

    def reported() -> list[str]:
        return [one for one in Configuration.read().changes() if one.startswith("WARNING: ")]

    git("init", "--quiet")
    project.compose("evaluate.calibration_bins=5", "monitor.alpha=0.1")
    git("add", "conf", "params.yaml")
    git("commit", "--quiet", "-m", "applied")
    lines = reported()
    assert lines[0].startswith("WARNING: 2 settings of the last commit, not in conf/, went back")
    assert lines[1:3] == [
        "WARNING:   evaluate.calibration_bins: 5 -> 8",
        "WARNING:   monitor.alpha: 0.1 -> 0.05",
    ]
    assert "`python -m pedigree keep HEAD`" in lines[3]
    project.compose("seed=43")
    main(["HEAD"])
    assert reported() == []
    assert compose()["monitor"]["alpha"] == 0.1
    with pytest.raises(SystemExit, match="commit 'nowhere' does not exist"):
        main(["nowhere"])
    # An edit of conf/ that was committed before it ran is no experiment.
    git("add", "conf")
    Configuration.read().write()
    git("commit", "--quiet", "-am", "kept")
    step = CONF / "select/importance.yaml"
    step.write_text(step.read_text().replace("stability_folds: 2", "stability_folds: 3"))
    git("commit", "--quiet", "-am", "edited")
    assert reported() == []
