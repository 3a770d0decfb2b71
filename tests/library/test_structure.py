"""Names, dependencies, settings and tools agree, in whatever way the project is changed."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from library.projects import CLASSES_ONLY, ROOT, TEMPLATE, compose, leave_out_missing, stages
from omegaconf import DictConfig, OmegaConf

from pedigree.base import paths
from pedigree.base.code.imports import public_names
from pedigree.base.code.library import MANIFEST
from pedigree.base.dvc_files.lock import is_code
from pedigree.base.names import UserError
from pedigree.base.section import keys_of
from pedigree.base.settings import leaves
from pedigree.base.steps import STEPS, settings_class
from pedigree.config.checks import check
from pedigree.config.tools import STAGE_KEYS, locate, missing_packages, parameters, tools

STAGES = stages()
DEFAULTS = yaml.safe_load((ROOT / "conf/config.yaml").read_text(encoding="utf-8"))["defaults"]
# Folders that a person fills, and files that are neither code nor an output.
GIVEN = (
    *("conf", "constraints.txt", "contracts", "data/external", "data/incoming"),
    *("models/champion", "pyproject.toml"),
)
CODE = ("pedigree", "pipeline")  # the library, and the owner's scripts
# Where the classes of fitted objects are defined, by the stage that fits them.
FITTED = {"engineer": "pedigree/features/engineering", "select": "pedigree/features/selection"}
# Stages that fit a model of conf/model/, or open a fitted one.
MODELS = (
    "compare",
    "tune",
    "train",
    "evaluate",
    "explain",
    "leakage",
    "verdict",
    "package",
    "monitor",
)
BESIDE = ("report", "track")  # stages beside the sixteen steps, which tell of them
# Options that go by what not every problem names, and options that fit no regression.
TABLE = "path=data/external/README.md"  # a file that is there; what it holds is not looked at
NEEDS = {
    "engineer=featuretools": [f"engineer.steps.deep_features.{one}" for one in (TABLE, "key=x")],
    "engineer=lags": ["problem.time=x"],
    "engineer=related": [f"engineer.steps.related.{one}" for one in (TABLE, "key=x")],
    "experiment=timeseries": ["problem.time=x"],
    "split=group": ["problem.group=[x]"],
    "split=time": ["problem.time=x"],
}
NO_REGRESSION = {
    "experiment=imbalanced",
    "select=chi2",
    "split=stratified",
    *(f"model={name}" for name in CLASSES_ONLY),
}
# The groups whose options do not stand alone: they are placed into another file.
PARTS = {path.name for path in (ROOT / "conf/model").iterdir() if path.is_dir()}


def group(stage: str) -> str:
    return "problem" if stage == "configure" else stage


def module(name: str) -> Path | None:
    """Return the file of a module of the project, relative to its root."""
    path = Path(*name.split("."))
    for file in (path.with_suffix(".py"), path / "__init__.py"):
        if (ROOT / file).is_file():
            return file
    return None


def running(node: ast.AST) -> Iterator[ast.AST]:
    """Yield a syntax tree without what only type checkers read."""
    if not (isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)):
        yield node
        for inner in ast.iter_child_nodes(node):
            yield from running(inner)


@cache
def imports(file: Path) -> frozenset[str]:
    """Name the modules of the project that a file imports anywhere, and the packages above them."""
    found = set()
    for node in running(ast.parse((ROOT / file).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, (
                f"{file}: the project's modules are imported by their full names"
            )
            found |= {str(node.module), *(f"{node.module}.{alias.name}" for alias in node.names)}
    found |= {public_names()[name] for name in found if name in public_names()}
    parts = {".".join(name.split(".")[:n]) for name in found for n in range(1, name.count(".") + 2)}
    return frozenset(name for name in parts if name.split(".")[0] in CODE and module(name))


def is_empty(file: Path) -> bool:
    """Tell whether a file holds nothing but a docstring."""
    body = ast.parse((ROOT / file).read_text(encoding="utf-8")).body
    return all(isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) for node in body)


def code(stage: str) -> set[Path]:
    """Return every file of the project that runs with a stage, whichever of its options is chosen."""
    waiting, seen = ["pipeline", f"pipeline.{stage}"], set()
    groups = [group(stage), *(["model"] if stage in MODELS else [])]
    for option in (file for name in groups for file in (ROOT / "conf" / name).rglob("*.yaml")):
        named = re.findall(
            r"_target_: (p(?:edigree|ipeline)\.[\w.]+)\.\w+", option.read_text(encoding="utf-8")
        )
        waiting += [one for one in named if module(one)]
    while waiting:
        file = module(waiting.pop())
        if file and file not in seen:
            seen.add(file)
            waiting += imports(file)
    # The public interface maps names to modules, and does nothing itself.
    return seen - {Path("pedigree/__init__.py"), Path("pedigree/settings.py")}


def beside(file: Path) -> list[Path]:
    """Return the files beside a module that are no Python: its templates, and what they include."""
    names = sorted((ROOT / file).parent.iterdir())
    found = [one for one in names if one.is_file() and one.suffix not in {".py", ".md"}]
    return [one.relative_to(ROOT) for one in found if one.name != MANIFEST]


def brought(stage: str) -> set[str]:
    """Return the files that define the classes of the fitted objects that a stage opens."""
    deps = STAGES[stage]["deps"]
    unpacked = "models/bundle" in deps and stage not in BESIDE  # which take it as it is
    opened = list(FITTED) if unpacked else []
    opened += [name for name in FITTED if f"models/{name}.skops" in deps]
    rooms = [FITTED[name] for name in opened]
    files = [file.as_posix() for name in opened for file in code(name)]
    return {file for file in files if any(lies_in(file, room) for room in rooms)}


def lies_in(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder}/")


def outputs(stage: str) -> list[str]:
    listed = [one for kind in ("outs", "metrics") for one in STAGES[stage].get(kind, [])]
    return [one if isinstance(one, str) else next(iter(one)) for one in listed]


def options() -> Iterator[str]:
    """Name every choice that conf/ offers, as an override."""
    for folder in sorted((ROOT / "conf").iterdir()):
        for file in sorted(folder.glob("*.yaml")) if folder.is_dir() else []:
            yield f"{folder.name}={file.stem}"


@cache
def composed(*overrides: str) -> DictConfig:
    return compose(ROOT / "conf", *overrides)


@cache
def default() -> DictConfig:
    return composed()


# --- one name a step -----------------------------------------------------------------------------


@pytest.mark.parametrize("stage", STAGES)
def test_a_step_has_one_name_in_every_place(stage: str) -> None:
    assert STAGES[stage]["cmd"] == f"python -m pipeline.{stage}"
    assert module(f"pipeline.{stage}")
    assert list((ROOT / "conf" / group(stage)).glob("*.yaml"))
    assert len(list((TEMPLATE / "tests/library").rglob(f"test_{stage}.py"))) == 1
    assert group(stage) in default()


def test_the_defaults_list_names_every_step() -> None:
    listed = [next(iter(one)) for one in DEFAULTS if isinstance(one, dict)]
    groups = [name for name in listed if not name.startswith("optional ")]
    assert set(groups) == {*map(group, STAGES), "model"}
    assert len(set(groups)) == len(groups)


def test_every_group_of_settings_belongs_to_a_step_or_to_a_model() -> None:
    folders = {path.name for path in (ROOT / "conf").iterdir() if path.is_dir()}
    assert folders == {*map(group, STAGES), "model", "experiment"}


def test_the_stages_tell_the_sixteen_steps() -> None:
    first = [one["desc"].split()[0] for one in STAGES.values()]
    numbers = [int(word) for word in first if word.isdigit()]  # the others tell of the sixteen
    assert sorted(numbers) == list(range(1, 17))


# --- what a stage depends on ---------------------------------------------------------------------


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_depends_on_all_the_code_that_it_runs(stage: str) -> None:
    deps = STAGES[stage]["deps"]
    hidden = [
        file.as_posix()
        for file in sorted(code(stage))
        if not any(lies_in(file.as_posix(), dep) for dep in deps) and not is_empty(file)
    ]
    assert hidden == []


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_depends_on_the_templates_beside_the_code_that_it_runs(stage: str) -> None:
    deps = STAGES[stage]["deps"]
    templates = {one.as_posix() for file in code(stage) for one in beside(file)}
    assert [one for one in templates if not any(lies_in(one, dep) for dep in deps)] == []


def test_the_report_depends_on_the_owners_templates() -> None:
    own = sorted((ROOT / "pipeline/custom").rglob("*.j2"))
    assert own
    for one in own:
        path = one.relative_to(ROOT).as_posix()
        assert any(lies_in(path, dep) for dep in STAGES["report"]["deps"])


def test_only_stages_that_do_little_else_depend_on_code_that_draws() -> None:
    """Another colour or sentence ranks, searches, fits and explains nothing anew."""
    draws = [stage for stage in STAGES if any("/report" in dep for dep in STAGES[stage]["deps"])]
    assert draws == ["profile", "monitor", "report"]


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_depends_on_no_code_that_it_does_not_run(stage: str) -> None:
    """Otherwise it would run again for nothing."""
    needed = {file.as_posix() for file in code(stage)} | brought(stage)
    # The owner's room is there for what will be named.
    deps = [
        dep for dep in STAGES[stage]["deps"] if is_code(dep) and not lies_in(dep, "pipeline/custom")
    ]
    assert [dep for dep in deps if not any(lies_in(file, dep) for file in needed)] == []


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_depends_on_the_code_of_the_fitted_objects_that_it_opens(stage: str) -> None:
    deps = STAGES[stage]["deps"]
    assert [f for f in brought(stage) if not any(lies_in(f, dep) for dep in deps)] == []


@pytest.mark.parametrize("stage", STEPS)
def test_a_stage_depends_on_the_code_that_its_settings_name(stage: str) -> None:
    deps = STAGES[stage]["deps"]
    for key in keys_of(settings_class(stage)):
        for place, tool in tools(OmegaConf.to_container(default())[key.split(".")[0]], key):
            file = module(tool["_target_"].rpartition(".")[0])
            if file and "." not in key:  # a whole section, which is what tools are made of
                assert any(lies_in(file.as_posix(), dep) for dep in deps), place


@pytest.mark.parametrize("stage", STAGES)
def test_every_path_that_a_stage_reads_is_there_or_made_by_another(stage: str) -> None:
    made = [out for other in STAGES if other != stage for out in outputs(other)]
    for dep in STAGES[stage]["deps"]:
        known = is_code(dep) and (ROOT / dep).exists()
        assert known or dep in GIVEN or any(lies_in(dep, out) for out in made), dep


def test_stages_run_in_the_order_in_which_they_are_listed() -> None:
    order = list(STAGES)
    for position, stage in enumerate(order):
        later = [out for other in order[position:] for out in outputs(other)]
        for dep in STAGES[stage]["deps"]:
            assert not any(lies_in(dep, out) for out in later), f"{stage} reads {dep}"


def test_every_output_has_one_owner() -> None:
    made = [(out, stage) for stage in STAGES for out in outputs(stage)]
    for out, stage in made:
        assert [owner for path, owner in made if lies_in(path, out)] == [stage]


def test_the_paths_of_the_code_are_those_of_dvc_yaml() -> None:
    known = {*GIVEN, *(out for stage in STAGES for out in outputs(stage))}
    folders = {
        paths.DVC_YAML,
        paths.LIBRARY,
        paths.SCRIPTS,
        paths.CUSTOM,
        paths.METRICS,
        paths.PLOTS,
        paths.REPORTS,
        paths.TIMINGS,
        paths.TRIALS,
    }
    folders.add(paths.PREDICTIONS)  # of two stages
    for name, path in vars(paths).items():
        if isinstance(path, Path) and path not in folders:
            whole = (path, *path.parents)
            assert known & {one.as_posix() for one in whole}, f"{name} = {path}"


def test_plots_of_the_table_of_contents_are_outputs() -> None:
    table = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))
    made = [out for stage in STAGES for out in outputs(stage)]
    for one in table["plots"]:
        path = one if isinstance(one, str) else next(iter(one))
        assert any(lies_in(path, out) for out in made), path


# --- settings ------------------------------------------------------------------------------------


@pytest.mark.parametrize("stage", [stage for stage in STAGES if stage != "configure"])
def test_a_stage_depends_on_its_own_settings_and_on_no_others(stage: str) -> None:
    found = [dep for dep in STAGES[stage]["deps"] if lies_in(dep, "settings")]
    assert found == [f"settings/{stage}.yaml"]
    assert stage in STEPS
    assert "params" not in STAGES[stage]


@pytest.mark.parametrize("stage", STEPS)
def test_the_settings_that_a_stage_names_exist(stage: str) -> None:
    for key in keys_of(settings_class(stage)):
        assert OmegaConf.select(default(), key, default="(none)") != "(none)", key


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_names_the_settings_that_its_code_reads(stage: str) -> None:
    """Whatever stands as `settings.section.key` in a module of its own."""
    own = [f for f in code(stage) if f.parts[0] == "pipeline"]
    named = keys_of(settings_class(stage)) if stage in STEPS else []
    text = "".join((ROOT / file).read_text(encoding="utf-8") for file in own)
    for key in re.findall(r"\bsettings\.(\w+(?:\.\w+)?)", text):
        if key.split(".")[0] in default():
            parts = [one for one in named if f"{key}.".startswith(f"{one}.")]
            assert parts or any(one.startswith(f"{key}.") for one in named), key


@pytest.mark.parametrize("choice", list(options()))
def test_every_option_composes_and_passes_the_check(
    choice: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    section, _, option = choice.partition("=")
    needs = NEEDS.get(choice, [])
    config = composed(*needs) if {section: option} in DEFAULTS else composed(choice, *needs)
    leave_out_missing(config)
    if choice in NO_REGRESSION and config.problem.kind == "regression":
        with pytest.raises(UserError, match="regression"):
            check(config)
        return
    check(config)
    assert "${" not in OmegaConf.to_yaml(config)


@pytest.mark.parametrize("file", sorted((ROOT / "conf/model").glob("*.yaml")), ids=lambda f: f.stem)
def test_every_model_can_be_compared(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    if file.stem == "best":  # the winner cannot compete
        with pytest.raises(Exception, match=r"compare\.models\.x"):
            check(composed("+model@compare.models.x=best"))
        return
    config = composed(f"+model@compare.models.x={file.stem}")
    leave_out_missing(config)
    if file.stem in CLASSES_ONLY and config.problem.kind == "regression":
        return  # refused, as above
    check(config)
    assert config.compare.models.x == composed(f"model={file.stem}").model


@pytest.mark.parametrize("part", sorted(PARTS))
def test_every_part_of_a_model_can_be_chosen_by_each(
    part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    for file in sorted((ROOT / "conf/model" / part).glob("*.yaml")):
        config = composed("model=linear", f"model/{part}={file.stem}")
        assert part in config.model
        leave_out_missing(config.model)
        balances = part == "sampler" and file.stem not in ("none", "drop_outliers")
        if balances and config.problem.kind == "regression":
            with pytest.raises(UserError, match="regression has none"):
                check(config)
        elif file.stem == "woe" and config.problem.kind == "regression":
            with pytest.raises(
                UserError, match="supports only classification, and the task is regression"
            ):
                check(config)
        else:
            check(config)


@pytest.mark.parametrize(
    "file", sorted((ROOT / "conf").rglob("*.yaml")), ids=lambda f: f"{f.parent.name}/{f.stem}"
)
def test_every_tool_of_every_file_exists_and_takes_its_arguments(file: Path) -> None:
    """Of each file as it stands, chosen or not; references are filled in for every task."""
    text = file.read_text(encoding="utf-8")
    section = file.relative_to(ROOT / "conf").parts[0]
    for task in sorted((ROOT / "conf/problem/task").glob("*.yaml")):
        words = yaml.safe_load(task.read_text(encoding="utf-8"))
        filled = re.sub(r"\$\{problem\.(\w+)\}", lambda m, w=words: str(w.get(m[1], "x")), text)
        kinds = yaml.safe_load(text).get("by_kind", {})
        filled = re.sub(r"\$\{\.\.by_kind\.(\w+)\}", lambda m, k=kinds: k[m[1]] or "null", filled)
        leave_out_missing(yaml.safe_load(filled))
        for place, tool in tools(yaml.safe_load(filled)):
            known = parameters(locate(tool["_target_"]))
            own = STAGE_KEYS.get(section, set()) | {"defaults"}
            given = {name for name in tool if not name.startswith("_")} - own
            if section == "collect":
                given |= {"folder"}
            assert known is None or given <= known, f"{file.name}, {place}"


def test_every_search_space_names_arguments_of_its_estimator() -> None:
    spaces: dict[str, Any] = {}
    for file in (ROOT / "conf/model").glob("*.yaml"):
        model = composed(f"model={file.stem}").model
        if model.get("search_space") and not missing_packages(model.estimator["_target_"]):
            known = parameters(locate(model.estimator["_target_"]))
            names = {name.partition("__")[0] for name in model.search_space}
            spaces[file.stem] = known is None or names <= known
    assert spaces
    assert all(spaces.values()), spaces


def test_every_seed_follows_the_one_in_config_yaml() -> None:
    """Or a run with another seed would change only part of what is drawn."""
    seeds = re.compile(r"(^|\.)(seed|random_state|random_seed|salt)$")
    one, other = (leaves(composed(f"seed={seed}")) for seed in (1, 2))
    drawn = {key for key in one if seeds.search(key)}
    assert {key for key in drawn if one[key] == other[key] and one[key] is not None} == set()


def test_settings_hold_no_secret_and_no_reference_to_the_environment() -> None:
    for file in (ROOT / "conf").rglob("*.yaml"):
        assert "${oc." not in file.read_text(encoding="utf-8"), file
