"""A step's script is changed as its owner would, and the step runs so; the library stays as it is."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from library.projects import ROOT, Project

from pedigree.base.tables import read_table
from pedigree.estimators.train_metrics import TrainMetrics
from pedigree.storage.artifact import load_model


def number(path: str, key: str) -> Any:
    """Return a value of a JSON file."""
    return json.loads(Path(path).read_text(encoding="utf-8"))[key]


OWN_PIPELINE = """    from sklearn.compose import make_column_selector as columns, make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    encode = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), columns(dtype_exclude="number")),
        (SimpleImputer(), columns(dtype_include="number")),
    )
    pipeline = make_pipeline(encode, LogisticRegression(max_iter=5000))
    calibrator = fit_calibrator(pipeline, settings)
    fitted = fit_model(pipeline, X, y, settings)
"""
# The same, with the two lines below as they are.
OWN_LINE = OWN_PIPELINE.replace("settings)", "settings, model)")
OWN_ESTIMATOR = """    from sklearn.ensemble import ExtraTreesClassifier

    pipeline = build_model(model, tuned=True)
    pipeline.set_params(estimator=ExtraTreesClassifier(random_state=0))
"""
BUILD = """    pipeline = build_model(model, tuned=True)
"""
FIT = f"""{BUILD}    calibrator = fit_calibrator(pipeline, settings, model)
    fitted = fit_model(pipeline, X, y, settings, model)
"""
# Step, what it is asked to do otherwise, the lines before and after, and how that is seen.
EDITS: list[tuple[str, str, str, str, Callable[[str], Any]]] = [
    (
        *("collect", "another line of the report"),
        *("    files = ", '    say("mine")\n    files = '),
        lambda said: "mine\n" in said,
    ),
    (
        *("load", "fewer rows"),
        *("    contract.check_target(", "    kept = kept.head(200)\n    contract.check_target("),
        lambda said: number("metrics/load.json", "loaded") == 200,
    ),
    (
        *("profile", "one more table"),
        *(
            "        for name, report in",
            '        rows.describe().to_csv(pages_folder / "numbers.csv")\n        for name, report in',
        ),
        lambda said: Path("reports/profile/numbers.csv").is_file(),
    ),
    (
        *("clean", "a rule of one's own"),
        *("    write_table(cleaned,", '    cleaned["heavy"] = 1\n    write_table(cleaned,'),
        lambda said: (read_table(Path("data/clean"))["heavy"] == 1).all(),
    ),
    (
        *("split", "a smaller training set"),
        *(
            "    with new_folder(",
            "    split.subsets['train'] = split.subsets['train'].head(99)\n    with new_folder(",
        ),
        lambda said: number("metrics/split.json", "train")["rows"] == 99,
    ),
    (
        *("engineer", "one more column"),
        *(
            "            write_table(made",
            "            made['twice'] = made['body_mass_g'] * 2\n            write_table(made",
        ),
        lambda said: "twice" in read_table(Path("data/features/train")),
    ),
    (
        *("select", "one more number"),
        *(
            "    selector.metrics(stability).write(",
            "    selector.metrics(stability).updated(n=len(selector.kept_)).write(",
        ),
        lambda said: number("metrics/select.json", "n") > 0,
    ),
    (
        *("compare", "one more column"),
        *('        [{"rank": rank, **row}', '        [{"rank": rank, "of": len(board), **row}'),
        lambda said: Path("reports/compare.csv").read_text().startswith("rank,of,"),
    ),
    (
        *("tune", "no search"),
        *("    tuning.run(search)", "    tuning.run(lambda study: None)"),
        lambda said: number("models/best_params.json", "tuned") == {},
    ),
    (
        *("train", "another estimator"),
        *(FIT, OWN_PIPELINE),
        lambda said: number("metrics/train.json", "estimator").endswith(".LogisticRegression"),
    ),
    (
        *("evaluate", "a further metric"),
        *(
            "    record.write(",
            "    error = evaluation.prediction.values[:, 1] - evaluation.y\n    record = record.updated(brier=(error**2).mean())\n    record.write(",
        ),
        lambda said: 0 < number("metrics/evaluate.json", "brier") < 0.25,
    ),
    (
        *("explain", "one more table"),
        *(
            '    say("the model is',
            '    from pedigree import paths, write_csv\n    write_csv([{"x": 1}], paths.REPORTS / "explain/mine.csv")\n    say("the model is',
        ),
        lambda said: Path("reports/explain/mine.csv").is_file(),
    ),
    (
        *("leakage", "a finding of one's own"),
        *(
            "    write_csv(lines,",
            '    lines.append({"check": "mine", "where": "-", "found": "yes", "measured": 1, "limit": 0, "says": "mine"})\n    write_csv(lines,',
        ),
        lambda said: "mine" in number("metrics/leakage.json", "found_by"),
    ),
    (
        *("verdict", "a further condition"),
        *("    verdict.as_metrics()", '    verdict.notes.append("mine")\n    verdict.as_metrics()'),
        lambda said: "mine" in number("metrics/verdict.json", "about"),
    ),
    (
        *("package", "one more file"),
        *(
            "        bundle = writer.seal()",
            '        (folder / "LICENSE").write_text("mine")\n        bundle = writer.seal()',
        ),
        lambda said: "LICENSE" in Path("models/bundle/sha256.json").read_text(),
    ),
    (
        *("monitor", "another reason"),
        *(
            "    result.write(",
            '    result = result.updated(reasons=[*result.reasons, "mine"])\n    result.write(',
        ),
        lambda said: "mine" in number("metrics/monitor.json", "reasons"),
    ),
    (
        *("report", "one more paragraph"),
        *("    page.write(", '    page.paragraph("A paragraph of mine.")\n    page.write('),
        lambda said: "A paragraph of mine." in Path("reports/index.html").read_text(),
    ),
    (
        *("track", "a tracker of one's own"),
        *("    write_json(receipt,", '    receipt["mine"] = True\n    write_json(receipt,'),
        lambda said: number("reports/track.json", "mine"),
    ),
]


def with_code(project: Project) -> None:
    """Give a finished project the owner's scripts, to be changed, and the library."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "pipeline", "pipeline", ignore=ignored, dirs_exist_ok=True)
    Path("pedigree").symlink_to(ROOT / "pedigree")


