"""What changed between two versions of the data: rows, columns, values and distributions.

A version is a Git commit, branch, tag or the name of an experiment; `workspace` is what lies here.
"""

from __future__ import annotations

from pathlib import Path

from pipeline.core.base.command import parser, plain_errors, show
from pipeline.core.base.paths import LOADED
from pipeline.core.base.settings import read_settings
from pipeline.diff import compare
from pipeline.diff.report import text, write_page
from pipeline.diff.versions import WORKSPACE, dataset_of, read_version


@plain_errors("diff")
def main() -> None:
    """Compare two versions of a dataset."""
    arguments = parser("diff", __doc__)
    arguments.add_argument("before", help="the earlier version, for example HEAD")
    arguments.add_argument(
        "after", nargs="?", default=WORKSPACE, help="the later version; default: %(default)s"
    )
    which = arguments.add_mutually_exclusive_group()
    which.add_argument(
        "--data", type=Path, default=LOADED, help="a folder of Parquet parts; default: %(default)s"
    )
    which.add_argument("--stage", help="the stage that writes the dataset, for example clean")
    arguments.add_argument(
        "--key", nargs="+", default=[], metavar="COLUMN", help="columns that identify a row"
    )
    arguments.add_argument("--json", action="store_true", help="print JSON for machines")
    arguments.add_argument("--html", type=Path, metavar="FILE", help="write a page as well")
    options = arguments.parse_args()
    folder = dataset_of(options.stage) if options.stage else options.data
    limits = read_settings("monitor").monitor
    before, after = (read_version(one, folder) for one in (options.before, options.after))
    found = compare(before, after, options.key, limits.alpha, limits.min_effect)
    title = f"{folder.as_posix()}: {options.before} -> {options.after}"
    told = {"data": folder.as_posix(), "before": options.before, "after": options.after, **found}
    show(told, text(found, title), options.json)
    if options.html:
        write_page(options.html, found, title, before, after)


if __name__ == "__main__":
    main()
