"""The report of a run: what it shows of each result, and what it recommends."""

import csv
import io
import json
import re
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from library.projects import ROOT, Project, compose, stages
from library.report.html_pages import ParsedPage, parsed_page, payloads

from pedigree.base.dvc_files.declared import DeclaredStage, declared
from pedigree.base.settings import as_dict
from pedigree.base.tables import read_json, write_csv, write_json
from pedigree.report.formatting import printable
from pedigree.report.outputs import RunOutputs, read_workspace
from pedigree.report.page import Page
from pedigree.report.sections.data import data
from pedigree.report.sections.drivers import drivers
from pedigree.report.sections.lineage import lineage
from pedigree.report.sections.performance import performance
from pedigree.report.sections.pipeline import levels, links, pipeline
from pedigree.report.sections.recommendations import (
    KINDS,
    REMEDIES,
    STRONGER,
    next_steps,
    recommend,
)
from pedigree.report.sections.search import search
from pedigree.report.sections.verdict import verdict
from pedigree.report.sections.weaknesses import weaknesses

PAGE = Path("reports/index.html")
VERDICT = Path("metrics/verdict.json")
SECTIONS = [
    *("performance", "drivers", "weaknesses", "search", "data", "pipeline", "lineage", "next"),
]
# Parts of names and values of the data, and of whatever else a person names; all other strings with a space are sentences.
NAMED = re.compile(
    " |culmen|mass|flipper|delta|male|species|island|sex|catboost|forest|penguin|adelie|mm|shap"
)


def seen() -> ParsedPage:
    return parsed_page(PAGE)


def change(path: Path, **values: Any) -> None:
    write_json(read_json(path) | values, path)


def told(project: Project, path: str = "", **values: Any) -> str:
    """Return the text of the report after some values of a JSON file have changed."""
    if path:
        change(Path(path), **values)
    project.run("report")
    return seen().text


# --- the page ------------------------------------------------------------------------------------


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_the_page_begins_with_the_verdict_and_shows_all_else_in_order(copy_of, task: str) -> None:
    copy_of(task)
    page = seen()
    verdict = read_json(VERDICT)
    first = verdict["metrics"][0]
    assert [one["id"] for one in page.all("section")] == SECTIONS
    assert page.text.index("Accepted") < page.text.index("Performance")
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
    page = parsed_page(Path("reports/monitor.html"))
    assert page.open == []
    assert len(page.all("h1")) == 1
    assert page.all("table")
    assert all(one["src"].startswith("data:image/png") for one in page.all("img"))


def test_the_page_is_one_file_that_loads_no_other(project: Project) -> None:
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


# --- nothing of the data becomes markup ----------------------------------------------------------


def poison(value: Any, payload: str) -> Any:
    """Put a text before every name and sentence in a JSON value, keys included."""
    if isinstance(value, dict):
        return {poison(key, payload): poison(one, payload) for key, one in value.items()}
    if isinstance(value, list):
        return [poison(one, payload) for one in value]
    return payload + value if isinstance(value, str) and NAMED.search(value) else value


def poisoned(path: str, payload: str) -> bytes | None:
    """Read a file of the workspace with a text before every name and sentence in it."""
    raw = read_workspace(path)
    if raw is None or not path.endswith((".json", ".csv")):
        return raw
    if path.endswith(".json"):
        return json.dumps(poison(json.loads(raw), payload)).encode()
    written = io.StringIO()
    rows = csv.reader(io.StringIO(raw.decode(), newline=""))
    csv.writer(written).writerows(poison(row, payload) for row in rows)
    return written.getvalue().encode("utf-8", "surrogatepass")


