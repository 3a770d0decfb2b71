from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pedigree.base.tables import sha256
from pedigree.scoring.predictions import PredictionTable, dummy, row_names

SEX = PredictionTable(
    row=np.array(["a", "b"], dtype=object),
    group=np.array(["Adelie", "Gentoo"], dtype=object),
    truth=np.array([1, 0]),
    classes=["female", "male: adult"],
    of={"model": np.array([[0.2, 0.8], [0.7, 0.3]]), "dummy": np.full((2, 2), 0.5)},
)
MASS = PredictionTable(
    row=np.array(["a", "b"], dtype=object),
    group=None,
    truth=np.array([3750.0, 4100.0]),
    classes=[],
    of={"model": np.array([3700.0, 4000.0]), "linear": np.array([3800.0, 4200.0])},
)


@pytest.mark.parametrize("said", [SEX, MASS], ids=["classes", "numbers"])
def test_predictions_are_read_as_they_were_written(said: PredictionTable, tmp_path: Path) -> None:
    said.write(tmp_path / "p")
    found = PredictionTable.read(tmp_path / "p")
    assert found.classes == said.classes
    assert found.row.tolist() == said.row.tolist()
    assert (found.group is None) == (said.group is None)
    assert found.group is None or found.group.tolist() == said.group.tolist()
    assert found.truth.tolist() == said.truth.tolist()
    assert found.truth.dtype.kind == said.truth.dtype.kind
    assert {who: p.tolist() for who, p in found.of.items()} == {
        who: p.tolist() for who, p in said.of.items()
    }


def test_a_table_names_answers_and_classes_as_people_do(tmp_path: Path) -> None:
    SEX.write(tmp_path / "p")
    (part,) = (tmp_path / "p").iterdir()
    table = pd.read_parquet(part)
    assert list(table) == [
        *("row", "group", "truth", "model:female", "model:male: adult"),
        *("dummy:female", "dummy:male: adult"),
    ]
    assert table["truth"].tolist() == ["male: adult", "female"]
    before = sha256(part)
    SEX.write(tmp_path / "p")
    assert sha256(part) == before


def test_a_row_bears_the_same_name_wherever_it_stands(penguins: pd.DataFrame) -> None:
    names = row_names(penguins)
    assert len(set(names)) == len(penguins)
    order = np.random.default_rng(0).permutation(len(penguins))
    shuffled = penguins.iloc[order][sorted(penguins, reverse=True)].reset_index(drop=True)
    assert row_names(shuffled).tolist() == names[order].tolist()


def test_equal_rows_are_told_apart_by_a_number() -> None:
    rows = pd.DataFrame({"x": [1.5, 2.0, 1.5, 1.5]})
    names = row_names(rows).tolist()
    assert names[2:] == [f"{names[0]}-2", f"{names[0]}-3"]
    assert names[1] != names[0]


def test_another_value_gives_another_name(penguins: pd.DataFrame) -> None:
    changed = penguins.assign(body_mass_g=penguins["body_mass_g"].where(penguins.index != 5, 1.0))
    assert np.flatnonzero(row_names(changed) != row_names(penguins)).tolist() == [5]


def test_a_dummy_says_the_shares_of_the_training_rows() -> None:
    answers = pd.Series(["a", "b", "b", "b"])
    assert dummy(answers, ["a", "b"], 2).tolist() == [[0.25, 0.75]] * 2
    assert dummy(pd.Series([1.0, 2.0]), [], 2).tolist() == [1.5, 1.5]
