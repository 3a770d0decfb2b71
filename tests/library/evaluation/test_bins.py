"""Slices are learnt on some rows and cut all others alike, whatever a column holds."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from omegaconf import OmegaConf

from pedigree.base.names import UserError
from pedigree.evaluation.bins import LONGEST, MISSING, OTHER, Binning, learn

DATES = st.datetimes(pd.Timestamp(1900, 1, 1), pd.Timestamp(2100, 1, 1))
NUMBERS = st.floats(allow_infinity=False, allow_nan=False)


def gaps(values: st.SearchStrategy, dtype: str) -> st.SearchStrategy[pd.Series]:
    listed = st.lists(st.none() | values, min_size=1, max_size=40)
    return listed.map(lambda one: pd.Series(one, dtype=dtype, name="x"))


WILD = st.one_of(
    gaps(NUMBERS, "float64"),
    gaps(st.integers(-(2**40), 2**40), "float64"),
    gaps(st.sampled_from([0.0, 1.0]), "float64"),
    gaps(st.booleans(), "boolean"),
    gaps(DATES, "datetime64[ns]"),
    gaps(st.sampled_from(["a", "b", "", MISSING, OTHER, "1", "nan"]), "str"),
    gaps(st.text(max_size=3 * LONGEST), "str"),
    st.integers(1, 9).map(lambda n: pd.Series([None] * n, dtype="float64", name="x")),
    st.integers(1, 9).map(lambda n: pd.Series(["same"] * n, dtype="str", name="x")),
)


def options(**changed: int) -> OmegaConf:
    return OmegaConf.create({"columns": 12, "bins": 4, "levels": 10, "min_rows": 32} | changed)


def problem(**changed: object) -> OmegaConf:
    given = {"target": "sex", "slices": None, "protected": [], "exclude": {}}
    return OmegaConf.create(given | changed)


def sizes(cut: Binning, rows: pd.DataFrame) -> dict[str, int]:
    counts = np.bincount(cut.codes(rows), minlength=len(cut.names))
    return {name: int(n) for name, n in zip(cut.names, counts, strict=True) if n}


@given(WILD)
def test_every_row_lies_in_one_slice_and_gaps_in_one_of_their_own(values: pd.Series) -> None:
    cut = Binning.learn(values, bins=4, levels=3)
    codes = cut.codes(values.to_frame())
    assert codes.min() >= 0
    assert cut.names[-1] == MISSING
    assert ((codes == len(cut.names) - 1) >= values.isna()).all()
    assert len(cut.names) <= 5
    assert all(len(name) <= 3 * LONGEST for name in cut.names)


@given(WILD)
def test_a_row_lies_in_the_same_slice_among_others_and_alone(values: pd.Series) -> None:
    cut = Binning.learn(values, bins=3, levels=3)
    alone = [cut.codes(values.iloc[[i]].to_frame())[0] for i in range(len(values))]
    assert cut.codes(values.to_frame()).tolist() == alone


def test_numbers_are_cut_at_their_quartiles(penguins: pd.DataFrame) -> None:
    cut = Binning.learn(penguins["body_mass_g"], bins=4, levels=10)
    assert cut.names == ["≤ 3550", "(3550, 4050]", "(4050, 4750]", "> 4750", MISSING]
    found = sizes(cut, penguins)
    assert found.pop(MISSING) == 2
    assert sum(found.values()) == 342
    assert max(found.values()) - min(found.values()) < 15
    at_the_edge = pd.DataFrame({"body_mass_g": [3550.0, 3550.1]})
    assert cut.codes(at_the_edge).tolist() == [0, 1]


def test_dates_are_cut_like_numbers(penguins: pd.DataFrame) -> None:
    cut = Binning.learn(penguins["date_egg"], bins=2, levels=10)
    assert cut.names == ["≤ 2008-11-09", "> 2008-11-09", MISSING]


def test_numbers_of_few_values_are_levels_in_the_order_of_their_size() -> None:
    cut = Binning.learn(pd.Series([10.0, 2.0, 3.0, 2.0, None], name="pclass"), bins=4, levels=10)
    assert cut.names == ["2", "3", "10", OTHER, MISSING]


@pytest.mark.parametrize(
    ("values", "names"),
    [
        ([0] * 90 + list(range(1, 11)), ["≤ 0", "> 0"]),
        ([9] * 90 + list(range(9)), ["≤ 8", "> 8"]),
    ],
)
def test_a_heap_of_equal_numbers_is_not_torn(values: list, names: list) -> None:
    assert Binning.learn(pd.Series(values, name="x"), bins=4, levels=10).names == [
        *names,
        MISSING,
    ]


def test_rare_levels_and_those_that_do_not_train_are_one_slice() -> None:
    train = pd.Series([*"aaabbbccd"], name="x")
    cut = Binning.learn(train, bins=4, levels=2)
    assert cut.names == ["a", "b", OTHER, MISSING]
    rows = pd.DataFrame({"x": ["a", "d", "new", None]})
    assert [cut.names[code] for code in cut.codes(rows)] == ["a", OTHER, OTHER, MISSING]


def test_only_training_rows_decide_where_the_cut_is(penguins: pd.DataFrame) -> None:
    half = penguins[penguins["body_mass_g"] < 4000]
    cut = Binning.learn(half["body_mass_g"], bins=2, levels=10)
    light, heavy, _ = cut.names
    assert sizes(cut, half)[light] == pytest.approx(sizes(cut, half)[heavy], rel=0.2)
    assert sizes(cut, penguins)[heavy] > 2 * sizes(cut, penguins)[light]


def test_few_levels_come_first_then_numbers_and_dates(penguins: pd.DataFrame) -> None:
    chosen = list(learn(penguins, problem(exclude={"comments": "late"}), options()))
    assert chosen[:3] == ["study_name", "species", "island"]
    assert {"body_mass_g", "date_egg"} <= set(chosen)
    # One value; as many values as rows; the target; excluded.
    assert not {"region", "stage", "individual_id", "sex", "comments"} & set(chosen)
    assert list(learn(penguins, problem(), options(columns=2))) == chosen[:2]


def test_of_columns_that_cut_alike_the_first_is_taken_unless_both_are_named(
    penguins: pd.DataFrame,
) -> None:
    rows = penguins[["species", "island"]].assign(kind=penguins["species"].str.upper())
    assert list(learn(rows, problem(), options())) == ["species", "island"]
    assert list(learn(rows, problem(protected=["kind"]), options())) == ["kind", "island"]
    both = problem(slices=["species", "kind"])
    assert list(learn(rows, both, options())) == ["species", "kind"]


def test_named_columns_may_be_excluded_ones_and_protected_ones_join_them(
    penguins: pd.DataFrame,
) -> None:
    asked = problem(slices=["comments"], protected=["island"], exclude={"comments": "late"})
    assert list(learn(penguins, asked, options())) == ["island", "comments"]


@pytest.mark.parametrize("key", ["slices", "protected"])
def test_a_column_that_is_not_there_is_told_with_the_nearest(
    penguins: pd.DataFrame, key: str
) -> None:
    with pytest.raises(UserError, match=rf"problem\.{key}: .*'iland'.*did you mean 'island'"):
        learn(penguins, problem(**{key: ["iland"]}), options())
