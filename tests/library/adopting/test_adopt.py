import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from library.projects import RAW, ROOT, Project, compose, make_project
from pandera.io.pandas_io import from_yaml

from pedigree.adopting import Adoption, propose_settings
from pedigree.adopting.command import main
from pedigree.adopting.source import find_source
from pedigree.base.names import UserError
from pedigree.base.tables import read_json
from pedigree.config.checks import check

ROWS = 400


def customers() -> pd.DataFrame:
    """Make rows as a business would export them, one column of each kind."""
    draw = np.random.default_rng(0)
    churned = np.where(draw.random(ROWS) < 0.3, "Yes", "No")
    months = draw.integers(0, 72, ROWS)
    total = pd.Series(months * 20.5).astype("str").mask(months < 3, " ")
    words = ["asked", "called", "wrote", "paid", "moved", "and", "again", "about", "the", "bill"]
    return pd.DataFrame(
        {
            "Customer ID": [f"{n:04d}-{'ABCDE'[n % 5]}" for n in range(ROWS)],
            "Region": draw.choice(["North", "South", "East"], ROWS),
            "Tenure": months,
            "Total Charges": total,
            "Paperless": draw.choice(["yes", "no"], ROWS),
            "Country": "Atlantis",
            "Fax": "",
            "Born": pd.to_datetime(draw.integers(0, 15000, ROWS), unit="D").strftime("%d/%m/%Y"),
            "Remark": [" ".join(draw.choice(words, 8)) for _ in range(ROWS)],
            "Left": np.where(churned == "Yes", "gone", "here"),
            "Exit Survey": np.where(churned == "Yes", draw.integers(1, 6, ROWS).astype("str"), ""),
            "Last Bill": np.where(churned == "Yes", 0, draw.integers(10, 90, ROWS)),
            "Churn": churned,
        }
    )


