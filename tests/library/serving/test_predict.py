import sys
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from library.projects import Project
from pyarrow import parquet

from pedigree.base.names import UserError
from pedigree.prediction.bundle import Bundle
from pedigree.serving import batch as command
from pedigree.serving.batch import predict_file

PENGUINS = Path("data/external/penguins.csv")
OUT = Path("scored.csv")


def rows(**columns: object) -> pd.DataFrame:
    return pd.read_csv(PENGUINS, dtype=str, keep_default_na=False).assign(**columns)


def score(
    source: Path, out: Path = OUT, keep: Sequence[str] = (), max_rejected: int = 0
) -> pd.DataFrame:
    predict_file(source, out, Bundle.load(), keep, max_rejected)
    return pd.read_parquet(out) if out.suffix == ".parquet" else pd.read_csv(out)


def write(frame: pd.DataFrame, name: str = "rows.csv", **options: object) -> Path:
    frame.to_csv(name, index=False, **options)
    return Path(name)


def expected() -> pd.DataFrame:
    bundle = Bundle.load()
    return bundle.answer(bundle.check(rows())[0])


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
@pytest.mark.parametrize("piece", [7, 50_000])
def test_each_row_gets_the_answer_of_the_api_in_order(
    project: Project, monkeypatch, suffix: str, piece: int
) -> None:
    monkeypatch.setattr(command, "ROWS", piece)
    scored = score(PENGUINS, OUT.with_suffix(suffix))
    wanted = expected()
    assert scored.columns.tolist() == [*wanted, "bundle"]
    assert scored["label"].tolist() == wanted["label"].tolist()
    for name in wanted.columns[1:]:
        assert scored[name].tolist() == pytest.approx(wanted[name].tolist(), abs=1e-12)


def test_a_number_is_answered_with_its_value_and_interval(copy_of) -> None:
    copy_of("regression")
    scored = score(PENGUINS)
    assert scored.columns.tolist() == ["value", "low", "high", "bundle"]
    assert scored["value"].between(2500, 6500).all()
    empty = score(write(rows().head(0)), Path("scored.parquet"))
    assert empty.columns.tolist() == scored.columns.tolist()


def test_each_row_carries_the_bundle_that_answered(project: Project) -> None:
    assert set(score(PENGUINS)["bundle"]) == {Bundle.load().id}


def test_a_parquet_file_gets_the_answers_of_the_text_that_it_was_made_from(
    project: Project,
) -> None:
    pd.read_parquet("data/loaded").to_parquet("rows.parquet")
    pd.testing.assert_frame_equal(score(Path("rows.parquet")), score(PENGUINS))


def test_columns_that_are_kept_come_along_as_they_were(project: Project) -> None:
    source = write(rows(customer=[f"00{n}" for n in range(len(rows()))]))
    scored = score(source, Path("scored.parquet"), keep=["customer", "Individual ID"])
    assert scored.columns[:2].tolist() == ["customer", "Individual ID"]
    assert scored["customer"].tolist() == rows(customer="").index.map("00{}".format).tolist()
    assert scored["Individual ID"].tolist() == rows()["Individual ID"].tolist()


def test_a_kept_columns_type_stays(project: Project) -> None:
    loaded = pd.read_parquet("data/loaded")
    loaded.assign(key=range(len(loaded))).to_parquet("rows.parquet")
    scored = score(Path("rows.parquet"), Path("scored.parquet"), keep=["key", "date_egg"])
    assert scored["key"].tolist() == list(range(len(loaded)))
    assert scored["date_egg"].dtype.kind == "M"


@pytest.mark.parametrize(
    ("keep", "said"),
    [
        (["nobody"], "--keep: 'nobody' is not a column of rows.csv"),
        (["Isle"], "'Isle' is not a column of rows.csv; did you mean 'Island'?"),
    ],
)
def test_a_column_that_is_not_there_cannot_be_kept(
    project: Project, keep: list[str], said: str
) -> None:
    with pytest.raises(UserError) as error:
        score(write(rows()), keep=keep)
    assert said in str(error.value)


