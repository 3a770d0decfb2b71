"""Pages as their parts: what is in them is escaped, and owners can add parts of their own."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from library.projects import ROOT, Project
from library.report.html_pages import ParsedPage, payloads
from markupsafe import Markup

from pedigree.base.names import UserError
from pedigree.base.tables import read_json
from pedigree.report.charts.marks import ConfusionMatrix, Mark, bar_chart, interval_chart
from pedigree.report.charts.plots import Series, xy_plot
from pedigree.report.formatting import breaks, number, percent, printable, short, table_cell
from pedigree.report.page import Page
from pedigree.report.page.parts import Table
from pedigree.report.run_report import RunReport
from pedigree.report.sections.lineage import lineage

TEMPLATES = sorted((ROOT / "pedigree").rglob("*.j2"))


def everything(text: str) -> Page:
    """Return a page of all parts with a text in each place that takes one."""
    page = Page(text)
    page.heading(text)
    page.subheading(text)
    page.paragraph(text)
    page.table([{f"{text} 1": text, "n": 1, "no": None, "yes": True}] * 2, text)
    marks = [Mark(text, 1.0, 0.5, 1.5, note=text), Mark(text, -1.0)]
    page.figure(bar_chart(marks), text, text)
    page.add(interval_chart(marks, limit=0.0))
    series = [Series(f"{n}{text}", [(0.0, 1.0), (1.0, 2.0)], "both", [text]) for n in range(2)]
    plot = xy_plot(series, text, text)
    assert plot is not None
    page.figure(plot, text, text)
    page.figure(ConfusionMatrix(counts={(text, text): 1}, classes=[text]), text, text)
    return page


@given(payloads)
@settings(max_examples=60, deadline=None)
def test_no_text_becomes_markup_in_any_part(text: str) -> None:
    plain, page = (ParsedPage(everything(one).html()) for one in ("x", text))
    assert page.open == page.comments == []
    assert page.skeleton() == plain.skeleton()
    assert page.raw == plain.raw
    seen = "".join(page.texts)
    shown = str(printable(text))
    assert seen.count(shown[:23]) >= 14  # labels of charts are truncated
    tips = [given["data-tip"] for _, given in page.elements if "data-tip" in given]
    assert sum(shown in tip for tip in tips) == len(tips) > 5
    assert all(shown in one["aria-label"] for one in page.all("svg") if "aria-label" in one)


@given(payloads)
@settings(max_examples=30, deadline=None)
def test_no_text_becomes_markup_in_a_template_of_ones_own(text: str) -> None:
    page = Page("t", ROOT / "pipeline/custom/templates")
    page.include("own.html.j2", outputs=text)
    assert "x" not in ParsedPage(page.html()).text


def test_templates_leave_the_escaping_to_jinja_and_quote_every_attribute() -> None:
    for path in TEMPLATES:
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"\|\s*safe\b|autoescape|Markup", text), path
        if ".html." in path.name:
            assert not re.search(r"=\s*\{[{%]", re.sub(r"\{%.*?%\}", "", text)), path
            assert "<script" not in text or path.name == "page.html.j2"


def test_only_the_renderer_and_the_page_mark_text_as_html() -> None:
    found = [
        path.relative_to(ROOT / "pedigree").as_posix()
        for path in sorted((ROOT / "pedigree").rglob("*.py"))
        if re.search(r"\bMarkup\(|from_string\(", path.read_text(encoding="utf-8"))
    ]
    assert found == ["report/page/__init__.py", "report/page/rendering.py"]


@pytest.mark.parametrize("function", [short, breaks, table_cell])
def test_html_is_neither_truncated_nor_split(function: Callable[[Markup], Any]) -> None:
    """It would be cut inside of a tag or an entity."""
    with pytest.raises(TypeError, match="not HTML"):
        function(Markup("<b>"))


# --- the parts -----------------------------------------------------------------------------------


def test_a_page_is_put_together_in_the_order_in_which_parts_are_added() -> None:
    page = Page("Title")
    page.paragraph("first")
    page.heading("Heading", "here")
    page.subheading("below")
    page.paragraph("last")
    parsed = ParsedPage(page.html())
    # In the window's title, in the page's; in the table of contents, in the section.
    assert parsed.text == "Title Title first Heading Heading below last"
    assert parsed.all("a") == [{"href": "#here"}]
    assert [one.get("id") for one in parsed.all("section")] == ["here"]
    assert parsed.all("nav") == [{"aria-label": "Contents"}]


def test_a_page_without_anchors_has_no_table_of_contents() -> None:
    page = Page("t")
    page.heading("Heading")
    assert ParsedPage(page.html()).all("nav") == []


def test_a_table_rounds_numbers_and_sorts_by_the_exact_ones() -> None:
    page = Page("t")
    rows = [{"name": "a", "n": 0.123456}, {"name": "b", "n": float("nan")}]
    page.table(rows, "caption")
    text = page.html()
    assert '<td class="number" data-value="0.123456">0.1235</td>' in text
    assert '<td class="number" data-value="">–</td>' in text
    assert '<th scope="col" class="number">n</th>' in text
    assert '<table class="sortable">' in text
    assert "<caption><span>caption</span></caption>" in text


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (None, "<td></td>"),
        (True, "<td>yes</td>"),
        (False, "<td>no</td>"),
        ("", '<td dir="auto"></td>'),
        ("2007-11-16", '<td class="whole" dir="auto">2007-11-16</td>'),
        ("tawny-hoax", '<td class="whole" dir="auto">tawny-hoax</td>'),
        ("well-known facts", '<td dir="auto">well-known facts</td>'),
        ("-".join("a" * 99), f'<td class="long" dir="auto">{"-".join("a" * 99)}</td>'),
        ("a_b", '<td dir="auto">a_<wbr>b</td>'),
    ],
)
def test_a_cell_shows_any_value_and_does_not_break_a_date_at_its_hyphens(
    value: Any, cell: str
) -> None:
    page = Page("t")
    page.table([{"x": value}])
    assert f"<tr>{cell}\n</tr>" in page.html() or f"<tr>{cell}</tr>" in page.html()


def test_a_table_without_rows_is_left_out_and_one_of_a_single_row_is_not_sortable() -> None:
    page = Page("t")
    page.table([])
    assert page.parts == []
    page.table([{"a": 1}])
    assert 'class="sortable"' not in page.html()
    assert Table(rows=[{"a": 1, "b": "x", "c": None}, {"a": None, "b": 1, "c": None}]).numbers == [
        "a"
    ]


def test_a_page_is_the_same_bytes_on_every_system(tmp_path: Path) -> None:
    page = everything("x")
    page.write(tmp_path / "page.html")
    written = (tmp_path / "page.html").read_bytes()
    assert written.decode("utf-8") == page.html()
    assert b"\r" not in written


# --- templates of the owner ----------------------------------------------------------------------


@pytest.fixture
def own(project: Project) -> Path:
    return Path("pipeline/custom/templates/own.html.j2")


def test_an_owners_template_becomes_a_section_of_the_report(project: Project, own: Path) -> None:
    assert "Background" not in Path("reports/index.html").read_text(encoding="utf-8")
    example = own.read_text(encoding="utf-8").partition("For example:")[2].rpartition("#}")[0]
    own.write_text(example, encoding="utf-8")
    project.run("report")
    page = ParsedPage(Path("reports/index.html").read_text(encoding="utf-8"))
    assert page.all("section")[-1] == {"id": "background"}
    assert {"href": "#background"} in page.all("a")
    rows = read_json(Path("metrics/train.json"))["rows"]
    assert f"The model was trained on {rows} rows. Models model rank linear 1" in page.text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{% if %}", r"own\.html\.j2, line 1: "),
        ("{{ nothing.at_all }}", r"own\.html\.j2 uses an undefined name: 'nothing' is undefined"),
        ('{% include "other.html.j2" %}', r"template other\.html\.j2 does not exist"),
    ],
)
def test_a_mistake_in_an_owners_template_is_reported_with_its_place(
    project: Project, own: Path, text: str, message: str
) -> None:
    own.write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=message):
        project.run("report")


def test_an_owner_can_extend_a_section_of_the_library(project: Project, own: Path) -> None:
    library = "pedigree/report/sections/lineage.html.j2"
    text = f'{{% extends "{library}" %}}{{% block end %}}<p>{{{{ chain | length }}}} outputs</p>{{% endblock %}}'
    own.with_name("lineage.html.j2").write_text(text, encoding="utf-8")
    page = RunReport(project.settings("report"))
    page.lineage(template="lineage.html.j2")
    parsed = ParsedPage(page.html())
    assert [one["id"] for one in parsed.all("section")] == ["lineage"]
    assert parsed.text.endswith(f"{len(lineage(page.outputs).chain)} outputs")


def test_an_owner_can_draw_without_importing_more(project: Project) -> None:
    page = RunReport(project.settings("report"))
    page.bars({"Biscoe": 168, "Dream": 124}, "Birds", "By island.")
    page.curves({"a": [(0.0, 1.0), (1.0, 3.0)], "b": [(0.0, 2.0)]}, "year", "birds", "Years")
    page.curves({"nothing": []}, "x", "y", "Nothing")
    parsed = ParsedPage(page.html())
    assert "Birds Biscoe 168 Dream 124" in parsed.text
    assert [one["aria-label"] for one in parsed.all("svg")[:1]] == ["Years: birds over year; a, b"]
    assert "Nothing" not in parsed.text


# --- values as text ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "–"),
        (float("nan"), "–"),
        (0, "0"),
        (1234567, "1,234,567"),
        (12345.6, "12,346"),
        (0.000012345, "1.234e-05"),
        (-0.96969697, "-0.9697"),
        (10**30, "1.000e+30"),
    ],
)
def test_numbers_have_at_most_four_digits(value: float | None, shown: str) -> None:
    assert number(value) == shown


@pytest.mark.parametrize(
    ("fraction", "shown"), [(0.2, "20%"), (1, "100%"), (0.51163, "51.2%"), (None, "–")]
)
def test_fractions_are_percentages(fraction: float | None, shown: str) -> None:
    assert percent(fraction) == shown


@given(st.text())
def test_a_text_that_may_be_broken_is_the_same_text(text: str) -> None:
    assert "".join(breaks(text)) == text


@given(st.text())
def test_a_cell_of_a_markdown_table_cannot_end_it(text: str) -> None:
    cell = table_cell(text)
    assert "\n" not in cell
    assert not re.search(r"(?<!\\)\|", cell)


def test_rows_that_are_no_table_end_in_a_sentence() -> None:
    page = Page("")
    for rows, message in (
        ([{"a": 1}, {"b": 2}], r"row 2 differs from row 1 in 'a', 'b'; use None"),
        ("x", r"a table needs a list of dictionaries, and contains 'x'\."),
        (pd.DataFrame({"a": [1]}), r"given a DataFrame of shape \(1, 1\); of a data frame, `frame"),
    ):
        with pytest.raises(UserError, match=message):
            page.table(rows)


def test_bars_that_are_no_numbers_end_in_a_sentence(project: Project) -> None:
    page = RunReport(project.settings("report"))
    for values, message in (({"a": "x"}, "and 'a' is 'x'"), ([1], "and was given a list")):
        with pytest.raises(UserError, match=f"^a bar chart needs .*{message}"):
            page.bars(values)
