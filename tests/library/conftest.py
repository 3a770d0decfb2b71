"""What the tests share: the raw Palmer penguins, and a project of them in which every stage has run.

The tests bring their own problem, repairs and contract, so they hold in every project, whatever its
data are. What is not the data's (tools, defaults, dvc.yaml) is the project's own.
"""

from __future__ import annotations

import os

# On so few rows, threads wait for each other longer than they work.
os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")

import atexit
import contextlib
import gc
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import hypothesis
import pandas as pd
import pytest
import yaml
from omegaconf import DictConfig, OmegaConf

from pedigree.base.lock import digest
from pedigree.base.settings import Loader, as_dict, read_settings
from pedigree.config.tools import missing_packages, tools, way_to_install

# The libraries' million objects live as long as the tests do: looking through them less often saves a twelfth of the time.
gc.set_threshold(100_000, 20, 50)
# libyaml parses ten times as fast as the parser in Python, which is what Hydra asks for.
yaml.SafeLoader = Loader  # type: ignore[misc]
TEMPLATE = Path(__file__).parents[2]


def render() -> Path:
    """Return a project with the defaults whose code is the template's own, so that an edit of it is tested at once.

    It is made by the process that starts first; workers of pytest-xdist find it in the environment.
    """
    if "PROJECT_UNDER_TEST" not in os.environ:
        from cookiecutter.main import cookiecutter

        folder = tempfile.mkdtemp(prefix="pedigree-")
        atexit.register(shutil.rmtree, folder)
        answers = {"project": "project", "setup": "no"}
        project = cookiecutter(
            str(TEMPLATE),
            no_input=True,
            output_dir=folder,
            extra_context=answers,
            accept_hooks=False,
            default_config=True,
        )
        for name in ("pedigree", "pipeline"):
            shutil.rmtree(Path(project, name))
            Path(project, name).symlink_to(TEMPLATE / "<<cookiecutter.project>>" / name)
        os.environ["PROJECT_UNDER_TEST"] = project
    return Path(os.environ["PROJECT_UNDER_TEST"])


ROOT = render()
RAW = Path(str(files("palmerpenguins") / "data" / "penguins-raw.csv"))

hypothesis.settings.register_profile(
    "project", derandomize=True, deadline=None, max_examples=25, database=None
)
hypothesis.settings.load_profile("project")

