"""A bundle's software bill of materials (SBOM): the packages that it runs with, as CycloneDX 1.6."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Iterator
from importlib import import_module
from importlib.metadata import (
    PackageMetadata,
    PackageNotFoundError,
    distribution,
    packages_distributions,
)
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zipfile import ZipFile

from packaging.requirements import Requirement

from pedigree.base.extras import PYPROJECT
from pedigree.base.names import normalized
from pedigree.base.paths import LIBRARY, SCRIPTS

# What only some systems require is left out: a bundle has the same bytes on each.
SYSTEMS = (
    {
        "os_name": "posix",
        "platform_machine": "x86_64",
        "platform_system": "Linux",
        "sys_platform": "linux",
    },
    {
        "os_name": "posix",
        "platform_machine": "arm64",
        "platform_system": "Darwin",
        "sys_platform": "darwin",
    },
    {
        "os_name": "nt",
        "platform_machine": "AMD64",
        "platform_system": "Windows",
        "sys_platform": "win32",
    },
)
FILE = "sbom.cdx.json"  # in a bundle
MODEL_REF = "model"


def bill_of_materials(parts: Iterable[Path]) -> dict[str, Any]:
    """List the packages that a bundle runs with, in their installed versions.

    These are the dependencies in pyproject.toml, the packages of the fitted objects, which may belong to an extra,
    and all that these require, on every system. There is neither a date nor a random number in it.

    Parameters
    ----------
    parts : iterable of Path
        The fitted objects, as skops files.

    Returns
    -------
    dict
        A CycloneDX 1.6 document.
    """
    project = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["project"]
    roots = [*map(Requirement, project["dependencies"]), *_packages_of(parts)]
    found = _closure(roots)
    components = [_component(name) for name in sorted(found)]
    refs = {one["name"]: one["bom-ref"] for one in components}
    graph = {MODEL_REF: {normalized(one.name) for one in roots}} | {
        refs[name]: found[name] for name in sorted(found)
    }
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "machine-learning-model",
                "bom-ref": MODEL_REF,
                "name": project["name"],
            }
        },
        "components": components,
        "dependencies": [
            {"ref": ref, "dependsOn": [refs[name] for name in sorted(names & refs.keys())]}
            for ref, names in graph.items()
        ],
    }


def _packages_of(parts: Iterable[Path]) -> Iterator[Requirement]:
    """Return the packages that define the classes in fitted objects, or that our classes there declare to need."""
    modules: set[str] = set()
    for path in parts:
        with ZipFile(path) as archive:
            nodes = list(_nodes(json.loads(archive.read("schema.json"))))
        for module, name in nodes:
            top = module.partition(".")[0]
            own = top in (LIBRARY.name, SCRIPTS.name)
            modules |= set(
                getattr(getattr(import_module(module), name, None), "needs", ()) if own else [top]
            )
    owners = packages_distributions()
    for module in sorted(modules):
        yield from (Requirement(name) for name in sorted(set(owners.get(module, ()))))


def _nodes(node: Any) -> Iterator[tuple[str, str]]:
    """Yield module and name of each class that a skops schema mentions."""
    if isinstance(node, dict):
        if "__module__" in node and "__class__" in node:
            yield node["__module__"], node["__class__"]
        node = list(node.values())
    if isinstance(node, list):
        for one in node:
            yield from _nodes(one)


def _closure(roots: Iterable[Requirement]) -> dict[str, set[str]]:
    """Map the installed packages among some requirements, and among theirs, to the names that they require."""
    found: dict[str, set[str]] = {}
    seen: set[tuple[str, frozenset[str]]] = set()
    waiting = [*roots]
    while waiting:
        one = waiting.pop()
        name, extras = normalized(one.name), frozenset(one.extras)
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        try:
            listed = distribution(name).requires or []
        except PackageNotFoundError:
            continue
        needed = [one for one in map(Requirement, listed) if _everywhere(one, extras)]
        found.setdefault(name, set()).update(normalized(one.name) for one in needed)
        waiting += needed
    return found


def _everywhere(requirement: Requirement, extras: Iterable[str]) -> bool:
    """Return whether a package has a requirement on every system, with one of some extras or without any."""
    marker = requirement.marker
    return marker is None or all(
        any(marker.evaluate(system | {"extra": extra}) for extra in ("", *extras))
        for system in SYSTEMS
    )


def _component(name: str) -> dict[str, Any]:
    metadata = distribution(name).metadata  # parsed at each access
    version = metadata["Version"]
    purl = f"pkg:pypi/{name}@{quote(version, safe='')}"
    return {
        "type": "library",
        "bom-ref": purl,
        "name": name,
        "version": version,
        **({"licenses": stated} if (stated := _licences(metadata)) else {}),
        "purl": purl,
    }


def _licences(metadata: PackageMetadata) -> list[dict[str, Any]]:
    """Return a package's licences, as an SPDX expression or by name."""

    def values(key: str) -> list[str]:
        return [str(one).strip() for one in metadata.get_all(key, [])]

    if expressions := values("License-Expression"):
        return [{"expression": expressions[0]}]
    # Some packages have the whole text of the licence in this field.
    stated = [one for one in values("License") if one and len(one) < 80 and "\n" not in one]
    listed = [one.split(" :: ")[-1] for one in values("Classifier") if one.startswith("License ::")]
    return [{"license": {"name": one}} for one in stated or listed]
