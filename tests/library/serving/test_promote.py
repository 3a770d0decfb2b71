import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from library.projects import ROOT, Project

from pedigree.base.names import UserError
from pedigree.base.tables import read_json, read_table, write_json
from pedigree.estimators.signature import Signature
from pedigree.prediction.predictor import Predictor
from pedigree.prediction.sealed import Sealed, seal
from pedigree.scoring.decision import PredictedRows, Threshold
from pedigree.scoring.predictions import PredictionTable
from pedigree.serving.promote import promote
from pedigree.verdict import champion

BUNDLE, CHAMPION = Path("models/bundle"), Path("models/champion/bundle")


def verdict() -> dict:
    return read_json(Path("metrics/verdict.json"))


def put(folder: Path = BUNDLE) -> str:
    """Put a bundle into use without DVC, which the shared project lacks; return its id."""
    shutil.copytree(folder, CHAMPION)
    return Sealed.read(CHAMPION).id


def change_signature(**changes: object) -> str:
    signature = read_json(CHAMPION / "signature.json")
    write_json(signature | changes, CHAMPION / "signature.json")
    return seal(CHAMPION)


# --- promote ---------------------------------------------------------------------------------------


def test_a_bundle_is_copied_whole_and_what_is_left_to_do_is_said(project: Project) -> None:
    identity = Sealed.read(BUNDLE).id
    done = promote()
    assert Sealed.read(CHAMPION).id == identity
    assert done[0] == f"{CHAMPION} is now bundle {identity[:12]}."
    # There is no repository here.
    assert done[1].startswith(
        "models/champion/bundle is not in DVC yet (you are not inside of a DVC repository"
    )
    assert done[1].endswith("run `dvc add models/champion/bundle`.")
    assert done[-1] == (
        "Next: `git init`, since this is not a Git repository, `dvc add models/champion/bundle`, `dvc repro` (to "
        f"compare the verdict with it), `git add . && git commit -m 'Promote {identity[:12]}'`, then `dvc push`."
    )
    assert promote() == [f"{CHAMPION} already is bundle {identity[:12]}."]


def test_a_folder_of_ones_own_in_its_place_is_kept(project: Project) -> None:
    CHAMPION.mkdir(parents=True)
    (CHAMPION / "notes.txt").touch()
    with pytest.raises(UserError, match=f"{CHAMPION} contains no bundle"):
        promote()
    assert [one.name for one in CHAMPION.iterdir()] == ["notes.txt"]


def test_another_bundle_takes_its_place(project: Project) -> None:
    first = put()
    (BUNDLE / "README.md").write_text("another card", encoding="utf-8")
    second = seal(BUNDLE)
    assert promote()[0] == f"{CHAMPION} is now bundle {second[:12]}, and replaces {first[:12]}."
    assert Sealed.read(CHAMPION).id == second


def test_a_bundle_that_was_changed_is_not_promoted(project: Project) -> None:
    before = put()
    (BUNDLE / "model.skops").write_bytes(b"x")
    with pytest.raises(UserError, match=r"model\.skops was changed"):
        promote()
    assert Sealed.read(CHAMPION).id == before


def test_a_model_that_is_not_accepted_is_promoted_only_on_purpose(project: Project) -> None:
    write_json(verdict() | {"accepted": False}, Path("metrics/verdict.json"))
    with pytest.raises(UserError, match=r"does not accept this model .* --anyway"):
        promote()
    assert not CHAMPION.exists()
    promote(anyway=True)
    assert CHAMPION.exists()


