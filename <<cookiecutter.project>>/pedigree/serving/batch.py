"""Score a file of rows with the bundle: a label and probabilities, or a number, for each row.

The file can have any format that `collect` reads, and is checked as by the API. The output
has one row for each row of the input, in the same order, with the id of the bundle in column `bundle`;
`python -m pedigree trace ID` traces it to the data that the model was trained on.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pandas as pd
import pyarrow as pa
from pyarrow import csv, parquet

from pedigree.base.command import integer, parser, plain_errors
from pedigree.base.files.formulas import escaped_columns
from pedigree.base.files.replacing import replacing
from pedigree.base.names import UserError, did_you_mean, excerpt, snake_cased
from pedigree.base.paths import BUNDLE
from pedigree.base.stage import say
from pedigree.data import formats
from pedigree.data.engine import from_arrow
from pedigree.data.rules import broken_rule, rule_in_words
from pedigree.prediction.bundle import Bundle
from pedigree.serving.origin import add_origin

ROWS = 50_000  # rows in memory at a time
SECONDS = 10  # seconds between two lines of progress
NAMED = 10  # rows that a message lists
SUFFIXES = (".csv", ".parquet")
# Keys of the dialect that are taken from the training data; separator, quotes and encoding are detected.
DIALECT_KEYS = ("header", "decimal", "thousands", "dates", "sheet")


def predict_file(
    source: Path,
    out: Path,
    bundle: Bundle,
    keep: Sequence[str] = (),
    max_rejected: int = 0,
    escape_formulas: bool = False,
) -> tuple[int, list[str]]:
    """Score a file in chunks, so that memory use does not depend on its size.

    Parameters
    ----------
    source, out : Path
        The output is CSV or Parquet, by its suffix. It is written completely or not at all.
    bundle : Bundle
    keep : sequence of str
        Columns of the source to copy to the output, named as in the source; the model need not use them.
    max_rejected : int
        Number of rows that may violate the contract. They are in the output without a prediction, with the
        reason in column `rejected`.
    escape_formulas : bool
        Put an apostrophe in front of each name and string that a spreadsheet program would compute (see
        `pedigree.base.files.formulas`); for CSV only.

    Returns
    -------
    rows : int
        Number of rows of the source.
    rejected : list of str
        The rows without a prediction, each with its number (the first row is 1) and the reason.

    Raises
    ------
    UserError
        The source cannot be read, its columns are unknown to the bundle or missing, or more rows
        violate the contract than are allowed.
    """
    if out.suffix.lower() not in SUFFIXES:
        raise UserError(f"--out: {out} has an unsupported suffix; use .csv or .parquet.")
    if escape_formulas and out.suffix.lower() == ".parquet":
        raise UserError("--escape-formulas: a Parquet file has no formulas; leave the option out.")
    form = escaped_columns if escape_formulas else (lambda table: table)
    if out.exists() and source.exists() and out.samefile(source):
        raise UserError(f"--out: {out} is the input file; choose another file.")
    rejected: list[str] = []
    rows, began = 0, time.monotonic()
    last_message = began
    with replacing(out) as new:
        chunks = _chunks(source, bundle, keep)
        given, kept = next(chunks)
        try:
            first = _answered(given, kept, bundle, rejected, 0)
        except UserError as error:  # a mistake in the columns is found without rows
            raise UserError(f"{source}: {error}") from None
        columns = first.drop_columns([] if max_rejected else ["rejected"]).column_names
        with closing(_writer(new, out, form(first.select(columns)).schema)) as writer:
            for given, kept in chunks:
                answered = _answered(given, kept, bundle, rejected, rows)
                if len(rejected) > max_rejected:
                    raise UserError(_refusal(source, rejected, max_rejected))
                writer.write_table(form(answered.select(columns)))
                rows += len(given)
                if time.monotonic() - last_message > SECONDS:
                    last_message = time.monotonic()
                    say(f"{rows:,} rows, {rows / (last_message - began):,.0f} a second")
    return rows, rejected


def _writer(new: Path, out: Path, schema: pa.Schema) -> csv.CSVWriter | parquet.ParquetWriter:
    """Open the output for tables of a schema."""
    if out.suffix.lower() == ".parquet":
        return parquet.ParquetWriter(new, schema)
    for field in schema:
        if pa.types.is_nested(field.type):
            raise UserError(
                f"--keep: '{field.name}' has the type {field.type}, which a CSV file cannot store; "
                "use the suffix .parquet for --out."
            )
    return csv.CSVWriter(new, schema)


def _chunks(
    source: Path, bundle: Bundle, keep: Sequence[str]
) -> Iterator[tuple[pd.DataFrame, pa.Table]]:
    """Yield the model's input and the columns to keep: first without rows, then the rows of the file in chunks."""
    recorded = bundle.snapshot.reading or {}
    reading = formats.file_dialect(source, {k: recorded[k] for k in DIALECT_KEYS if k in recorded})
    names: list[str] | None = None
    for table in formats.iter_tables(source, reading):
        if names is None:
            names = table.column_names
            known = _known(source, names, bundle, keep)
            yield _parted(table.slice(0, 0), names, known, keep)
        for start in range(0, len(table), ROWS):
            yield _parted(table.slice(start, ROWS), names, known, keep)


