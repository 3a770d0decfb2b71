"""Reports of other libraries, without the parts that differ between two runs."""

from __future__ import annotations

import itertools
import logging
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pedigree.base.files.replacing import replacing, write_text
from pedigree.data.target import classes, labels

if TYPE_CHECKING:
    import pandas as pd

    from pedigree.base.problem import Target

# The pages run scripts of the libraries, but load nothing and send nothing.
POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; font-src data:; "
    "form-action 'none'; base-uri 'none'"
)
# Not every library escapes what it shows, so characters of markup and scripts are replaced by similar ones.
SIMILAR = str.maketrans("<>&\"'`\\", "‹›＆”’ʼ⧵")


def tables(
    rows: pd.DataFrame,
    *,
    problem: Target,
    title: str,
    page: Path,
    pictures: Path,
    **options: Any,
) -> None:
    """Write skrub's TableReport.

    Parameters
    ----------
    rows : DataFrame of shape (n, p)
    problem : Target
        Not used; every report gets it.
    title : str
        Title of the page.
    page : Path
        The HTML file to write.
    pictures : Path
        Not used; every report gets it.
    **options
        Arguments of TableReport.
    """
    import matplotlib
    from skrub import TableReport

    with matplotlib.rc_context({"svg.hashsalt": "profile"}):
        html = TableReport(harmless(rows), title=title, verbose=0, **options).html()
    html = re.sub("<dc:date>.*?</dc:date>", "", html)  # dates of its pictures
    # Its identifiers are random.
    html = re.sub(r"\breport_[0-9a-f]{8}\b", "report_profile", html)
    numbers = itertools.count()
    html = re.sub(r'(?<= id=")[0-9a-f]{8}(?=")', lambda _: f"cell_{next(numbers)}", html)
    write_text(guarded(html), page)


tables.needs = ("skrub",)  # type: ignore[attr-defined]


def sweetviz(
    rows: pd.DataFrame,
    *,
    problem: Target,
    title: str,
    page: Path,
    pictures: Path,
    max_pairwise: int,
) -> None:
    """Write Sweetviz's report.

    A numeric or binary target is compared with the other columns, on rows that have a target; a target with
    more classes is described like any other column.

    Parameters
    ----------
    rows : DataFrame of shape (n, p)
    problem : Target
        With `target`, `task` and the classes.
    title : str
        Title of the page.
    page : Path
        The HTML file to write.
    pictures : Path
        Not used; every report gets it.
    max_pairwise : int
        Maximum number of columns for which all pairs are analysed.
    """
    import matplotlib
    import sweetviz as library

    matplotlib.use("agg")
    target = None if problem.task == "multiclass" else problem.target
    rows = rows[rows[target].notna()] if target else rows
    if problem.task == "binary" and len(rows):
        target_labels, positive = labels(rows[target]), classes(rows[target], problem)[-1]
        rows = rows.drop(columns=target)
        target = f"{target} is {positive}".translate(SIMILAR)
        rows.insert(0, target, target_labels == positive)
    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)
    with matplotlib.rc_context():  # it changes matplotlib's style
        report = library.DataframeReport(
            [harmless(rows), title],
            target,
            pairwise_analysis="on" if rows.shape[1] <= max_pairwise else "off",
            verbosity="off",
        )
        with replacing(page) as new:
            report.show_html(str(new), open_browser=False, layout="vertical")
            html = new.read_text(encoding="utf-8")
            new.write_text(guarded(html), encoding="utf-8", newline="\n")


sweetviz.needs = ("sweetviz",)  # type: ignore[attr-defined]


def ydata(
    rows: pd.DataFrame,
    *,
    problem: Target,
    title: str,
    page: Path,
    pictures: Path,
    **options: Any,
) -> None:
    """Write ydata-profiling's report.

    Parameters
    ----------
    rows : DataFrame of shape (n, p)
    problem : Target
        Not used; every report gets it.
    title : str
        Title of the page.
    page : Path
        The HTML file to write.
    pictures : Path
        Not used; every report gets it.
    **options
        Arguments of ProfileReport.
    """
    os.environ["YDATA_PROFILING_NO_ANALYTICS"] = "1"  # otherwise it reports its use to its authors
    import matplotlib
    from ydata_profiling import ProfileReport

    matplotlib.use("agg")

    with matplotlib.rc_context({"svg.hashsalt": "profile"}):
        report = ProfileReport(harmless(rows), title=title, progress_bar=False, **options)
        html = report.to_html()
    html = re.sub("<dc:date>.*?</dc:date>", "", html)  # dates of its pictures
    html = re.sub("<tr><th>Analysis started.*?(?=<tr><th>Software version)", "", html)
    html = re.sub('<meta content="[^"]*" name=date>', "", html)
    # Its identifiers are Python's hashes of the column names, which differ between processes.
    for number, one in enumerate(dict.fromkeys(re.findall(r"pp_var_(-?\d+)", html))):
        html = html.replace(one, f"{number:03d}")
    write_text(guarded(html), page)


ydata.needs = ("ydata_profiling",)  # type: ignore[attr-defined]


def harmless(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with strings that no page takes for markup or a script; `load` has given plain names to the columns."""
    strings = rows.select_dtypes(exclude=["number", "bool", "boolean", "datetime"])
    return rows.assign(**{name: _translated(rows[name]) for name in strings})


def _translated(values: pd.Series) -> pd.Series:
    return values.map(lambda one: one.translate(SIMILAR) if isinstance(one, str) else one).astype(
        values.dtype if values.dtype != "category" else "category"
    )


def guarded(html: str) -> str:
    """Return a page that may load nothing from elsewhere."""
    rule = f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
    found = re.search(r"<head\b[^>]*>", html)
    place = found.end() if found else 0
    return f"{html[:place]}{rule}{html[place:]}"