# Options of the extra `legacy`, which has an environment of its own: `pytest -m legacy` there, never here.
LEGACY = ("featuretools", "ydata")
IN_LEGACY = find_spec("ydata_profiling") is not None
# Of the extra `explanations`.
collect_ignore = ["explanation/test_lime_and_eli5.py"] if IN_LEGACY else []
# Where this variable is set, no test is left out for want of a package.
ALL_EXTRAS = bool(os.environ.get("ALL_EXTRAS")) and not IN_LEGACY
FAMILIES = sorted(path.stem for path in (ROOT / "conf/model").glob("*.yaml"))
FAMILIES.remove("best")  # whichever of the others has won
CLASSES_ONLY = ("naive_bayes",)  # refused by `configure` where the task is regression
TARGETS = {"binary": "Sex", "multiclass": "species", "regression": "Body Mass (g)"}
# Every stage of these finds something to do, and does it in a second or two.
CONFIG: dict[str, Any] = {
    "defaults": [
        {"problem": "penguins"},
        {"collect": "file"},
        {"load": "default"},
        {"profile": "default"},
        {"clean": "penguins"},
        {"split": "group"},
        {"engineer": "penguins"},
        {"select": "importance"},
        {"compare": "default"},
        {"model": "catboost"},
        {"tune": "random"},
        {"train": "default"},
        {"evaluate": "default"},
        {"explain": "default"},
        {"leakage": "default"},
        {"verdict": "default"},
        {"package": "default"},
        {"monitor": "default"},
        {"report": "default"},
        {"track": "none"},
        "_self_",
    ],
    "seed": 42,
    "threads": 1,
    "collect": {"path": "data/external/penguins.csv"},
    "load": {"contract": "contracts/penguins.yaml", "max_rejected": 0},
    "compare": {"folds": 2, "repeats": 1},
    "evaluate": {"resamples": 100},
    "verdict": {"resamples": 100},
    "monitor": {"resamples": 100},
}
# Files of the project's own conf/ in which these values are smaller.
SMALLER: dict[str, Any] = {
    "compare/nested": {"folds": 2, "method": {"trials": 2, "folds": 2}},
    "explain/method/eli5": {"rows": 5, "repeats": 2},
    "explain/method/lime": {"rows": 4, "samples": 200},
    "explain/method/partial_dependence": {"rows": 12, "points": 5},
    "explain/method/permutation": {"repeats": 2},
    "explain/method/shap": {"rows": 40, "predictions": 5000},
    "model/catboost": {
        "estimator": {"iterations": 40, "learning_rate": 0.2, "depth": 4},
        "bagging": {"folds": 3},
    },
    "model/ebm": {"estimator": {"outer_bags": 2, "max_rounds": 100, "interactions": 2}},
    "model/extra_trees": {"estimator": {"n_estimators": 20}},
    "model/hist_gradient_boosting": {"estimator": {"max_iter": 20}},
    "model/keras": {"estimator": {"max_epochs": 15, "batch_size": 32}},
    "model/random_forest": {"estimator": {"n_estimators": 20}},
    "model/torch": {"estimator": {"max_epochs": 25, "batch_size": 32}},
    "profile/default": {"reports": {"overview": {"max_columns": 6}}},
    "profile/plots": {"reports": {"plots": {"max_columns": 6}}},
    "profile/sweetviz": {"reports": {"sweetviz": {"max_pairwise": 4}}},
    "select/importance": {"chooser": {"estimator": {"n_estimators": 10}}, "stability_folds": 2},
    "select/permutation": {"chooser": {"estimator": {"n_estimators": 10}}, "stability_folds": 2},
    "select/rfe": {"chooser": {"estimator": {"n_estimators": 10}}, "stability_folds": 2},
    "select/rfecv": {"chooser": {"estimator": {"n_estimators": 10}}, "stability_folds": 0},
    "select/sequential": {"stability_folds": 0},
    "train/calibration/default": {"folds": 2},
    "tune/grid": {"trials": 3, "seconds": 300, "folds": 2, "confidence": 0},
    "tune/halving": {"trials": 5, "seconds": 300, "folds": 2, "confidence": 0, "candidates": 4},
    "tune/hyperopt": {"trials": 3, "seconds": 300, "folds": 2, "confidence": 0},
    "tune/optuna": {"trials": 3, "seconds": 300, "folds": 2, "confidence": 0},
    "tune/random": {"trials": 3, "seconds": 300, "folds": 2, "confidence": 0},
    "tune/ray": {"trials": 3, "seconds": 300, "folds": 2, "confidence": 0, "workers": 1},
}
CLEAN = {
    "trim_text": {"_target_": "pedigree.cleaning.trim_text"},
    "unify_missing": {"_target_": "pedigree.cleaning.unify_missing", "markers": [".", "unknown"]},
    "unify_case": {"_target_": "pedigree.cleaning.unify_case", "columns": ["sex"]},
    "short_species": {
        "_target_": "pedigree.cleaning.replace_text",
        "columns": ["species"],
        "pattern": " .*$",
        "by": "",
    },
    "fix_types": {
        "_target_": "pedigree.cleaning.fix_types",
        "columns": {"clutch_completion": "boolean"},
    },
    "limits": {
        "_target_": "pedigree.cleaning.limit",
        "columns": {"body_mass_g": [1350, 12600]},
        "action": "missing",
    },
    "drop_duplicates": {"_target_": "pedigree.cleaning.drop_duplicates", "training_only": True},
}
ENGINEER = {
    "outliers": {"_target_": "pedigree.features.engineering.Outliers"},
    "date_parts": {"_target_": "pedigree.features.engineering.DateParts", "columns": ["date_egg"]},
    "ratios": {
        "_target_": "pedigree.features.engineering.Ratios",
        "pairs": [["culmen_length_mm", "culmen_depth_mm"], ["body_mass_g", "flipper_length_mm"]],
    },
    "group_statistics": {
        "_target_": "pedigree.features.engineering.GroupStatistics",
        "by": ["species", "island"],
        "columns": ["flipper_length_mm"],
    },
    "rare_categories": {
        "_target_": "pedigree.features.engineering.RareCategories",
        "min_share": 0.02,
    },
}
CONTRACT = {
    "schema_type": "dataframe",
    "api": "pandas",
    "strict": False,
    "columns": {
        "species": {"dtype": "str", "nullable": False},
        "island": {"dtype": "str", "isin": ["Biscoe", "Dream", "Torgersen"]},
        "individual_id": {"dtype": "str", "str_matches": r"^N\d+A[12]$"},
        "date_egg": {"dtype": "datetime64[ns]", "nullable": False},
        "body_mass_g": {"dtype": "float64", "nullable": True, "gt": 0},
    },
}


