import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pedigree.report.charts.marks import ConfusionMatrix, Mark, bar_chart, interval_chart
from pedigree.report.charts.plots import POINTS, Plot, Series, xy_plot
from pedigree.report.charts.scale import Scale
from pedigree.report.page import Page
from pedigree.report.page.rendering import PagePart


def drawn(chart: PagePart | None) -> str:
    """Return the HTML of a chart without the page around it."""
    assert chart is not None
    page = Page("t")
    page.add(chart)
    return page.html().partition("</h1>")[2].partition("<script>")[0]


@given(st.lists(st.floats(-1e12, 1e12), min_size=1, max_size=20))
def test_an_axis_holds_its_values_between_its_ends(values: list[float]) -> None:
    scale = Scale.over(values)
    assert scale.low < scale.high
    assert all(0 <= scale.position(value) <= 1 for value in values)
    hair = 1e-9 * (scale.high - scale.low)
    assert scale.low <= min(values) + hair
    assert scale.high >= max(values) - hair


@pytest.mark.parametrize(
    "ends, labels",
    [
        ((0, 1), ["0", "0.2", "0.4", "0.6", "0.8", "1"]),
        ((0.98, 0.98), ["0.92", "0.94", "0.96", "0.98", "1", "1.02", "1.04"]),
        ((0, 8_000), ["0", "2,000", "4,000", "6,000", "8,000"]),
        ((0, 24_000), ["0", "5k", "10k", "15k", "20k", "25k"]),
        ((-90_000, 0), ["-100k", "-80k", "-60k", "-40k", "-20k", "0"]),
        ((0, 1_250_000), ["0", "250k", "500k", "750k", "1M", "1.25M"]),
    ],
)
def test_large_ticks_are_short_enough_for_the_room_that_an_axis_gives_them(
    ends: tuple[float, float], labels: list[str]
) -> None:
    assert Scale.over(ends).labels() == labels


def test_a_plot_draws_both_ends_of_a_long_curve_and_a_bounded_number_of_points() -> None:
    points = [(float(n), float(n % 7)) for n in range(10_001)]
    text = drawn(xy_plot([Series("s", points, "points")], "x", "y"))
    tips = re.findall(r'data-tip="s\nx: ([\d,]+)', text)
    assert tips[0] == "0"
    assert tips[-1] == "10,000"
    assert len(tips) <= POINTS + 1


@pytest.mark.parametrize("values", [(0, 1), (0.9908, 1), (-100_000, 0)])
def test_long_ticks_leave_room_for_the_axis_title(values: tuple[float, float]) -> None:
    points = list(enumerate(map(float, values)))
    text = drawn(xy_plot([Series("s", points)], "x", "y"))
    ticks = re.findall(r'<text x="([\d.]+)"[^>]*text-anchor="end">([^<]+)', text)
    assert len(ticks) > 4
    # The digits of a common face are 7 pixels wide at most; the turned title ends at 15.
    assert min(float(x) - 7 * len(label) for x, label in ticks) >= 15


def test_a_plot_of_no_points_is_none() -> None:
    assert xy_plot([Series("s", [])], "x", "y") is None


def test_the_legend_names_series_that_are_points_or_lines_if_there_are_several() -> None:
    points = Series("a", [(0.0, 1.0), (1.0, 2.0)], "points")
    line = Series("b", [(0.0, 2.0), (1.0, 1.0)])
    both = drawn(xy_plot([points, line], "x", "y"))
    legend = both.partition('<ul class="legend">')[2]
    assert '<circle cx="14"' in legend.partition("</li>")[0]
    assert '<path d="M0 5H28" class="line" stroke-dasharray="7 4"/>' in legend.partition("</li>")[2]
    assert "legend" not in drawn(xy_plot([line], "x", "y"))


@pytest.mark.parametrize(
    ("guide", "ends"),
    [("diagonal", ((0, 0), (10, 10))), ("zero", ((-10, 0), (10, 0))), ("", None)],
)
def test_a_guide_goes_from_one_end_of_the_frame_to_the_other(guide: str, ends) -> None:
    plot = xy_plot([Series("s", [(-10.0, 0.0), (10.0, 10.0)])], "x", "y", guide=guide)
    assert isinstance(plot, Plot)
    if ends is None:
        assert plot.guide is None
        return
    left, top, right, bottom = plot.frame
    assert plot.guide is not None
    for (x, y), (a, b) in zip(plot.guide, ends, strict=True):
        assert x == pytest.approx(left + (a + 10) / 20 * (right - left), abs=0.1)
        assert y == pytest.approx(bottom - b / 10 * (bottom - top), abs=0.1)


def test_values_that_are_missing_are_drawn_as_such() -> None:
    text = drawn(interval_chart([Mark("nothing", None), Mark("nan", float("nan"), 0.0, 1.0)]))
    assert 'class="dot"' not in text
    assert "–" in text
    assert "nan%" not in drawn(bar_chart([Mark("nan", float("nan")), Mark("a", 1.0)]))


def test_bars_start_at_zero_and_go_both_ways() -> None:
    text = drawn(bar_chart([Mark("a", -1.0), Mark("b", 1.0)]))
    assert 'class="bar" style="left:0.00%;width:50.00%"' in text
    assert 'class="bar" style="left:50.00%;width:50.00%"' in text


def test_hovering_over_a_mark_shows_name_value_interval_and_note() -> None:
    assert Mark("a", 0.5, 0.25, 0.75, note="sure").tip == "a\n0.5\n0.25 to 0.75\nsure"
    assert Mark("a", None).tip == "a\n–"


def test_a_confusion_matrix_counts_rows_and_shades_fractions_of_an_actual_class() -> None:
    counts = {("a", "a"): 3, ("a", "b"): 1, ("b", "b"): 2}
    text = drawn(ConfusionMatrix(counts=counts, classes=["a", "b"]))
    assert 'data-tip="a predicted as b\n1 of 4 (25%)">1</td>' in text
    assert 'data-tip="b predicted as a\n0 of 2 (0%)">0</td>' in text
