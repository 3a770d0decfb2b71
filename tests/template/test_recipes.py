"""The recipes of pipeline/custom/README.md work word for word, in a project that has run."""

import json
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from template.projects import TREE, command_line, finish, generate, succeed

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("recipes")]
DATA = {"data": "https://example.com/x.csv", "target": "y"}
README = "pipeline/custom/README.md"


def recipes(folder: Path) -> dict[str, str]:
    """Return the text of each recipe by its title."""
    text = (folder / README).read_text(encoding="utf-8")
    return dict(re.findall(r"^## (.+)\n((?:(?!## ).*\n)+)", text, re.MULTILINE))


def read(project: Path, path: str) -> Any:
    text = (project / path).read_text(encoding="utf-8")
    return json.loads(text) if path.endswith(".json") else yaml.safe_load(text)


def has_feature(project: Path, said: str) -> bool:
    made = pd.read_parquet(project / "data/features/validation")
    rounded = made["rounded_body_mass_g"].dropna()
    before = read(project, "conf/engineer/penguins.yaml")["steps"]
    assert list(read(project, "params.yaml")["engineer"]["steps"]) == [*before, "rounded"]
    return "rounded_body_mass_g" in said and (rounded % 10 == 0).all()


def has_metric(project: Path, said: str) -> bool:
    found = read(project, "metrics/evaluate.json")
    board = pd.read_csv(project / "reports/compare.csv")
    return found["metrics"][0]["metric"] == "profit" and "profit_std" in board


def has_model(project: Path, said: str) -> bool:
    trained = read(project, "metrics/train.json")
    predicted = pd.read_parquet(project / "data/predictions/validation")
    return trained["estimator"].endswith(".Cautious") and predicted["model:male"].max() < 0.95


def has_source(project: Path, said: str) -> bool:
    loaded = pd.read_parquet(project / "data/loaded")
    snapshot = read(project, "data/raw/snapshot.json")
    return (
        set(loaded["island"]) == {"Biscoe"} and snapshot["source"]["kind"] == "penguins of Biscoe"
    )


def has_stage(project: Path, said: str) -> bool:
    page = (project / "reports/index.html").read_text(encoding="utf-8")
    trace = said[said.index("reports/summary.csv  md5") :]
    return ">summary</text>" in page and "source: kind example" in trace


SEEN: dict[str, Callable[[Path, str], bool]] = {
    "A feature": has_feature,
    "A metric": has_metric,
    "A model": has_model,
    "A source": has_source,
    "A stage": has_stage,
}


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project that has run with the preset `quick`, committed."""
    folder = tmp_path_factory.mktemp("recipes")
    project = finish(
        folder / "p", succeed(*command_line(folder, project="p", setup="no"), cwd=folder)
    )
    config = project / "conf/config.yaml"
    text = config.read_text(encoding="utf-8").replace("experiment: null", "experiment: quick")
    config.write_text(text, encoding="utf-8")
    succeed("dvc", "repro", cwd=project)
    succeed("git", "add", ".", cwd=project)
    succeed("git", "commit", "-qm", "First run", cwd=project)
    return project


def test_every_recipe_is_tried() -> None:
    assert list(recipes(TREE)) == list(SEEN)


@pytest.mark.parametrize(("answers", "engineer"), [({}, "penguins"), (DATA, "default")])
def test_a_feature_is_added_to_those_of_the_file_that_is_chosen(
    tmp_path: Path, answers: dict[str, str], engineer: str
) -> None:
    recipe = recipes(generate(tmp_path, **answers))["A feature"]
    assert f"\ndefaults: [{engineer}, _self_]  # " in recipe


@pytest.mark.parametrize("name", SEEN)
def test_a_recipe_works_word_for_word(name: str, ready: Path, tmp_path: Path) -> None:
    project = shutil.copytree(ready, tmp_path / "p", symlinks=True)
    said = ""
    for language, block in re.findall(
        r"^```(\w+)\n(.+?)^```$", recipes(project)[name], re.M | re.S
    ):
        if language == "sh":
            said = succeed("bash", "-euc", block, cwd=project)
            continue
        first, _, content = block.partition("\n")
        file = project / first.removeprefix("# ")
        file.parent.mkdir(exist_ok=True)
        before = file.read_text(encoding="utf-8") + "\n\n" if file.exists() else ""
        file.write_text(before + content, encoding="utf-8")
    assert SEEN[name](project, said)
    succeed("make", "format", "lint", cwd=project)
    succeed(sys.executable, "-m", "pytest", "-q", "tests/test_structure.py", cwd=project)


def test_the_examples_that_are_there_are_chosen_as_the_recipes_say(
    ready: Path, tmp_path: Path
) -> None:
    project = shutil.copytree(ready, tmp_path / "p", symlinks=True)
    text = (project / README).read_text(encoding="utf-8")
    choices = re.findall(
        r"^`(?:-S )?([^`]+)` uses the example", text.replace("metric, too. ", "\n"), re.M
    )
    assert len(choices) == 2
    for choice in choices:
        command = f"dvc exp run evaluate -S {choice.removeprefix('-S ')}"
        succeed("bash", "-euc", command, cwd=project)
    assert "recall_at_top" in read(project, "metrics/evaluate.json")
