import re
import shutil
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from library.projects import ROOT, Project, compose, stages

from pedigree.base.tables import read_json, write_csv, write_json
from pedigree.report.charts import Mark, bars, intervals
from pedigree.report.elements import clean, el, html, number
from pedigree.report.page import table
from pedigree.report.plots import POINTS, Series, plot
from pedigree.report.scale import Scale
from pedigree.report.sections.advice import BETTER, HELPS
from pedigree.report.sections.flow import levels, links

PAGE = Path("reports/index.html")
VERDICT = Path("metrics/verdict.json")
WILD = '</script><img src=x onerror=alert(1)> & "שלום" 🐧 <!--'
SECTIONS = [
    *("how-good", "drivers", "weaknesses", "search", "data", "pipeline", "lineage", "next"),
]
BLOCKS = {"h1", "h2", "h3", "p", "li", "th", "td", "tr", "pre", "div"}
VOID = {"meta", "link", "img", "wbr", "br"}


class Seen(HTMLParser):
    """What a browser would make of a page: its elements, the text in them, and what is left open."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.texts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag in BLOCKS:
            self.texts.append(" ")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("style", "script"):
            self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join("".join(self.texts).split())

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]


def seen(path: Path = PAGE) -> Seen:
    return Seen(path.read_text(encoding="utf-8"))


def change(path: Path, **values: Any) -> None:
    write_json(read_json(path) | values, path)


# --- the page ------------------------------------------------------------------------------------


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_the_page_tells_the_verdict_first_and_then_all_else_in_order(copy_of, task: str) -> None:
    copy_of(task)
    page = seen()
    verdict = read_json(VERDICT)
    first = verdict["metrics"][0]
    assert [one["id"] for one in page.all("section")] == SECTIONS
    assert page.text.index("Accepted") < page.text.index("How good it is")
    low, high = first["interval"]
    assert f"its {first['metric']} is {first['value']:.4g} ({low:.4g} to {high:.4g})" in page.text
    for one in verdict["criteria"]:
        assert one["criterion"] in page.text
    assert read_json(Path("data/raw/snapshot.json"))["files"][0]["sha256"] in page.text
    for stage in stages():
        assert stage in page.text


def test_the_page_is_well_formed_and_can_be_read_aloud(project: Project) -> None:
    page = seen()
    assert page.open == []
    assert len(page.all("h1")) == 1
    assert page.all("html") == [{"lang": "en"}]
    ids = [attributes["id"] for _, attributes in page.elements if attributes.get("id")]
    assert max(Counter(ids).values()) == 1
    inner = {a["href"][1:] for a in page.all("a") if a["href"].startswith("#")}
    assert inner <= set(ids)
    assert set(SECTIONS) <= inner
    assert all(one.get("alt") for one in page.all("img"))
    drawn = [one for one in page.all("svg") if one.get("aria-hidden") != "true"]
    assert all(one["role"] and one["aria-label"] for one in drawn)
    assert all("scope" in one for one in page.all("th") if one)


def test_other_pages_are_well_formed_too(project: Project) -> None:
    page = seen(Path("reports/monitor.html"))
    assert page.open == []
    assert len(page.all("h1")) == 1
    assert page.all("table")
    assert all(one["src"].startswith("data:image/png") for one in page.all("img"))


def test_the_page_is_one_file_that_asks_for_no_other(project: Project) -> None:
    page = seen()
    (policy,) = (m["content"] for m in page.all("meta") if "http-equiv" in m)
    assert policy.startswith("default-src 'none'")
    for _, attributes in page.elements:
        for name in ("src", "href", "action", "data"):
            assert attributes.get(name, "#").startswith(("#", "data:"))
    assert "url(" not in PAGE.read_text(encoding="utf-8").replace("url(#arrow)", "")
    assert len(PAGE.read_bytes()) < 300_000


def test_the_page_is_the_same_twice(project: Project) -> None:
    before = PAGE.read_bytes()
    project.run("report")
    assert PAGE.read_bytes() == before


def test_no_name_or_value_becomes_markup(project: Project) -> None:
    path = Path("reports/explain/global.csv")
    row = {"method": "shap", "feature": WILD, "strength": 1.0, "spread": None}
    write_csv([row | {"measure": WILD, "unit": WILD}], path)
    change(VERDICT, about=[WILD])
    plain = Counter(tag for tag, _ in seen().elements)
    project.run("report", overrides=[f"problem.target={WILD!r}"])
    page = seen()
    assert page.open == []
    assert page.text.count(WILD) >= 3
    assert Counter(tag for tag, _ in page.elements)["img"] == plain["img"] == 0
    assert len(page.all("script")) == 1
    assert not any(name.startswith("on") for _, given in page.elements for name in given)


def test_the_page_stays_small_whatever_the_data(project: Project) -> None:
    many = range(5000)
    row = {"method": "shap", "strength": 1.0, "spread": 0.1, "measure": "m", "unit": "u"}
    write_csv([row | {"feature": f"f{n}"} for n in many], Path("reports/explain/global.csv"))
    chosen = {"kept": True, "share_of_folds": 1.0, "reason": ""}
    write_csv([{"feature": f"f{n}"} | chosen for n in many], Path("reports/select.csv"))
    curve = [{"class": "a", "recall": n / 5000, "precision": 1 - n / 5000} for n in many]
    write_csv(curve, Path("plots/evaluate/precision_recall.csv"))
    signature = Path("models/bundle/signature.json")
    change(signature, types={f"c{n}": "str" for n in many}, inputs={})
    project.run("report")
    assert len(PAGE.read_bytes()) < 400_000
    assert "4988 more features are in reports/explain/global.csv" in seen().text


def test_a_part_that_is_absent_is_left_out_with_a_sentence(project: Project) -> None:
    shutil.rmtree("reports/explain")
    for path in ("reports/compare.csv", "plots/tune.csv"):
        Path(path).unlink()
    write_json({"trials": 0}, Path("reports/tune.json"))
    project.run("report")
    page = seen()
    assert [one["id"] for one in page.all("section")] == SECTIONS
    assert "Nothing is known: the stage `explain` has left no strengths." in page.text
    assert "The model was not tuned" in page.text


# --- the traffic light, and what to do next ------------------------------------------------------


def test_a_missed_criterion_is_red_in_words_too_and_leads_to_advice(project: Project) -> None:
    project.compose("problem.criteria.gain_over_dummy.at_least=2")
    project.run("verdict", "report")
    text = seen().text
    assert "Not accepted. The model (catboost) meets 1 of 2 success criteria" in text
    assert "gain_over_dummy is" in text
    assert "✗ missed" in text
    assert "dvc exp run -S experiment=best" in text


def test_an_accepted_model_with_a_warning_is_accepted_with_reservations(project: Project) -> None:
    change(Path("metrics/monitor.json"), retrain=True, reasons=["all has drifted"])
    project.run("report")
    text = seen().text
    assert "Accepted, with reservations. The model" in text
    assert "Later batches call for a new training: all has drifted." in text


@pytest.mark.parametrize(
    ("gain", "interval", "says", "light"),
    [
        (0.1, [0.02, 0.2], "better", "Accepted."),
        (0.1, [-0.02, 0.2], "no sure difference", "Accepted, with reservations."),
        (-0.1, [-0.2, -0.02], "worse", "Accepted, with reservations."),
        (0, [0, 0], "no sure difference", "Accepted."),  # it is the model in use
    ],
)
def test_what_is_not_surely_better_than_the_model_in_use_says_so(
    project: Project, gain: float, interval: list, says: str, light: str
) -> None:
    change(Path("metrics/monitor.json"), retrain=False)
    line = {"against": "champion", "metric": "roc_auc", "gain": gain, "interval": interval}
    change(VERDICT, comparisons=[line], accepted=True)
    project.run("report")
    text = seen().text
    assert f"the model in use roc_auc {gain:.4g} {interval[0]} to {interval[1]} {says}" in text
    assert f"Against the model in use: {says}." in text
    assert light in text


def test_the_axis_of_the_threshold_ends_at_probability_one(project: Project) -> None:
    project.run("report")
    _, _, drawn = seen().text.partition("Decision threshold")
    assert drawn.partition("threshold")[0].endswith("00.20.40.60.81")  # texts of the ticks


def test_what_the_contract_asks_is_told_in_words(project: Project) -> None:
    text = seen().text
    assert "body_mass_g float64 needed by the model more than 0 sex" in text
    assert "island str needed by the model one of Biscoe, Dream, Torgersen stage" in text
    assert "species str needed by the model a value in each row region" in text


def test_without_a_later_batch_nothing_is_said_of_training_again(project: Project) -> None:
    assert "no need to train again" in seen().text
    write_json({"retrain": False, "reasons": ["no batch"], "rows": 0}, Path("metrics/monitor.json"))
    project.run("report")
    assert "no need to train again" not in seen().text
    assert "No later batch has been looked at" in seen().text


def test_one_criterion_is_not_called_all(project: Project) -> None:
    change(VERDICT, criteria=read_json(VERDICT)["criteria"][:1])
    project.run("report")
    assert "The model (catboost) meets its only success criterion." in seen().text


@pytest.mark.parametrize(
    ("beats", "adopted", "said"),
    [
        (True, True, "with the best ones, which are used."),
        (True, False, "with the best ones, which are not surely better, so its own ones stay."),
        (False, False, "with its own settings, and no trial did better, so they stay."),
    ],
)
def test_what_a_search_came_to_is_said(
    project: Project, beats: bool, adopted: bool, said: str
) -> None:
    change(Path("reports/tune.json"), beats_untuned=beats, adopted=adopted)
    project.run("report")
    assert said in seen().text


def test_a_trial_that_was_stopped_early_is_drawn_apart(project: Project) -> None:
    """It was measured on fewer folds, and may look better than the best."""
    legend = "trial that was stopped early"
    assert legend not in seen().text
    history = pd.read_csv("plots/tune.csv")
    history.assign(pruned=history["trial"] == 2).to_csv("plots/tune.csv", index=False)
    project.run("report")
    assert legend in seen().text
    tips = [one["data-tip"] for one in seen().all("circle") if "data-tip" in one]
    assert sum(tip.startswith(f"{legend}\n") for tip in tips) == 1


def test_a_criterion_of_the_clock_is_neither_met_nor_missed(project: Project) -> None:
    line = {"criterion": "latency_ms", "at_most": 5, "value": None, "met": None}
    change(VERDICT, criteria=[line])
    project.run("report")
    assert "No success criterion was judged of the model" in seen().text
    text = seen().text
    assert "latency_ms at most 5 measured by the check" in text
    assert "python -m pedigree check" in text


@pytest.mark.parametrize("command", sorted({BETTER[1], *(one for _, one in HELPS.values())}))
def test_what_is_advised_can_be_done(command: str) -> None:
    stage, overrides = command.split()[2:3], re.findall(r"-S (\S+)", command)
    if overrides:
        compose(ROOT / "conf", *overrides)
    else:
        assert set(stage) <= set(stages())


# --- its parts -----------------------------------------------------------------------------------


def test_links_are_those_that_no_other_path_leads_through() -> None:
    stages = {
        "a": {"outs": ["x"]},
        "b": {"deps": ["x"], "outs": [{"y": {"cache": False}}]},
        "c": {"deps": ["x", "y/part"], "outs": []},
        "d": {"deps": ["x"]},
    }
    found = links(stages)
    assert found == {"a": [], "b": ["a"], "c": ["b"], "d": ["a"]}
    assert levels(found) == {"a": 0, "b": 1, "c": 2, "d": 1}


def test_the_picture_links_every_stage_to_what_it_follows() -> None:
    found = links(stages())
    assert [name for name, above in found.items() if not above] == ["configure"]
    assert found["clean"] == ["load"]
    level = levels(found)
    assert all(level[one] < level[name] for name, above in found.items() for one in above)


@given(st.text(), st.text())
def test_texts_and_attributes_come_back_as_they_were(text: str, attribute: str) -> None:
    page = Seen(html(el("p", text, data_tip=attribute)))
    assert page.elements == [("p", {"data-tip": clean(attribute)})]
    assert "".join(page.texts[1:]) == clean(text)


@given(st.lists(st.floats(-1e12, 1e12), min_size=1, max_size=20))
def test_an_axis_holds_its_values_between_its_ends(values: list[float]) -> None:
    scale = Scale.over(values)
    assert scale.low < scale.high
    assert all(0 <= scale.share(value) <= 1 for value in values)
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
    text = html(plot([Series("s", points, "points")], "x", "y"))
    tips = re.findall(r'data-tip="s\nx: ([\d,]+)', text)
    assert tips[0] == "0"
    assert tips[-1] == "10,000"
    assert len(tips) <= POINTS + 1


@pytest.mark.parametrize("values", [(0, 1), (0.9908, 1), (-100_000, 0)])
def test_long_ticks_leave_room_for_the_axis_title(values: tuple[float, float]) -> None:
    points = list(enumerate(map(float, values)))
    text = html(plot([Series("s", points)], "x", "y"))
    ticks = re.findall(r'<text x="([\d.]+)"[^>]*text-anchor="end">([^<]+)', text)
    assert len(ticks) > 4
    # The digits of a common face are 7 pixels wide at most; the turned title ends at 15.
    assert min(float(x) - 7 * len(label) for x, label in ticks) >= 15


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("2007-11-16", True),
        ("tawny-hoax", True),
        ("well-known facts", False),
        ("-".join("a" * 99), False),
    ],
)
def test_a_date_and_the_name_of_an_experiment_are_not_broken_at_their_hyphens(
    text: str, whole: bool
) -> None:
    assert ('class="whole"' in html(table([{"cell": text}]))) is whole


def test_an_empty_plot_and_values_that_are_missing_are_drawn_as_such() -> None:
    assert plot([Series("s", [])], "x", "y") is None
    missing = html(intervals([Mark("nothing", None), Mark("nan", float("nan"), 0.0, 1.0)]))
    assert 'class="dot"' not in missing
    assert "–" in missing
    assert 'style="left:0.00%;width:50.00%"' in html(bars([Mark("a", -1.0), Mark("b", 1.0)]))


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
def test_numbers_are_written_for_people(value: float | None, shown: str) -> None:
    assert number(value) == shown
