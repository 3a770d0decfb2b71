import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from library.projects import ROOT, Project

from pedigree.base.names import UserError
from pedigree.base.tables import read_json, read_table
from pedigree.data.target import features
from pedigree.prediction.bundle import Bundle
from pedigree.prediction.predictor import Predictor
from pedigree.prediction.sealed import Sealed, seal

FOLDER = Path("models/bundle")
PREDICT = """
import json, sys
import pandas as pd
from pathlib import Path
from pedigree.prediction.bundle import Bundle
bundle = Bundle.load(Path("bundle"))
typed, broken = bundle.check(pd.read_csv("rows.csv", dtype=str))
assert broken.empty
print(json.dumps(bundle.predict(typed).values.tolist()))
"""


def raw_rows(penguins_file: str = "data/external/penguins.csv") -> pd.DataFrame:
    return pd.read_csv(penguins_file, dtype=str, keep_default_na=False)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda: (FOLDER / "model.skops").write_bytes(b"other"), "model.skops was changed"),
        (lambda: (FOLDER / "signature.json").write_text("{}"), "signature.json was changed"),
        (lambda: (FOLDER / "select.skops").unlink(), "select.skops is missing"),
        (lambda: (FOLDER / "evil.py").touch(), "evil.py is new"),
        (lambda: (FOLDER / "sha256.json").unlink(), "contains no bundle"),
        (lambda: shutil.rmtree(FOLDER), "contains no bundle"),
    ],
)
def test_a_bundle_that_is_not_what_was_packed_is_refused(
    project: Project, change, what: str
) -> None:
    change()
    with pytest.raises(UserError, match=what):
        Bundle.load()


def test_nothing_is_opened_before_the_check(project: Project) -> None:
    """A broken model would raise its own error when it is opened."""
    (FOLDER / "model.skops").write_bytes(b"PK no archive")
    with pytest.raises(UserError, match=r"model\.skops was changed"):
        Bundle.load()


def test_the_id_names_the_content(project: Project) -> None:
    before = Sealed.read(FOLDER).id
    assert seal(FOLDER) == before
    (FOLDER / "README.md").write_text("another card", encoding="utf-8")
    assert seal(FOLDER) != before


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_raw_rows_get_the_pipelines_own_predictions(copy_of, task: str) -> None:
    project = copy_of(task)
    bundle = Bundle.load()
    typed, broken = bundle.check(raw_rows())
    assert broken.empty
    problem = project.settings("verdict").problem
    clean = read_table(Path("data/clean"))
    own = Predictor.load(bundle.signature.target.classes).predict(features(clean, problem)).values
    assert bundle.predict(typed).values == pytest.approx(own, abs=1e-12)


def test_a_row_alone_gets_the_prediction_that_it_gets_among_others(project: Project) -> None:
    bundle = Bundle.load()
    rows = raw_rows()
    together = bundle.predict(bundle.check(rows)[0]).values
    for position in (0, 3, 100, len(rows) - 1):
        alone = bundle.predict(bundle.check(rows.iloc[[position]])[0]).values
        assert alone[0] == pytest.approx(together[position], abs=1e-12)


@pytest.mark.slow
def test_a_fresh_process_predicts(project: Project, tmp_path: Path) -> None:
    folder = tmp_path / "elsewhere"
    shutil.copytree(FOLDER, folder / "bundle")
    raw_rows().head(5).to_csv(folder / "rows.csv", index=False)
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "7"}
    done = subprocess.run(
        [sys.executable, "-c", PREDICT],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    bundle = Bundle.load()
    expected = bundle.predict(bundle.check(raw_rows().head(5))[0]).values
    assert json.loads(done.stdout) == expected.tolist()


def test_columns_may_be_spelt_as_in_the_source_or_in_snake_case(project: Project) -> None:
    bundle = Bundle.load()
    rows = raw_rows().head(3)
    snake = rows.rename(columns={"Culmen Length (mm)": "culmen_length_mm", "Island": "island"})
    assert (
        bundle.predict(bundle.check(rows)[0]).values
        == bundle.predict(bundle.check(snake)[0]).values
    ).all()


def test_an_unknown_column_is_refused(project: Project) -> None:
    rows = raw_rows().head(1).rename(columns={"Island": "Iland"})
    with pytest.raises(UserError, match="unknown column 'iland'; did you mean 'island'"):
        Bundle.load().check(rows)


def test_a_column_that_is_given_twice_is_refused(project: Project) -> None:
    rows = raw_rows().head(1).assign(island="Dream")
    with pytest.raises(UserError, match="column 'island' is given twice"):
        Bundle.load().check(rows)


def test_columns_that_the_model_needs_must_be_given_and_no_others(project: Project) -> None:
    bundle = Bundle.load()
    inputs = bundle.signature.inputs
    needed = [name for name, column in inputs.items() if column.required]
    rows = read_table(Path("data/loaded")).head(4)
    assert (
        bundle.predict(bundle.check(rows[needed])[0]).values
        == bundle.predict(bundle.check(rows)[0]).values
    ).all()
    with pytest.raises(
        UserError, match=f"required columns are missing: '{needed[0]}', '{needed[-1]}'"
    ):
        bundle.check(rows[needed[1:-1]])


def test_an_input_that_is_not_required_has_no_say(project: Project) -> None:
    inputs = read_json(FOLDER / "signature.json")["inputs"]
    assert "sex" not in inputs
    assert "comments" not in inputs
    assert inputs["culmen_depth_mm"] == {"type": "float64", "required": True}
    assert inputs["region"]["required"] is False


def test_missing_values_are_answered(project: Project) -> None:
    bundle = Bundle.load()
    rows = raw_rows().head(2)
    rows["Culmen Depth (mm)"] = ["", "NA"]
    typed, broken = bundle.check(rows)
    assert broken.empty
    assert bundle.predict(typed).values.shape == (2, 2)


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("Body Mass (g)", "heavy", "body_mass_g: is float64"),
        ("Body Mass (g)", "-1", "body_mass_g: greater_than(0)"),
        ("Island", "Atlantis", "island: isin"),
        ("Date Egg", "yesterday", "date_egg: is datetime64"),
    ],
)
def test_a_row_that_breaks_the_contract_is_named(
    project: Project, column: str, value: str, reason: str
) -> None:
    rows = raw_rows().head(3)
    rows.loc[1, column] = value
    _, broken = Bundle.load().check(rows)
    assert broken.index.tolist() == [1]
    assert broken.loc[1, "reason"].startswith(reason)


def test_a_target_that_is_sent_along_is_not_looked_at(project: Project) -> None:
    bundle = Bundle.load()
    rows = raw_rows().head(5)
    other = rows.assign(Sex="MALE")
    assert (
        bundle.predict(bundle.check(rows)[0]).values
        == bundle.predict(bundle.check(other)[0]).values
    ).all()
