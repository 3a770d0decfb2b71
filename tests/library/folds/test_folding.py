"""Folds: every row is held out once, groups stay together, nothing is fitted on what is held out."""

import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import BaseEstimator, TransformerMixin

from pedigree.base.names import UserError
from pedigree.folds.folding import folds

CUT = {"classify": True, "groups": None, "when": None, "n": 3, "repeats": 1, "seed": 0}


class Remember(TransformerMixin, BaseEstimator):
    """Write down which rows it was fitted on."""

    def fit(self, X: pd.DataFrame, y: object = None) -> "Remember":
        self.rows_ = list(X.index)
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        return X.assign(fitted_on=[self.rows_] * len(X))


def rows(n: int = 60) -> tuple[pd.DataFrame, np.ndarray]:
    random = np.random.default_rng(0)
    return pd.DataFrame({"x": random.normal(size=n)}), np.arange(n) % 2


@pytest.mark.parametrize("seed", [0, 1])
def test_every_row_is_held_out_once_in_a_round(seed: int) -> None:
    X, y = rows()
    for n, repeats in ((3, 1), (4, 2)):
        cut = list(folds(X, y, [], **CUT | {"n": n, "repeats": repeats, "seed": seed}))
        assert len(cut) == n * repeats
        held_out = np.sort(np.concatenate([fold.rows_held_out for fold in cut]))
        assert held_out.tolist() == np.repeat(np.arange(60), repeats).tolist()


def test_each_round_is_drawn_anew() -> None:
    X, y = rows()
    cut = list(folds(X, y, [], **CUT | {"repeats": 2}))
    assert cut[0].rows_held_out.tolist() != cut[3].rows_held_out.tolist()


@given(st.integers(0, 99), st.booleans())
def test_no_group_is_on_both_sides_of_a_fold(seed: int, classify: bool) -> None:
    X, y = rows()
    groups = np.random.default_rng(seed).integers(0, 12, len(X))
    for fold in folds(X, y, [], **CUT | {"groups": groups, "seed": seed, "classify": classify}):
        inside = np.setdiff1d(np.arange(len(X)), fold.rows_held_out)
        assert not set(groups[inside]) & set(groups[fold.rows_held_out])


def test_what_chooses_by_folds_of_its_own_is_told_how_to_cut_them() -> None:
    """Inside a fold, by the groups and times of that fold's own rows."""

    class Selector(Remember):
        def fit(self, X: pd.DataFrame, y: object = None, cut: object = None) -> "Selector":
            self.parts_ = [[list(X.index[side]) for side in pair] for pair in cut(2)]
            return super().fit(X, y)

        def transform(self, X: pd.DataFrame) -> pd.DataFrame:
            return X.assign(parts=[self.parts_] * len(X))

    X, y = rows()
    groups = np.arange(60) // 4
    for fold in folds(X, y, [Selector()], **CUT | {"groups": groups}):
        for train, held_out in fold.X["parts"].iloc[0]:
            assert set(train) | set(held_out) == set(X.index) - set(fold.rows_held_out)
            assert not set(groups[train]) & set(groups[held_out])


def test_transformers_are_fitted_again_inside_each_fold() -> None:
    X, y = rows()
    outside = Remember().fit(X)
    for fold in folds(X, y, [outside], **CUT):
        fitted_on = set(fold.X["fitted_on"].iloc[0])
        assert fitted_on == set(X.index) - set(fold.rows_held_out)
        assert fold.X_held_out["fitted_on"].iloc[0] == fold.X["fitted_on"].iloc[0]
    assert outside.rows_ == list(X.index)


@pytest.mark.parametrize("classify", [True, False])
def test_a_fold_of_fewer_rows_learns_its_features_from_those_too(classify: bool) -> None:
    X, y = rows()
    options = CUT | {"classify": classify}
    for few, whole in zip(
        folds(X, y, [Remember()], **options | {"at_most": 24}),
        folds(X, y, [Remember()], **options),
        strict=True,
    ):
        assert few.X["fitted_on"].iloc[0] == list(few.X.index) == list(few.rows)
        assert len(few.y) == 24
        assert set(few.rows) < set(whole.rows)
        assert few.rows_held_out.tolist() == whole.rows_held_out.tolist()


@pytest.mark.parametrize(("enough", "left"), [(1, 1), (20, 1), (21, 2), (60, 3), (1000, 3)])
def test_folds_are_left_out_as_long_as_the_others_hold_out_enough(enough: int, left: int) -> None:
    X, y = rows()
    every, some = (list(folds(X, y, [], **CUT | {"enough": e})) for e in (None, enough))
    assert [list(fold.rows) for fold in some] == [list(fold.rows) for fold in every[-left:]]


@given(st.lists(st.one_of(st.none(), st.integers(0, 9)), min_size=20, max_size=40))
def test_folds_by_time_hold_out_what_comes_after(moments: list) -> None:
    when = pd.Series(
        pd.to_datetime("2020-01-01") + pd.to_timedelta(pd.array(moments, "Int64"), "D")
    )
    X = pd.DataFrame({"x": range(len(moments))})
    y = np.arange(len(moments)) % 2
    try:
        cut = list(folds(X, y, [], **CUT | {"when": when}))
    except UserError as error:
        assert re.search("cannot be split into 3 folds|none of the 3 folds", str(error))
        return
    for fold in cut:
        assert len(set(fold.y)) == 2
        inside, outside = when[fold.X["x"]], when[fold.rows_held_out]
        assert outside.notna().all()
        assert not (inside >= outside.min()).any()
        assert inside.isna().sum() == when.isna().sum()


def test_a_fold_whose_past_holds_one_class_is_left_out() -> None:
    when = pd.Series(pd.date_range("2020-01-01", periods=40))
    X = pd.DataFrame({"x": range(40)})
    late = np.r_[np.zeros(15, int), np.arange(25) % 2]
    assert len(list(folds(X, late, [], **CUT | {"when": when}))) == 2
    never = np.r_[np.zeros(39, int), 1]
    with pytest.raises(UserError, match="none of the 3 folds by time has a past with more"):
        list(folds(X, never, [], **CUT | {"when": when}))


def test_the_past_of_the_penguins_is_fitted_and_their_future_held_out(
    penguins: pd.DataFrame,
) -> None:
    when = penguins["date_egg"]
    y = np.arange(len(penguins)) % 2
    cut = list(folds(penguins, y, [], **CUT | {"when": when, "n": 4, "repeats": 3}))
    assert len(cut) == 4
    assert [len(fold.X) for fold in cut] == sorted(len(fold.X) for fold in cut)
    for fold in cut:
        assert fold.X["date_egg"].max() < fold.X_held_out["date_egg"].min()


def test_too_few_rows_of_a_class_are_named() -> None:
    X, _ = rows(10)
    with pytest.raises(UserError, match="a class has 2 training rows, but 3 folds require as many"):
        list(folds(X, np.array([0] * 8 + [1] * 2), [], **CUT))


def test_too_few_groups_are_named() -> None:
    X, y = rows(10)
    with pytest.raises(UserError, match="cannot be split into 3 folds"):
        list(folds(X, y, [], **CUT | {"groups": np.zeros(10)}))
