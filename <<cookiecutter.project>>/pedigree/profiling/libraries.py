"""Reports of other libraries, with what differs between two runs taken out."""

from __future__ import annotations

import itertools
import logging
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pedigree.data.target import classes, labels

if TYPE_CHECKING:
    import pandas as pd

    from pedigree.base.problem import Target


def tables(
    rows: pd.DataFrame,
    *,
    problem: Target,
    title: str,
    page: Path,
    pictures: Path,
    **options: Any,
) -> None:
    """Write skrub's TableReport; `options` are its arguments."""
    import matplotlib
    from skrub import TableReport

    with matplotlib.rc_context({"svg.hashsalt": "profile"}):
        html = TableReport(rows, title=title, verbose=0, **options).html()
    html = re.sub("<dc:date>.*?</dc:date>", "", html)  # of its pictures
    # Its identifiers are drawn at random.
    html = re.sub(r"\breport_[0-9a-f]{8}\b", "report_profile", html)
    numbers = itertools.count()
    html = re.sub(r'(?<= id=")[0-9a-f]{8}(?=")', lambda _: f"cell_{next(numbers)}", html)
    page.write_text(html, encoding="utf-8", newline="\n")


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

    It compares with a target of numbers or of two values, and of rows that have an answer; several
    classes are a column like any other.

    Parameters
    ----------
    rows : DataFrame of shape (n, p)
    problem, title, page, pictures
        As every report gets them; see `pedigree.profiling`.
    max_pairwise : int
        Columns up to which all pairs are looked at.
    """
    import matplotlib
    import sweetviz as library

    matplotlib.use("agg")
    target = None if problem.task == "multiclass" else problem.target
    rows = rows[rows[target].notna()] if target else rows
    if problem.task == "binary" and len(rows):
        answers, positive = labels(rows[target]), classes(rows[target], problem)[-1]
        rows = rows.drop(columns=target)
        target = f"{target} is {positive}"
        rows.insert(0, target, answers == positive)
    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)
    with matplotlib.rc_context():  # its style would be that of later pictures too
        report = library.DataframeReport(
            [rows, title],
            target,
            pairwise_analysis="on" if rows.shape[1] <= max_pairwise else "off",
            verbosity="off",
        )
        report.show_html(str(page), open_browser=False, layout="vertical")


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
    """Write ydata-profiling's report; `options` are its arguments."""
    os.environ["YDATA_PROFILING_NO_ANALYTICS"] = "1"  # it would tell its makers
    import matplotlib
    from ydata_profiling import ProfileReport

    matplotlib.use("agg")

    with matplotlib.rc_context({"svg.hashsalt": "profile"}):
        html = ProfileReport(rows, title=title, progress_bar=False, **options).to_html()
    html = re.sub("<dc:date>.*?</dc:date>", "", html)  # of its pictures
    html = re.sub("<tr><th>Analysis started.*?(?=<tr><th>Software version)", "", html)
    html = re.sub('<meta content="[^"]*" name=date>', "", html)
    # Its identifiers are Python's hashes of the columns' names, which differ from process to process.
    for number, one in enumerate(dict.fromkeys(re.findall(r"pp_var_(-?\d+)", html))):
        html = html.replace(one, f"{number:03d}")
    page.write_text(html, encoding="utf-8", newline="\n")


ydata.needs = ("ydata_profiling",)  # type: ignore[attr-defined]
