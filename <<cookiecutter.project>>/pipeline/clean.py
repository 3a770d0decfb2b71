"""Step 5, data cleaning: an ordered list of repairs, each a function of a Narwhals frame.

Every repair looks at one row at a time, or only takes rows away, so it may come before the split:
nothing is learnt from the data. The same functions mend the rows that are sent to the model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import narwhals as nw

from pipeline.core.base.names import UserError, did_you_mean
from pipeline.core.base.paths import CLEAN, LOADED, METRICS
from pipeline.core.base.stage import run, say
from pipeline.core.base.tables import read_table, write_json, write_table
from pipeline.core.base.tools import instantiate
from pipeline.core.data.engine import parse

if TYPE_CHECKING:
    import pandas as pd
    from omegaconf import DictConfig


def main(settings: DictConfig) -> None:
    """Mend data/loaded/ into data/clean/ and count what each repair changed."""
    rows = read_table(LOADED)
    cleaned, counts = apply(rows, settings.clean.steps)
    write_table(cleaned, CLEAN)
    write_json({"rows": len(rows), "kept": len(cleaned), "steps": counts}, METRICS / "clean.json")
    for name, count in counts.items():
        say(
            f"{name}: {count['rows_dropped']} rows dropped, {sum(count['changed'].values())} values changed"
        )


def apply(
    rows: pd.DataFrame, steps: Mapping[str, Any], *, serving: bool = False
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Do the repairs in order.

    Parameters
    ----------
    rows : DataFrame
        Typed rows.
    steps : mapping of str to mapping
        ``conf/clean``'s steps.
    serving : bool
        Leave out the repairs that are for training only, so that every row gets an answer.

    Returns
    -------
    cleaned : DataFrame
    counts : dict
        For each repair the rows that it dropped and the values that it changed, by column.

    Raises
    ------
    UserError
        A repair names a column that is not there, or drops rows that are served.
    """
    counts: dict[str, Any] = {}
    frame = nw.from_native(rows, eager_only=True)
    for name, step in steps.items():
        options = {key: value for key, value in step.items() if key != "training_only"}
        if serving and step.get("training_only", False):
            continue
        for column in options.get("columns") or ():
            if column not in frame.columns:
                hint = did_you_mean(column, frame.columns)
                raise UserError(f"clean.steps.{name}: '{column}' is no column of the data; {hint}")
        after = instantiate(options, frame)
        if serving and len(after) != len(frame):
            raise UserError(
                f"clean.steps.{name} drops rows; give it `training_only: true` in conf/clean/."
            )
        counts[name] = {
            "rows_dropped": len(frame) - len(after),
            "changed": _changed(frame, after) if len(after) == len(frame) else {},
        }
        frame = after
    return frame.to_native().reset_index(drop=True), counts


def trim_text(frame: nw.DataFrame) -> nw.DataFrame:
    """Take blanks from both ends of texts and make one of several in a row."""
    return frame.with_columns(
        nw.col(name).str.replace_all(r"\s+", " ").str.strip_chars() for name in _texts(frame)
    )


def unify_missing(frame: nw.DataFrame, markers: Sequence[str]) -> nw.DataFrame:
    """Make one missing value of all the texts that mean one, in any case."""
    lower = [str(marker).lower() for marker in markers]
    return frame.with_columns(
        nw.when(~nw.col(name).str.to_lowercase().is_in(lower)).then(nw.col(name)).alias(name)
        for name in _texts(frame)
    )


def unify_case(frame: nw.DataFrame, columns: Sequence[str]) -> nw.DataFrame:
    """Write the texts of some columns in lower case."""
    return frame.with_columns(nw.col(name).str.to_lowercase() for name in columns)


def replace_text(
    frame: nw.DataFrame, columns: Sequence[str], pattern: str, by: str
) -> nw.DataFrame:
    """Replace each match of a regular expression."""
    return frame.with_columns(nw.col(name).str.replace_all(pattern, by) for name in columns)


def fix_types(frame: nw.DataFrame, columns: Mapping[str, str]) -> nw.DataFrame:
    """Give columns another type; what cannot be parsed becomes missing.

    The types are named, not guessed, so that a single row is typed as the table was.
    """
    rows = frame.to_pandas()
    return nw.from_native(
        rows.assign(**{name: parse(rows[name], dtype) for name, dtype in columns.items()}),
        eager_only=True,
    )


def limit(
    frame: nw.DataFrame,
    columns: Mapping[str, Sequence[float]],
    action: Literal["missing", "clip", "drop"] = "missing",
) -> nw.DataFrame:
    """Treat numbers outside of known bounds.

    Parameters
    ----------
    frame : nw.DataFrame
    columns : mapping of str to [low, high]
        Inclusive bounds, known beforehand and not learnt from these rows.
    action : {"missing", "clip", "drop"}
        Blank the value, move it to the nearest bound, or drop the row.
    """
    if action not in ("missing", "clip", "drop"):
        raise UserError(
            f"clean: limit has no action '{action}'; {did_you_mean(action, ['missing', 'clip', 'drop'])}"
        )
    for name, (low, high) in columns.items():
        value = nw.col(name)
        if action == "clip":
            frame = frame.with_columns(value.clip(low, high))
        elif action == "drop":
            frame = frame.filter(value.is_between(low, high) | value.is_null())
        else:
            frame = frame.with_columns(nw.when(value.is_between(low, high)).then(value).alias(name))
    return frame


def drop_duplicates(frame: nw.DataFrame, columns: Sequence[str] | None = None) -> nw.DataFrame:
    """Keep the first of the rows that agree in some columns (``None`` = in all)."""
    return frame.unique(
        subset=list(columns) if columns else None, keep="first", maintain_order=True
    )


def _texts(frame: nw.DataFrame) -> list[str]:
    return [name for name, dtype in frame.schema.items() if dtype == nw.String]


def _changed(before: nw.DataFrame, after: nw.DataFrame) -> dict[str, int]:
    """Count the values of each column that differ, missing ones being equal to each other."""
    counts = {}
    for name in before.columns:
        old, new = before[name], after[name]
        if old.dtype != new.dtype:  # a new type: count what it could not hold
            counts[name] = int((~old.is_null() & new.is_null()).sum())
            continue
        differ = ((old != new) & ~old.is_null() & ~new.is_null()) | (old.is_null() != new.is_null())
        counts[name] = int(differ.sum())
    return {name: count for name, count in counts.items() if count}


if __name__ == "__main__":
    run("clean")
