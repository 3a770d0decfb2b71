"""Type hints of tools as the schema of their settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import pandas as pd

from pedigree.config.arguments import hints

if TYPE_CHECKING:
    from decimal import Decimal

Short = Annotated[str, "short"]


class Tool:
    def __init__(self, action: Literal["clip", "flag"], name: Short, limit: float | None) -> None:
        """Take settings only."""


class SubTool(Tool):
    """Inherits the arguments."""


def half_known(price: Decimal, rows: pd.DataFrame[int], odd: pd.NoSuchThing, count: int) -> None:
    """Hints that only a type checker understands, and one that is fine."""


def test_hints_are_the_types_that_their_text_names() -> None:
    known = {
        "action": Literal["clip", "flag"],
        "name": Short,
        "limit": float | None,
        "return": type(None),
    }
    assert hints(Tool) == hints(SubTool) == known


def test_a_hint_that_only_a_type_checker_understands_hides_no_other() -> None:
    assert hints(half_known) == {"count": int, "return": type(None)}


def test_a_callable_without_hints_has_none() -> None:
    assert hints(lambda x: x) == {}
