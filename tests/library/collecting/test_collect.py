import csv
import hashlib
import json
import shutil
import sys
from pathlib import Path

import pandas as pd
import pytest
from library.projects import RAW, Project

from pedigree.base.names import UserError
from pedigree.collecting import example
from pedigree.collecting.settings import Collect
from pedigree.collecting.snapshot import Snapshot, fingerprint

SOURCE = Path("data/external/penguins.csv")


def snapshot() -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in Path("data/raw").iterdir()}


def test_a_snapshot_is_the_source_as_it_is(project: Project) -> None:
    assert Path("data/raw/penguins.csv").read_bytes() == SOURCE.read_bytes()


def test_a_snapshot_says_where_it_came_from_and_what_it_holds(project: Project) -> None:
    said = json.loads(snapshot()["snapshot.json"])
    rows = list(csv.reader(SOURCE.read_text(encoding="utf-8").splitlines()))
    assert said["source"]["kind"] == "file"
    assert said["source"]["path"] == SOURCE.as_posix()
    reading = said["source"]["reading"]
    assert (reading["separator"], reading["encoding"], reading["header"]) == (",", "utf-8", True)
    assert said["columns"] == rows[0]
    assert said["rows"] == len(rows) - 1
    assert said["files"] == [
        {
            "name": "penguins.csv",
            "bytes": SOURCE.stat().st_size,
            "sha256": hashlib.sha256(SOURCE.read_bytes()).hexdigest(),
            "rows": len(rows) - 1,
        }
    ]


def test_collecting_twice_gives_the_same_bytes(project: Project) -> None:
    before = snapshot()
    project.run("collect")
    assert snapshot() == before


def test_a_new_version_of_the_file_makes_another_snapshot(project: Project) -> None:
    before = snapshot()
    shutil.copyfile(RAW, SOURCE)
    project.run("collect")
    after = snapshot()
    assert json.loads(after["snapshot.json"])["files"][0]["rows"] == 344
    assert after != before


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "data/external/penguins.csv is empty"),
        (
            b"studyName,Sex\n",
            r"file returned nothing \(penguins.csv has no rows\), but collect.min_rows requires 1",
        ),
        (b"studyName,Sex\n\x00,1\n", "penguins.csv is not a text file"),
        (b"studyName,Sex\na,b,c\n", "penguins.csv, line 2: 3 values, but 2 are expected"),
        (b"studyName,Sex\na,b\n", "file returned 1 rows, but 2.. last time; collect.max_shrink"),
    ],
)
def test_a_file_without_rows_is_refused_and_the_last_snapshot_stays(
    project: Project, content: bytes, what: str
) -> None:
    before = snapshot()
    SOURCE.write_bytes(content)
    with pytest.raises(UserError, match=what):
        project.run("collect")
    assert snapshot() == before
    assert not [path for path in Path("data").iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize(
    ("path", "what"),
    [
        ("data/external/pengiuns.csv", "does not exist; did you mean 'penguins.csv'?"),
        ("data/raw/penguins.csv", "is not in data/external/; copy it there"),
        ("data/external/../raw/penguins.csv", "is not in data/external/"),
        ("/etc/hostname", "is not in data/external/"),
        ("data/external/notes.md", "has an unknown suffix"),
    ],
)
def test_a_file_that_cannot_be_collected_is_named(project: Project, path: str, what: str) -> None:
    project.write("data/external/notes.md", "text")
    with pytest.raises(UserError) as refusal:
        project.run("collect", overrides=[f"collect.path={path}"])
    assert path in str(refusal.value)
    assert what in str(refusal.value)


def test_a_parquet_file_is_described_by_its_own_metadata(
    project: Project, penguins: pd.DataFrame
) -> None:
    penguins.to_parquet("data/external/p.parquet")
    project.run("collect", overrides=["collect.path=data/external/p.parquet"])
    said = json.loads(snapshot()["snapshot.json"])
    assert said["rows"] == 344
    assert said["columns"] == list(penguins)


def test_a_file_that_only_calls_itself_parquet_is_refused(project: Project) -> None:
    project.write("data/external/p.parquet", "not at all")
    with pytest.raises(UserError, match=r"p\.parquet cannot be read"):
        project.run("collect", overrides=["collect.path=data/external/p.parquet"])


def test_the_example_keeps_the_seasons_that_are_asked_for(tmp_path: Path) -> None:
    said = example.collect(tmp_path, ["PAL0708", "PAL0910"])
    raw = pd.read_csv(RAW, dtype=str, keep_default_na=False)
    kept = pd.read_csv(tmp_path / "penguins.csv", dtype=str, keep_default_na=False)
    expected = raw[raw["studyName"] != "PAL0809"].reset_index(drop=True)
    pd.testing.assert_frame_equal(kept, expected)
    assert said["seasons"] == ["PAL0708", "PAL0910"]


def test_the_example_knows_its_seasons(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"'PAL0807' does not exist; did you mean 'PAL0[78]0[89]'"):
        example.collect(tmp_path, ["PAL0807"])


def test_quoted_line_breaks_do_not_count_as_rows(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text('a,b\n1,"two\nlines"\n\n2,x\n', encoding="utf-8")
    reading = {"separator": ",", "quote": '"', "encoding": "utf-8", "decimal": ".", "header": True}
    assert fingerprint(tmp_path, {"reading": {**reading, "dates": {}}})["rows"] == 2


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("def mine(folder): pass", "mine returned None; a source must return a dictionary"),
        ("def mine(folder): return {'a': 1}", r"mine returned keys \['a'\]; a source must return"),
        ("def mine(): return {'kind': 'x'}", "mine does not accept .* argument 'folder'"),
    ],
)
def test_an_owners_source_says_where_the_rows_came_from(
    source: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "source_of_tests.py").write_text(source, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    sys.modules.pop("source_of_tests", None)
    limits = {"as_of": None, "min_rows": 1, "max_shrink": 0.5}
    settings = Collect.model_validate({"_target_": "source_of_tests.mine", **limits})
    with pytest.raises(UserError, match=rf"^source_of_tests\.{message}"):
        Snapshot.take(settings, tmp_path)


def test_a_snapshot_records_no_credential_that_an_owners_source_returns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "raw"
    folder.mkdir()
    (tmp_path / "leaky_source_of_tests.py").write_text(
        "import os\n\n\n"
        "def mine(folder, token_env):\n"
        "    (folder / 'x.csv').write_text('a\\n1\\n')\n"
        "    token = os.environ[token_env]\n"
        "    return {'kind': 'mine', 'url': f'https://me:pw@h/x?api_key=1&page=2', 'all': [{'by': token}]}\n",
        encoding="utf-8",
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("MINE", "quite ordinary words")
    limits = {"as_of": None, "min_rows": 1, "max_shrink": 0.5, "token_env": "MINE"}
    settings = Collect.model_validate({"_target_": "leaky_source_of_tests.mine", **limits})
    Snapshot.take(settings, folder).write(folder)
    said = json.loads((folder / "snapshot.json").read_text(encoding="utf-8"))
    assert said["source"]["url"] == "https://***@h/x?api_key=***&page=2"
    assert said["source"]["all"] == [{"by": "***"}]
    assert said["settings"]["token_env"] == "MINE"