def change(step: str, before: str, after: str) -> None:
    script = Path("pipeline") / f"{step}.py"
    text = script.read_text(encoding="utf-8")
    assert before in text
    script.write_text(text.replace(before, after, 1), encoding="utf-8")


def run_step(step: str) -> str:
    """Run a step as DVC does; return what it prints."""
    command = [sys.executable, "-m", f"pipeline.{step}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{step}: {done.stderr}"
    return done.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    ("step", "before", "after", "seen"),
    [(step, before, after, seen) for step, _, before, after, seen in EDITS],
    ids=[f"{step}: {what}" for step, what, *_ in EDITS],
)
def test_an_owners_change_of_a_script_works(
    project: Project, step: str, before: str, after: str, seen: Callable[[str], Any]
) -> None:
    with_code(project)
    change(step, before, after)
    assert seen(run_step(step))


@pytest.mark.slow
def test_a_pipeline_of_ones_own_is_calibrated_explained_judged_and_packed(project: Project) -> None:
    """Its steps have names of their own, and the settings know nothing of it."""
    project.compose("train/calibration=sigmoid")
    with_code(project)
    change("train", FIT, OWN_PIPELINE)
    for step in ("train", "evaluate", "explain", "leakage", "verdict", "package", "monitor"):
        run_step(step)
    assert number("metrics/train.json", "calibration")["method"] == "sigmoid"
    assert list(load_model(Path("models/model.skops")).named_steps)[-1] == "logisticregression"
    assert Path("reports/explain/global.csv").read_text().startswith("method,feature,")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("before", "after", "name"),
    [
        pytest.param(FIT, OWN_LINE, "LogisticRegression", id="another pipeline"),
        pytest.param(BUILD, OWN_ESTIMATOR, "ExtraTreesClassifier", id="another estimator"),
    ],
)
def test_a_change_of_the_pipeline_alone_is_fitted_and_named_for_what_it_is(
    project: Project, before: str, after: str, name: str
) -> None:
    project.compose("train/calibration=sigmoid", "model/encoder=one_hot", "model/imputer=median")
    with_code(project)
    change("train", before, after)
    assert f"{name}: " in run_step("train")
    trained = TrainMetrics.read()
    assert (trained.model, trained.estimator.split(".")[-1]) == (name, name)
    assert trained.baseline == "linear"
    for step in ("evaluate", "explain", "leakage", "verdict", "package", "report"):
        run_step(step)
    card, page = Path("models/bundle/README.md"), Path("reports/index.html")
    for text in (card.read_text(encoding="utf-8"), page.read_text(encoding="utf-8")):
        assert f"The {name} model meets" in text
        assert "The catboost model" not in text
        assert "catboost (trained)" not in text


@pytest.mark.slow
def test_an_estimator_that_does_not_take_the_settings_encoding_is_refused_in_a_sentence(
    project: Project,
) -> None:
    with_code(project)
    change("train", BUILD, OWN_ESTIMATOR)
    command = [sys.executable, "-m", "pipeline.train"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "ExtraTreesClassifier cannot be fitted on features as the settings" in done.stderr
    assert "could not convert string to float" in done.stderr
    assert "-S model/encoder=one_hot" in done.stderr
    assert "Traceback" not in done.stderr


def test_every_script_has_such_a_change() -> None:
    scripts = {path.stem for path in (ROOT / "pipeline").glob("[a-z]*.py")}
    assert {step for step, *_ in EDITS} == scripts - {"configure"}  # which only checks
