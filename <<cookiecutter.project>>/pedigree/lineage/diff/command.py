"""What changed between two versions of the data: rows, columns, values and distributions.

A version is a Git commit, branch, tag or the name of an experiment; `workspace` is the current folder.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pedigree.base.command import parser, plain_errors, print_found
from pedigree.base.paths import LOADED
from pedigree.base.settings import read_settings
from pedigree.lineage.diff import compare_versions
from pedigree.lineage.diff.report import format_comparison, write_page
from pedigree.lineage.diff.versions import WORKSPACE, dataset_of, read_version


@plain_errors("diff")
def main(arguments: Sequence[str] | None = None) -> None:
    """Compare two versions of a dataset."""
    cli = parser("diff", __doc__)
    cli.add_argument("before", help="the earlier version, for example HEAD")
    cli.add_argument(
        "after", nargs="?", default=WORKSPACE, help="the later version; default: %(default)s"
    )
    which = cli.add_mutually_exclusive_group()
    which.add_argument(
        "--data", type=Path, default=LOADED, help="a folder of Parquet parts; default: %(default)s"
    )
    which.add_argument("--stage", help="the stage that writes the dataset, for example clean")
    cli.add_argument(
        "--key", nargs="+", default=[], metavar="COLUMN", help="columns that identify a row"
    )
    cli.add_argument("--json", action="store_true", help="print JSON for machines")
    cli.add_argument("--html", type=Path, metavar="FILE", help="also write an HTML page")
    options = cli.parse_args(arguments)
    folder = dataset_of(options.stage) if options.stage else options.data
    limits = read_settings("monitor").monitor
    before, after = (read_version(one, folder) for one in (options.before, options.after))
    found = compare_versions(before, after, options.key, limits.alpha, limits.min_effect)
    title = f"{folder.as_posix()}: {options.before} -> {options.after}"
    result = {"data": folder.as_posix(), "before": options.before, "after": options.after, **found}
    print_found(result, format_comparison(found, title), options.json)
    if options.html:
        write_page(options.html, found, title, before, after)
