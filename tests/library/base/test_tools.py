"""What an owner's tool raises is shown as it is; a call that it does not accept ends in a sentence."""

import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pedigree.base.names import UserError
from pedigree.base.tools import at, described, instantiate

OWN = """
def rows(folder, count):
    return {"a": 1}[folder] if count else "a" + 1

def refused(folder):
    raise KeyError("first") from ValueError("second")

class Holder:
    def __init__(self, inner):
        self.inner = inner
"""


@pytest.fixture(autouse=True)
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "own_of_tests.py").write_text(OWN, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    yield
    sys.modules.pop("own_of_tests", None)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, r"rows\(\) missing 1 required positional argument: 'count'"),
        ({"count": 1, "more": 2}, r"rows\(\) got an unexpected keyword argument 'more'"),
    ],
)
def test_a_call_that_a_tool_does_not_accept_is_a_sentence(
    settings: dict[str, Any], message: str
) -> None:
    wanted = f"own_of_tests.rows does not accept the arguments of this call: {message}"
    inner = {"_target_": "own_of_tests.rows", "folder": "a", **settings}
    for tool in (inner, {"_target_": "own_of_tests.Holder", "inner": inner}):
        with pytest.raises(UserError, match=wanted):
            instantiate(tool)


@pytest.mark.parametrize(("count", "kind"), [(1, KeyError), (0, TypeError)])
def test_an_error_inside_a_tool_is_shown_as_it_is(count: int, kind: type[Exception]) -> None:
    with pytest.raises(kind) as caught, at("clean.steps.mine"):
        instantiate({"_target_": "own_of_tests.rows", "folder": "b", "count": count})
    shown = "".join(traceback.format_exception(caught.value))
    assert "own_of_tests.py" in shown
    assert "InstantiationException" not in shown
    assert "Raised by own_of_tests.rows" in shown
    assert "clean.steps.mine, in conf/clean/" in shown


def test_an_error_keeps_its_own_cause() -> None:
    with pytest.raises(KeyError) as caught:
        instantiate({"_target_": "own_of_tests.refused"}, folder="b")
    assert isinstance(caught.value.__cause__, ValueError)


def test_a_value_is_described_briefly() -> None:
    assert [described(one) for one in (None, 5, "high", [1])] == ["None", "5", "'high'", "a list"]
