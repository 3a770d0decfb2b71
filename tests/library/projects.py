"""Projects in which the library is tested: rendered from the template, and small ones of the raw Palmer penguins."""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml
from omegaconf import DictConfig, OmegaConf

from pedigree.base.dvc_files.lock import digest
from pedigree.base.settings import as_dict, read_settings
from pedigree.config.configuration import hand_out
from pedigree.config.tools import missing_packages, tools, way_to_install

TEMPLATE = Path(__file__).parents[2]
TREE = TEMPLATE / "<<cookiecutter.project>>"


def render() -> str:
    """Make a project with the defaults whose code is the template's own, so that an edit of it is tested at once."""
    from cookiecutter.main import cookiecutter

    folder = tempfile.mkdtemp(prefix="pedigree-")
    atexit.register(shutil.rmtree, folder)
    project = cookiecutter(
        str(TEMPLATE),
        no_input=True,
        output_dir=folder,
        extra_context={"project": "project", "setup": "no"},
        accept_hooks=False,
        default_config=True,
    )
    for name in ("pedigree", "pipeline"):
        shutil.rmtree(Path(project, name))
        Path(project, name).symlink_to(TREE / name)
    return project


# Of the process that starts first; the workers of pytest-xdist find it in their environment.
ROOT = Path(os.environ.get("PROJECT_UNDER_TEST") or render())
os.environ["PROJECT_UNDER_TEST"] = str(ROOT)
RAW = Path(str(files("palmerpenguins") / "data" / "penguins-raw.csv"))

# The extra `legacy` has an environment of its own.
IN_LEGACY = find_spec("ydata_profiling") is not None
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
    "select/importance": {"selector": {"estimator": {"n_estimators": 10}}, "stability_folds": 2},
    "select/permutation": {"selector": {"estimator": {"n_estimators": 10}}, "stability_folds": 2},
    "select/rfe": {"selector": {"estimator": {"n_estimators": 10}}, "stability_folds": 2},
    "select/rfecv": {"selector": {"estimator": {"n_estimators": 10}}, "stability_folds": 0},
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
        "replacement": "",
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
        "min_fraction": 0.02,
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
        self.set(config)
        return config

    def set(self, config: DictConfig) -> None:
        """Put settings in force."""
        self.write("params.yaml", OmegaConf.to_yaml(config))
        with contextlib.chdir(self.folder):
            hand_out(as_dict(config))

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


def extra(name: str) -> Any:
    """Import a library of an extra, or skip the tests that need it, unless all are to be here."""
    return import_module(name) if ALL_EXTRAS else pytest.importorskip(name)


def stages() -> dict[str, Any]:
    """Read dvc.yaml's stages, in the order in which they run."""
    return yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]


def make_project(folder: Path, task: str) -> Project:
    """Make a project of the raw penguins; nothing has run in it."""
    for name in ("conf", "pipeline/custom/templates"):
        shutil.copytree(ROOT / name, folder / name)
    for name in ("constraints.txt", "dvc.yaml", "pyproject.toml"):
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

    def entries(paths: list) -> list[dict[str, Any]]:
        names = [one if isinstance(one, str) else next(iter(one)) for one in paths]
        return [{"path": n, "md5": digest(Path(n))} for n in names if digest(Path(n))]

    stages = yaml.safe_load(Path("dvc.yaml").read_text(encoding="utf-8"))["stages"]
    lock = {
        name: {
            "cmd": stage["cmd"],
            "deps": entries(stage["deps"]),
            "outs": entries([*stage["outs"], *stage.get("metrics", [])]),
        }
        for name, stage in stages.items()
    }
    project.write("dvc.lock", {"schema": "2.0", "stages": lock})
