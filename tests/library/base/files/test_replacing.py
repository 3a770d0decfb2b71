import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import csv, parquet

from pedigree.base.dvc_files.declared import is_output
from pedigree.base.files.disk_errors import disk_error_in_words, naming
from pedigree.base.files.replacing import (
    append,
    copy_whole,
    link_or_copy,
    new_folder,
    replacing,
    write_text,
)
from pedigree.base.names import UserError
from pedigree.base.tables import write_table
from pedigree.report.figures import figure


def names(folder: Path) -> list[str]:
    return sorted(one.relative_to(folder).as_posix() for one in folder.rglob("*"))


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    write_text("before", tmp_path / "out.txt")
    with pytest.raises(ZeroDivisionError), replacing(tmp_path / "out.txt") as new:
        new.write_text("half")
        _ = 1 / 0
    assert (tmp_path / "out.txt").read_text() == "before"
    assert names(tmp_path) == ["out.txt"]


def test_a_folder_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    write_table(pd.DataFrame({"x": [1]}), tmp_path / "rows")
    with pytest.raises(KeyboardInterrupt), new_folder(tmp_path / "rows") as new:
        (new / "half").touch()
        raise KeyboardInterrupt
    assert names(tmp_path) == ["rows", "rows/part-00000.parquet"]


def test_a_temporary_name_ends_as_the_file_does(tmp_path: Path) -> None:
    with replacing(tmp_path / "table.parquet") as new:
        assert new.suffix == ".parquet"
        assert new.name.startswith(".new-")
        new.touch()


@pytest.mark.parametrize("name", ["x" * 255, "ü" * 127, "🐧" * 63])
def test_the_longest_names_can_be_written(name: str, tmp_path: Path) -> None:
    write_text("x", tmp_path / name)
    assert names(tmp_path) == [name]


