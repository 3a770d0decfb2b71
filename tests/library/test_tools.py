"""Every option of every group, really run on real data through its stage, for each task, twice.

`pytest tests/library/test_tools.py --tools FILE` writes what came out as a table, a line an option and task.
What a single option must get right is in the tests of its step.
"""

import contextlib
import shutil
import time
from pathlib import Path

import pytest
from library.projects import CONTRACT, ROOT, TARGETS, Project, leave_out_missing, record, stages
from omegaconf import DictConfig

from pedigree.base.names import UserError
from pedigree.base.paths import CLEAN, TRIALS
from pedigree.base.tables import read_json, read_table, sha256, write_table
from pedigree.config.checks import check
from pedigree.scoring.metrics import gain

pytestmark = pytest.mark.slow
# Sources that need a server have tests of their own, which start one.
SERVED = {"api", "bigquery", "openml", "scrape", "sql"}
# Groups that are no choice of tools: the question, parts of other files, presets (below).
NO_TOOLS = ("problem", "collect/limits", "experiment")
# The stages that show a choice at work; by default the stage of the group's name.
SHOWN_BY = {"model": ("train", "evaluate"), "load": ("load",), "configure": ()}
# What an option needs beside its own word.
NEEDS = {
    "model/imputer=none": ["model=hist_gradient_boosting"],
    "model/encoder=native": ["model=hist_gradient_boosting"],
    "package/export=native": ["model=catboost"],
    "package/export=onnx": ["model/encoder=one_hot"],
    "split=column": ["split.column=side"],
    "collect=example": ["~collect.path"],
    "collect=simulate": ["~collect.path", "collect.rows=200", "load.contract=contracts/any.yaml"],
    "collect=sklearn": ["~collect.path", "load.contract=contracts/any.yaml"],
    "engineer=featuretools": [
        "engineer.steps.deep_features.path=data/external/krill.csv",
        "engineer.steps.deep_features.key=island",
    ],
    "engineer=related": [
        "engineer.steps.related.path=data/external/krill.csv",
        "engineer.steps.related.key=island",
    ],
}
# A preset's budget, cut to the size of a test.
SMALL_PRESETS: dict[str, list[str]] = {
    "best": [
        "model.estimator.cv=2",
        *("explain.methods.shap.rows=3", "explain.methods.permutation.repeats=1"),
    ]
}
TELLING = {  # what each task cannot do without: one of these
    "binary": {"culmen_depth_mm", "body_mass_g", "culmen_length_mm"},
    "multiclass": {"culmen_length_mm", "flipper_length_mm", "culmen_length_mm_per_culmen_depth_mm"},
    "regression": {"flipper_length_mm", "species", "flipper_length_mm_mean_by_species_island"},
}
WITHOUT_LEARNING = {
    "binary": 0.5,
    "multiclass": 0.2,
    "regression": 800,
}  # the dummy's first metric, about
# Options whose library cannot give the same bytes twice; the README says why.
NOT_REPRODUCIBLE: set[str] = set()


def options() -> list[str]:
    """Name every option as an override."""
    files = sorted((ROOT / "conf").glob("*/**/*.yaml"))
    choices = [(one.parent.relative_to(ROOT / "conf").as_posix(), one.stem) for one in files]
    return [
        f"{group}={name}"
        for group, name in choices
        if not group.startswith(NO_TOOLS) and not (group == "collect" and name in SERVED)
    ]


def outputs(names: tuple[str, ...]) -> dict[str, str]:
    """Fingerprint every file that stages have written into the current folder."""
    made = [stages()[name] for name in names]
    outs = [out for one in made for kind in ("outs", "metrics") for out in one.get(kind, [])]
    paths = [Path(out if isinstance(out, str) else next(iter(out))) for out in outs]
    files = [file for path in paths for file in (path.rglob("*") if path.is_dir() else [path])]
    return {file.as_posix(): sha256(file) for file in sorted(files) if file.is_file()}


