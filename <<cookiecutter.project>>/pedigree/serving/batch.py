"""Score a file of rows with the bundle: a label and probabilities, or a number, for each row.

Rows come in any kind of file that `collect` reads, and are checked as the API checks them. The output
has a row for each row of the input, in the same order, with the id of the bundle in column `bundle`:
`python -m pedigree trace ID` follows it to the data that the model has learned from.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pandas as pd
import pyarrow as pa
from pyarrow import csv, parquet

from pedigree.base.command import parser, plain_errors
from pedigree.base.names import UserError, did_you_mean, snake_cased
from pedigree.base.paths import BUNDLE
from pedigree.base.stage import say
from pedigree.base.tables import replacing
from pedigree.data import formats
from pedigree.data.engine import from_arrow
from pedigree.prediction.bundle import Bundle

ROWS = 50_000  # that are in memory at a time
SECONDS = 10  # between two lines of progress
NAMED = 10  # rows that a message names
SUFFIXES = (".csv", ".parquet")
# What later batches share with the rows that trained; separator, quotes and encoding are each file's own.
SPELLING = ("header", "decimal", "thousands", "dates", "sheet")


def predict(
    source: Path, out: Path, bundle: Bundle, keep: Sequence[str] = (), max_rejected: int = 0
) -> tuple[int, list[str]]:
    """Score a file in pieces, so that memory does not grow with it.

    Parameters
    ----------
    source, out : Path
        The output is CSV or Parquet, by its suffix; it appears whole or not at all.
    bundle : Bundle
    keep : sequence of str
        Columns of the source to carry along, as it spells them; the model need not know them.
    max_rejected : int
        How many rows may break the contract. They stay in the output, without an answer, with the
        reason in column `rejected`.

    Returns
    -------
    rows : int
        How many the source has.
    rejected : list of str
        Those without an answer, each with its number (the first row is 1) and the reason.

    Raises
    ------
    UserError
        The source cannot be read, has other columns than the bundle knows or needs, or has more
        rows that break the contract than are allowed.
    """
    if out.suffix.lower() not in SUFFIXES:
        raise UserError(f"--out: {out} has no suffix that can be written; use .csv or .parquet.")
    if out.exists() and source.exists() and out.samefile(source):
        raise UserError(f"--out: {out} is the file that is read; name another.")
    rejected: list[str] = []
    rows, began = 0, time.monotonic()
    told = began
    with replacing(out) as new:
        chunks = _chunks(source, bundle, keep)
        given, kept = next(chunks)
        try:
            first = _answered(given, kept, bundle, rejected, 0)
        except UserError as error:  # what is wrong with the columns shows without a row
            raise UserError(f"{source}: {error}") from None
        columns = first.drop_columns([] if max_rejected else ["rejected"]).column_names
        with closing(_writer(new, out, first.select(columns).schema)) as writer:
            for given, kept in chunks:
                answered = _answered(given, kept, bundle, rejected, rows)
                if len(rejected) > max_rejected:
                    raise UserError(_refusal(source, rejected, max_rejected))
                writer.write_table(answered.select(columns))
                rows += len(given)
                if time.monotonic() - told > SECONDS:
                    told = time.monotonic()
                    say(f"{rows:,} rows, {rows / (told - began):,.0f} a second")
    return rows, rejected


def _writer(new: Path, out: Path, schema: pa.Schema) -> csv.CSVWriter | parquet.ParquetWriter:
    """Open the output for tables of a schema."""
    if out.suffix.lower() == ".parquet":
        return parquet.ParquetWriter(new, schema)
    for field in schema:
        if pa.types.is_nested(field.type):
            raise UserError(
                f"--keep: '{field.name}' holds {field.type}, which cannot stand in a CSV; let --out end in .parquet."
            )
    return csv.CSVWriter(new, schema)


def _chunks(
    source: Path, bundle: Bundle, keep: Sequence[str]
) -> Iterator[tuple[pd.DataFrame, pa.Table]]:
    """Yield what the model is given and what is carried along: first of no rows, then of the file's."""
    recorded = bundle.snapshot.reading or {}
    reading = formats.file_dialect(source, {k: recorded[k] for k in SPELLING if k in recorded})
    names: list[str] | None = None
    for table in formats.read_tables(source, reading):
        if names is None:
            names = table.column_names
            known = _known(source, names, bundle, keep)
            yield _parted(table.slice(0, 0), names, known, keep)
        for start in range(0, len(table), ROWS):
            yield _parted(table.slice(start, ROWS), names, known, keep)