def test_what_killed_runs_left_is_removed(tmp_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    for left in (f".new-{ended.pid}-out", f".new-{ended.pid}-in-out", f".new-{os.getpid()}-out"):
        (tmp_path / left).mkdir()
        (tmp_path / left / "old").touch()
    (tmp_path / f".new-{os.getppid()}-out").touch()  # of a process that still writes
    with new_folder(tmp_path / "out"):
        pass
    kept = [f".new-{os.getppid()}-out", f".new-{ended.pid}-in-out"]
    assert sorted(one.name for one in tmp_path.iterdir()) == sorted([*kept, "out"])


def test_a_version_that_was_moved_away_when_its_process_was_killed_comes_back(
    tmp_path: Path,
) -> None:
    left = tmp_path / f".old-{os.getpid()}-out"
    left.mkdir()
    (left / "file").touch()
    with pytest.raises(ZeroDivisionError), new_folder(tmp_path / "out"):
        _ = 1 / 0
    assert names(tmp_path) == ["out", "out/file"]


def test_a_file_never_replaces_a_folder(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").mkdir()
    (tmp_path / "mine.csv/notes.txt").touch()
    with pytest.raises(UserError, match=r"mine\.csv is a folder; name a file\.$"):
        write_text("x", tmp_path / "mine.csv")
    assert names(tmp_path) == ["mine.csv", "mine.csv/notes.txt"]


def test_a_folder_with_files_of_ones_own_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("notes", "bundle", "stage/out", "group/a"):
        Path(name).mkdir(parents=True)
        Path(name, "mine.txt").touch()
    Path("bundle/sha256.json").touch()
    Path("file").touch()
    outs = "{a: {cmd: x, outs: [stage]}, b: {foreach: [a], do: {cmd: x, outs: ['group/${item}']}}}"
    Path("dvc.yaml").write_text(f"stages: {outs}")
    with (
        pytest.raises(UserError, match=r"^notes contains files that no stage wrote \(mine\.txt\)"),
        new_folder("notes"),
    ):
        pass
    with pytest.raises(UserError, match=r"^file is a file; move it away"), new_folder("file"):
        pass
    assert Path("notes/mine.txt").exists()
    for name in ("bundle", "stage/out", "group/a"):
        with new_folder(name):
            pass
        assert names(Path(name)) == []
    with new_folder("notes", replace=True):
        pass
    assert names(Path("notes")) == []


def test_outputs_are_those_of_dvc_yaml_and_what_is_in_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert not is_output(Path("data/raw"))
    Path("dvc.yaml").write_text("stages: {a: {cmd: x, outs: [data/raw: {cache: false}]}}")
    expected = {"data/raw": True, "data/raw/x": True, "data": False, "data/raw2": False}
    assert {one: is_output(Path(one)) for one in expected} == expected
    assert is_output(tmp_path / "data/raw")


def test_a_copy_is_whole(tmp_path: Path) -> None:
    (tmp_path / "from/inner").mkdir(parents=True)
    (tmp_path / "from/inner/file").write_text("x")
    (tmp_path / "from/inner/file").chmod(0o444)
    copy_whole(tmp_path / "from", tmp_path / "to")
    copy_whole(tmp_path / "from/inner/file", tmp_path / "one/file")
    assert (tmp_path / "to/inner/file").read_text() == "x"
    assert (tmp_path / "one/file").read_text() == "x"


@pytest.mark.parametrize("allowed", [True, False])
def test_what_cannot_be_linked_is_copied(
    allowed: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Path, target: Path) -> None:
        raise OSError("as Windows says to most people")

    if not allowed:
        monkeypatch.setattr(Path, "symlink_to", refuse)
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/file").write_text("x")
    link_or_copy(tmp_path / "folder", tmp_path / "there/folder")
    link_or_copy(tmp_path / "folder/file", tmp_path / "there/file")
    assert (tmp_path / "there/folder/file").read_text() == "x"
    assert (tmp_path / "there/file").read_text() == "x"
    assert (tmp_path / "there/file").is_symlink() is allowed


@pytest.fixture
def full_disk() -> Iterator[None]:
    """Let the system refuse the end of every file, as a full disk does."""
    resource = pytest.importorskip("resource")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def text(path: Path) -> None:
    write_text("x" * 1000, path)


def folder(path: Path) -> None:
    with new_folder(path) as new:
        write_text("x" * 1000, new / "inner/file")


def table(path: Path) -> None:
    write_table(pd.DataFrame({"x": range(1000)}), path)


def arrow_csv(path: Path) -> None:
    rows = pa.table({"x": range(1000)})
    with replacing(path) as new, csv.CSVWriter(new, rows.schema) as writer:
        writer.write_table(rows)


def arrow_parquet(path: Path) -> None:
    rows = pa.table({"x": range(1000)})
    with replacing(path) as new, parquet.ParquetWriter(new, rows.schema) as writer:
        writer.write_table(rows)


def picture(path: Path) -> None:
    with figure(path.with_suffix(".png")):
        pass


WRITERS = {
    text: "out",
    folder: "out/inner/file",
    table: "out",
    arrow_csv: "out",
    arrow_parquet: "out",
    picture: "out.png",
}


@pytest.mark.parametrize("write", WRITERS)
def test_a_full_disk_is_reported_with_the_name_of_the_file(
    write, tmp_path: Path, full_disk: None
) -> None:
    with pytest.raises(OSError, match="too large") as raised:
        write(tmp_path / "out")
    said = disk_error_in_words(raised.value)
    assert said == (
        f"{tmp_path / WRITERS[write]}: file too large; raise the limit of file sizes (`ulimit -f`), then run it again."
    )
    assert names(tmp_path) == []


def test_a_full_disk_stops_a_file_that_grows(tmp_path: Path, full_disk: None) -> None:
    append(b"x" * 90, tmp_path / "journal")
    with pytest.raises(OSError, match="journal"):
        append(b"x" * 90, tmp_path / "journal")


@pytest.mark.parametrize("write", WRITERS)
def test_a_folder_that_cannot_be_written_to_is_reported(write, tmp_path: Path) -> None:
    tmp_path.chmod(0o555)
    if os.access(tmp_path, os.W_OK):
        pytest.skip("root may write everywhere, and Windows knows no such folders")
    with pytest.raises(OSError, match=r"denied") as raised:
        write(tmp_path / "out")
    tmp_path.chmod(0o755)
    said = disk_error_in_words(raised.value)
    assert said
    assert said.startswith(f"{tmp_path}/out")
    assert "permission denied; give this user access" in said


def test_errors_of_reading_keep_their_own_name(tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    with pytest.raises(FileNotFoundError) as raised, replacing(tmp_path / "out") as new:
        new.write_bytes(missing.read_bytes())
    assert raised.value.filename == str(missing)
    assert disk_error_in_words(raised.value) == (
        f"{missing}: no such file or directory; check that its folder exists."
    )


@pytest.mark.parametrize(
    "error", [ConnectionError("refused"), OSError("odd"), OSError(errno.EINTR, "x")]
)
def test_other_errors_are_left_alone(error: OSError, tmp_path: Path) -> None:
    with pytest.raises(OSError) as raised, naming(tmp_path / "out", tmp_path / ".new-1-out"):
        raise error
    assert raised.value is error
    assert disk_error_in_words(error) is None