def show(config: DictConfig, option: str, task: str) -> None:
    """Look at what an option is for, where that is the same for all of its group."""
    group, _, name = option.partition("=")
    if group == "select":
        assert TELLING[task] & set(read_json(Path("metrics/select.json"))["kept"])
    if group == "model":
        metric, plain = config.problem.metrics[0], WITHOUT_LEARNING[task]
        won = gain(metric, read_json(Path("metrics/evaluate.json"))[metric], plain)
        assert won > 0 if name != "dummy" else won == pytest.approx(0, abs=0.2 * plain)


def prepare(project: Project, option: str) -> None:
    """Give the project what an option reads beside the penguins; forget the scores of other searches."""
    shutil.rmtree(TRIALS, ignore_errors=True)
    if option == "split=column":
        rows = read_table(CLEAN)
        sides = [("train", "train", "train", "validation", "test")[i % 5] for i in range(len(rows))]
        write_table(rows.assign(side=sides), CLEAN)
    if option.startswith("collect="):
        project.write("contracts/any.yaml", CONTRACT | {"columns": {}})
    if option.startswith("engineer="):
        days = "\n".join(f"Dream,2007-11-{day},{day % 7}" for day in range(10, 30))
        project.write("data/external/krill.csv", f"island,date_egg,tons\n{days}\n")


def as_override(option: str) -> str:
    """Spell an option as `dvc exp run -S` takes it."""
    group, name = option.split("=")
    one_more = group == "explain/method"  # no choice of one, but a further entry
    return f"+{group}@explain.methods.tried_{name}={name}" if one_more else option


@pytest.mark.parametrize("task", TARGETS)
@pytest.mark.parametrize("option", options())
def test_an_option_runs_through_its_stage_and_gives_the_same_bytes_twice(
    copy_of, option: str, task: str, record_property
) -> None:
    project: Project = copy_of(task)
    group = option.partition("=")[0]
    names = SHOWN_BY.get(group.split("/")[0], (group.split("/")[0],))
    record_property("tool", [*option.split("="), task, "refused", 0.0])
    prepare(project, option)
    # Parts are tried with a family that takes them all.
    base = ["model=linear"] if group.startswith(("model/", "package/")) else []
    prepared = {"train", "package"} & set(names)  # what a search finds is shown by its own options
    off = ["tune=off"] if prepared else []
    config = project.compose(*base, *NEEDS.get(option, []), as_override(option), *off)
    leave_out_missing(config)
    with contextlib.chdir(project.folder):
        try:
            check(config)
        except UserError as refused:
            assert task in str(refused) or config.problem.kind in str(refused)  # it does not fit
            return
    project.run(*(["tune"] if prepared else []))
    project.run(*(["train"] if "package" in names else []))
    if "track" in names:
        record(project)
    started = time.perf_counter()
    project.run(*names)
    seconds = time.perf_counter() - started
    record_property("tool", [*option.split("="), task, "run", seconds])
    show(config, option, task)
    first = outputs(names)
    assert first or option == "profile=none"
    shutil.rmtree(TRIALS, ignore_errors=True)
    project.run(*names)
    if option not in NOT_REPRODUCIBLE:
        assert outputs(names) == first


@pytest.mark.parametrize(
    "preset", sorted(file.stem for file in (ROOT / "conf/experiment").glob("*.yaml"))
)
@pytest.mark.parametrize("task", TARGETS)
def test_a_preset_runs_from_the_snapshot_to_the_bundle(
    copy_of, preset: str, task: str, record_property
) -> None:
    project: Project = copy_of(task)
    record_property("tool", ["experiment", preset, task, "refused", 0.0])
    config = project.compose(f"+experiment={preset}", *SMALL_PRESETS.get(preset, []))
    leave_out_missing(config)
    with contextlib.chdir(project.folder):
        try:
            check(config)
        except UserError as refused:
            assert task in str(refused) or config.problem.kind in str(refused)
            return
    names = [name for name in stages() if name != "configure"]
    started = time.perf_counter()
    project.run(*names)
    seconds = time.perf_counter() - started
    record_property("tool", ["experiment", preset, task, "run", seconds])
    assert outputs(("package",))