def _known(source: Path, names: Sequence[str], bundle: Bundle, keep: Sequence[str]) -> list[int]:
    """Return the places of the columns that the bundle knows; no other may be there but to be kept."""
    types = bundle.signature.types
    for name in keep:
        if names.count(name) != 1:
            raise UserError(f"--keep: {source} has no column '{name}'; {did_you_mean(name, names)}")
    spelled = snake_cased(names)
    unknown = [n for n, name in enumerate(spelled) if name not in types and names[n] not in keep]
    if unknown:
        more = f" (and {len(unknown) - 1} more)" if unknown[1:] else ""
        raise UserError(
            f"{source}: unknown column '{names[unknown[0]]}'{more}; {did_you_mean(spelled[unknown[0]], types)} "
            "A column that is only carried along is named in --keep."
        )
    return [n for n, name in enumerate(spelled) if name in types]


def _parted(
    table: pa.Table, names: Sequence[str], known: Sequence[int], keep: Sequence[str]
) -> tuple[pd.DataFrame, pa.Table]:
    given = table.select(known).rename_columns([snake_cased(names)[n] for n in known])
    kept = table.select([names.index(name) for name in keep])
    return from_arrow(given), kept


def _answered(
    given: pd.DataFrame, kept: pa.Table, bundle: Bundle, rejected: list[str], before: int
) -> pa.Table:
    """Answer some rows; note those that break the contract."""
    typed, broken = bundle.check(given)
    for number, one in broken.iterrows():
        rejected.append(f"row {before + number + 1}: {one.reason}, not {one.failure_case!r}")
    answers = bundle.answer(typed.drop(index=broken.index)).reindex(given.index)
    columns = {name: _array(answers[name]) for name in answers}
    columns["rejected"] = _array(broken["reason"].reindex(given.index).astype("object"))
    columns["bundle"] = pa.array([bundle.id] * len(given), pa.string())
    for name in columns:
        if name in kept.column_names:
            raise UserError(f"--keep: the output has a column '{name}' of its own; rename yours.")
    for name, values in columns.items():
        kept = kept.append_column(name, values)
    return kept


def _array(values: pd.Series) -> pa.Array:
    """Make an Arrow array whose type does not depend on which values there are."""
    dtype = pa.float64() if values.dtype.kind == "f" else pa.string()
    return pa.array(values, dtype, from_pandas=True)


def _refusal(source: Path, rejected: Sequence[str], allowed: int) -> str:
    lines = [
        f"{source}: {len(rejected)} rows or more break the contract, and --max-rejected allows {allowed}:",
        *(f"  {one}" for one in rejected[:NAMED]),
        "Nothing was written. Mend them, or raise --max-rejected: such rows then stay in the output, "
        "without an answer, with the reason in column `rejected`.",
    ]
    return "\n".join(lines)


@plain_errors("predict")
def main(arguments: Sequence[str] | None = None) -> None:
    """Score a file."""
    cli = parser("predict", __doc__)
    cli.add_argument("file", type=Path, help="raw rows, with columns spelled as in the source")
    cli.add_argument("--out", type=Path, required=True, help="where to; .csv or .parquet")
    cli.add_argument("--bundle", type=Path, default=BUNDLE, help="default: %(default)s")
    cli.add_argument(
        "--keep",
        nargs="+",
        default=[],
        metavar="COLUMN",
        help="columns to carry along, such as an id",
    )
    cli.add_argument(
        "--max-rejected",
        type=int,
        default=0,
        metavar="N",
        help="rows that may break the contract; they get no answer but a reason (default: %(default)s)",
    )
    options = cli.parse_args(arguments)
    bundle = Bundle.load(options.bundle)
    rows, rejected = predict(options.file, options.out, bundle, options.keep, options.max_rejected)
    for one in rejected[:NAMED]:
        say(f"no answer for {one}")
    without = f", {len(rejected)} of them without an answer: see column `rejected`" * bool(rejected)
    say(f"{rows:,} rows to {options.out}{without}; bundle {bundle.id[:12]}")