def test_a_kept_column_may_not_bear_the_name_of_an_answer(project: Project) -> None:
    with pytest.raises(UserError, match="--keep: the output adds a column 'label'"):
        score(write(rows(label="x")), keep=["label"])


def test_an_unknown_column_is_refused_with_the_way_out(project: Project) -> None:
    with pytest.raises(UserError, match=r"unknown column 'Isle'; did you mean.*Use --keep"):
        score(write(rows(Isle="x")))
    assert not OUT.exists()


def test_a_long_unknown_column_is_refused_in_a_short_sentence(project: Project) -> None:
    with pytest.raises(UserError) as error:
        score(write(rows(**{"x\n" * 100_000: "x"})))
    assert "unknown column 'x\\nx" in str(error.value)
    assert len(str(error.value)) < 1000


def test_a_column_that_the_model_needs_is_missed(project: Project) -> None:
    with pytest.raises(
        UserError, match=r"rows\.csv: the required column 'culmen_depth_mm' is missing"
    ):
        score(write(rows().drop(columns="Culmen Depth (mm)")))


def spoilt() -> Path:
    frame = rows()
    frame.loc[1, "Island"] = "Atlantis"
    frame.loc[130, "Body Mass (g)"] = "heavy"
    return write(frame)


def test_a_row_that_breaks_the_contract_stops_and_is_named(project: Project) -> None:
    with pytest.raises(UserError) as error:
        score(spoilt())
    assert "--max-rejected allows 0" in str(error.value)
    assert "row 2: island should be one of 'Biscoe', 'Dream', 'Torgersen', but is '" in str(
        error.value
    )
    assert "row 131: body_mass_g should be of type float64, but is 'heavy'" in str(error.value)
    assert not OUT.exists()


def test_rows_that_may_be_rejected_stay_in_their_place_without_an_answer(project: Project) -> None:
    scored = score(spoilt(), max_rejected=2)
    wanted = expected()["label"]
    assert len(scored) == len(wanted)
    empty = scored["label"].isna()
    assert scored.index[empty].tolist() == [1, 130]
    assert scored["rejected"].notna().tolist() == empty.tolist()
    assert scored.loc[130, "rejected"] == "body_mass_g should be of type float64"
    assert scored["label"][~empty].tolist() == wanted[~empty].tolist()


def test_rows_of_all_pieces_count_against_the_limit(project: Project, monkeypatch) -> None:
    monkeypatch.setattr(command, "ROWS", 20)
    with pytest.raises(UserError, match="2 or more rows violate the contract"):
        score(spoilt(), max_rejected=1)


def test_a_failure_leaves_the_earlier_output_and_nothing_half_written(
    project: Project, monkeypatch
) -> None:
    monkeypatch.setattr(command, "ROWS", 20)
    OUT.write_text("earlier")
    before = set(Path().iterdir())
    with pytest.raises(UserError):
        score(spoilt())
    assert OUT.read_text() == "earlier"
    assert set(Path().iterdir()) - before == {Path("rows.csv")}


def test_a_folder_is_no_output_and_keeps_its_files(project: Project) -> None:
    folder = Path("mine.csv")
    folder.mkdir()
    (folder / "notes.txt").touch()
    with pytest.raises(UserError, match=r"^mine\.csv is a folder; name a file\.$"):
        predict_file(PENGUINS, folder, Bundle.load())
    assert [one.name for one in folder.iterdir()] == ["notes.txt"]


def test_a_file_without_rows_gives_one_without_rows(project: Project) -> None:
    scored = score(write(rows().head(0)), Path("scored.parquet"))
    assert len(scored) == 0
    assert scored.columns.tolist() == ["label", "probability:female", "probability:male", "bundle"]


def test_a_file_is_read_by_its_own_separator_and_encoding(project: Project) -> None:
    source = write(rows(), sep=";", encoding="utf-16")
    pd.testing.assert_frame_equal(score(source), score(PENGUINS))