def problem(task: str) -> dict[str, Any]:
    """State a question of the penguins, with columns spelt as the field station spelt them."""
    excluded = ("studyName", "Sample Number", "individual_id", "comments")
    return {
        "defaults": [{"task@_here_": task}, "_self_"],
        "goal": "Try every stage.",
        "target": TARGETS[task],
        "positive": "male" if task == "binary" else None,
        "group": ["Species", "Individual ID"],
        "time": "Date Egg",
        "exclude": dict.fromkeys(excluded, "names the bird or the season"),
        "criteria": {"gain_over_dummy": {"at_least": 0}, "gap_to_validation": {"at_most": 1e6}},
    }


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--tools", metavar="FILE", help="write which options ran, as CSV")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tell the tests of legacy tools from the others, and leave them to their environment."""
    legacy = [
        item
        for item in items
        if item.get_closest_marker("legacy") or any(name in item.nodeid for name in LEGACY)
    ]
    for item in legacy:
        item.add_marker("legacy")
    if not IN_LEGACY:
        config.hook.pytest_deselected(items=legacy)
        items[:] = [item for item in items if item not in legacy]


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Show option by task with outcome and seconds, as tests/test_tools.py told them."""
    rows: dict[tuple[str, str], dict[str, str]] = {}
    lines = []
    for outcome in ("passed", "failed"):
        for report in terminalreporter.getreports(outcome):
            told = [value for name, value in report.user_properties if name == "tool"]
            if report.when == "call" and told:
                group, option, task, how, seconds = told[-1]
                shown = f"{seconds:.1f} s" if how == "run" else "-"
                rows.setdefault((group, option), {})[task] = shown if report.passed else "FAILED"
                lines.append(f"{group},{option},{task},{outcome},{how},{seconds:.2f}")
    if not rows:
        return
    terminalreporter.section("options (-: refused, since it does not fit the task)")
    tasks = sorted({task for row in rows.values() for task in row})
    terminalreporter.write_line(f"{'':<40}" + "".join(f"{task:>12}" for task in tasks))
    for (group, option), row in sorted(rows.items()):
        told = "".join(f"{row.get(task, ''):>12}" for task in tasks)
        terminalreporter.write_line(f"{group + '=' + option:<40}{told}")
    if config.getoption("--tools"):
        head = "group,option,task,outcome,how,seconds"
        Path(config.getoption("--tools")).write_text("\n".join([head, *sorted(lines)]) + "\n")


@dataclass(frozen=True)
class Project:
    """A project in a folder of its own."""

    folder: Path

    def write(self, path: str, data: Any) -> None:
        """Write YAML, or text as it is."""
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        text = data if isinstance(data, str) else yaml.safe_dump(data, sort_keys=False)
        file.write_text(text, encoding="utf-8")

    def compose(self, *overrides: str) -> DictConfig:
        """Compose its conf/ with overrides, as `dvc exp run -S` does, into its params.yaml."""
        config = compose(self.folder / "conf", *overrides)
        self.write("params.yaml", OmegaConf.to_yaml(config))
        return config

    def settings(self, stage: str, *overrides: str) -> DictConfig:
        """Read what a stage may see."""
        with contextlib.chdir(self.folder):
            return read_settings(stage, overrides)

    def run(self, *stages: str, overrides: Sequence[str] = ()) -> None:
        """Run stages one after the other, in this process."""
        for stage in stages:
            settings = self.settings(stage, *overrides)
            with contextlib.chdir(self.folder):
                import_module(f"pipeline.{stage}").main(settings)


def compose(conf: Path, *overrides: str) -> DictConfig:
    """Compose settings, all references resolved."""
    import hydra

    map_only_what_is_used()
    with hydra.initialize_config_dir(str(conf), version_base=None):
        config = hydra.compose("config", list(overrides))
    OmegaConf.resolve(config)
    return config


@cache
def map_only_what_is_used() -> None:
    """Let Hydra map all choices to resolve references in a defaults list, where there are some.

    It does so for each of some seventy files, which is more than half of the time of composing them.
    """
    from hydra._internal import defaults_list as hydra_lists

    make_map = hydra_lists._create_interpolation_map

    def make_if_used(overrides: Any, defaults_list: list[Any], self_added: bool) -> Any:
        used = any(one.is_interpolation() for one in defaults_list)
        return make_map(overrides, defaults_list, self_added) if used else None

    hydra_lists._create_interpolation_map = make_if_used


def leave_out_missing(settings: Any) -> None:
    """Skip a test of a tool whose package is an extra that is not here, unless all are to be."""
    for _, tool in tools(as_dict(settings)):
        for package in missing_packages(tool["_target_"]):
            leave_out = pytest.fail if ALL_EXTRAS else pytest.skip
            leave_out(f"{package} is not installed; {way_to_install(package)}")


def library(name: str) -> Any:
    """Import a library of an extra, or skip the tests that need it, unless all are to be here."""
    return import_module(name) if ALL_EXTRAS else pytest.importorskip(name)


def stages() -> dict[str, Any]:
    """Read dvc.yaml's stages, in the order in which they run."""
    return yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]


