import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from fastapi.testclient import TestClient
from library.projects import Project

from pedigree.base.names import UserError
from pedigree.base.tables import read_table
from pedigree.prediction.bundle import Bundle
from pedigree.prediction.sealed import Sealed
from pedigree.serving import api as serve


def client() -> TestClient:
    return TestClient(serve.create_app())


def bird(**changes: Any) -> dict[str, Any]:
    """Return a raw row with the columns that the model needs."""
    inputs = Bundle.load().signature.inputs
    row = read_table(Path("data/loaded")).iloc[0]
    needed = {name: row[name] for name, column in inputs.items() if column.required}
    plain = {n: str(v.date()) if isinstance(v, pd.Timestamp) else v for n, v in needed.items()}
    return {name: None if pd.isna(value) else value for name, value in plain.items()} | changes


def refusal(row: dict[str, Any]) -> str:
    answer = client().post("/predict", json={"rows": [row]})
    assert answer.status_code == 422
    return str(answer.json()["detail"])


def test_health_names_the_bundle(project: Project) -> None:
    answer = client().get("/health")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ok", "bundle": Sealed.read(Path("models/bundle")).id}


def test_a_row_gets_its_label_and_probabilities(project: Project) -> None:
    bundle = Bundle.load()
    expected = bundle.predict(bundle.check(pd.DataFrame([bird()]))[0]).values[0]
    answer = client().post("/predict", json={"rows": [bird(), bird()]}).json()
    first, second = answer["predictions"]
    assert first == second
    assert first["probabilities"] == pytest.approx(
        dict(zip(("female", "male"), expected, strict=True))
    )
    assert first["label"] == max(first["probabilities"], key=first["probabilities"].get)
    assert answer["bundle"] == bundle.id


def test_a_number_is_answered_with_its_value_and_interval(copy_of) -> None:
    copy_of("regression")
    (answer,) = client().post("/predict", json={"rows": [bird()]}).json()["predictions"]
    assert set(answer) == {"value", "low", "high"}
    assert 2500 < answer["low"] < answer["value"] < answer["high"] < 7000


def test_one_of_several_classes_is_answered(copy_of) -> None:
    copy_of("multiclass")
    (answer,) = client().post("/predict", json={"rows": [bird()]}).json()["predictions"]
    assert answer["label"] == "Adelie"
    assert sum(answer["probabilities"].values()) == pytest.approx(1)


def test_missing_values_are_answered(project: Project) -> None:
    rows = [bird(culmen_depth_mm=None), bird(culmen_depth_mm="NA"), bird(culmen_depth_mm="")]
    answer = client().post("/predict", json={"rows": rows})
    assert answer.status_code == 200
    first, second, third = answer.json()["predictions"]
    assert first == second == third


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"iland": "Dream"}, "unknown column 'iland'; did you mean 'island'?"),
        ({"Culmen Depth (mm)": 3}, "column 'culmen_depth_mm' is given twice"),
        (
            {"culmen_depth_mm": "deep"},
            "row 0: culmen_depth_mm should be of type float64, but is 'deep'",
        ),
        ({"body_mass_g": -5}, "row 0: body_mass_g should be greater than 0, but is -5.0"),
        ({"date_egg": "soon"}, "row 0: date_egg should be of type datetime64[ns], but is 'soon'"),
        ({"culmen_depth_mm": [1, 2]}, "Input should be a valid"),
    ],
)
def test_a_wrong_row_is_refused_with_the_reason(project: Project, changes: dict, said: str) -> None:
    assert said in refusal(bird() | changes)


def test_a_row_without_a_needed_column_is_refused(project: Project) -> None:
    row = bird()
    del row["culmen_depth_mm"]
    assert refusal(row) == "the required column 'culmen_depth_mm' is missing."


@pytest.mark.parametrize("body", [{}, {"rows": []}, {"rows": [{}]}, {"row": [{}]}, {"rows": "x"}])
def test_a_request_of_another_shape_is_refused(project: Project, body: dict) -> None:
    assert client().post("/predict", json=body).status_code == 422


def test_too_many_rows_are_refused(project: Project) -> None:
    rows = [bird()] * (serve.MAX_ROWS + 1)
    assert client().post("/predict", json={"rows": rows}).status_code == 422
    assert client().post("/predict", json={"rows": rows[1:]}).status_code == 200


def test_a_refusal_does_not_hand_the_rows_back(project: Project) -> None:
    rows = [bird(individual_id="N1A1")] * (serve.MAX_ROWS + 1)
    answer = client().post("/predict", json={"rows": rows})
    assert "N1A1" not in answer.text
    (reason,) = answer.json()["detail"]
    assert reason["loc"] == ["body", "rows"]
    assert reason["msg"].startswith("List should have at most 1000 items")


def test_a_body_that_is_no_json_is_told_where(project: Project) -> None:
    answer = client().post(
        "/predict", content='{"rows"', headers={"content-type": "application/json"}
    )
    assert answer.status_code == 422
    (reason,) = answer.json()["detail"]
    assert (reason["loc"], reason["msg"]) == (["body", 7], "JSON decode error")


def test_a_changed_bundle_is_not_served(project: Project) -> None:
    (project.folder / "models/bundle/model.skops").write_bytes(b"other")
    with pytest.raises(UserError, match=r"model\.skops was changed"):
        client()


def test_the_command_says_what_is_missing(project: Project, monkeypatch) -> None:
    monkeypatch.setattr(sys, "argv", ["serve", "--bundle", "nowhere"])
    with pytest.raises(SystemExit) as end:
        serve.main()
    assert str(end.value) == (
        "serve: nowhere contains no bundle (sha256.json is missing); run `dvc repro package`."
    )