@pytest.mark.slow
def test_git_keeps_the_fingerprint_of_a_champion_and_dvc_its_files(project: Project) -> None:
    shutil.copyfile(ROOT / ".gitignore", ".gitignore")
    python = [sys.executable, "-m"]
    surroundings = os.environ | {"PYTHONPATH": str(ROOT)}

    def succeed(*command: str) -> str:
        done = subprocess.run(command, env=surroundings, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    succeed("git", "init", "-q")
    succeed(*python, "dvc", "init", "-q")
    succeed(*python, "dvc", "config", "core.autostage", "true")
    assert "not in DVC" not in succeed(*python, "pedigree", "promote")
    succeed("git", "add", "models")
    kept = succeed("git", "ls-files", "models").split()
    assert kept == ["models/champion/README.md", "models/champion/bundle.dvc"]


# --- the champion, judged --------------------------------------------------------------------------


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_a_model_is_no_better_than_itself(copy_of, task: str) -> None:
    project = copy_of(task)
    identity = put()
    project.run("verdict")
    assert f"champion {identity[:12]}" in verdict()["about"]
    found = PredictionTable.read(Path("data/predictions/test"))
    assert list(found.of) == ["model", "linear", "dummy", "champion"]
    assert found.of["champion"] == pytest.approx(found.of["model"])
    against = [one for one in verdict()["comparisons"] if one["against"] == "champion"]
    assert [(one["gain"], one["interval"]) for one in against] == [(0, [0, 0])] * len(against)
    assert [one["champion"] for one in verdict()["metrics"]] == [
        one["value"] for one in verdict()["metrics"]
    ]


def test_a_new_model_is_compared_with_the_champion_row_by_row(project: Project) -> None:
    put()
    project.compose("model=dummy", "tune=off", "+problem.criteria.gain_over_champion.at_least=0")
    project.run("tune", "train", "evaluate", "verdict")
    (line,) = (one for one in verdict()["criteria"] if one["criterion"] == "gain_over_champion")
    assert line["met"] is False
    first = next(one for one in verdict()["comparisons"] if one["against"] == "champion")
    assert line["value"] == first["gain"] < first["interval"][1] < 0


def test_without_a_champion_there_is_nothing_to_beat(project: Project) -> None:
    project.compose("+problem.criteria.gain_over_champion.at_least=0.1")
    project.run("verdict")
    assert "no champion to compare with" in verdict()["about"]
    assert verdict()["criteria"][-1]["met"] is True


def test_classes_in_another_order_are_told_apart_by_name(project: Project) -> None:
    put()
    target = read_json(CHAMPION / "signature.json")["target"]
    change_signature(target=target | {"classes": target["classes"][::-1]})
    project.run("verdict")
    found = PredictionTable.read(Path("data/predictions/test")).of
    assert found["champion"] == pytest.approx(found["model"][:, ::-1])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"target": {"name": "sex", "classes": ["he", "she"]}}, "it predicts he, she, not female, male"),
        ({"target": {"name": "sex", "classes": []}}, "it predicts numbers, not female, male"),
        ({"target": {"name": "island", "classes": ["a", "b"]}}, "it predicts island, not sex"),
        ({"inputs": {"wings": {"type": "float64", "required": True}}}, "it needs wings, which the rows lack"),
    ],
)  # fmt: skip
def test_a_champion_of_another_question_is_not_compared_and_says_why(
    project: Project, change: dict, said: str
) -> None:
    put()
    identity = change_signature(**change)
    prediction, about = champion.predict_by_champion(
        read_table(Path("data/split/test")), "sex", ["female", "male"]
    )
    assert prediction is None
    assert said in about
    assert identity[:12] in about


def test_a_champion_that_this_code_cannot_ask_stops_nothing(project: Project) -> None:
    put()
    shutil.copyfile(CHAMPION / "select.skops", CHAMPION / "model.skops")  # which predicts nothing
    seal(CHAMPION)
    said, about = champion.predict_by_champion(
        read_table(Path("data/split/test")), "sex", ["female", "male"]
    )
    assert said is None
    assert about.startswith("the champion cannot be compared: ")
    assert "has classes_ None after fit" in about


def test_a_champion_that_was_changed_is_not_opened_and_not_beaten(project: Project) -> None:
    put()
    (CHAMPION / "model.skops").write_bytes(b"x")
    project.compose("+problem.criteria.gain_over_champion.at_least=0")
    project.run("verdict")
    (about,) = (one for one in verdict()["about"] if "champion" in one)
    assert "was changed" in about
    assert {one["against"] for one in verdict()["comparisons"]} == {"linear", "dummy"}
    assert verdict()["criteria"][-1]["met"] is False  # it could not be shown


def test_a_column_that_a_champion_can_do_without_may_be_gone(project: Project) -> None:
    signature = Signature.read()
    rows = read_table(Path("data/split/test"))
    spare = next(name for name, one in signature.inputs.items() if not one.required)
    found = champion.bundle_columns(signature, rows.drop(columns=spare))
    assert list(found) == list(signature.inputs)
    assert found[spare].isna().all()
    assert Predictor.load(["female", "male"], Sealed.read(BUNDLE)).predict(
        found
    ).values == pytest.approx(PredictionTable.read(Path("data/predictions/test")).of["model"])


def test_a_champion_decides_by_its_own_threshold_and_pays_what_the_model_pays() -> None:
    values = np.array([[0.5, 0.5]])
    own, costs = {"false_positive": 9.0, "false_negative": 9.0}, {"false_positive": 1.0}
    said = champion.priced(
        PredictedRows(values, Threshold(0.7, own)), PredictedRows(values, Threshold(0.2, costs))
    )
    assert said.threshold == Threshold(0.7, costs)
    assert champion.priced(PredictedRows(values), PredictedRows(values)).threshold is None
