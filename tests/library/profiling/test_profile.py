import base64
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from library.projects import Project

from pedigree.base.tables import read_table, write_table
from pedigree.profiling.overview import describe_column
from pedigree.report.figures import matrix

REPORT = Path("reports/profile/overview.html")
PICTURES = Path("plots/profile/overview")
LOADED = Path("data/loaded")


def speaks_of(page: str, name: str) -> bool:
    """Return whether a column has a cell; its name may be broken after each underscore."""
    return re.search(rf"<td[^>]*>{name}</td>", page.replace("<wbr>", "")) is not None


def test_the_report_speaks_of_every_column_and_holds_its_pictures(project: Project) -> None:
    page = REPORT.read_text(encoding="utf-8")
    for name in read_table(LOADED):
        assert speaks_of(page, name)
    embedded = {base64.b64decode(data) for data in re.findall(r"base64,([^\"]+)", page)}
    pictures = {path.read_bytes() for path in PICTURES.iterdir()}
    assert embedded == pictures
    assert all(data.startswith(b"\x89PNG") for data in pictures)


def test_a_correlation_near_zero_is_written_without_a_sign(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from matplotlib.axes import Axes

    written: list[str] = []
    text = Axes.text
    monkeypatch.setattr(
        Axes, "text", lambda axes, x, y, s, **rest: written.append(s) or text(axes, x, y, s, **rest)
    )
    values = pd.DataFrame([[1, -0.04], [-0.04, 1]], columns=["a", "b"])
    matrix(values, tmp_path / "matrix.png", cmap="RdBu_r", vmin=-1, vmax=1)
    assert written == ["1.0", "0.0", "0.0", "1.0"]


def test_the_report_needs_no_network_and_knows_no_clock(project: Project) -> None:
    page = REPORT.read_text(encoding="utf-8")
    assert not re.search(r"https?://|<script\s|src=\"(?!data:)", page)
    before = page, [path.read_bytes() for path in sorted(PICTURES.iterdir())]
    project.run("profile")
    after = [path.read_bytes() for path in sorted(PICTURES.iterdir())]
    assert (REPORT.read_text(encoding="utf-8"), after) == before


def test_of_many_rows_a_sample_is_drawn_and_the_report_says_so(project: Project) -> None:
    project.run("profile", overrides=["profile.reports.overview.max_rows=50"])
    page = REPORT.read_text(encoding="utf-8")
    assert f"50 of {len(read_table(LOADED))} rows, drawn at random" in page
    assert '<p dir="auto">50 rows, ' in page
    project.run("profile", overrides=["profile.reports.overview.max_rows=50", "seed=7"])
    assert REPORT.read_text(encoding="utf-8") != page
    assert "drawn at random" in REPORT.read_text(encoding="utf-8")


def test_a_column_of_numbers_is_described(penguins: pd.DataFrame) -> None:
    mass = penguins["body_mass_g"]
    line = describe_column(mass, "body_mass_g")
    assert line["missing"] == 2
    assert line["distinct"] == mass.nunique()
    assert (line["lowest"], line["highest"]) == (2700, 6300)
    assert line["median or most frequent"] == mass.median()
    assert line["beyond fences"] == 0


def test_values_beyond_the_fences_are_counted() -> None:
    assert describe_column(pd.Series([1.0, 2, 3, 4, 99, -99]), "x")["beyond fences"] == 2


def test_a_column_of_texts_is_described_by_its_most_frequent(penguins: pd.DataFrame) -> None:
    assert (
        describe_column(penguins["island"], "island")["median or most frequent"] == "Biscoe (168)"
    )


def test_a_column_of_dates_has_a_range(penguins: pd.DataFrame) -> None:
    line = describe_column(penguins["date_egg"], "date_egg")
    assert (line["lowest"], line["highest"]) == ("2007-11-09", "2009-12-01")


def test_awkward_columns_do_not_stop_the_report(project: Project) -> None:
    rows = read_table(LOADED).head(30)
    awkward = rows.assign(
        empty=np.nan,
        constant=1.0,
        flag=pd.array([True, None, False] * 10, dtype="boolean"),
        markup="<b>$x^2$ & more</b>",
    )
    write_table(awkward, LOADED)
    project.compose("profile.reports.overview.max_columns=99")
    project.run("profile")
    page = REPORT.read_text(encoding="utf-8")
    assert "<b>" not in page
    assert "&lt;b&gt;$x^2$ &amp; more" in page


def test_data_without_gaps_and_numbers_have_no_pictures_of_them(project: Project) -> None:
    rows = read_table(LOADED)[["island", "sex"]].dropna()
    write_table(rows, LOADED)
    project.run("profile")
    assert {path.name for path in PICTURES.iterdir()} == {"distributions.png"}


@pytest.mark.parametrize("limit", [1, 3])
def test_only_so_many_columns_are_drawn(project: Project, limit: int) -> None:
    project.run("profile", overrides=[f"profile.reports.overview.max_columns={limit}"])
    page = REPORT.read_text(encoding="utf-8")
    assert all(speaks_of(page, name) for name in read_table(LOADED))
    assert (PICTURES / "correlations.png").exists() is False


def test_no_report_leaves_empty_folders(project: Project) -> None:
    project.compose("profile=none")
    project.run("profile")
    assert list(Path("reports/profile").iterdir()) == []
    assert list(Path("plots/profile").iterdir()) == []