def make_project(folder: Path, task: str) -> Project:
    """Make a project of the raw penguins; nothing has run in it."""
    shutil.copytree(ROOT / "conf", folder / "conf")
    for name in ("constraints.txt", "dvc.yaml"):
        shutil.copyfile(ROOT / name, folder / name)
    project = Project(folder)
    for name, values in SMALLER.items():
        file = folder / f"conf/{name}.yaml"
        smaller = OmegaConf.merge(OmegaConf.load(file), values)
        file.write_text(OmegaConf.to_yaml(smaller), encoding="utf-8")
    project.write("conf/config.yaml", CONFIG)
    project.write("conf/problem/penguins.yaml", problem(task))
    project.write("conf/clean/penguins.yaml", {"steps": CLEAN})
    project.write("conf/engineer/penguins.yaml", {"steps": ENGINEER})
    project.write("contracts/penguins.yaml", CONTRACT)
    project.write("models/champion/README.md", "There is no champion yet.\n")
    header, *lines = RAW.read_text(encoding="utf-8").splitlines()
    earlier = [line for line in lines if not line.startswith("PAL0910")]
    later = [line for line in lines if line.startswith("PAL0910")]
    project.write("data/external/penguins.csv", "\n".join([header, *earlier]) + "\n")
    project.write("data/incoming/later.csv", "\n".join([header, *later]) + "\n")
    project.compose()
    return project


def record(project: Project) -> None:
    """Write the dvc.lock that DVC would, of the stages as they have run."""
    params = yaml.safe_load(Path("params.yaml").read_text(encoding="utf-8"))

    def value(key: str) -> Any:
        found = params
        for part in key.split("."):
            found = found[part]
        return found

    def entries(paths: list) -> list[dict[str, Any]]:
        names = [one if isinstance(one, str) else next(iter(one)) for one in paths]
        return [{"path": n, "md5": digest(Path(n))} for n in names if digest(Path(n))]

    stages = yaml.safe_load(Path("dvc.yaml").read_text(encoding="utf-8"))["stages"]
    lock = {
        name: {
            "cmd": stage["cmd"],
            "deps": entries(stage["deps"]),
            "outs": entries(stage["outs"]),
            "params": {"params.yaml": {key: value(key) for key in stage.get("params", [])}},
        }
        for name, stage in stages.items()
    }
    project.write("dvc.lock", {"schema": "2.0", "stages": lock})


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Project]:
    """Return a project of a task in which the stages have run; it is shared, so only to be read."""

    @cache
    def make(task: str) -> Project:
        project = make_project(tmp_path_factory.mktemp(task) / "project", task)
        left_out = ["configure"] if task == "binary" else ["configure", "profile"]
        project.run(*(stage for stage in stages() if stage not in left_out))
        return project

    return make


@pytest.fixture
def copy_of(
    finished: Callable[[str], Project], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], Project]:
    """Return a copy of a task's finished project, to be changed at will, as the current folder."""

    def make(task: str) -> Project:
        folder = shutil.copytree(finished(task).folder, tmp_path / "project")
        monkeypatch.chdir(folder)
        return Project(folder)

    return make


@pytest.fixture
def project(copy_of: Callable[[str], Project]) -> Project:
    """Return a copy of the finished binary project, as the current folder."""
    return copy_of("binary")


@pytest.fixture(scope="session")
def shared_penguins() -> pd.DataFrame:
    from pedigree.data.engine import read_file, retype

    rows = read_file(RAW, ["", "NA"])
    types = {name: "float64" for name in rows if name.endswith(("_mm", "_g", "_oo"))}
    return retype(rows, types | {"date_egg": "datetime64[ns]", "sample_number": "int64"})[0]


@pytest.fixture
def penguins(shared_penguins: pd.DataFrame) -> pd.DataFrame:
    """Return all 344 raw penguins, typed, with columns in snake_case."""
    return shared_penguins.copy()
