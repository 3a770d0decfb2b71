import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pedigree.base import tables
from pedigree.base.files.replacing import new_folder
from pedigree.base.names import UserError
from pedigree.base.tables import (
    read_json,
    read_table,
    write_csv,
    write_json,
    write_table,
)


def test_a_table_comes_back_as_it_was_written(penguins: pd.DataFrame, tmp_path: Path) -> None:
    write_table(penguins, tmp_path / "rows")
    pd.testing.assert_frame_equal(read_table(tmp_path / "rows"), penguins)


def test_large_tables_are_cut_into_parts_that_are_read_in_order(
    penguins: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "ROWS_PER_PART", 100)
    write_table(penguins, tmp_path / "rows")
    names = sorted(path.name for path in (tmp_path / "rows").iterdir())
    assert names == [f"part-{number:05d}.parquet" for number in range(4)]
    assert read_table(tmp_path / "rows").equals(penguins)


def test_a_table_without_rows_keeps_its_columns(penguins: pd.DataFrame, tmp_path: Path) -> None:
    write_table(penguins.head(0), tmp_path / "rows")
    assert list(read_table(tmp_path / "rows")) == list(penguins)


def test_equal_tables_give_equal_bytes(penguins: pd.DataFrame, tmp_path: Path) -> None:
    write_table(penguins, tmp_path / "a")
    write_table(penguins.copy(), tmp_path / "b")
    name = "part-00000.parquet"
    assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_json_knows_numpy_and_has_no_nan(tmp_path: Path) -> None:
    write_json(
        {"a": np.float64(0.1) + np.float64(0.2), "b": np.array([1, 2]), "c": float("nan"), 3: True},
        tmp_path / "x.json",
    )
    assert read_json(tmp_path / "x.json") == {"a": 0.3, "b": [1, 2], "c": None, "3": True}


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_keep_nine_digits(tmp_path_factory: pytest.TempPathFactory, value: float) -> None:
    path = tmp_path_factory.mktemp("json") / "x.json"
    write_json(value, path)
    assert json.loads(path.read_text()) == pytest.approx(value, rel=1e-8)


def test_rows_become_csv_with_a_header(tmp_path: Path) -> None:
    write_csv([{"x": 1 / 3, "y": "a,b"}, {"x": None, "y": ""}], tmp_path / "x.csv")
    assert (tmp_path / "x.csv").read_bytes() == b'x,y\n0.333333333,"a,b"\n,\n'


def test_no_row_has_no_header(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no row to write"):
        write_csv([], tmp_path / "x.csv")


def test_paths_may_be_strings(penguins: pd.DataFrame, tmp_path: Path) -> None:
    rows, numbers, points = (f"{tmp_path}/{name}" for name in ("rows", "a.json", "b.csv"))
    write_table(penguins, rows)
    write_json({"a": 1}, numbers)
    write_csv([{"x": 1}], points)
    with new_folder(f"{tmp_path}/new") as folder:
        (folder / "file").touch()
    assert read_table(rows).equals(penguins)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.json", "b.csv", "new", "rows"]


def test_a_folder_without_parts_is_named(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "none"):
        with pytest.raises(
            UserError, match=rf"^{folder} contains no Parquet files; run `dvc repro`"
        ):
            read_table(folder)