def _known(source: Path, names: Sequence[str], bundle: Bundle, keep: Sequence[str]) -> list[int]:
    """Return the positions of the columns in the bundle's signature; all others must be in `keep`."""
    types = bundle.signature.types
    for name in keep:
        if names.count(name) != 1:
            raise UserError(
                f"--keep: '{name}' is not a column of {source}; {did_you_mean(name, names)}"
            )
    spelled = snake_cased(names)
    unknown = [n for n, name in enumerate(spelled) if name not in types and names[n] not in keep]
    if unknown:
        more = f" (and {len(unknown) - 1} more)" if unknown[1:] else ""
        raise UserError(
            f"{source}: unknown column {excerpt(names[unknown[0]])}{more}; {did_you_mean(spelled[unknown[0]], types)} "
            "Use --keep for columns that are only copied to the output."
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
    """Predict some rows, and add those that violate the contract to `rejected`."""
    typed, broken = bundle.check(given)
    for number, one in broken.iterrows():
        why = broken_rule(one.column, one.check, one.failure_case)
        rejected.append(f"row {before + number + 1}: {why}")
    predictions = bundle.answer(typed.drop(index=broken.index)).reindex(given.index)
    columns = {name: _array(predictions[name]) for name in predictions}
    reasons = (
        broken["column"].astype("str") + " " + broken["check"].astype("str").map(rule_in_words)
    )
    columns["rejected"] = _array(reasons.reindex(given.index).astype("object"))
    columns["bundle"] = pa.array([bundle.id] * len(given), pa.string())
    for name in columns:
        if name in kept.column_names:
            raise UserError(
                f"--keep: the output adds a column '{name}'; rename the column of the source."
            )
    for name, values in columns.items():
        kept = kept.append_column(name, values)
    return kept


def _array(values: pd.Series) -> pa.Array:
    """Create an Arrow array whose type does not depend on the values."""
    dtype = pa.float64() if values.dtype.kind == "f" else pa.string()
    return pa.array(values, dtype, from_pandas=True)


def _refusal(source: Path, rejected: Sequence[str], allowed: int) -> str:
    lines = [
        f"{source}: {len(rejected)} or more rows violate the contract, but --max-rejected allows {allowed}:",
        *(f"  {one}" for one in rejected[:NAMED]),
        "Nothing was written. Fix them, or raise --max-rejected: such rows are then in the output "
        "without a prediction, with the reason in column `rejected`.",
    ]
    return "\n".join(lines)


@plain_errors("predict")
def main(arguments: Sequence[str] | None = None) -> None:
    """Score a file."""
    cli = parser("predict", __doc__)
    cli.add_argument("file", type=Path, help="raw rows, with columns named as in the source")
    cli.add_argument("--out", type=Path, required=True, help="the output file; .csv or .parquet")
    cli.add_argument("--bundle", type=Path, default=BUNDLE, help="default: %(default)s")
    cli.add_argument(
        "--keep",
        nargs="+",
        default=[],
        metavar="COLUMN",
        help="columns to copy to the output, such as an id",
    )
    cli.add_argument(
        "--max-rejected",
        type=integer(0),
        default=0,
        metavar="N",
        help="number of rows that may violate the contract; they get a reason instead of a prediction (default: %(default)s)",
    )
    add_origin(cli)
    cli.add_argument(
        "--escape-formulas",
        action="store_true",
        help="for a CSV file that a spreadsheet program opens: put an apostrophe in front of strings that it would compute",
    )
    options = cli.parse_args(arguments)
    bundle = Bundle.load(options.bundle, options.expect, options.signed_by)
    rows, rejected = predict_file(
        options.file,
        options.out,
        bundle,
        options.keep,
        options.max_rejected,
        options.escape_formulas,
    )
    for one in rejected[:NAMED]:
        say(f"no prediction for {one}")
    without = f", {len(rejected)} of them without a prediction (see column `rejected`)" * bool(
        rejected
    )
    say(f"{rows:,} rows to {options.out}{without}; bundle {bundle.id[:12]}")
