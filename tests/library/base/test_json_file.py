import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from library.projects import Project

from pedigree.base.json_file import JsonFile, read_as
from pedigree.base.names import UserError
from pedigree.base.paths import WINNER
from pedigree.base.tables import write_json
from pedigree.data.records import CleanMetrics, LoadMetrics, SnapshotRecord, SplitMetrics
from pedigree.data.target import EncodedTarget
from pedigree.estimators.lineage import Lineage
from pedigree.estimators.settings import Model
from pedigree.estimators.signature import Signature
from pedigree.estimators.train_metrics import TrainMetrics
from pedigree.estimators.tuned import TunedParams, TuneReport
from pedigree.features.selection.select_metrics import SelectMetrics
from pedigree.scoring.decision import ChosenThreshold
from pedigree.scoring.results import (
    JudgedCriterion,
    LeakageMetrics,
    MonitorMetrics,
    Score,
    ValidationMetrics,
    VerdictMetrics,
)

FILES = [
    ChosenThreshold,
    CleanMetrics,
    EncodedTarget,
    LeakageMetrics,
    Lineage,
    LoadMetrics,
    MonitorMetrics,
    SelectMetrics,
    Signature,
    SplitMetrics,
    TrainMetrics,
    TuneReport,
    TunedParams,
    ValidationMetrics,
    VerdictMetrics,
]
TARGET = EncodedTarget.place


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
@pytest.mark.parametrize("kind", FILES)
def test_what_was_read_is_written_with_the_same_bytes(
    finished: Callable[[str], Project], tmp_path: Path, kind: type[JsonFile], task: str
) -> None:
    path = finished(task).folder / kind.place
    kind.read(path).write(tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == path.read_bytes()


def test_what_tune_found_is_written_with_the_same_bytes(tmp_path: Path) -> None:
    tuned = {"depth": {"from": 6, "to": 5}, "criterion": {"from": None, "to": "gini"}}
    write_json({"model": "catboost", "tuned": tuned}, tmp_path / "one.json")
    found = TunedParams.read(tmp_path / "one.json")
    assert (found.tuned["depth"].before, found.tuned["depth"].after) == (6, 5)
    found.write(tmp_path / "two.json")
    assert (tmp_path / "two.json").read_bytes() == (tmp_path / "one.json").read_bytes()


def test_the_snapshot_is_written_with_the_same_bytes(project: Project, tmp_path: Path) -> None:
    write_json(SnapshotRecord.read(), tmp_path / "again.json")
    again = (tmp_path / "again.json").read_bytes()
    assert again == Path("data/raw/snapshot.json").read_bytes()


def test_an_object_equals_what_is_read_back(tmp_path: Path) -> None:
    """JSON has nine digits, and knows neither NaN nor NumPy."""
    score = Score(
        metric="r2", value=np.float64(1 / 3), interval=(np.nan, np.array(0.5)), linear=np.inf
    )
    assert score.interval == (None, 0.5)
    assert score.linear is None
    made = ValidationMetrics.model_validate({"r2": 1 / 3, "metrics": [score]})
    made.write(tmp_path / "one.json")
    assert ValidationMetrics.read(tmp_path / "one.json") == made


def test_an_owner_can_change_values_and_add_keys(tmp_path: Path) -> None:
    made = TunedParams(model="linear", tuned={})
    with pytest.raises(ValueError, match="frozen"):
        made.model = "mine"  # type: ignore[misc]
    other = made.updated(model="mine", n=np.int64(3))
    other.write(tmp_path / "one.json")
    assert json.loads((tmp_path / "one.json").read_text()) == {"n": 3, "model": "mine", "tuned": {}}
    assert made.model == "linear"
    with pytest.raises(ValueError, match="valid string"):
        made.updated(model=3)


def test_scores_come_before_the_lists(tmp_path: Path) -> None:
    made = ValidationMetrics.model_validate({"metrics": [], "worst_slice": None, "r2": 0.5})
    made.write(tmp_path / "one.json")
    assert list(json.loads((tmp_path / "one.json").read_text())) == ["r2", "worst_slice", "metrics"]
    assert made.scores == {"r2": 0.5}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{"name": "sex"}', "'classes' is missing"),
        ('{"name": "sex", "classes": "male"}', "'classes' is 'male': should be a list"),
        ('{"name": "sex", "classes": [1]}', r"'classes\.0' is 1: should be a string"),
        ('{"name": ', "it is not valid JSON"),
        ("[]", r"its content is \[\]"),
    ],
)
def test_a_file_of_another_shape_is_named_with_the_key_and_the_way_out(
    project: Project, content: str, said: str
) -> None:
    TARGET.write_text(content, encoding="utf-8")
    with pytest.raises(UserError, match=f"^data/split/target.json: {said}.*`dvc repro split`"):
        EncodedTarget.read()


def test_a_file_that_is_missing_names_its_stage(project: Project) -> None:
    TARGET.unlink()
    with pytest.raises(UserError, match=r"target.json does not exist; run `dvc repro split`\.$"):
        EncodedTarget.read()


def test_of_a_copy_elsewhere_no_stage_is_named(project: Project) -> None:
    path = Path("models/champion/bundle/target.json")
    with pytest.raises(UserError, match=r"^models/champion/bundle/target.json does not exist\.$"):
        EncodedTarget.read(path)
    write_json({"name": "sex"}, path)
    with pytest.raises(UserError, match=r"'classes' is missing\. .* the library wrote it\.$"):
        EncodedTarget.read(path)


def test_a_model_of_another_shape_is_named_by_its_file(project: Project) -> None:
    WINNER.write_text('{"name": "linear"}', encoding="utf-8")
    with pytest.raises(
        UserError, match=r"winner.json: 'estimator' is missing.*`dvc repro compare`"
    ):
        read_as(Model, WINNER, "compare")


def test_a_stage_says_what_is_wrong_with_a_file_that_it_reads(project: Project) -> None:
    TrainMetrics.place.write_text('{"model": "linear"}', encoding="utf-8")
    with pytest.raises(UserError, match=r"metrics/train.json: 'baseline' is missing"):
        project.run("package")


def test_a_criterion_has_a_limit() -> None:
    with pytest.raises(ValueError, match="needs at_least or at_most"):
        JudgedCriterion(criterion="r2", value=0.5, met=True)
    assert JudgedCriterion(criterion="r2", value=0.5, at_least=0, met=True).meets(0.0)
    assert not JudgedCriterion(criterion="r2", value=0.5, at_most=0, met=True).meets(0.1)
