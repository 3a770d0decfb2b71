import csv
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pedigree.base.files.formulas import escaped, escaped_columns, unescaped
from pedigree.base.tables import write_csv
from pedigree.report.outputs import RunOutputs, read_workspace

FORMULAS = ["=1+1", "=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "-", "+", "'=1", "''@x", "＝1"]  # fmt: skip
HARMLESS = ["a", "", "-1", "+1.5", "-.5e-3", "-", "+", "it's", "'quoted'", "1-2", "a=b", "(-1, 2]", "é"]  # fmt: skip
TEXT = st.sampled_from([*FORMULAS, *HARMLESS]) | st.text(st.sampled_from("'=+-@\t\r\nx1.＝"), max_size=5)  # fmt: skip


@given(TEXT)
def test_what_is_escaped_begins_harmlessly_and_comes_back(text: str) -> None:
    found = escaped(text)
    assert unescaped(found) == text
    assert len(found) <= 1 or (found[0] not in "=@\t\r＝＋－＠" and (found[0] not in "+-" or float(found) is not None))  # fmt: skip


@given(st.lists(TEXT | st.none(), max_size=5))
def test_a_column_is_escaped_like_its_values(values: list[str | None]) -> None:
    for kind in (pa.string(), pa.large_string()):
        table = escaped_columns(pa.table({"=x": pa.array(values, kind)}))
        assert table.to_pydict() == {"'=x": [escaped(one) for one in values]}


def test_numbers_and_harmless_strings_keep_their_bytes(tmp_path: Path) -> None:
    rows = [{"name": text, "value": -1.5} for text in HARMLESS]
    write_csv(rows, tmp_path / "rows.csv")
    with (tmp_path / "plain.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, ["name", "value"], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    assert (tmp_path / "rows.csv").read_bytes() == (tmp_path / "plain.csv").read_bytes()


def test_a_report_escapes_formulas_and_the_page_reads_them_back(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_csv([{"feature": text, "n": -1} for text in FORMULAS], "rows.csv")
    text = Path("rows.csv").read_text()
    assert "\n=1+1" not in text and "'=1+1" in text
    assert [
        row["feature"] for row in RunOutputs({}, read_workspace).rows("rows.csv", "n")
    ] == FORMULAS


@pytest.mark.parametrize("value", [None, True, 1, -1.5])
def test_only_strings_are_escaped(value: object) -> None:
    assert escaped(value) is value
