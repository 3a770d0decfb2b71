import hashlib
from pathlib import Path

import pytest
from library.projects import Project

from pedigree import __version__
from pedigree.base.names import UserError
from pedigree.base.tables import read_json, read_table
from pedigree.report.formatting import number

FOLDER = Path("models/bundle")


def test_a_bundle_holds_model_signature_lineage_and_card(project: Project) -> None:
    parts = {"engineer.skops", "select.skops", "model.skops", "calibrator.skops", "threshold.json"}
    papers = {"signature.json", "lineage.json", "sbom.cdx.json", "README.md", "sha256.json"}
    assert {path.name for path in FOLDER.iterdir()} == parts | papers
    for name in parts:
        assert (FOLDER / name).read_bytes() == Path("models", name).read_bytes()
    for name, digest in read_json(FOLDER / "sha256.json").items():
        assert hashlib.sha256((FOLDER / name).read_bytes()).hexdigest() == digest


def test_the_signature_names_every_column_that_training_knew(project: Project) -> None:
    signature = read_json(FOLDER / "signature.json")
    assert set(signature["types"]) == set(read_table(Path("data/loaded")))
    assert signature["target"] == {"name": "sex", "classes": ["female", "male"]}
    assert set(signature["clean"]) == set(project.settings("package").clean.steps)


def test_the_lineage_names_snapshot_and_environment(project: Project) -> None:
    lineage = read_json(FOLDER / "lineage.json")
    assert lineage["snapshot"] == read_json(Path("data/raw/snapshot.json"))
    assert lineage["library"]["version"] == __version__
    assert isinstance(lineage["library"]["changed"], list)
    assert lineage["environment"]["packages"]["catboost"][0].isdigit()


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_the_card_says_what_the_verdict_says(copy_of, task: str) -> None:
    copy_of(task)
    card = (FOLDER / "README.md").read_text(encoding="utf-8")
    verdict = read_json(Path("metrics/verdict.json"))
    assert "**Accepted.** The catboost model meets both success criteria." in card
    for one in verdict["metrics"]:
        low, high = one["interval"]
        assert (
            f"| {one['metric']} | {number(one['value'])} | {number(low)} to {number(high)} |"
            in card
        )
    for one in verdict["criteria"]:
        assert f"- met: {one['criterion']} is {number(one['value'])}" in card
    for one in verdict["comparisons"]:
        assert f"| {one['metric']} | {number(one['gain'])} |" in card
    assert "No leakage was found; 10 checks were run." in card
    assert ("Expected calibration error" in card) is (task != "regression")
    assert read_json(Path("data/raw/snapshot.json"))["files"][0]["sha256"] in card
    assert "- `comments`: names the bird or the season" in card


def test_a_model_that_was_not_accepted_is_packed_and_says_so(project: Project) -> None:
    project.compose("problem.criteria.gain_over_dummy.at_least=2")
    project.run("verdict", "package")
    card = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert "**Not accepted.** The catboost model meets 1 of 2 success criteria." in card
    assert "- **not met**: gain_over_dummy" in card


def test_packing_twice_gives_the_same_bytes(project: Project) -> None:
    before = {path.name: path.read_bytes() for path in FOLDER.iterdir()}
    project.run("package")
    assert {path.name: path.read_bytes() for path in FOLDER.iterdir()} == before


def test_a_bundle_that_is_too_large_is_refused_and_the_last_one_stays(project: Project) -> None:
    before = (FOLDER / "sha256.json").read_bytes()
    with pytest.raises(UserError, match=r"package\.max_megabytes allows 0\.001"):
        project.run("package", overrides=["package.max_megabytes=0.001"])
    assert (FOLDER / "sha256.json").read_bytes() == before