@pytest.fixture
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Return a project of the penguins in which nothing has run, as the current folder."""
    project = make_project(tmp_path / "project", "binary")
    (project.folder / "conf/config.yaml").write_bytes((ROOT / "conf/config.yaml").read_bytes())
    monkeypatch.chdir(project.folder)
    return project


@pytest.fixture
def churn(tmp_path: Path) -> Path:
    path = tmp_path / "Churn Export.csv"
    customers().to_csv(path, index=False)
    return path


def adopt(path: Path, target: str, task: str | None = None) -> Adoption:
    return propose_settings(find_source(str(path), Path("unused")), target, task)


def kinds(adoption: Adoption) -> dict[str, str]:
    return {column.name: column.kind for column in adoption.columns}


def settings(path: str) -> dict[str, Any]:
    return yaml.safe_load(Path(path).read_text(encoding="utf-8"))


def everything() -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()}


# Decisions ---------------------------------------------------------------------------------------


def test_each_column_is_what_a_person_would_say(fresh: Project, churn: Path) -> None:
    assert kinds(adopt(churn, "Churn")) == {
        "customer_id": "identifier",
        "region": "category",
        "tenure": "number",
        "total_charges": "number",
        "paperless": "boolean",
        "country": "constant",
        "fax": "empty",
        "born": "date",
        "remark": "text",
        "left": "category",
        "exit_survey": "number",
        "last_bill": "number",
        "churn": "target",
    }


def test_a_category_that_is_mostly_numbers_or_dates_is_said_to_be(
    fresh: Project, tmp_path: Path
) -> None:
    odd = {"Price": [f"{n}.5" for n in range(99)] + ["9,5 EUR"], "Day": ["2025-01-01"] * 99 + ["?"]}
    rows = pd.DataFrame(odd).assign(Answer=["yes", "no"] * 50)
    pd.concat([rows] * 4).to_csv(tmp_path / "rows.csv", index=False)
    why = {one.name: one.why for one in adopt(tmp_path / "rows.csv", "Answer").columns}
    assert why["price"].endswith(
        "; 99% are numbers, but not '9,5 EUR'; add a step to conf/clean/ to fix it"
    )
    assert why["day"].endswith("; 99% are dates, but not '?'; add a step to conf/clean/ to fix it")


def test_what_certainly_gives_the_target_away_is_left_out_and_the_rest_is_only_named(
    fresh: Project, churn: Path
) -> None:
    columns = {column.name: column for column in adopt(churn, "Churn").columns}
    assert "is the target in another form" in (columns["left"].left_out or "")
    assert columns["last_bill"].left_out is None
    assert "by itself" in (columns["last_bill"].suspect or "")
    named = {name for name, column in columns.items() if column.suspect}
    assert named == {"left", "last_bill"}


def test_honest_columns_of_real_data_are_no_suspects(fresh: Project) -> None:
    for target in ("Sex", "Body Mass (g)", "Island"):
        suspects = [column.name for column in adopt(RAW, target).columns if column.suspect]
        assert suspects == [], target


def test_the_target_in_another_unit_is_left_out(fresh: Project, tmp_path: Path) -> None:
    rows = pd.read_csv(RAW)
    rows["mass in pounds"] = rows["Body Mass (g)"] * 0.00220462
    rows.to_csv(tmp_path / "pounds.csv", index=False)
    columns = {c.name: c for c in adopt(tmp_path / "pounds.csv", "Body Mass (g)").columns}
    assert columns["mass_in_pounds"].left_out
    assert columns["flipper_length_mm"].suspect is None


@pytest.mark.parametrize(
    ("target", "task", "positive", "first"),
    [
        ("Sex", "binary", "FEMALE", "roc_auc"),
        ("Species", "multiclass", None, "f1_macro"),
        ("Body Mass (g)", "regression", None, "rmse"),
        ("body_mass_g", "regression", None, "rmse"),
        ("Clutch Completion", "binary", "Yes", "roc_auc"),
    ],
)
def test_the_target_says_what_is_asked(
    fresh: Project, tmp_path: Path, target: str, task: str, positive: str | None, first: str
) -> None:
    rows = pd.read_csv(RAW)
    rows["Sex"] = rows["Sex"].replace(".", None)
    rows.to_csv(tmp_path / "p.csv", index=False)
    question = adopt(tmp_path / "p.csv", target).problem
    assert (question.task, question.metrics[0]) == (task, first)
    assert question.positive == positive or target == "Sex"


def test_a_rare_class_is_judged_by_average_precision(fresh: Project, tmp_path: Path) -> None:
    rows = customers().assign(Churn=["Yes" if n % 20 == 0 else "No" for n in range(ROWS)])
    rows.to_csv(tmp_path / "rare.csv", index=False)
    question = adopt(tmp_path / "rare.csv", "Churn").problem
    assert question.metrics[:2] == ["average_precision", "roc_auc"]
    assert question.positive == "Yes"


def test_an_id_that_comes_back_groups_the_split(fresh: Project) -> None:
    adoption = adopt(RAW, "Sex")
    assert adoption.split == "group"
    assert kinds(adoption)["individual_id"] == "group"
    assert settings_of(adoption, "problem")["group"] == ["individual_id"]


DAYS = pd.date_range("2025-01-01", periods=ROWS)


@pytest.mark.parametrize(
    ("name", "dates", "time"),
    [
        ("Observed On", DAYS[::-1].astype("str"), "observed_on"),
        ("Reading", DAYS.strftime("%d.%m.%Y"), "reading"),  # in order, whatever it is called
        ("Birth Date", DAYS[::-1].strftime("%d/%m/%Y"), None),
        ("Reading", DAYS[::-1].astype("str"), None),
    ],
)
def test_a_date_of_events_orders_the_split(
    fresh: Project, tmp_path: Path, name: str, dates: pd.Index, time: str | None
) -> None:
    customers().assign(**{name: dates}).to_csv(tmp_path / "events.csv", index=False)
    adoption = adopt(tmp_path / "events.csv", "Churn")
    assert adoption.split == ("time" if time else "stratified")
    assert settings_of(adoption, "problem")["time"] == time


def settings_of(adoption: Adoption, section: str) -> dict[str, Any]:
    (text,) = (text for path, text in adoption.contents.items() if section in path.parts)
    return yaml.safe_load(text)


def test_a_contract_is_wider_than_the_sample(fresh: Project, churn: Path) -> None:
    (text,) = (t for p, t in adopt(churn, "Churn").contents.items() if p.parts[0] == "contracts")
    columns = yaml.safe_load(text)["columns"]
    assert columns["tenure"]["le"] > 71
    assert columns["tenure"]["ge"] == 0
    assert columns["region"]["isin"] == ["East", "North", "South"]
    assert columns["total_charges"] == {**columns["total_charges"], "dtype": "float64"}
    assert columns["country"]["required"] is False
    assert "isin" not in columns["remark"]


def test_a_contract_that_lists_all_columns_is_complete_and_read_by_pandera(
    fresh: Project, churn: Path
) -> None:
    (text,) = (t for p, t in adopt(churn, "Churn").contents.items() if p.parts[0] == "contracts")
    schema = from_yaml(text)
    assert (schema.strict, schema.metadata) == (False, {"complete": True})
    assert len(schema.columns) == len(customers().columns)


@pytest.mark.parametrize(
    ("target", "promise"),
    [
        ("Tenure", {"dtype": "int64", "nullable": True, "ge": 0, "le": 150}),
        ("Churn", {"dtype": "str", "nullable": True, "isin": ["No", "Yes"]}),
        ("Senior", {"dtype": "int64", "nullable": True, "isin": [0, 1]}),
    ],
)
def test_a_contract_holds_answers_to_their_classes_or_range(
    fresh: Project, tmp_path: Path, target: str, promise: dict[str, Any]
) -> None:
    rows = customers().assign(Senior=[0, 1] * (ROWS // 2))
    rows.to_csv(tmp_path / "rows.csv", index=False)
    adoption = adopt(tmp_path / "rows.csv", target)
    contract = yaml.safe_load(adoption.contents[Path(f"contracts/{adoption.source.name}.yaml")])
    assert contract["columns"][adoption.problem.target.name] == promise


# Writing -----------------------------------------------------------------------------------------


def run(*arguments: object) -> None:
    main([str(argument) for argument in arguments])


@pytest.mark.parametrize(
    ("target", "stages"),
    [("Churn", ["tune", "train"]), ("Tenure", ["train"]), ("Region", ["train"])],
)
def test_the_settings_that_are_written_pass_every_check_and_run(
    fresh: Project, churn: Path, target: str, stages: Sequence[str]
) -> None:
    run(churn, "--target", target)
    config = compose(fresh.folder / "conf", "tune=off", "threads=1")
    check(config)
    fresh.compose("tune=off", "threads=1", "compare.folds=2", "compare.repeats=1")
    fresh.run("collect", "load", "clean", "split", "engineer", "select", "compare", "tune")
    fresh.run("train", "evaluate")
    assert read_json(Path("metrics/load.json"))["rejected"] == 0
    assert "customer_id" not in read_json(Path("metrics/train.json"))["features"]


def test_settings_point_at_the_data_and_keep_their_comments(fresh: Project, churn: Path) -> None:
    before = Path("conf/config.yaml").read_text(encoding="utf-8")
    run(churn, "--target", "Churn")
    after = Path("conf/config.yaml").read_text(encoding="utf-8")
    assert "- problem: churn_export  # the target, metrics" in after
    assert "- collect: churn_export  # where" in after
    assert before.count("#") == after.count("#")
    assert "contract: contracts/churn_export.yaml  # a pandera" in Path(
        "conf/load/default.yaml"
    ).read_text(encoding="utf-8")


def test_dvc_draws_the_curves_of_the_task(fresh: Project, churn: Path) -> None:
    for target, curve in (("Tenure", "residuals"), ("Churn", "roc")):
        run(churn, "--target", target, "--force")
        drawn = [next(iter(one)) for one in settings("dvc.yaml")["plots"] if isinstance(one, dict)]
        assert f"plots/evaluate/{curve}.csv" in drawn
        assert len([one for one in drawn if "evaluate" in one]) == {"residuals": 2, "roc": 5}[curve]


def test_a_dry_run_changes_nothing(
    fresh: Project, churn: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = everything()
    run(churn, "--target", "Churn", "--dry-run")
    assert everything() == before
    shown = capsys.readouterr().out
    assert "total_charges" in shown
    assert "left out: a different string in each row" in shown
    copied, *listed = shown.split("Without --dry-run:\n")[1].splitlines()
    assert copied == "data/external/Churn Export.csv: added to DVC"
    assert "conf/config.yaml: refers to it" in listed
    run(churn, "--target", "Churn")
    assert "\n".join(listed) in capsys.readouterr().out


def test_a_second_run_keeps_what_a_person_edited_unless_told(fresh: Project, churn: Path) -> None:
    run(churn, "--target", "Churn")
    problem, config = Path("conf/problem/churn_export.yaml"), Path("conf/config.yaml")
    written = problem.read_text(encoding="utf-8")
    problem.write_text(written.replace("Predict Churn.", "Keep customers."), encoding="utf-8")
    config.write_text(
        config.read_text(encoding="utf-8").replace("split: stratified", "split: hash")
    )
    before = everything()
    run("data/external/Churn Export.csv", "--target", "Churn")
    assert everything() == before
    run("data/external/Churn Export.csv", "--target", "Churn", "--force")
    assert problem.read_text(encoding="utf-8") == written
    assert "split: stratified" in config.read_text(encoding="utf-8")


def test_another_file_of_that_name_is_not_overwritten(fresh: Project, churn: Path) -> None:
    run(churn, "--target", "Churn")
    customers().head(300).to_csv(churn, index=False)
    before = everything()
    with pytest.raises(SystemExit, match=r"data/external/Churn Export\.csv exists and differs"):
        run(churn, "--target", "Churn")
    assert everything() == before


def test_a_folder_that_differs_in_an_inner_file_is_only_replaced_on_request(
    fresh: Project, tmp_path: Path
) -> None:
    parts = tmp_path / "parts"
    for name in ("a", "inner/b"):
        (parts / name).parent.mkdir(parents=True, exist_ok=True)
        customers().to_csv(parts / f"{name}.csv", index=False)
    run(parts, "--target", "Churn")
    copies = Path("data/external/parts")
    assert sorted(one.name for one in copies.rglob("*.csv")) == ["a.csv", "b.csv"]
    run(parts, "--target", "Churn")
    (copies / "mine.txt").touch()
    (parts / "inner/b.csv").unlink()
    with pytest.raises(SystemExit, match="data/external/parts exists and differs"):
        run(parts, "--target", "Churn")
    assert (copies / "mine.txt").exists()
    run(parts, "--target", "Churn", "--force")
    assert [one.name for one in copies.rglob("*")] == ["a.csv"]


@pytest.mark.parametrize("committed", [True, False])
def test_the_batch_of_the_example_is_removed_only_if_git_has_it(
    committed: bool, fresh: Project, churn: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    batch = Path("data/incoming/penguins-2009.csv")
    shutil.copyfile(ROOT / batch, batch)
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "x"]):
        who = ["-c", "user.name=x", "-c", "user.email=x@localhost", "-c", "commit.gpgsign=false"]
        subprocess.run(["git", *who, *command], check=True)
    if not committed:
        batch.write_text("my own rows")
    run(churn, "--target", "Churn")
    assert batch.exists() is not committed
    assert f"{batch}: {'removed' if committed else 'kept'}" in capsys.readouterr().out


def test_a_full_disk_leaves_no_settings_that_are_taken_for_edited_ones(
    fresh: Project, churn: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    resource = pytest.importorskip("resource")
    before = everything()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, limits[1]))
    try:
        with pytest.raises(SystemExit, match=r"^adopt: data/external/Churn Export\.csv: file too"):
            run(churn, "--target", "Churn")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert everything() == before


def test_a_source_of_conf_collect_is_adopted_like_a_file(fresh: Project) -> None:
    run("example", "--target", "species")
    assert "- collect: example" in Path("conf/config.yaml").read_text(encoding="utf-8")
    assert settings("conf/problem/example.yaml")["target"] == "species"
    assert "island" in settings("contracts/example.yaml")["columns"]


def test_a_folder_of_files_is_one_table(fresh: Project, tmp_path: Path) -> None:
    (tmp_path / "months").mkdir()
    for month in range(4):
        rows = customers().iloc[month * 100 : (month + 1) * 100]
        rows.to_csv(tmp_path / f"months/{month}.csv", index=False)
    run(tmp_path / "months", "--target", "Churn")
    fresh.compose("threads=1")
    fresh.run("collect", "load")
    assert read_json(Path("metrics/load.json"))["rows"] == ROWS


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("telco-churn.csv", "telco_churn"),
        ("Été à Paris.csv.gz", "ete_a_paris"),
        ("2024.csv", "data_2024"),
        ("no.csv", "data_no"),
        ("🎉.csv", "data"),
        ("binary.csv", "data_binary"),
        ("file.csv", "data_file"),
        ("it's.v2.csv", "it_s_v2"),
    ],
)
def test_the_data_set_is_named_after_the_file(
    fresh: Project, tmp_path: Path, file: str, name: str
) -> None:
    customers().to_csv(tmp_path / file, index=False)
    assert find_source(str(tmp_path / file), tmp_path).name == name


# Refusing ----------------------------------------------------------------------------------------


def test_a_first_row_that_contains_the_target_is_the_header(fresh: Project, tmp_path: Path) -> None:
    path = tmp_path / "numbered.csv"
    rows = customers()[["Tenure", "Last Bill", "Churn"]].rename(columns={"Tenure": "1"})
    rows.to_csv(path, index=False)  # a name that is a number is usually a value
    adoption = adopt(path, "Churn")
    assert [one.source_name for one in adoption.columns] == ["1", "Last Bill", "Churn"]
    assert adoption.scan.rows == ROWS
    written = yaml.safe_load(adoption.contents[Path("conf/collect/numbered.yaml")])
    assert written["reading"]["header"] is True


@pytest.mark.parametrize(
    ("target", "hint"),
    [("Chur", "did you mean 'Churn'?"), ("price", "name one of these, or add a header.")],
)
def test_a_file_that_seems_to_have_no_header_is_said_to_have_none(
    fresh: Project, tmp_path: Path, target: str, hint: str
) -> None:
    path = tmp_path / "numbered.csv"
    customers()[["Tenure", "Churn"]].rename(columns={"Tenure": "1"}).to_csv(path, index=False)
    with pytest.raises(UserError) as error:
        adopt(path, target)
    assert str(error.value) == (
        f"the target '{target}' is not a column of the data: numbered.csv seems to have no header, since its first row "
        f"looks like values (1, Churn), so that its columns are column_1 to column_2; {hint}"
    )


def changed(**columns: Any) -> pd.DataFrame:
    return customers().assign(**columns)


@pytest.mark.parametrize(
    ("rows", "target", "sentence"),
    [
        (
            customers(),
            "Chrun",
            "the target 'Chrun' is not a column of the data; did you mean 'Churn'?",
        ),
        (changed(Churn=""), "Churn", "the target 'Churn' has no value in any row"),
        (changed(Churn="No"), "Churn", "the target 'Churn' is 'No' in every row"),
        (
            changed(Churn=["Yes"] + ["No"] * (ROWS - 1)),
            "Churn",
            "the class 'Yes' has 1 row, too few for a training, validation and test set",
        ),
        (
            changed(Churn=[f"class {n}" for n in range(ROWS)]),
            "Churn",
            "the target 'Churn' has 400 classes, more than 100; group them into fewer",
        ),
        (
            pd.DataFrame({"a": 1, "b": "x", "y": ["u", "v"] * 20}),
            "y",
            "no column is left as a feature",
        ),
        (customers().head(0), "Churn", "has a header but no rows"),
    ],
)
def test_data_that_cannot_answer_are_refused_and_nothing_is_changed(
    fresh: Project, tmp_path: Path, rows: pd.DataFrame, target: str, sentence: str
) -> None:
    rows.to_csv(tmp_path / "rows.csv", index=False)
    before = everything()
    with pytest.raises(SystemExit) as refusal:
        run(tmp_path / "rows.csv", "--target", target)
    assert sentence in str(refusal.value)
    assert everything() == before


def test_ten_thousand_classes_are_refused_though_not_all_are_kept_in_mind(
    fresh: Project, tmp_path: Path
) -> None:
    rows = pd.DataFrame({"x": range(30_000), "y": [f"k{n % 10_000}" for n in range(30_000)]})
    rows.to_csv(tmp_path / "rows.csv", index=False)
    with pytest.raises(UserError, match="has 10,000 classes, more than 100"):
        adopt(tmp_path / "rows.csv", "y")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty"),
        (b"a,b,y\n", "has a header but no rows"),
        (bytes(range(256)) * 50, "is not a text file"),
        (b"a,b,y\n1,2,3\n1,2\n", "line 3: 2 values, but 3 are expected"),
    ],
)
def test_a_file_that_is_no_table_is_refused_and_nothing_is_changed(
    fresh: Project, tmp_path: Path, content: bytes, sentence: str
) -> None:
    (tmp_path / "rows.csv").write_bytes(content)
    before = everything()
    with pytest.raises(SystemExit) as refusal:
        run(tmp_path / "rows.csv", "--target", "y")
    assert sentence in str(refusal.value)
    assert everything() == before


def test_a_file_that_is_not_there_is_named_with_what_is(fresh: Project) -> None:
    with pytest.raises(
        UserError,
        match=r"'data/external/pengiuns.csv' is neither a file nor a source.*'penguins.csv'",
    ):
        find_source("data/external/pengiuns.csv", Path("unused"))


def test_only_a_similar_file_that_can_be_read_is_suggested(fresh: Project) -> None:
    Path("zzz.md").write_text("no table")
    Path("persons.csv").write_text("a,b\n")
    for named, hint in {
        "zzz": "known are: ",
        "person.csv": "did you mean 'persons.csv'?",
    }.items():
        with pytest.raises(UserError) as refusal:
            find_source(named, Path("unused"))
        assert f"; {hint}" in str(refusal.value)
        assert ".md" not in str(refusal.value)


def test_an_address_that_holds_a_credential_is_not_asked(fresh: Project) -> None:
    with pytest.raises(UserError, match=r"collect\.path holds what looks like a credential"):
        find_source("https://127.0.0.1:1/rows.csv?X-Amz-Signature=0a1b", Path("unused"))


def test_the_command_line_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        run("--help")
    assert "--dry-run" in capsys.readouterr().out
    assert sys.modules["pedigree.adopting"]
