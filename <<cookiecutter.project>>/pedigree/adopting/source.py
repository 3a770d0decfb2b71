"""Finding the user's data: a file, a folder, an address, or a source of ``conf/collect/``."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pedigree.base.names import UNNAMED, UserError, did_you_mean, first_of, nearest, snake_case
from pedigree.base.paths import CONF
from pedigree.data import formats
from pedigree.data.files.compression import COMPRESSED
from pedigree.data.files.delimited import delimited_columns


@dataclass(frozen=True)
class Source:
    """Data that a person named on the command line.

    Parameters
    ----------
    name : str
        Name of the data set, and of its files.
    paths : list of Path
        Where its files can be read.
    reading : dict
        CSV dialect of its text files.
    origin : Path, str or None
        The local file or folder, the address, or None for an option of conf/collect/.
    """

    name: str
    paths: list[Path]
    reading: dict[str, Any]
    origin: Path | str | None


def find_source(named: str, scratch: Path) -> Source:
    """Find the data: a file, a folder, an address, or an option of conf/collect/.

    Raises
    ------
    UserError
        The name is neither a path, an address nor an option, or contains no file that can be read.
    """
    if "://" in named:
        from pedigree.base.secrets.finding import secrets
        from pedigree.collecting.file import collect

        for mistake in secrets({"collect": {"path": named}}):
            raise UserError(mistake)
        account = collect(scratch, named, {})
        return Source(_data_name(named), _files(scratch), account["reading"], named)
    option = CONF / "collect" / f"{named}.yaml"
    path = Path(named).expanduser()
    if option.is_file() and not path.exists():
        return Source(named, *_taken(named, scratch), None)
    if not path.exists():
        beside = path.parent.iterdir() if path.parent.is_dir() else ()
        near = nearest(path.name, (one.name for one in beside if formats.is_readable(one)))
        known = [one.stem for one in (CONF / "collect").glob("*.yaml")] + ([near] if near else [])
        raise UserError(
            f"'{named}' is neither a file nor a source of conf/collect/; {did_you_mean(path.name, known)}"
        )
    paths = _files(path)
    if not paths:
        formats.file_kind(path)
        raise UserError(f"the folder {named} contains no file of a known format.")
    return Source(_data_name(path.name), paths, formats.file_dialect(paths[0]), path)


def with_header(source: Source, target: str) -> Source:
    """Take the first row for the column names if it contains the target, though it looks like values.

    Raises
    ------
    UserError
        There is no header, and the target is not one of the names that columns without names get.
    """
    if source.reading.get("header") is not False:
        return source
    path, option = source.paths[0], CONF / "collect" / f"{source.name}.yaml"
    first = delimited_columns(path, {**source.reading, "header": True})
    if target in first and source.origin is None:
        raise UserError(
            f"the first row contains the target '{target}', but {option} takes it for values; set "
            "`header: true` under its key `reading`."
        )
    if target in first:
        return replace(source, reading={**source.reading, "header": True})
    if snake_case(target) not in delimited_columns(path, source.reading):
        near = nearest(target, first)
        raise UserError(
            f"the target '{target}' is not a column of the data: {path.name} seems to have no header, since its first "
            f"row looks like values ({first_of(first, 5)}), so that its columns are column_1 to column_{len(first)}; "
            + (f"did you mean '{near}'?" if near else "name one of these, or add a header.")
        )
    return source


def _files(path: Path) -> list[Path]:
    """List the files of a folder that can be read, or the one file."""
    found = sorted(path.rglob("*")) if path.is_dir() else [path]
    return [one for one in found if formats.is_readable(one)]


def _taken(option: str, scratch: Path) -> tuple[list[Path], dict[str, Any]]:
    """Take a snapshot of a source of conf/collect/ into a temporary folder."""
    from pedigree.collecting.settings import Collect
    from pedigree.collecting.snapshot import Snapshot
    from pedigree.config.composing import compose

    snapshot = Snapshot.take(
        Collect.model_validate(compose([f"collect={option}"])["collect"]), scratch
    )
    return _files(scratch), snapshot.source.get("reading") or {}


def _data_name(name: str) -> str:
    """Derive the name of the data set from a file name, avoiding names of options and YAML's keywords."""
    stem = Path(name.rstrip("/").rpartition("/")[2]).name
    while Path(stem).suffix.lower() in {*formats.KINDS, *COMPRESSED}:
        stem = Path(stem).stem
    stem = snake_case(stem) if snake_case(stem) != UNNAMED else "data"
    taken = {"binary", "multiclass", "regression", *(p.stem for p in _shipped())}
    plain = not stem[0].isdigit() and stem not in {
        "y",
        "n",
        "yes",
        "no",
        "on",
        "off",
        "true",
        "false",
        "null",
    }
    return stem if plain and stem not in taken else f"data_{stem}"


def _shipped() -> list[Path]:
    """List the options of conf/collect/ that adopt did not write."""
    return [
        path
        for path in (CONF / "collect").glob("*.yaml")
        if "pedigree adopt`; yours" not in path.read_text(encoding="utf-8")
    ]
