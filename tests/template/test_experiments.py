"""Settings and DVC: what runs again after an edit, and what an experiment really used."""

import json
import textwrap
from pathlib import Path

import pytest
import yaml
from template.browser import DESK, PHONE, chromium
from template.projects import TEMPLATE, command_line, finish, run, succeed

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("experiments")]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project that has run with the preset `quick`, committed."""
    folder = tmp_path_factory.mktemp("experiments")
    shown = succeed(*command_line(folder, project="p", setup="no"), cwd=folder)
    ready = finish(folder / "p", shown)
    edit(ready, "config.yaml", "experiment: null", "experiment: quick")
    edit(
        ready,
        "compare/default.yaml",
        "  - /model@models.hist_gradient_boosting: hist_gradient_boosting\n",
        "",
    )
    succeed("dvc", "repro", cwd=ready)
    commit(ready, "First run")
    return ready


def edit(project: Path, name: str, old: str, new: str) -> None:
    path = project / "conf" / name
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def commit(project: Path, message: str) -> None:
    succeed("git", "add", ".", cwd=project)
    succeed("git", "commit", "--allow-empty", "-qm", message, cwd=project)


def params(project: Path) -> dict:
    return yaml.safe_load((project / "params.yaml").read_text())


def trained(project: Path) -> dict:
    return json.loads((project / "metrics/train.json").read_text())


def ran(output: str) -> list[str]:
    return [line.split("'")[1] for line in output.splitlines() if line.startswith("Running stage")]


def restored(output: str) -> list[str]:
    return [line.split("'")[1] for line in output.splitlines() if "is cached - skipping" in line]


def test_what_has_run_before_comes_from_the_run_cache(project: Path) -> None:
    (project / "dvc.lock").unlink()
    printed = succeed("dvc", "repro", cwd=project)
    assert ran(printed) == ["configure", "collect", "load"]  # they keep their outputs
    stages = yaml.safe_load((project / "dvc.yaml").read_text().split("\nplots:")[0])["stages"]
    assert ran(printed) + restored(printed) == list(stages)

    edit(project, "clean/penguins.yaml", "[1350, 12600]", "[1349, 12600]")
    again = ran(succeed("dvc", "repro", cwd=project))[1:]
    assert again == ["clean", "package", "monitor", "report", "track"]
    edit(project, "clean/penguins.yaml", "[1349, 12600]", "[1350, 12600]")
    assert restored(succeed("dvc", "repro", cwd=project)) == again
    assert succeed("git", "status", "--porcelain", cwd=project) == ""


@pytest.mark.parametrize(
    ("name", "old", "new", "expected"),
    [
        ("monitor/default.yaml", "min_labelled: 30", "min_labelled: 31", ["configure", "monitor"]),
        ("profile/default.yaml", "max_columns: 40", "max_columns: 4", ["configure", "profile"]),
        (
            "explain/default.yaml",
            "single_rows: 3",
            "single_rows: 2",
            ["configure", "explain", "report", "track"],
        ),
        (
            "tune/grid.yaml",
            "points: 3",
            "points: 4",
            ["configure"],
        ),  # an option that is not in force
        # Another model re-runs the leaderboard; the winner stays, so nothing below it moves.
        (
            "model/dummy.yaml",
            "Dummy${problem.estimator}",
            "Dummy${problem.estimator}\n  strategy: uniform",
            ["configure", "compare", "report", "track"],
        ),
        (
            "clean/penguins.yaml",
            "[1350, 12600]",
            "[1351, 12600]",
            ["configure", "clean", "package", "monitor", "report", "track"],
        ),
    ],
)
def test_an_edit_runs_only_the_stages_that_use_it(
    project: Path, name: str, old: str, new: str, expected: list[str]
) -> None:
    edit(project, name, old, new)
    printed = succeed("dvc", "repro", cwd=project)
    assert ran(printed) == expected
    if len(expected) > 1:
        assert " -> " in printed  # configure says what changed
    commit(project, f"Edit {name}")


def test_an_experiment_uses_its_overrides_and_an_edit_brings_conf_back(project: Path) -> None:
    overrides = (
        "-S",
        "model=random_forest",
        "-S",
        "model.estimator.n_estimators=37",
        "-S",
        "seed=7",
    )
    succeed("dvc", "exp", "run", "-n", "forest", *overrides, cwd=project)
    assert trained(project)["model"] == "random_forest"
    assert trained(project)["parameters"]["n_estimators"] == "37"
    assert trained(project)["parameters"]["random_state"] == "7"
    assert params(project)["model"]["estimator"]["n_estimators"] == 37
    assert ran(succeed("dvc", "repro", cwd=project)) == []  # what is in force is what has run

    found = json.loads(
        succeed("python", "-m", "pedigree", "trace", "models/model.skops", "--json", cwd=project)
    )
    assert list(found["experiments"]) == ["forest"]
    assert found["stages"][0]["parameters"]["model"]["estimator"]["n_estimators"] == 37

    (project / "pipeline/custom/notes.py").write_text("# Code that no result depends on.\n")
    assert ran(succeed("dvc", "repro", cwd=project)) == ["configure"]
    assert params(project)["model"]["estimator"]["n_estimators"] == 37

    edit(project, "evaluate/default.yaml", "calibration_bins: 8", "calibration_bins: 6")
    printed = succeed("dvc", "repro", cwd=project)
    assert "model.name: random_forest -> catboost" in printed
    assert trained(project)["model"] == "catboost"
    assert params(project)["seed"] == 42
    commit(project, "Fewer bins")

    # The forest is gone from the workspace; its trace is not.
    again = json.loads(
        succeed("python", "-m", "pedigree", "trace", found["md5"], "--json", cwd=project)
    )
    assert again["stages"] == found["stages"]
    assert again["experiments"] == found["experiments"]


def test_runs_are_compared_side_by_side_also_when_their_data_are_lost(project: Path) -> None:
    command = ("python", "-m", "pedigree", "runs", "HEAD", "forest")
    printed = succeed(*command, cwd=project)
    assert "rows in common: forest compared with HEAD: gain in roc_auc" in printed
    page = project / "reports/runs.html"
    for word in (
        "model.<wbr>name",
        "random_<wbr>forest",
        "model.<wbr>estimator.<wbr>n_<wbr>estimators",
    ):
        assert word in page.read_text()
    assert succeed("git", "status", "--porcelain", cwd=project) == ""
    with chromium(page) as browser:
        for width in (PHONE, DESK):
            browser.open(width)
            assert browser.complaints() == []
            assert browser.js("return document.documentElement.scrollWidth") == width
            assert browser.js("return document.querySelectorAll('svg.plot .line').length") > 4

    assert "did you mean 'forest'?" in run(*command[:-1], "forset", cwd=project).stderr
    done = run("python", "-m", "pedigree", "runs", "HEAD", "HEAD", cwd=project)
    assert "compare 2 to 6 different runs" in done.stderr
    refs = succeed("git", "for-each-ref", "--format=%(refname)", "refs/exps", cwd=project).split()
    (forest,) = (ref for ref in refs if ref.endswith("/forest"))
    lock = yaml.safe_load(succeed("git", "show", f"{forest}:dvc.lock", cwd=project))
    (out,) = (o for o in lock["stages"]["verdict"]["outs"] if o["path"] == "data/predictions/test")
    cache = project / ".dvc/cache/files/md5"
    (part,) = json.loads((cache / out["md5"][:2] / out["md5"][2:]).read_text())
    kept = cache / part["md5"][:2] / part["md5"][2:]
    kept.rename(project.parent / "kept")
    done = run(*command, cwd=project)
    assert done.returncode == 1
    assert "predictions/test" in done.stderr
    assert "`dvc fetch`" in done.stderr
    (project.parent / "kept").rename(kept)


def test_queued_experiments_use_their_overrides(project: Path) -> None:
    before = params(project)
    for depth in (2, 3):
        queue = (
            "dvc",
            "exp",
            "run",
            "--queue",
            "-n",
            f"depth{depth}",
            "-S",
            f"model.estimator.depth={depth}",
        )
        succeed(*queue, "-S", "model.estimator.iterations=25", "evaluate", cwd=project)
    succeed("dvc", "exp", "run", "--run-all", cwd=project)
    assert params(project) == before
    table = json.loads(succeed("dvc", "exp", "show", "--json", cwd=project))
    (revision,) = (one for one in table if one["rev"] != "workspace")
    shown = {
        one["name"]: one["revs"][0]["rev"]
        for one in revision["experiments"]
        if one["name"].startswith("depth")
    }
    assert set(shown) == {"depth2", "depth3"}
    for depth in (2, 3):
        rev, out = shown[f"depth{depth}"], project.parent / f"depth{depth}.json"
        succeed("dvc", "get", ".", "metrics/train.json", "--rev", rev, "-o", out, cwd=project)
        recorded = json.loads(out.read_text())
        assert recorded["parameters"]["depth"] == str(depth)
        assert recorded["parameters"]["iterations"] == "25"

    repeated = ("-S", "model.estimator.depth=3", "-S", "model.estimator.iterations=25")
    printed = succeed("dvc", "exp", "run", "-n", "again", *repeated, "evaluate", cwd=project)
    assert ran(printed) == ["configure"]
    assert restored(printed) == ["tune", "train", "evaluate"]
    succeed("bash", "-euc", "git restore -SW . && dvc checkout", cwd=project)


def test_the_winner_of_the_leaderboard_can_be_trained(project: Path) -> None:
    succeed("dvc", "exp", "run", "-S", "model=best", "train", cwd=project)
    winner = json.loads((project / "models/winner.json").read_text())["name"]
    assert trained(project)["model"] == winner


def test_the_tool_of_the_readme_is_one_word_away(project: Path) -> None:
    text = (TEMPLATE / "README.md").read_text()
    example = text.partition("    # conf/model/ada_boost.yaml\n")[2].partition("\n\n")[0]
    (project / "conf/model/ada_boost.yaml").write_text(textwrap.dedent(example))
    commit(project, "Add a tool")
    overrides = ("-S", "model=ada_boost", "-S", "~model.search_space.learning_rate")
    board = "+model@compare.models.ada_boost=ada_boost"
    succeed("dvc", "exp", "run", *overrides, "-S", board, "evaluate", cwd=project)
    assert trained(project)["estimator"].endswith(".AdaBoostClassifier")
    assert params(project)["model"]["search_space"] == {}
    assert ",ada_boost," in (project / "reports/compare.csv").read_text()


def test_the_guides_undo_goes_back_to_the_last_commit(project: Path) -> None:
    succeed("dvc", "repro", cwd=project)
    commit(project, "Before")
    edit(project, "monitor/default.yaml", "max_loss: ", "max_loss: 1")
    assert "monitor" in ran(succeed("dvc", "repro", cwd=project))
    undo = (TEMPLATE / "docs/guide.md").read_text().partition("## Undo")[2]
    (line,) = (one for one in undo.splitlines() if "including outputs" in one)
    succeed("bash", "-euc", line, cwd=project)
    assert succeed("git", "status", "--porcelain", cwd=project) == ""
    assert "up to date" in succeed("dvc", "status", cwd=project)


def test_a_misspelt_override_runs_nothing(project: Path) -> None:
    done = run("dvc", "exp", "run", "-S", "model.estimator.dept=3", cwd=project)
    assert done.returncode != 0
    assert "dept" in done.stdout + done.stderr


@pytest.mark.parametrize(
    "override",
    [
        "problem.goal=${oc.env:TOK}",
        "problem.goal='x # ${oc.env:TOK}'",
        "problem.goal='${oc.decode:${oc.env:TOK}}'",
        "load=${oc.env:TOK}",
        "+collect.password=verysecretvalue",
        "problem.goal=verysecretvalue",
    ],
)
def test_no_override_puts_a_secret_into_a_commit(project: Path, override: str) -> None:
    before = everything_git_knows(project)
    secret = {"TOK": "verysecretvalue", "MY_TOKEN": "verysecretvalue"}
    done = run("dvc", "exp", "run", "-S", override, "configure", cwd=project, env=secret)
    printed = done.stdout + done.stderr
    assert done.returncode != 0
    assert "nothing was run: " in printed
    assert "verysecret" not in printed
    assert everything_git_knows(project) == before
    assert succeed("git", "status", "--porcelain", cwd=project) == ""


def test_a_reference_in_conf_reads_no_environment_in_an_experiment(project: Path) -> None:
    """DVC composes conf/ before any stage runs."""
    before = everything_git_knows(project)
    (project / "conf/experiment/mine.yaml").write_text(
        "# @package _global_\nproblem:\n  goal: '${oc.env:TOK}'\n"
    )
    secret = {"TOK": "verysecretvalue"}
    done = run("dvc", "exp", "run", "-S", "experiment=mine", "configure", cwd=project, env=secret)
    (project / "conf/experiment/mine.yaml").unlink()
    assert done.returncode != 0
    assert "oc.env would write the value" in done.stdout + done.stderr
    assert everything_git_knows(project) == before
    assert succeed("git", "status", "--porcelain", cwd=project) == ""


def test_without_dvcs_composition_configure_removes_the_secret(project: Path) -> None:
    before = everything_git_knows(project)
    override = ("--no-hydra", "-S", "problem.goal=${oc.env:MY_TOKEN}")
    secret = {"MY_TOKEN": "verysecretvalue"}
    done = run("dvc", "exp", "run", *override, "configure", cwd=project, env=secret)
    assert done.returncode != 0
    assert "problem.goal holds what looks like a credential (the value of MY_TOKEN)" in done.stderr
    assert everything_git_knows(project) == before
    assert "verysecret" not in (project / "params.yaml").read_text()
    succeed("git", "checkout", "-q", ".", cwd=project)


def everything_git_knows(project: Path) -> list[str]:
    """Return what branches, experiments and stashes point to; none contains the secret of these tests."""
    refs = succeed("git", "for-each-ref", "--format=%(refname) %(objectname)", cwd=project)
    found = run("git", "grep", "-l", "verysecret", *refs.split()[1::2], "--", cwd=project)
    assert found.stdout == ""
    # Of the last run, without content of its own.
    return [line for line in refs.splitlines() if not line.startswith("refs/exps/exec/")]