def report(problem: dict[str, Any], payload: str) -> ParsedPage:
    """Return the report of a run whose every name and sentence begins with a text."""
    outputs = RunOutputs(poison(problem, payload), lambda path: poisoned(path, payload))
    recommendations = recommend(outputs)
    page = Page(outputs.goal)
    page.add(verdict(outputs, recommendations), performance(outputs), drivers(outputs, 12))
    page.add(weaknesses(outputs, 12), search(outputs, 12), data(outputs, 12))
    declared = {name: DeclaredStage.read(one) for name, one in poison(stages(), payload).items()}
    page.add(pipeline(outputs, declared), lineage(outputs))
    page.add(next_steps(recommendations))
    return ParsedPage(page.html())


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_nothing_of_the_data_becomes_markup(copy_of: Callable[[str], Project], task: str) -> None:
    problem = as_dict(copy_of(task).settings("report").problem)
    # Give every table a row, and every text a reason to be shown.
    change(Path("metrics/monitor.json"), retrain=True, reasons=["all columns have drifted"])
    leak = {"check": "single columns", "where": "a column", "found": "yes"}
    write_csv(
        [leak | {"measured": 1.0, "limit": 0.9, "says": "One column is enough."}],
        Path("reports/leakage.csv"),
    )
    pair = {"method": "shap", "feature": "body mass", "other": "island", "strength": 1.0}
    write_csv([pair | {"measure": "of shap"}], Path("reports/explain/interactions.csv"))
    curve = {"method": "shap", "output": "male", "spread": 0.1, "unit": "log odds"}
    curves = [curve | {"feature": "flipper", "x": x, "y": 0.5} for x in (1.0, 2.0)]
    curves += [curve | {"feature": "island", "x": f"Dream {x}", "y": 0.5} for x in (1, 2)]
    write_csv(curves, Path("reports/explain/curves.csv"))
    fair = {"column": "species", "measure": "selection rate difference", "value": 0.1}
    write_csv([fair | {"low": 0.0, "high": 0.2}], Path("reports/verdict/fairness.csv"))
    plain = report(problem, "x")
    assert len(plain.skeleton()) > 30

    @given(payloads | st.text(min_size=1).map("x{}".format))
    @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
    def check(payload: str) -> None:
        page = report(problem, payload)
        assert page.open == page.comments == []
        assert page.skeleton() == plain.skeleton()
        assert page.raw == plain.raw  # style sheet and script
        shown = "".join(page.texts)
        assert shown.count(str(printable(payload))[:20]) > 100

    check()


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
    assert "4,988 more features are in reports/explain/global.csv." in seen().text
    assert "4,952 more columns are in metrics/load.json." in seen().text


def test_a_result_that_is_missing_is_replaced_by_a_sentence(project: Project) -> None:
    shutil.rmtree("reports/explain")
    for path in ("reports/compare.csv", "reports/leakage.csv", "plots/tune.csv"):
        Path(path).unlink()
    for path in ("metrics/leakage.json", "reports/verdict/slices.csv"):
        Path(path).unlink()
    change(Path("reports/tune.json"), trials=0)
    for name in ("verdict", "evaluate"):
        change(Path(f"metrics/{name}.json"), worst=[])
    change(VERDICT, criteria=[], comparisons=[])
    text = told(project)
    assert [one["id"] for one in seen().all("section")] == SECTIONS
    for sentence in (
        "No explanations are available: the stage explain wrote none.",
        "The model was not tuned; it has the settings of conf/model/.",
        "There is no leaderboard: the stage compare wrote none.",
        "No check for leakage was run.",
        "The model was not evaluated on slices.",
        "No success criteria are set; problem.criteria in conf/problem/ sets them.",
    ):
        assert sentence in text
    assert "Comparison with other models" not in text


# --- the verdict ---------------------------------------------------------------------------------


def test_a_missed_criterion_is_red_in_words_too_and_leads_to_a_recommendation(
    project: Project,
) -> None:
    project.compose("problem.criteria.gain_over_dummy.at_least=2")
    project.run("verdict", "report")
    text = seen().text
    assert "Not accepted. The catboost model meets 1 of 2 success criteria." in text
    assert re.search(r"gain_over_dummy is 0\.\d+, but at least 2 is required\. Try a longer", text)
    assert "✗ not met" in text
    assert "dvc exp run -S experiment=best" in text


def test_an_accepted_model_with_a_warning_is_accepted_with_reservations(project: Project) -> None:
    text = told(project, "metrics/monitor.json", retrain=True, reasons=["all has drifted"])
    assert "Accepted, with reservations. The catboost model" in text
    assert "Monitoring recommends to retrain the model: all has drifted." in text


