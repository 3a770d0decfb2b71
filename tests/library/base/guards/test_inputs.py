"""A stage notices inputs that are not what the stages before it wrote."""

import json
import logging
from pathlib import Path

import pytest
from library.projects import Project, record

from pedigree.base.dvc_files.lock import digest, folder_md5, recorded_stages
from pedigree.base.dvc_files.stored import cached
from pedigree.base.guards.inputs import altered_inputs, checked_inputs
from pedigree.base.names import UserError


@pytest.fixture
def recorded(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.delenv("DVC_STAGE", raising=False)
    record(project)
    return project


def flip(path: str, place: int = -2) -> None:
    content = bytearray(Path(path).read_bytes())
    content[place] ^= 1
    Path(path).write_bytes(content)


def keep_listing(folder: str) -> None:
    """Let DVC's cache hold the listing of a folder."""
    files = {
        one.relative_to(folder).as_posix(): str(digest(one))
        for one in Path(folder).rglob("*")
        if one.is_file()
    }
    entries = [{"md5": files[name], "relpath": name} for name in sorted(files)]
    path = cached(folder_md5(files))
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(entries, sort_keys=True))


@pytest.mark.parametrize(
    ("file", "stage", "found"),
    [
        ("data/raw/snapshot.json", "load", ("data/raw", "collect")),
        ("data/loaded/part-00000.parquet", "clean", ("data/loaded", "load")),
        ("models/model.skops", "evaluate", ("models/model.skops", "train")),
        ("metrics/load.json", "package", ("metrics/load.json", "load")),
        ("models/bundle/sha256.json", "monitor", ("models/bundle", "package")),
        ("settings/train.yaml", "train", ("settings/train.yaml", "configure")),
        ("params.yaml", "train", ("params.yaml", "configure")),
    ],
)
def test_one_flipped_bit_is_found(
    recorded: Project, file: str, stage: str, found: tuple[str, str]
) -> None:
    assert list(altered_inputs(stage)) == []
    flip(file)
    assert list(altered_inputs(stage)) == [found]


def test_of_an_output_only_the_part_that_is_read_matters_if_the_cache_lists_it(
    recorded: Project,
) -> None:
    flip("data/split/test/part-00000.parquet")
    assert {path for path, _ in altered_inputs("evaluate")} == {
        "data/split/target.json",
        "data/split/train",
        "data/split/validation",
    }
    flip("data/split/test/part-00000.parquet")
    keep_listing("data/split")
    flip("data/split/test/part-00000.parquet")
    assert list(altered_inputs("evaluate")) == []
    flip("data/split/train/part-00000.parquet")
    assert list(altered_inputs("evaluate")) == [("data/split/train", "split")]


def test_dvc_records_no_result_of_damaged_inputs(
    recorded: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    flip("data/clean/part-00000.parquet")
    monkeypatch.setenv("DVC_STAGE", "split")
    with pytest.raises(UserError) as error, checked_inputs("split"):
        pass
    assert str(error.value).startswith(
        "data/clean is not what `clean` wrote (compared with dvc.lock); delete it and run `dvc repro`, or "
        "run `dvc commit clean` if you edited it. "
    )


def test_a_manual_run_warns_and_explains_what_it_cannot_read(
    recorded: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    flip("data/clean/part-00000.parquet")
    with pytest.raises(UserError) as error, checked_inputs("split"):
        raise OSError("not a Parquet file")
    wrong = "data/clean is not what `clean` wrote (compared with dvc.lock)"
    assert str(error.value) == f"{wrong}, and cannot be used; run `dvc repro`. (not a Parquet file)"
    assert capsys.readouterr().err == f"{wrong}; `dvc repro` makes it again.\n"


def test_other_errors_stay_what_they_are(recorded: Project) -> None:
    with pytest.raises(ZeroDivisionError), checked_inputs("split"):
        _ = 1 / 0


def test_what_is_missing_or_of_no_stage_is_left_to_others(
    recorded: Project, caplog: pytest.LogCaptureFixture
) -> None:
    Path("models/model.skops").unlink()
    Path("data/external/penguins.csv").write_text("")
    with caplog.at_level(logging.WARNING), checked_inputs("evaluate"), checked_inputs("collect"):
        pass
    lock = Path("dvc.lock")
    lock.write_text(lock.read_text().replace("  clean:", "  removed:"))
    flip("data/clean/part-00000.parquet")
    with checked_inputs("split"), checked_inputs("not_in_dvc_yaml"):
        pass


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("stages:", "stagfs:"),
        ("path:", "pqth:"),
        ("deps:\n", "deps"),
        ("outs:", "outs: x"),
        ("cmd", "\0"),
    ],
)
def test_a_damaged_lock_ends_in_a_sentence(recorded: Project, old: str, new: str) -> None:
    text = Path("dvc.lock").read_text()
    Path("dvc.lock").write_text(text.replace(old, new, 1))
    with pytest.raises(UserError, match=r"^dvc.lock is damaged; restore it with `git restore"):
        recorded_stages()
