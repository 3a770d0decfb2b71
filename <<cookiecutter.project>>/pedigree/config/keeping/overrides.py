"""The values that differ between composed settings and others, and the settings with these values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

from omegaconf import OmegaConf

Path = tuple[str, ...]
REMOVED = object()  # the value of a key that only the composed settings have


def changed_values(before: Any, after: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Find what must be set to turn settings into others.

    Parameters
    ----------
    before, after : object
        Settings, all references resolved.
    path : tuple of str
        The keys under which they stand.

    Yields
    ------
    path : tuple of str
    value : object
        The value afterwards; `REMOVED` if there is none.
    """
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in {**before, **after}:
            if key not in before or key not in after:
                yield (*path, key), after.get(key, REMOVED)
            else:
                yield from changed_values(before[key], after[key], (*path, key))
    elif repr(before) != repr(after):  # 1, 1.0 and true are equal, but not the same setting
        yield path, after


def resolved(references: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings with the references in them replaced by values."""
    config = OmegaConf.create(dict(references))
    OmegaConf.resolve(config)
    return OmegaConf.to_container(config)  # type: ignore[return-value]


def with_overrides(
    references: Mapping[str, Any], wanted: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[Path, Any]]:
    """Set as few values as possible to turn composed settings into others: what others refer to first.

    Parameters
    ----------
    references : mapping
        The composed settings, with the references in them.
    wanted : mapping
        Settings without references.

    Returns
    -------
    references : dict
        The settings with the values, which resolve to the wanted ones.
    overrides : dict
        The values by path; `REMOVED` for a key to remove.
    """
    settings, overrides = deepcopy(dict(references)), dict[Path, Any]()
    while pending := dict(changed_values(values := resolved(settings), wanted)):
        literal = {path: one for path, one in pending.items() if not refers(settings, path)}
        for path, value in (literal or pending).items():
            put(settings, path, without_references(value), values)
            overrides[path] = value
    return settings, overrides


def refers(settings: Any, path: Path) -> bool:
    """Return whether a value comes from elsewhere, since it or a section around it is a reference.

    Parameters
    ----------
    settings : dict
        With the references in them.
    path : tuple of str
    """
    for key in path:
        settings = settings.get(key) if isinstance(settings, dict) else None
        if isinstance(settings, str) and "${" in settings:
            return True
    return False


def put(settings: Any, path: Path, value: Any, values: Any = None) -> None:
    """Set a value, or remove its key.

    Parameters
    ----------
    settings : dict
        Changed in place.
    path : tuple of str
    value : object
        The value; `REMOVED` removes the key.
    values : dict, optional
        The resolved settings, from which a section is taken that is a reference so far.
    """
    *above, last = path
    for key in above:
        values = values.get(key) if isinstance(values, dict) else None
        if not isinstance(settings.get(key), dict):
            settings[key] = without_references(values) if isinstance(values, dict) else {}
        settings = settings[key]
    if value is REMOVED:
        del settings[last]
    else:
        settings[last] = value


def without_references(value: Any) -> Any:
    """Return a copy of a value in which nothing is read as a reference."""
    if isinstance(value, dict):
        return {key: without_references(one) for key, one in value.items()}
    if isinstance(value, list):
        return [without_references(one) for one in value]
    return value.replace("${", "\\${") if isinstance(value, str) else value


def in_order_of(settings: Any, other: Any) -> Any:
    """Return settings with their keys in the order of others with the same keys."""
    if not (isinstance(settings, dict) and isinstance(other, dict)):
        return settings
    return {key: in_order_of(settings[key], other[key]) for key in other}
