"""Credentials in settings, which are committed, and references to the environment, which would become such."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pedigree.base.secrets.forms import credential_form, is_credential_name
from pedigree.base.secrets.redaction import inherited, redact

# Mappings whose keys are columns or values of the data, for which any name is allowed.
OF_DATA = ("categories", "columns", "dates", "exclude", "rename", "types", "values")
# Mappings that are sent with requests, in which a name such as `key` or `code` counts as in an address.
OF_REQUESTS = ("headers", "params")
REFERENCE = "${"
NAME_IT = "write the name of an environment variable as a setting that ends in _env, not its value."


def secrets(settings: Any) -> Iterator[str]:
    """Find values of nested settings that look like credentials; the sentences do not show them."""
    variables = inherited()
    for place, text in _strings(settings):
        if _is_credential_key(place) and text.strip("*? "):
            yield (
                f"{_shown(place)} looks like a credential, and settings are committed; put it into an environment "
                f"variable and the variable's name here, as {redact(place[-1])}_env."
            )
        elif kind := _credential(place, text, variables):
            yield (
                f"{_shown(place)} holds what looks like a credential ({kind}), and settings are committed; remove it. Libraries "
                "look for credentials in environment variables and in their own files."
            )


def references(settings: Any) -> Iterator[str]:
    """Find values of nested settings that Hydra would replace where it creates a tool; `compose` leaves none."""
    for place, text in _strings(settings):
        if REFERENCE in text:
            yield f"{_shown(place)}: '{REFERENCE}' is not allowed in a value; {NAME_IT}"


def override_mistakes(override: str) -> Iterator[str]:
    """Find a credential in an override such as ``collect.params.key=value``, or a resolver that it calls."""
    name, _, text = override.partition("=")
    value: Any = text
    for part in reversed(name.rpartition(":")[2].lstrip("+~").split(".")):
        value = {part: value}
    yield from secrets(value)
    if called := called_resolver(text):
        yield f"{redact(name)}: {why_refused(called)}"


def why_refused(resolver: str) -> str:
    """Return why a resolver must not be called."""
    return f"{resolver} would write what it returns into params.yaml, which is committed; {NAME_IT}"


def called_resolver(text: str) -> str | None:
    """Return the resolver that OmegaConf would call for a text, such as `oc.env`, or None.

    Its result would be written into params.yaml. References to other settings call none.

    Examples
    --------
    >>> called_resolver("x # ${ oc.env:TOKEN}"), called_resolver("${model.${problem.kind}}")
    ('oc.env', None)
    """
    if REFERENCE not in text or ":" not in text:
        return None
    from omegaconf import grammar_parser
    from omegaconf.errors import GrammarParseError

    try:
        nodes = [grammar_parser.parse(text)]
    except GrammarParseError:  # whoever resolves it will refuse it
        nodes = []
    for node in nodes:  # grows meanwhile
        nodes += getattr(node, "children", None) or ()
    kinds = {type(node).__name__ for node in nodes}
    if nodes and "InterpolationResolverContext" not in kinds:
        return None
    found = re.search(r"\$\{\s*([\w.]+)\s*:", text)
    return found[1] if found else "a resolver"


def _shown(place: tuple[str, ...]) -> str:
    return redact(".".join(place))


def _credential(place: tuple[str, ...], text: str, variables: Mapping[str, str]) -> str | None:
    """Return what kind of credential a value contains, or None."""
    if place[-2:-1] and place[-2] in OF_REQUESTS:
        text = f"?{place[-1]}={text} {text}"
    if kind := credential_form(text):
        return kind
    return next(
        (f"the value of {name}" for value, name in variables.items() if value in text), None
    )


def _is_credential_key(place: tuple[str, ...]) -> bool:
    """Return whether the key of a value names a credential; items of a list have the key of the list."""
    return is_credential_name(place[-1]) and not (place[-2:-1] and place[-2] in OF_DATA)


def _strings(
    value: Any, place: tuple[str, ...] = (), above: frozenset[int] = frozenset()
) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield each string with the keys that lead to it; a key is a string, too."""
    if isinstance(value, str):
        yield place or ("",), value
    if isinstance(value, str) or id(value) in above:  # an alias of YAML can be a part of itself
        return
    above |= {id(value)}
    if isinstance(value, Mapping):
        for key, one in value.items():
            name = str(key)
            if REFERENCE in name or credential_form(name):
                yield (*place, "key"), name
            yield from _strings(one, (*place, name), above)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _strings(one, place, above)