def test_the_verdict_lists_three_warnings_and_counts_the_others(project: Project) -> None:
    line = {"where": "w", "found": "yes", "measured": 1.0, "limit": 0.0, "says": "It leaks."}
    checks = ("a", "b", "c", "d", "e")
    write_csv([{"check": one} | line for one in checks], Path("reports/leakage.csv"))
    text = told(project)
    box = text.partition("Accepted, with reservations.")[2].partition("Performance")[0]
    assert 'Leakage check "c": It leaks.' in box
    assert 'Leakage check "d"' not in box
    assert "more in Next steps" in box


@pytest.mark.parametrize(
    ("criteria", "sentence"),
    [
        ([True], "meets its only success criterion."),
        ([False], "meets 0 of 1 success criterion."),
        ([True, True], "meets both success criteria."),
        ([True, False], "meets 1 of 2 success criteria."),
        ([True, True, True], "meets all 3 success criteria."),
        ([True, None], "meets its only success criterion."),
        ([], "No success criterion could be evaluated for the catboost model."),
    ],
)
def test_the_verdict_counts_the_criteria_that_are_met(
    project: Project, criteria: list[bool | None], sentence: str
) -> None:
    line = {"criterion": "c", "at_most": 5, "value": 1.0}
    assert sentence in told(project, str(VERDICT), criteria=[line | {"met": m} for m in criteria])


@pytest.mark.parametrize(
    ("gain", "interval", "result", "light"),
    [
        (0.1, [0.02, 0.2], "significantly better", "Accepted."),
        (0.1, [-0.02, 0.2], "no significant difference", "Accepted, with reservations."),
        (-0.1, [-0.2, -0.02], "significantly worse", "Accepted, with reservations."),
        (0, [0, 0], "no significant difference", "Accepted."),  # it is the champion
    ],
)
def test_a_model_that_is_not_significantly_better_than_the_champion_has_reservations(
    project: Project, gain: float, interval: list, result: str, light: str
) -> None:
    change(Path("metrics/monitor.json"), retrain=False)
    line = {"against": "champion", "metric": "roc_auc", "gain": gain, "interval": interval}
    text = told(project, str(VERDICT), comparisons=[line], accepted=True)
    assert f"the champion roc_auc {gain:.4g} {interval[0]} to {interval[1]} {result}" in text
    assert f"Compared with the champion: {result}." in text
    assert light in text


@pytest.mark.parametrize(
    ("criterion", "required"),
    [
        ({"at_least": 0.85}, "at least 0.85"),
        ({"at_most": 5, "judged": "upper"}, "at most 5, upper end of the interval"),
        ({"at_least": 1, "rows": "worst_slice"}, "at least 1, on the worst slice"),
        (
            {"at_least": 1, "judged": "lower", "rows": "worst_slice"},
            "at least 1, lower end of the interval, on the worst slice",
        ),
    ],
)
def test_a_criterion_is_shown_with_what_it_requires(
    project: Project, criterion: dict[str, Any], required: str
) -> None:
    line = {"criterion": "c", "value": 0.5, "met": True, **criterion}
    text = told(project, str(VERDICT), criteria=[line])
    assert f"c {required} 0.5 ✓ met" in text


# --- the sections --------------------------------------------------------------------------------


def test_the_axis_of_the_threshold_ends_at_probability_one(project: Project) -> None:
    project.run("report")
    html = PAGE.read_text(encoding="utf-8").partition("Decision threshold")[2]
    ticks = re.findall(r'text-anchor="middle">([\d.]+)<', html.partition("</svg>")[0])
    assert ticks == ["0", "0.2", "0.4", "0.6", "0.8", "1"]


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"metric": "f1"}, "this threshold maximizes f1 at 0.9;"),
        (
            {"costs": {"false_positive": 1, "false_negative": 2500}, "metric": None},
            "this threshold minimizes the mean cost (false positive: 1, false negative: 2,500) at 0.9;",
        ),
        ({"capacity": 0.1}, "this threshold keeps to the capacity (10%) with f1 0.9;"),
        ({"capacity": 40}, "this threshold keeps to the capacity (40 rows) with f1 0.9;"),
    ],
)
def test_a_threshold_is_shown_with_the_reason_for_it(
    project: Project, asked: dict[str, Any], sentence: str
) -> None:
    chosen = {"asked": asked, "value": 0.3, "criterion": "f1", "at_value": 0.9, "acted_on": 0.25}
    text = told(project, "models/threshold.json", **chosen)
    assert "Decision: male if its probability is at least 0.3. On the validation set, " in text
    assert f"{sentence} 25% of the rows are predicted male." in text
    assert "The chosen threshold is 0.3." in text


