from copy import deepcopy
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from library.projects import Project, record

from pedigree.base.names import UserError
from pedigree.lineage.runs import compare_runs
from pedigree.lineage.runs.differences import compare_settings
from pedigree.lineage.runs.paired import pair
from pedigree.lineage.runs.runs import Run, open_run, same_problem
from pedigree.report.outputs import RunOutputs
from pedigree.report.page import Page

PAGE = Path("reports/runs.html")
TEST = "data/predictions/test/part-00000.parquet"
ROC_AUC, LOG_LOSS = 0, -1  # places among the metrics


@pytest.fixture
def run(project: Project) -> Run:
    """Return the run of the workspace."""
    record(project)
    return open_run("workspace")


def with_predictions(run: Run, change) -> Run:
    """Return a run whose predictions of the test rows are others."""
    table = change(pd.read_parquet(BytesIO(run.outputs.read(TEST))))
    changed = BytesIO()
    table.to_parquet(changed, index=False)

    def read(path: str) -> bytes | None:
        return changed.getvalue() if path == TEST else run.outputs.read(path)

    return replace(run, name="other", outputs=RunOutputs(run.outputs.problem, read))


def test_a_run_is_neither_better_nor_worse_than_itself(run: Run) -> None:
    found = pair("test", run, run)
    assert found.rows == len(pd.read_parquet(TEST))
    assert [one["metric"] for one in found.gains] == run.outputs.problem["metrics"]
    for one in found.gains:
        assert one["gain"] == 0
        assert one["interval"].tolist() == [0, 0]


def test_rows_are_paired_by_their_values_not_by_their_places(run: Run) -> None:
    other = with_predictions(run, lambda rows: rows.sample(frac=1, random_state=0))
    assert all(one["gain"] == 0 for one in pair("test", run, other).gains)


def test_only_rows_that_both_have_predicted_count(run: Run) -> None:
    assert pair("test", run, with_predictions(run, lambda rows: rows.iloc[5:])).rows == 38
    strange = with_predictions(
        run, lambda rows: rows.assign(row=[f"x{n}" for n in range(len(rows))])
    )
    found = pair("test", run, strange)
    assert found.rows == 0
    assert found.gains == []


def test_a_run_that_guesses_is_significantly_worse_and_the_other_way_round_significantly_better(
    run: Run,
) -> None:
    def guess(rows: pd.DataFrame) -> pd.DataFrame:
        random = np.random.default_rng(0).random(len(rows))
        return rows.assign(**{"model:male": random, "model:female": 1 - random})

    other = with_predictions(run, guess)
    worse, better = (pair("test", *two).gains for two in ((run, other), (other, run)))
    for place in (ROC_AUC, LOG_LOSS):
        assert worse[place]["interval"][1] < 0 < better[place]["interval"][0]
        assert worse[place]["gain"] == pytest.approx(-better[place]["gain"])
    assert worse[ROC_AUC]["reference"] == pytest.approx(run.outputs.headline.value)


def test_settings_that_differ_are_listed_and_no_others(run: Run) -> None:
    changed = {**run.settings, "seed": 7, "train": {**run.settings["train"], "new": "<b>"}}
    page = Page("t")
    page.add(compare_settings([run, replace(run, name="other", settings=changed)]))
    text = page.html()
    assert "seed" in text
    assert "train.<wbr>new" in text
    assert "&lt;b&gt;" in text
    assert "threads" not in text


def test_runs_of_different_problems_are_refused(run: Run) -> None:
    problem = {**run.settings["problem"], "target": "species"}
    other = replace(run, name="B", settings={**run.settings, "problem": problem})
    with pytest.raises(
        UserError, match=r'problem.target is "sex" and "species"|problem.target is "Sex"'
    ):
        same_problem([run, other])


def test_a_run_without_scores_names_the_file_that_is_missing(run: Run) -> None:
    Path("metrics/evaluate.json").unlink()
    with pytest.raises(UserError, match=r"workspace has no metrics/evaluate.json.*`dvc repro`"):
        open_run("workspace")


def remade(run: Run, out: str) -> Run:
    """Return the run as dvc.lock tells it after a stage that made an output has run again, and none after it."""
    stages = deepcopy(run.stages)
    for stage in stages.values():
        for one in stage["outs"]:
            one["md5"] = "0" * 32 if one["path"] == out else one["md5"]
    return replace(run, name="other", stages=stages)


def test_a_verdict_on_an_earlier_model_is_not_shown_as_the_runs_own(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `dvc exp run evaluate` leaves it."""
    again = remade(run, "models/model.skops")
    assert run.has_verdict
    assert not again.has_verdict
    known = {"A": run, "B": again}
    monkeypatch.setattr("pedigree.lineage.runs.open_run", known.get)
    lines = list(compare_runs(["A", "B"], PAGE))
    assert lines[0].startswith("validation, ")
    assert lines[1].startswith("test: other stopped before `verdict`")
    assert len(lines) == 3
    assert PAGE.read_text().count('class="status ') == 1


def test_scores_of_an_earlier_model_are_refused(run: Run) -> None:
    Path("dvc.lock").write_text(
        yaml.safe_dump({"stages": remade(run, "data/features").stages}), encoding="utf-8"
    )
    with pytest.raises(UserError, match="workspace stopped before `evaluate`"):
        open_run("workspace")


@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_the_page_is_written_for_every_task_and_the_same_twice(copy_of, task: str) -> None:
    record(copy_of(task))
    lines = list(compare_runs(["workspace", "workspace"], PAGE))
    assert "no significant difference" in lines[0]
    assert lines[-1] == f"page: {PAGE}"
    before = PAGE.read_bytes()
    list(compare_runs(["workspace", "workspace"], PAGE))
    assert PAGE.read_bytes() == before
    assert b"Settings that differ" in before
