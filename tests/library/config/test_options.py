import json
import sys
from pathlib import Path

import pytest
from library.projects import ROOT

from pedigree.base.names import UserError
from pedigree.config import tools
from pedigree.config.options import describe_option, format_options, main, options
from pedigree.config.tools import DISTRIBUTIONS, extras, locate, way_to_install


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def names(group: str) -> set[str]:
    return {one["name"] for one in options(group)[group]}


def test_every_choice_of_every_step_is_listed_with_what_it_is() -> None:
    found = options()
    assert names("model") == {path.stem for path in Path("conf/model").glob("*.yaml")}
    assert names("split") == {"random", "stratified", "group", "time", "hash", "column"}
    assert {"model/encoder", "model/imputer", "model/scaler", "experiment"} <= found.keys()
    listed = [one for offered in found.values() for one in offered]
    assert [one["name"] for one in listed if not one["summary"]] == []


def test_one_option_of_a_step_is_chosen_and_of_profile_any_number() -> None:
    for group, offered in options().items():
        chosen = [one["name"] for one in offered if one["chosen"]]
        wanted = "/" not in group and group != "experiment"
        assert len(chosen) == wanted or (group == "profile" and len(chosen) > 1), group


def test_several_options_are_chosen_by_a_list(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "conf/profile").mkdir(parents=True)
    (tmp_path / "conf/config.yaml").write_text("defaults:\n  - profile: [plots, tables]\n")
    for name in ("none", "plots", "tables"):
        (tmp_path / f"conf/profile/{name}.yaml").write_text(f"# {name}\n")
    monkeypatch.chdir(tmp_path)
    chosen = {one["name"]: one["chosen"] for one in options("profile")["profile"]}
    assert chosen == {"none": False, "plots": True, "tables": True}


def test_a_step_may_be_named_and_its_parts_come_along() -> None:
    parts = ["model/encoder", "model/imputer", "model/sampler", "model/scaler"]
    assert list(options("model")) == ["model", *parts]
    assert list(options("tune")) == ["tune"]
    with pytest.raises(UserError, match="no group 'modle'; did you mean 'model'"):
        options("modle")


def test_what_is_not_installed_is_said_with_the_command(tmp_path: Path) -> None:
    option = tmp_path / "mine.yaml"
    option.write_text("# A model of mine: the best.\nestimator:\n  _target_: not_there.Model\n")
    said = describe_option(option, chosen=False)
    assert said["summary"] == "A model of mine: the best"
    assert said["missing"] == ["not_there"]
    assert said["install"] is None  # whoever owns that name on PyPI
    shown = format_options({"model": [said]})
    assert shown.endswith("not installed: not_there")


def test_only_known_packages_are_proposed_to_be_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = '[project.optional-dependencies]\ngood = ["part-of-it>=2"]\n'
    (tmp_path / "pyproject.toml").write_text(project)
    (tmp_path / "constraints.txt").write_text("# Pins.\nsome.thing==1.2\n")
    monkeypatch.chdir(tmp_path)
    for name, said in {
        "part-of-it": "run `uv pip install --require-hashes -r requirements/good.txt`",
        "some-thing": "run `uv pip install -c constraints.txt some-thing`",
        "some_thing": "run `uv pip install -c constraints.txt some_thing`",
    }.items():
        assert (way_to_install(name) or "").startswith(said)
    assert way_to_install("something") is None
    monkeypatch.setattr("pedigree.cleaning.limit.needs", ("some_thin",), raising=False)
    with pytest.raises(UserError) as error:
        locate("pedigree.cleaning.limit")
    assert str(error.value) == (
        "module 'some_thin', which pedigree.cleaning.limit needs, does not exist; did you mean 'some_thing'?"
    )


def test_nothing_is_said_to_be_missing_but_what_an_extra_brings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As where only the core is installed."""
    packages = {one for brought in extras().values() for one in brought}
    modules = {name for name, package in DISTRIBUTIONS.items() if package in packages} | packages
    really = tools._is_there
    monkeypatch.setattr(tools, "_is_there", lambda module: module not in modules and really(module))
    listed = {
        (group, one["name"]): one["missing"]
        for group, offered in options().items()
        for one in offered
    }
    assert {package for missing in listed.values() for package in missing} <= packages
    assert listed["model", "catboost"] == listed["model", "dummy"] == listed["tune", "off"] == []
    assert listed["model", "xgboost"] == ["xgboost"]


def test_the_extra_of_an_option_is_named_once_whether_it_is_installed_or_not() -> None:
    lines = {}
    for group, offered in options().items():
        for line in format_options({group: offered}).splitlines()[1:]:
            if line[3] == " " != line[4]:
                lines[group, line.split()[0 if line[2] != "*" else 1]] = line
    for option, extra in {
        ("model", "xgboost"): "boosting",
        ("model/encoder", "woe"): "encoders",
        ("tune", "hyperopt"): "tuning",
        ("tune", "ray"): "tuning",
        ("profile", "plots"): "profiling",
    }.items():
        assert lines[option].count(f"extra `{extra}`") == 1
    assert "extra" not in lines["model", "linear"] + lines["tune", "random"]


def test_an_abbreviation_does_not_end_the_sentence_that_describes_an_option(tmp_path: Path) -> None:
    option = tmp_path / "mine.yaml"
    option.write_text("# Weights (Caruana et al. 2004), path=... and e.g. a key.\n# More of it.\n")
    expected = "Weights (Caruana et al. 2004), path=... and e.g. a key"
    assert describe_option(option, chosen=False)["summary"] == expected


def test_an_adapter_lacks_what_it_says_that_it_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    extra = '[project.optional-dependencies]\ngood = ["not-there>=2; x", "nor_this"]\n'
    (tmp_path / "pyproject.toml").write_text(extra)
    (tmp_path / "good.yaml").write_text("# Good.\nsteps:\n  - _target_: pedigree.cleaning.limit\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("pedigree.cleaning.limit.needs", ("json", "nor_this.part"), raising=False)
    monkeypatch.setitem(DISTRIBUTIONS, "nor_this.part", "nor_this")
    said = describe_option(Path("good.yaml"), chosen=False)
    assert said["missing"] == ["nor_this"]
    assert "or `pip install --require-hashes -r requirements/good.txt`" in said["install"]
    with pytest.raises(UserError, match=r"pedigree\.cleaning\.limit needs the package 'nor_this'"):
        locate("pedigree.cleaning.limit")


def test_an_option_lacks_what_the_files_that_it_places_lack(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "conf/explain/method").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    Path("conf/explain/method/good.yaml").write_text("# Good.\n_target_: not_there.Method\n")
    own, other = Path("conf/explain/good.yaml"), Path("conf/experiment.yaml")
    own.write_text("# Good.\ndefaults:\n  - method@methods.good: good\n  - _self_\n")
    other.write_text("# Good.\ndefaults:\n  - override /explain: good\n")
    assert describe_option(own, chosen=False)["missing"] == ["not_there"]
    assert describe_option(other, chosen=False)["missing"] == ["not_there"]


def test_the_command_prints_for_people_and_for_machines(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["options", "split"])
    main()
    assert "  stratified  Random split of single rows" in capsys.readouterr().out
    monkeypatch.setattr(sys, "argv", ["options", "split", "--json"])
    main()
    assert {one["name"] for one in json.loads(capsys.readouterr().out)["split"]} == names("split")
    monkeypatch.setattr(sys, "argv", ["options", "splat"])
    with pytest.raises(SystemExit, match="options: conf/ has no group 'splat'"):
        main()
