"""Names and values that mean something to a parser, a shell or a terminal."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st
from omegaconf import OmegaConf

from pedigree.adopting import Adoption, propose_settings
from pedigree.adopting.files import flow, setting
from pedigree.adopting.source import find_source
from pedigree.base.names import UserError, terminal_text
from pedigree.base.settings import Loader
from pedigree.data.contract_file import read_contract

ODD = ["${seed}", "${", "\\${x}", "1e5", "1E5", "1.5e3", "1_000", ".5", "0x1F", "1:30", "no", "null", "~", "???", "=", "<<"]  # fmt: skip
ODD += ["a: b", "- a", "# c", "&a", "*a", "!!python/none", "{", "[", "'", '"', "\u2028", "\x85", "\ufeffa", "a\nb", " a "]  # fmt: skip
TEXT = st.sampled_from(ODD) | st.lists(st.sampled_from(ODD), max_size=3).map("".join) | st.text(st.characters(exclude_categories=["Cs"]))  # fmt: skip
VALUES = st.recursive(
    TEXT | st.integers() | st.booleans() | st.none() | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=100)
@given(VALUES)
@example(["\u2028a\u2029\x85b", "x"])
def test_what_adopt_writes_into_a_contract_is_what_the_stages_read(value: Any) -> None:
    text = f"key: {flow(value)}  # comment\n"
    assert text.count("\n") == 1
    assert yaml.load(text, Loader=Loader) == {"key": value}


@settings(max_examples=100)
@given(TEXT | st.lists(TEXT, max_size=3) | st.dictionaries(TEXT, TEXT, max_size=3))
def test_what_adopt_writes_into_settings_is_what_hydra_reads_or_is_refused(value: Any) -> None:
    try:
        text = f"key: {setting(value)}  # comment\n"
    except UserError:
        assert "${" in str(value) or "???" in str(value)
        return
    assert OmegaConf.to_container(OmegaConf.create(text), resolve=True) == {"key": value}
    assert yaml.load(text, Loader=Loader) == {"key": value}


def adopt(path: Path, rows: pd.DataFrame, target: str) -> Adoption:
    rows.to_csv(path, index=False)
    return propose_settings(find_source(str(path), path.parent), target)


def rows(**columns: Any) -> pd.DataFrame:
    size = 90
    usual = {"x": [n % 17 for n in range(size)], "y": ["a", "b", "b"] * (size // 3)}
    return pd.DataFrame(usual | {name: list(values) * (size // len(values)) for name, values in columns.items()})  # fmt: skip


@pytest.fixture
def in_project(project: Any) -> None:
    """Run in a folder with conf/."""


@pytest.mark.parametrize("value", ["${seed}", "1e5", "a: b", "no", "\\${x}", "# c"])
def test_a_contract_lists_categories_as_they_are(in_project: None, tmp_path, value: str) -> None:
    adoption = adopt(tmp_path / "rows.csv", rows(h=[value, "other", "third"]), "y")
    text = next(text for path, text in adoption.contents.items() if path.parts[0] == "contracts")
    (tmp_path / "contract.yaml").write_text(text, encoding="utf-8")
    listed = read_contract(tmp_path / "contract.yaml")["columns"]["h"]["isin"]
    assert listed == sorted([value, "other", "third"])


def test_a_class_that_settings_would_resolve_is_refused(in_project: None, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="would be read as a reference"):
        adopt(tmp_path / "rows.csv", rows(y=["${oc.env:HOME}", "b", "b"]), "y")


@pytest.mark.parametrize(("target", "found"), [("target", "target_2"), ("Target", "target")])
def test_the_exact_spelling_of_the_target_wins(in_project: None, tmp_path, target, found) -> None:
    path = tmp_path / "rows.csv"
    both = rows().rename(columns={"x": "Target", "y": "target"})
    assert adopt(path, both.assign(other=both["Target"] % 5), target).problem.target.name == found


def test_a_target_that_is_there_twice_is_refused(in_project: None, tmp_path: Path) -> None:
    twice = rows(z=["a", "b"]).rename(columns={"z": "y"})
    with pytest.raises(UserError, match="2 columns named 'y'; rename"):
        adopt(tmp_path / "rows.csv", twice, "y")


def test_another_spelling_of_the_target_has_to_be_of_one_column(in_project, tmp_path) -> None:
    both = rows().rename(columns={"x": "My Y", "y": "my y"})
    for target in ("MY Y", "my_y"):  # the second is also the name that `load` gives the first one
        with pytest.raises(UserError, match="may be 'My Y' or 'my y'"):
            adopt(tmp_path / "rows.csv", both, target)
    assert adopt(tmp_path / "rows.csv", both, "my_y_2").problem.target.source_name == "my y"
    assert adopt(tmp_path / "rows.csv", rows(), "Y").problem.target.source_name == "y"


def test_names_without_letters_are_not_confused(in_project: None, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is not a column of the data"):
        adopt(tmp_path / "rows.csv", rows().rename(columns={"y": "年龄"}), "工资")


def test_a_name_that_no_contract_can_contain_is_refused(in_project: None, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="the name of column 1 has 1,048,576 characters"):
        adopt(tmp_path / "rows.csv", rows().rename(columns={"x": "n" * 2**20}), "y")


def test_a_message_has_no_control_characters_and_no_endless_names() -> None:
    assert terminal_text("a\x1b]0;title\x07b") == "a\ufffd]0;title\ufffdb"
    assert len(terminal_text(f"'{'x' * 2**20}' is not a column")) < 200
