import importlib.metadata
import json
import os
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from library.projects import ROOT, Project, extra

from pedigree.environment.requirements import pinned_versions
from pedigree.environment.sbom import bill_of_materials
from pedigree.estimators.networks.torch_mlp import MLPClassifier
from pedigree.storage.artifact import save_model


@pytest.fixture(autouse=True)
def in_the_template(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def names(bill: dict[str, Any]) -> set[str]:
    return {one["name"] for one in bill["components"]}


def test_it_follows_the_schema_of_cyclonedx() -> None:
    load = import_module if os.environ.get("CI") else pytest.importorskip
    validation, schema = load("cyclonedx.validation.json"), load("cyclonedx.schema")
    validator = validation.JsonStrictValidator(schema.SchemaVersion.V1_6)
    bill = bill_of_materials([])
    assert validator.validate_str(json.dumps(bill)) is None
    assert validator.validate_str(json.dumps(bill | {"components": [{}]})) is not None


def test_it_lists_what_is_pinned_for_every_system_and_nothing_else() -> None:
    core = Path("requirements/core.txt")
    lines = core.read_text(encoding="utf-8").splitlines()
    narrower = {line.partition("==")[0] for line in lines if "sys_platform == 'win32' \\" in line}
    assert names(bill_of_materials([])) == pinned_versions(core).keys() - narrower


def test_each_package_has_its_installed_version_and_its_licence() -> None:
    bill = bill_of_materials([])
    for one in bill["components"]:
        assert one["version"] == importlib.metadata.version(one["name"])
        assert one["purl"] == f"pkg:pypi/{one['name']}@{one['version']}"
        assert one["licenses"]
    refs = [one["bom-ref"] for one in bill["components"]]
    assert [one["ref"] for one in bill["dependencies"]] == ["model", *refs]
    assert {ref for one in bill["dependencies"] for ref in one["dependsOn"]} == set(refs)


def test_it_is_the_same_each_time() -> None:
    assert json.dumps(bill_of_materials([])) == json.dumps(bill_of_materials([]))


def test_the_package_of_a_fitted_object_is_listed_though_it_belongs_to_an_extra(
    tmp_path: Path,
) -> None:
    lightgbm = extra("lightgbm")
    model = lightgbm.LGBMClassifier(n_estimators=1, min_child_samples=1).fit([[0], [1]], [0, 1])
    save_model(model, tmp_path / "model.skops")
    found = names(bill_of_materials([tmp_path / "model.skops"]))
    assert found - names(bill_of_materials([])) == {"lightgbm"}


def test_an_adapter_of_the_library_brings_the_packages_that_it_needs(tmp_path: Path) -> None:
    extra("skorch")
    save_model(MLPClassifier(), tmp_path / "model.skops")
    found = names(bill_of_materials([tmp_path / "model.skops"]))
    assert {"skorch", "torch"} <= found - names(bill_of_materials([]))


def test_the_bundle_contains_it(project: Project) -> None:
    bill = json.loads(Path("models/bundle/sbom.cdx.json").read_text(encoding="utf-8"))
    assert {"catboost", "scikit-learn", "skops", "dvc", "diskcache"} <= names(bill)
    assert "sbom.cdx.json" in json.loads(Path("models/bundle/sha256.json").read_text())
    assert "`sbom.cdx.json`" in Path("models/bundle/README.md").read_text(encoding="utf-8")