def test_without_a_threshold_the_most_probable_class_is_predicted(project: Project) -> None:
    text = seen().text
    assert "Decision: the most probable class." in text
    assert "No threshold is set; the curves show the effect of each." in text


def test_calibrated_probabilities_and_prediction_intervals_are_described(copy_of) -> None:
    project = copy_of("binary")
    calibration = {"method": "isotonic", "rows": 1290}
    text = told(project, "models/bundle/signature.json", calibration=calibration)
    assert "Probabilities: calibrated (isotonic, 1,290 out-of-fold predictions of" in text


def test_a_regression_shows_its_prediction_intervals(copy_of) -> None:
    project = copy_of("regression")
    made = {"half_width": 512.34, "confidence": 0.9, "rows": 129}
    text = told(project, "models/bundle/signature.json", calibration=made)
    assert "Prediction intervals: body_mass_g ± 512.3, for 90% of rows (conformal, 129 out-" in text
    text = told(project, "models/bundle/signature.json", calibration=None)
    assert "Prediction intervals: none." in text


def test_the_rules_of_the_contract_are_listed_in_words(project: Project) -> None:
    text = seen().text
    assert "body_mass_g float64 required feature greater than 0 sex" in text
    assert "island str required feature one of Biscoe, Dream, Torgersen stage" in text
    assert "species str required feature no missing values region" in text


@pytest.mark.parametrize(
    ("rejected", "sentence"),
    [
        (0, "No row violates the contract."),
        (1, "1 row violates the contract and was set aside."),
        (1234, "1,234 rows violate the contract and were set aside."),
    ],
)
def test_rejected_rows_are_counted(project: Project, rejected: int, sentence: str) -> None:
    text = told(project, "metrics/load.json", rejected=rejected)
    assert sentence in text
    assert ("List the rules that they violate:" in text) is bool(rejected)


@pytest.mark.parametrize(
    ("steps", "sentence"),
    [
        ({}, "No cleaning steps are configured."),
        ({"trim": {"rows_dropped": 0, "changed": {}}}, "No cleaning step changed anything."),
        (
            {"trim": {"rows_dropped": 2, "changed": {f"c{n}": n + 1 for n in range(8)}}},
            "trim 2 36 c7 (8), c6 (7), c5 (6), c4 (5), c3 (4), c2 (3) and 2 more",
        ),
    ],
)
def test_cleaning_steps_are_listed_with_what_they_changed(
    project: Project, steps: dict[str, Any], sentence: str
) -> None:
    assert sentence in told(project, "metrics/clean.json", steps=steps)


def test_the_classes_of_a_subset_are_only_offered_where_there_are_any(copy_of) -> None:
    copy_of("binary")
    assert "Hover over a subset to see the fractions of its classes." in seen().text


def test_a_regression_offers_no_classes(copy_of) -> None:
    copy_of("regression")
    assert "Hover over" not in seen().text


@pytest.mark.parametrize(
    ("beats", "adopted", "sentence"),
    [
        (True, True, "with the best settings it is 0.9511, so these are used."),
        (
            *(True, False),
            "it is 0.9511, which is not significantly better, so the configured settings are kept.",
        ),
        (False, False, "no trial was better, so they are kept."),
    ],
)
def test_the_result_of_a_search_is_described(
    project: Project, beats: bool, adopted: bool, sentence: str
) -> None:
    found = {"beats_untuned": beats, "adopted": adopted, "best": 0.9511}
    assert sentence in told(project, "reports/tune.json", **found)


