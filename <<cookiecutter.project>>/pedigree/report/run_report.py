"""The report of a run: one page from the verdict to the snapshot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING

from pedigree.base.dvc_files.declared import declared
from pedigree.base.names import UserError
from pedigree.base.paths import CUSTOM
from pedigree.base.settings import as_dict
from pedigree.base.tools import described
from pedigree.report.charts.explanations import draw_explanations
from pedigree.report.charts.leaderboard import draw_leaderboard
from pedigree.report.charts.marks import Mark, bar_chart
from pedigree.report.charts.plots import Series, xy_plot
from pedigree.report.outputs import RunOutputs, read_workspace
from pedigree.report.page import Page
from pedigree.report.sections.data import data
from pedigree.report.sections.drivers import drivers
from pedigree.report.sections.lineage import lineage
from pedigree.report.sections.performance import performance
from pedigree.report.sections.pipeline import pipeline
from pedigree.report.sections.recommendations import next_steps, recommend
from pedigree.report.sections.search import search
from pedigree.report.sections.verdict import verdict
from pedigree.report.sections.weaknesses import weaknesses

if TYPE_CHECKING:
    from pedigree.report.settings import ReportSettings

TEMPLATES = CUSTOM / "templates"


class RunReport(Page):
    """The page about the run in the workspace; sections are added one by one.

    Parameters
    ----------
    settings : ReportSettings
        Settings of the step: `problem` and `report`.
    templates : Path
        A folder with the owner's templates. The method of each section accepts the name of a template that replaces the
        library's.

    Attributes
    ----------
    outputs : RunOutputs
        The outputs of all stages.

    Examples
    --------
    >>> from pedigree import RunReport
    >>> from pedigree.settings import read_settings
    >>> page = RunReport(read_settings("report"))
    >>> page.verdict()
    >>> page.heading("Background")
    >>> page.paragraph("The birds were measured on three islands.")
    >>> page.bars({"Biscoe": 168, "Dream": 124, "Torgersen": 52}, title="Birds")
    >>> "Accepted" in page.html()
    True
    """

    def __init__(self, settings: ReportSettings, templates: Path = TEMPLATES) -> None:
        self.outputs = RunOutputs(as_dict(settings.problem), read_workspace)
        self.most = settings.report.most
        self.recommendations = recommend(self.outputs)
        super().__init__(self.outputs.goal, templates)

    def verdict(self, template: str | None = None) -> None:
        """Add the verdict with its traffic light, and warnings about the model."""
        self.add(verdict(self.outputs, self.recommendations), template=template)

    def performance(self, template: str | None = None) -> None:
        """Add the scores on the test set, with champion, baselines and success criteria."""
        self.add(performance(self.outputs), template=template)

    def drivers(self, template: str | None = None) -> None:
        """Add the importance and effects of features."""
        self.add(drivers(self.outputs, self.most), template=template)

    def weaknesses(self, template: str | None = None) -> None:
        """Add slices, fairness, errors and leakage."""
        self.add(weaknesses(self.outputs, self.most), template=template)

    def search(self, template: str | None = None) -> None:
        """Add the leaderboard and the search for hyperparameters."""
        self.add(search(self.outputs, self.most), template=template)

    def data(self, template: str | None = None) -> None:
        """Add the sources of the rows, cleaning steps, columns and contract."""
        self.add(data(self.outputs, self.most), template=template)

    def pipeline(self, template: str | None = None) -> None:
        """Add the stages of dvc.yaml and their results."""
        self.add(pipeline(self.outputs, declared()), template=template)

    def lineage(self, template: str | None = None) -> None:
        """Add the hashes from the bundle to the snapshot, and the environment."""
        self.add(lineage(self.outputs), template=template)

    def next_steps(self, template: str | None = None) -> None:
        """Add recommendations for what to do next."""
        self.add(next_steps(self.recommendations), template=template)

    def draw_leaderboard(self, path: Path) -> None:
        """Plot the first metric of each model in its last round; names of eliminated models include the round's number.

        Parameters
        ----------
        path : Path
            The PNG file to write.
        """
        draw_leaderboard(self.outputs, path)

    def draw_explanations(self, folder: Path) -> None:
        """Plot the results of each method of `explain`.

        Parameters
        ----------
        folder : Path
            Folder of the PNG files; replaced if it exists.
        """
        draw_explanations(self.outputs, folder, self.most)

    def bars(self, values: Mapping[str, float], title: str = "", caption: str = "") -> None:
        """Add a bar chart.

        Parameters
        ----------
        values : mapping of str to float
        title, caption : str

        Raises
        ------
        UserError
            A value is not a number.
        """
        if not isinstance(values, Mapping):
            raise UserError(
                f"a bar chart needs a dictionary of numbers, and was given {described(values)}."
            )
        for name, one in values.items():
            if one is not None and not isinstance(one, Real):
                raise UserError(f"a bar chart needs numbers, and '{name}' is {described(one)}.")
        self.figure(bar_chart([Mark(name, one) for name, one in values.items()]), title, caption)

    def curves(
        self,
        series: Mapping[str, Sequence[tuple[float, float]]],
        x: str,
        y: str,
        title: str = "",
        caption: str = "",
    ) -> None:
        """Add a plot of up to six curves; nothing if they have no points.

        Parameters
        ----------
        series : mapping of str to sequence of (x, y)
        x, y : str
            Titles of the axes.
        title, caption : str
        """
        plot = xy_plot([Series(name, points) for name, points in series.items()], x, y)
        if plot:
            self.figure(plot, title, caption)
