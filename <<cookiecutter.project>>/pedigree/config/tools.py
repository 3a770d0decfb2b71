"""Tools by name: whether they exist, which arguments they accept, and how to install missing packages."""

from __future__ import annotations

import inspect
import re
import tomllib
from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.metadata import packages_distributions
from importlib.util import find_spec
from itertools import chain
from pathlib import Path
from typing import Any

from pedigree.base.extras import LEGACY, PYPROJECT, way_to_add, way_to_pip
from pedigree.base.names import UserError, did_you_mean, nearest, normalized
from pedigree.base.paths import LIBRARY, SCRIPTS
from pedigree.config.owned.calls import wrong_call

# Keys of a tool's settings that its stage reads itself and does not pass on.
STAGE_KEYS = {
    "clean": {"training_only"},
    "collect": {"as_of", "min_rows", "max_shrink"},
    "profile": {"max_rows"},
    "split": {"name"},
    "tune": {"trials", "seconds", "folds", "rows", "confidence"},
}
# Names of packages on PyPI, where the module has another name.
DISTRIBUTIONS = {
    "sklearn": "scikit-learn",
    "yaml": "pyyaml",
    "bs4": "beautifulsoup4",
    "category_encoders": "category-encoders",
    "google.cloud.bigquery": "google-cloud-bigquery",
    "imblearn": "imbalanced-learn",
    "interpret": "interpret-core",
    "ydata_profiling": "ydata-profiling",
}
# Tools for classification only, apart from estimators, whose own tags declare it (`wrong_models`).
CLASSES_ONLY = (
    "category_encoders.WOEEncoder",
    "pedigree.prediction.calibration.Probabilities",
    "pedigree.features.selection.selectors.ChiSquare",
)
# Packages inside the project; their other requirements are declared by `needs`.
OURS = (LIBRARY.name, SCRIPTS.name)
NUMBERS_ONLY = ("pedigree.prediction.calibration.Intervals",)


def wrong_tools(data: dict[str, Any]) -> Iterator[str]:
    """Find tools that cannot be imported, and arguments that they do not accept."""
    for place, tool in tools(data):
        try:
            target = locate(tool["_target_"])
        except UserError as error:
            yield f"{place}._target_: {error}"
            continue
        own = STAGE_KEYS.get(place.split(".")[0], set())
        given = [name for name in tool if not name.startswith("_") and name not in own]
        known = parameters(target)
        unknown = [name for name in given if known is not None and name not in known]
        for name in unknown:
            yield f"{place}.{name}: {tool['_target_']} does not accept this argument; {did_you_mean(name, known or ())}"
        if not unknown and not tool.keys() & {"_args_", "_partial_"}:
            mistake = wrong_call(place, tool["_target_"], target, given)
            yield from [f"{place}: {mistake}"] if mistake else []


def wrong_kinds(data: dict[str, Any]) -> Iterator[str]:
    """Find tools for classification where the target is numeric, and the other way round."""
    kind = data["problem"]["kind"]
    fits, refused = (
        ("classification", CLASSES_ONLY) if kind == "regression" else ("regression", NUMBERS_ONLY)
    )
    for place, tool in tools(data):
        if tool["_target_"] in refused:
            group = place.split(".")[0]
            yield (
                f"{place}: {tool['_target_']} supports only {fits}, and the task is {kind}; "
                f"choose another option (`python -m pedigree options {group}`)."
            )