def test_a_pruned_trial_is_drawn_apart(project: Project) -> None:
    """It was measured on fewer folds, and may look better than the best."""
    assert "pruned trial" not in seen().text
    history = pd.read_csv("plots/tune.csv")
    history.assign(pruned=history["trial"] == 2).to_csv("plots/tune.csv", index=False)
    assert "; pruned trials: over fewer folds." in told(project)
    tips = [one["data-tip"] for one in seen().all("circle") if "data-tip" in one]
    assert sum(tip.startswith("pruned trial\n") for tip in tips) == 1


@pytest.mark.parametrize(
    ("findings", "sentence"),
    [
        (0, "No leakage was found; 10 checks were run."),
        (1, "1 sign of leakage was found; 10 checks were run."),
        (2, "2 signs of leakage were found; 10 checks were run."),
    ],
)
def test_signs_of_leakage_are_counted(project: Project, findings: int, sentence: str) -> None:
    assert sentence in told(project, "metrics/leakage.json", findings=findings)


def test_a_library_that_was_edited_is_mentioned(project: Project) -> None:
    path = Path("models/bundle/lineage.json")
    assert "differ" not in seen().text.partition("pins all packages")[0][-300:]
    library = read_json(path)["library"] | {"changed": ["a.py", "b.py"]}
    text = told(project, str(path), library=library)
    assert "2 files of the library pedigree differ from this version." in text


# --- recommendations -----------------------------------------------------------------------------


def kinds(project: Project) -> list[str]:
    outputs = RunOutputs(as_dict(project.settings("report").problem), read_workspace)
    return [one.kind for one in recommend(outputs)]


def test_every_kind_of_recommendation_is_given_for_its_reason(project: Project) -> None:
    """And with all of them at once, the page still has a sentence for each."""
    line = {"where": "w", "found": "yes", "measured": 1.0, "limit": 0.0, "says": "It leaks."}
    write_csv([{"check": "near_duplicates"} | line], Path("reports/leakage.csv"))
    change(Path("metrics/load.json"), rejected=1)
    change(Path("metrics/monitor.json"), retrain=False, rows=0)
    change(Path("reports/tune.json"), adopted=False, trials=10)
    board = pd.read_csv("reports/compare.csv")
    board.assign(behind_low=(board["model"] == "catboost") * 0.1).to_csv(
        "reports/compare.csv", index=False
    )
    found = read_json(VERDICT)
    first = found["metrics"][0] | {"interval": [0.8, 0.9], "validation": 0.95}
    criteria = [
        {"criterion": "roc_auc", "value": 0.85, "at_least": 0.82, "met": True},
        {"criterion": "f1", "value": 0.5, "at_least": 0.9, "met": False},
        {"criterion": "latency_ms", "value": None, "at_most": 5, "met": None},
    ]
    worst = found["worst"][0] | {"surely_worse": True}
    linear = {"against": "linear", "metric": "roc_auc", "gain": -0.1, "interval": [-0.2, -0.05]}
    change(
        VERDICT,
        metrics=[first],
        criteria=[one | {"judged": "value", "rows": "all"} for one in criteria],
        worst=[worst],
        comparisons=[linear],
        accepted=False,
    )
    given = kinds(project)
    assert set(given) == {*KINDS} - {"retrain", "accepted", "servable"}
    text = told(project).partition("Next steps")[2]
    for sentence in (
        "roc_auc meets its limit, but its interval (0.8 to 0.9) extends beyond it.",
        "f1 is 0.5, but at least 0.9 is required.",
        "latency_ms depends on the machine, so the pipeline does not measure it.",
        "The model is significantly worse than the linear baseline (gain in roc_auc -0.1, -0.2 to -0.05).",
        'Leakage check "near duplicates": It leaks.',
        "significantly worse than on all rows.",
        "roc_auc is 0.95 on the validation set, which is better than its interval on the test set (0.8 to 0.9).",
        "1 row violates the contract.",
        "catboost is significantly worse than linear on the leaderboard.",
        "No settings in 10 trials are significantly better than the configured ones.",
        "No later batch has been monitored.",
    ):
        assert sentence in text
    for command in ("dvc exp run -S tune.trials=40", "dvc exp run -S model=linear"):
        assert command in text


