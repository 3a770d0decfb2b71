"""Rendering with Jinja2: values are escaped, and an undefined name in a template is an error."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

from jinja2 import (
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    PrefixLoader,
    StrictUndefined,
    TemplateNotFound,
    TemplateSyntaxError,
    UndefinedError,
)
from jinja2.environment import TemplateModule
from markupsafe import Markup

import pedigree
from pedigree.base.names import UserError
from pedigree.report.formatting import (
    breaks,
    interval,
    number,
    percent,
    printable,
    short,
    table_cell,
)


@dataclass(frozen=True, kw_only=True)
class PagePart:
    """A part of a page: its fields are the variables of its template.

    Parameters
    ----------
    template : str
        Name of the template. Those of the library are named by their path, such as
        ``pedigree/report/page/table.html.j2``; those of the owner by their path in the owner's folder.
    """

    template: str


@cache
def jinja_environment(templates: Path | None = None, *, escape: bool = True) -> Environment:
    """Return the environment for rendering templates.

    Parameters
    ----------
    templates : Path, optional
        A folder with the owner's templates.
    escape : bool
        Whether values are escaped for HTML.
    """
    library = PrefixLoader({"pedigree": FileSystemLoader(pedigree.__path__)})
    own = [] if templates is None else [FileSystemLoader(templates)]
    env = Environment(
        loader=ChoiceLoader([library, *own]),
        autoescape=escape,
        undefined=StrictUndefined,
        finalize=printable,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for one in (breaks, interval, number, percent, short, table_cell):
        env.filters[one.__name__] = one
    env.tests["finite"] = math.isfinite
    env.globals["render"] = partial(_render_part, env)
    return env


def rendered(env: Environment, template: str, values: dict[str, Any]) -> TemplateModule:
    """Render a template.

    Parameters
    ----------
    env : Environment
    template : str
        Its name.
    values : dict
        Its variables.

    Returns
    -------
    TemplateModule
        ``str()`` returns the text; names that the template sets are attributes.

    Raises
    ------
    UserError
        A template is missing or contains an error.
    """
    try:
        return env.get_template(template).make_module(values)
    except TemplateNotFound as error:
        raise UserError(
            f"template {error.name} does not exist; add it, or fix the name."
        ) from error
    except TemplateSyntaxError as error:
        raise UserError(f"{error.filename}, line {error.lineno}: {error.message}") from error
    except UndefinedError as error:
        raise UserError(f"template {template} uses an undefined name: {error.message}.") from error


def _render_part(env: Environment, part: PagePart, **values: Any) -> Markup:
    """Render a part inside another, optionally with more values; in templates, the function `render`."""
    return Markup(rendered(env, part.template, vars(part) | values))