def test_marks_of_numbers_are_those_of_the_rows_that_trained(project: Project) -> None:
    """A file of few rows does not tell 1,234 from 1.234; the bundle knows which it is."""
    source = write(rows().head(3).assign(**{"Body Mass (g)": "3,750"}))
    assert Bundle.load().snapshot.reading["decimal"] == "."
    with pytest.raises(UserError, match="body_mass_g should be of type float64, but is '3,750'"):
        score(source)


@pytest.mark.parametrize(
    ("source", "out", "said"),
    [
        ("nowhere.csv", "scored.csv", "nowhere.csv does not exist"),
        ("data/external/penguins.csv", "scored.xlsx", "use .csv or .parquet"),
        ("data/external/penguins.csv", "data/external/penguins.csv", "is the input file"),
        ("params.yaml", "scored.csv", "unknown suffix"),
    ],
)
def test_a_wrong_path_is_refused(project: Project, source: str, out: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        score(Path(source), Path(out))


def test_nested_values_cannot_be_kept_in_a_csv(project: Project) -> None:
    table = pa.Table.from_pandas(pd.read_parquet("data/loaded"))
    tags = pa.array([["a", "b"]] * len(table))
    parquet.write_table(table.append_column("tags", tags), "rows.parquet")
    with pytest.raises(UserError, match=r"--keep: 'tags' .* a CSV file cannot store"):
        score(Path("rows.parquet"), keep=["tags"])
    kept = score(Path("rows.parquet"), Path("scored.parquet"), keep=["tags"])
    assert kept["tags"][0].tolist() == ["a", "b"]


def test_the_command_says_what_it_wrote(project: Project, monkeypatch, capsys) -> None:
    arguments = ["predict", str(spoilt()), "--out", "scored.csv", "--max-rejected", "2"]
    monkeypatch.setattr(sys, "argv", arguments)
    command.main()
    said = capsys.readouterr().out
    assert "no prediction for row 2: island" in said
    assert f"{len(rows())} rows to scored.csv, 2 of them without a prediction" in said


def test_the_command_ends_with_1_and_a_sentence(project: Project, monkeypatch) -> None:
    monkeypatch.setattr(sys, "argv", ["predict", "nowhere.csv", "--out", "scored.csv"])
    with pytest.raises(SystemExit, match=r"^predict: nowhere\.csv does not exist"):
        command.main()


def test_progress_is_shown_where_it_takes_long(project: Project, monkeypatch, capsys) -> None:
    monkeypatch.setattr(command, "SECONDS", 0)
    monkeypatch.setattr(command, "ROWS", 100)
    score(PENGUINS)
    assert "100 rows, " in capsys.readouterr().out


def test_no_more_than_a_piece_of_the_file_is_in_hand(project: Project, monkeypatch) -> None:
    sizes = []
    check = Bundle.check

    def counted(self: Bundle, given: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
        sizes.append(len(given))
        return check(self, given)

    monkeypatch.setattr(Bundle, "check", counted)
    monkeypatch.setattr(command, "ROWS", 50)
    score(PENGUINS)
    assert sum(sizes) == len(rows())
    assert max(sizes) == 50


def test_formulas_are_escaped_on_request(project: Project) -> None:
    source = write(rows(note="=1+1", **{"-2+3": "x"}))
    predict_file(source, OUT, Bundle.load(), ["note", "-2+3"], escape_formulas=True)
    scored = pd.read_csv(OUT)
    assert scored.columns[:2].tolist() == ["note", "'-2+3"]
    assert set(scored["note"]) == {"'=1+1"}
    plain = score(source, keep=["note", "-2+3"])
    assert scored["label"].tolist() == plain["label"].tolist()
    with pytest.raises(UserError, match="leave the option out"):
        predict_file(source, Path("a.parquet"), Bundle.load(), escape_formulas=True)