def test_a_linear_model_is_not_compared_with_itself(project: Project) -> None:
    change(Path("metrics/train.json"), model="linear")
    assert "not_better" not in kinds(project)


def test_features_without_effect_are_not_called_important(project: Project) -> None:
    file = Path("reports/explain/global.csv")
    table = pd.read_csv(file)
    table["strength"] = [1.0] + [0.0] * (len(table) - 1)
    table.to_csv(file, index=False)
    assert f"The most important features: {table['feature'][0]}." in told(project)
    table.assign(strength=0.0).to_csv(file, index=False)
    assert "No feature has an effect on the predictions." in told(project)


def test_a_slice_without_an_interval_has_none(project: Project) -> None:
    worst = read_json(VERDICT)["worst"][0] | {"interval": [None, None], "value": 1.0, "rows": 40}
    change(VERDICT, worst=[worst])
    assert ": roc_auc 1 (40 rows), " in told(project)


def test_a_model_without_warnings_can_be_promoted_and_served(project: Project) -> None:
    change(VERDICT, comparisons=[], criteria=[], worst=[])
    change(Path("metrics/monitor.json"), retrain=False)
    assert kinds(project)[-2:] == ["accepted", "servable"]
    text = told(project)
    assert "The model is accepted. Promote it to champion: python -m pedigree promote" in text
    assert "The bundle can serve predictions. Start the server: python -m pedigree serve" in text


def test_a_metric_that_is_better_when_lower_is_compared_the_other_way_round(copy_of) -> None:
    project = copy_of("regression")
    first = read_json(VERDICT)["metrics"][0]
    assert first["metric"] == "rmse"
    for validation, is_optimistic in ((0.0, True), (1e9, False)):
        change(VERDICT, metrics=[first | {"validation": validation}])
        assert ("optimistic_validation" in kinds(project)) is is_optimistic


def test_without_a_later_batch_nothing_is_said_of_retraining(project: Project) -> None:
    assert "no need to retrain" in seen().text
    write_json({"retrain": False, "reasons": ["no batch"], "rows": 0}, Path("metrics/monitor.json"))
    text = told(project)
    assert "no need to retrain" not in text
    assert "No later batch has been monitored." in text


@pytest.mark.parametrize("command", sorted({STRONGER, *REMEDIES.values()}))
def test_a_recommended_command_can_be_run(command: str) -> None:
    stage, overrides = command.split()[2:3], re.findall(r"-S (\S+)", command)
    if overrides:
        compose(ROOT / "conf", *overrides)
    else:
        assert set(stage) <= set(stages())


# --- the pipeline --------------------------------------------------------------------------------


def test_steps_are_numbered_in_the_order_in_which_they_run(project: Project) -> None:
    outputs = RunOutputs(as_dict(project.settings("report").problem), read_workspace)
    numbers = {one.name: one.number for one in pipeline(outputs, declared(ROOT)).stages}
    assert [one for one in numbers.values() if one] == list(range(1, 17))
    assert [numbers[name] for name in ("clean", "split", "engineer")] == [5, 6, 7]
    assert [name for name, one in numbers.items() if not one] == ["leakage", "report", "track"]


def test_links_are_those_that_no_other_path_leads_through() -> None:
    stages = {
        "a": {"outs": ["x"]},
        "b": {"deps": ["x"], "outs": [{"y": {"cache": False}}]},
        "c": {"deps": ["x", "y/part"], "outs": []},
        "d": {"deps": ["x"]},
    }
    found = links({name: DeclaredStage.read(one) for name, one in stages.items()})
    assert found == {"a": [], "b": ["a"], "c": ["b"], "d": ["a"]}
    assert levels(found) == {"a": 0, "b": 1, "c": 2, "d": 1}


def test_the_graph_links_every_stage_to_what_it_follows() -> None:
    found = links(declared(ROOT))
    assert [name for name, above in found.items() if not above] == ["configure"]
    assert found["clean"] == ["load"]
    level = levels(found)
    assert all(level[one] < level[name] for name, above in found.items() for one in above)
