"""Earlier rows and related tables: what counts is what was known before a row's moment."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from library.projects import Project
from sklearn.base import clone

from pedigree.base.names import UserError
from pedigree.base.tables import read_table
from pedigree.data.target import features
from pedigree.features.engineering import DeepFeatures, Lags, Related
from pedigree.storage import artifact

# Shop, day, amount: few of each, so that moments and gaps coincide.
ROWS = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", None]),
        st.none() | st.integers(0, 5),
        st.none() | st.integers(-9, 9),
    ),
    min_size=1,
    max_size=12,
)
ORDERS = """customer,ordered_on,amount,product
ada,2020-01-01,10,x
ada,2020-01-03,,y
ada,2020-01-05,40,x
bob,2020-01-02,5,z
,2020-01-02,99,z
bob,,99,z
"""


def days(*numbers: int | None) -> pd.Series:
    return pd.Series(pd.Timestamp("2020-01-01") + pd.to_timedelta(list(numbers), unit="D"))


def table(rows: list[tuple]) -> pd.DataFrame:
    shop, day, amount = zip(*rows, strict=True)
    return pd.DataFrame(
        {
            "shop": pd.Series(shop, dtype="str"),
            "day": days(*day),
            "amount": pd.Series(amount, dtype="float64"),
        }
    )


def lags(**settings) -> Lags:
    given_ = {"by": ["shop"], "lags": [1, 2], "windows": [2], "statistics": ["mean", "max"]}
    return Lags("day", **given_ | settings)


# --- earlier rows --------------------------------------------------------------------------------


def test_a_row_sees_the_earlier_rows_of_its_group() -> None:
    rows = table([("a", 3, 30), ("a", 1, 10), ("b", 2, 7), ("a", 2, 20)])
    out = lags().fit_transform(rows)
    assert list(out)[3:] == [
        "rows_before_by_shop",
        "amount_lag_1_by_shop",
        "amount_lag_2_by_shop",
        "amount_mean_of_last_2_by_shop",
        "amount_max_of_last_2_by_shop",
        "day_since_last_by_shop",
    ]
    nothing = [np.nan] * 6
    expected = [[2, 20, 10, 15, 20, 1], nothing, nothing, [1, 10, np.nan, 10, 10, 1]]
    assert out.to_numpy()[:, 3:].astype(float).tolist() == pytest.approx(
        np.array(expected), nan_ok=True
    )


def test_rows_of_one_moment_see_none_of_each_other() -> None:
    rows = table([("a", 1, 1), ("a", 2, 20), ("a", 2, 40), ("a", 3, 5)])
    out = lags().fit_transform(rows)
    assert out["amount_lag_1_by_shop"].tolist()[1:] == [1, 1, 40]
    assert out["amount_mean_of_last_2_by_shop"].tolist()[1:] == [1, 1, 30]


def test_rows_that_are_predicted_see_the_training_rows_and_not_each_other() -> None:
    fitted = lags().fit(table([("a", 1, 1), ("a", 2, 2)]))
    later = fitted.transform(table([("a", 8, 100), ("a", 9, 200), ("c", 9, 1), (None, 9, 1)]))
    assert later["amount_lag_1_by_shop"].tolist()[:2] == [2, 2]
    assert later["day_since_last_by_shop"].tolist()[:2] == [6, 7]
    assert later.iloc[2:, 3:].isna().all(axis=None)
    between = fitted.transform(table([("a", 2, 100), ("a", None, 100)]))
    assert between["amount_lag_1_by_shop"].tolist()[0] == 1
    assert between.iloc[1, 3:].isna().all()


def test_without_groups_all_rows_are_one_series_and_numbers_may_tell_the_time() -> None:
    rows = pd.DataFrame({"year": [2001, 2003, 2002], "x": [1, 3, 2]})
    out = Lags("year", windows=[]).fit_transform(rows)
    assert out["x_lag_1"].tolist()[1:] == [2, 1]
    assert np.isnan(out["x_lag_1"][0])
    with pytest.raises(UserError, match="column 'shop' cannot order rows in time"):
        Lags("shop").fit(table([("a", 1, 1)]))


def test_a_delay_hides_what_was_not_known_yet() -> None:
    rows = table([("a", 1, 10), ("a", 2, 20), ("a", 5, 50)])
    out = lags(delay=2).fit_transform(rows)
    assert out["amount_lag_1_by_shop"].isna().tolist() == [True, True, False]
    assert out["amount_lag_1_by_shop"][2] == 20
    assert out["day_since_last_by_shop"][2] == 3


def test_earlier_answers_may_be_seen_and_never_the_rows_own() -> None:
    rows = table([("a", 1, 10), ("a", 2, 20)])
    out = lags(target=True).fit(rows, np.array([0, 1])).transform(rows)
    assert out["target_lag_1_by_shop"].tolist()[1] == 0
    for answers in (None, np.array([0, 2])):
        with pytest.raises(UserError, match="require a numeric or binary target"):
            lags(target=True).fit(rows, answers)


@given(ROWS, st.data())
def test_no_later_row_changes_the_features_of_an_earlier_one(rows, data) -> None:
    """Nor does one of the same moment, in another order or with other values."""
    whole = table(rows)
    before = lags().fit_transform(whole).iloc[:, 3:]
    now = data.draw(st.integers(0, 5))
    later = ~(whole["day"] < days(now)[0]).to_numpy()
    changed = whole.copy()
    changed.loc[later, "amount"] = data.draw(st.integers(-99, 99))
    changed.loc[later, "shop"] = "a"
    extra = table([("a", now, 77), ("b", now + 3, 77)])
    fitted = lags().fit(pd.concat([extra, changed], ignore_index=True))
    seen = (whole["day"] <= days(now)[0]).to_numpy()
    after = fitted.transform(whole).iloc[:, 3:]
    pd.testing.assert_frame_equal(after[seen], before[seen])


@given(ROWS)
def test_what_a_row_sees_is_what_a_loop_over_the_rows_finds(rows) -> None:
    whole = table(rows)
    out = lags().fit_transform(whole)
    for place, row in whole.iterrows():
        earlier = whole[(whole["shop"] == row["shop"]) & (whole["day"] < row["day"])]
        amounts = earlier.sort_values("day", kind="stable")["amount"].tolist()
        expected = [
            amounts[-1] if amounts else np.nan,
            amounts[-2] if len(amounts) > 1 else np.nan,
            pd.Series(amounts[-2:], dtype="float64").mean(),
            pd.Series(amounts[-2:], dtype="float64").max(),
        ]
        got = out.iloc[place, 4:8].astype(float).tolist()
        assert got == pytest.approx(expected, nan_ok=True)


# --- a related table -----------------------------------------------------------------------------


@pytest.fixture
def orders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = Path("data/external/orders.csv")
    path.parent.mkdir(parents=True)
    path.write_text(ORDERS)
    return path


@pytest.fixture
def asked() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "customer": ["ada", "ada", "ada", "bob", "eve", None, "ada"],
            "asked_on": days(0, 2, 9, 9, 9, 9, None),
        }
    )


def related(**settings) -> Related:
    return Related("data/external/orders.csv", "customer", **settings)


def test_related_rows_strictly_before_the_moment_are_summed_up(
    orders: Path, asked: pd.DataFrame
) -> None:
    statistics = {"amount": ["mean", "sum", "last"], "product": ["nunique"]}
    out = related(statistics=statistics, time="asked_on", child_time="ordered_on").fit_transform(
        asked
    )
    none = np.nan
    assert list(out)[2:] == [
        "orders_count",
        "orders_amount_mean",
        "orders_amount_sum",
        "orders_amount_last",
        "orders_product_nunique",
        "orders_since_last",
    ]
    expected = [
        [0, none, none, none, none, none],  # her first order is of that very day
        [1, 10, 10, 10, 1, 2],
        [3, 25, 50, 40, 2, 5],
        [1, 5, 5, 5, 1, 8],
        [0, none, none, none, none, none],  # unknown
        [none] * 6,  # nobody
        [none] * 6,  # no moment
    ]
    assert out.iloc[:, 2:].to_numpy() == pytest.approx(np.array(expected), nan_ok=True)


def test_without_a_time_all_related_rows_count(orders: Path, asked: pd.DataFrame) -> None:
    out = related().fit_transform(asked)
    assert list(out)[2:] == ["orders_count", "orders_amount_mean", "orders_amount_sum"]
    assert out["orders_count"].tolist()[:5] == [3, 3, 3, 2, 0]  # bob's order without a day as well
    assert out["orders_amount_sum"].tolist()[3] == 104


def test_the_table_is_read_once_and_predictions_need_no_file(
    orders: Path, asked: pd.DataFrame, tmp_path: Path
) -> None:
    fitted = related().fit(asked)
    expected = fitted.transform(asked)
    artifact.save_model(fitted, tmp_path / "fitted")
    orders.unlink()
    loaded = artifact.load_model(tmp_path / "fitted")
    pd.testing.assert_frame_equal(loaded.transform(asked), expected)
    # The folds of a cross-validation fit clones.
    pd.testing.assert_frame_equal(clone(loaded).fit(asked.head(1)).transform(asked), expected)
    with pytest.raises(UserError, match=r"orders\.csv does not exist"):
        related().fit(asked)


def test_columns_that_the_table_lacks_are_named(orders: Path, asked: pd.DataFrame) -> None:
    with pytest.raises(UserError, match=r"orders\.csv has no column 'client'; known are: amount"):
        related(child_key="client").fit(asked)
    with pytest.raises(UserError, match="no column 'amout'; did you mean 'amount'"):
        related(statistics={"amout": ["sum"]}).fit(asked)
    with pytest.raises(UserError, match="column 'product' is not numeric, so it has no mean"):
        related(statistics={"product": ["mean"]}).fit(asked)


@pytest.mark.slow
@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_visits_of_an_island_become_features_of_a_penguin(copy_of, task: str) -> None:
    project: Project = copy_of(task)
    visits = "island,day,people\n" + "".join(
        f"{island},{day},{place}\n"
        for place, (island, day) in enumerate(
            [("Dream", "2007-11-01"), ("Biscoe", "2007-11-12"), ("Dream", "2008-11-10")]
        )
    )
    project.write("data/external/visits.csv", visits)
    settings = {
        "_target_": "pedigree.features.engineering.Related",
        "path": "data/external/visits.csv",
        "key": "island",
        "time": "date_egg",
        "child_time": "day",
    }
    project.write("conf/engineer/visits.yaml", {"steps": {"visits": settings}})
    project.compose("engineer=visits")
    project.run("engineer", "select", "compare", "train")
    rows, out = read_table(Path("data/split/train")), read_table(Path("data/features/train"))
    dream = out["island"] == "Dream"
    late = rows["date_egg"] > pd.Timestamp("2008-11-10")
    assert set(out["visits_people_sum"][dream & late]) == {2.0}  # 0 + 2
    assert set(out["visits_count"][out["island"] == "Torgersen"]) == {0.0}


@pytest.mark.slow
def test_a_key_that_the_model_may_not_see_is_refused(project: Project) -> None:
    step = {
        "_target_": "pedigree.features.engineering.Lags",
        "time": "date_egg",
        "by": ["individual_id"],
    }
    project.write("conf/engineer/mine.yaml", {"steps": {"lags": step}})
    project.compose("engineer=mine")
    with pytest.raises(
        UserError, match=r"engineer\.steps\.lags: by 'individual_id' is the target or excluded"
    ):
        project.run("engineer")


@pytest.mark.slow
@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
@pytest.mark.parametrize("option", ["none", "rich", "text", "text_hashing", "lags"])
def test_a_row_alone_gets_the_features_that_it_gets_among_others(
    copy_of, option: str, task: str
) -> None:
    project: Project = copy_of(task)
    project.compose(f"engineer={option}")
    project.run("engineer")
    rows = features(read_table(Path("data/split/test")), project.settings("engineer").problem)
    engineer = artifact.load_model(Path("models/engineer.skops"))
    together = engineer.transform(rows)
    alone = engineer.transform(rows.iloc[[5]])
    pd.testing.assert_frame_equal(alone, together.iloc[[5]], check_dtype=False)
    assert together.shape[1] < 80


# --- deep feature synthesis ----------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.legacy
def test_deep_features_see_what_is_strictly_before_the_cutoff(
    orders: Path, asked: pd.DataFrame, tmp_path: Path
) -> None:
    step = DeepFeatures(
        "data/external/orders.csv",
        "customer",
        "asked_on",
        child_time="ordered_on",
        trans_primitives=["month"],
    )
    assert list(step.mistakes()) == []
    out = step.fit(asked).transform(asked)
    native = related(time="asked_on", child_time="ordered_on").fit_transform(asked)
    assert out["count_orders"].tolist()[:5] == native["orders_count"].tolist()[:5]
    known = native["orders_count"] > 0
    for deep, plain in {
        "mean_orders_amount": "orders_amount_mean",
        "sum_orders_amount": "orders_amount_sum",
    }.items():
        assert out[deep][known].tolist() == native[plain][known].tolist()
    assert out["mode_orders_product"].tolist()[1:4] == ["x", "x", "z"]
    assert out["mode_orders_month_ordered_on"].tolist()[1] == "1"
    assert out.iloc[5:, 2:].isna().all(axis=None)
    artifact.save_model(step, tmp_path / "one")
    artifact.save_model(clone(step).fit(asked), tmp_path / "two")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    orders.unlink()
    loaded = artifact.load_model(tmp_path / "one")
    pd.testing.assert_frame_equal(loaded.transform(asked.iloc[[2]]), out.iloc[[2]])
    assert list(clone(loaded).fit(asked).transform(asked)) == list(out)


@pytest.mark.slow
@pytest.mark.legacy
def test_deep_features_without_a_time_do_not_depend_on_today(
    orders: Path, asked: pd.DataFrame
) -> None:
    step = DeepFeatures("data/external/orders.csv", "customer", agg_primitives=["count", "std"])
    out = step.fit(asked).transform(asked)
    assert out["count_orders"].tolist()[:5] == [3, 3, 3, 2, 0]
    wrong = DeepFeatures("data/external/orders.csv", "customer", agg_primitives=["avg"])
    assert "aggregation primitive 'avg' does not exist" in next(wrong.mistakes())