def tools(data: Any, place: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every mapping with a `_target_` and its place; references to other models are not tools."""
    if isinstance(data, dict):
        if data.get("_target_"):
            yield place, data
        for key, value in data.items():
            if key != "by_kind":  # contains both kinds; the one in force is under `estimator`
                yield from tools(value, f"{place}.{key}" if place else key)
    elif isinstance(data, list):
        for number, value in enumerate(data):
            yield from tools(value, f"{place}[{number}]")


def locate(name: str) -> Callable[..., Any]:
    """Import a class or function by its dotted name.

    Raises
    ------
    UserError
        The package is not installed (with the command that installs it), or has no such name.
    """
    module_name, _, attribute = name.rpartition(".")
    try:
        module = import_module(module_name)
    except ModuleNotFoundError as error:
        missing = (error.name or module_name).split(".")[0]
        if missing in OURS or (error.name and error.name != missing):
            raise UserError(f"module '{error.name}' does not exist.") from None
        raise UserError(_lack(name, missing)) from None
    if not callable(getattr(module, attribute, None)):
        public = [each for each in dir(module) if not each.startswith("_")]
        raise UserError(f"{module_name} has no '{attribute}'; {did_you_mean(attribute, public)}")
    for required in missing_modules(name):
        raise UserError(_lack(name, required))
    found: Callable[..., Any] = getattr(module, attribute)
    return found


def missing_packages(name: str) -> list[str]:
    """List the packages that a tool requires and that are not installed."""
    return [DISTRIBUTIONS.get(one, one) for one in missing_modules(name)]


def missing_modules(name: str) -> list[str]:
    """List the modules that a tool requires and that are not installed."""
    return [one for one in required_modules(name) if not _is_there(one)]


def required_modules(name: str) -> tuple[str, ...]:
    """List the modules that a tool requires.

    A library's own tool requires the library. An adapter of the project declares what it imports when it is
    used by an attribute of the class or function: ``needs = ("module", ...)``.
    """
    module_name, _, attribute = name.rpartition(".")
    modules: tuple[str, ...] = (name.split(".")[0],)
    if modules[0] in OURS:
        try:
            modules = getattr(getattr(import_module(module_name), attribute, None), "needs", ())
        except ModuleNotFoundError as error:  # the adapter's module imports it at its top
            absent = (error.name or module_name).split(".")[0]
            modules = () if absent in OURS else (absent,)
    return modules


def _is_there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # the parent package is missing
        return False


def _lack(name: str, module: str) -> str:
    """Return a sentence about a missing module: only a package that the project knows is worth installing."""
    package = DISTRIBUTIONS.get(module, module)
    if way := way_to_install(package):
        return f"{name} needs the package '{package}', which is not installed; {way}."
    user = "" if name.startswith(f"{module}.") else f", which {name} needs,"
    modules = {name: module for module, name in DISTRIBUTIONS.items()}
    known = {modules.get(one, one.replace("-", "_")) for one in known_packages()}
    hint = nearest(module, known | packages_distributions().keys())
    return f"module '{module}'{user} does not exist{f'; did you mean {hint!r}?' if hint else '.'}"


def known_packages(constraints: Path = Path("constraints.txt")) -> set[str]:
    """Return the normalized names of the packages that the project's constraints and extras name."""
    text = constraints.read_text(encoding="utf-8") if constraints.exists() else ""
    named = [*re.findall(r"(?m)^[\w.-]+", text), *chain.from_iterable(extras().values())]
    return set(map(normalized, named))


def extras(pyproject: Path = PYPROJECT) -> dict[str, list[str]]:
    """Return the packages of each extra of the project."""
    if not pyproject.exists():
        return {}
    listed = tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]
    return {
        extra: [re.split(r"[^\w.-]", one, maxsplit=1)[0] for one in requirements]
        for extra, requirements in listed["optional-dependencies"].items()
    }


def extra_of(package: str) -> str | None:
    """Return the extra of the project that contains a package."""
    return next((name for name, packages in extras().items() if package in packages), None)


def way_to_install(package: str) -> str | None:
    """Return how to install a package with uv or pip, by the extra that contains it, if one does.

    None for a package that the project does not know, whose name may be a typo: anybody can publish under such a name.
    """
    extra = extra_of(package)
    if extra == LEGACY:
        return f"{way_to_add(extra)} (in a separate environment: it requires pandas 2)"
    if extra:
        return way_to_add(extra)
    if normalized(package) not in known_packages():
        return None
    return f"run {way_to_pip(f'-c constraints.txt {package}')}"


def parameters(target: Callable[..., Any]) -> set[str] | None:
    """Return the names of a callable's arguments, or None if it accepts any."""
    try:
        found = inspect.signature(target).parameters.values()
    except (TypeError, ValueError):  # builtins without a signature
        return None
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in found):
        return None
    return {parameter.name for parameter in found}
