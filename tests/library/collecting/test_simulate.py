"""The made-up customers: reproducible, as dirty as asked for, and true to their formula."""

import hashlib
import json
import math
from decimal import Decimal, localcontext
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from library.projects import CONFIG, make_project
from pyarrow import parquet

from pedigree.base.names import UserError
from pedigree.cleaning import clean_rows
from pedigree.collecting import simulate
from pedigree.collecting.simulate import customers

USUAL = {
    "rows_per_part": 250_000,
    **{"missing": 0.05, "dirt": 0.1, "duplicates": 0.01},
    **{"drift": 0, "signal": 1, "months": 24, "seed": 42},
}
TIDY = {"missing": 0, "dirt": 0, "duplicates": 0}
COLUMNS = [
    *("customer_id", "observed_on", "signed_up_on", "tenure_months", "plan", "billing"),
    *("monthly_price", "country", "channel", "is_business", "age", "autopay", "newsletter"),
    *("usage_hours", "days_since_login", "support_calls", "late_payments", "satisfaction"),
    *("last_message", "churned"),
]
# What docs/simulate.md proposes for conf/clean/.
REPAIRS = {
    "trim_text": {"_target_": "pedigree.cleaning.trim_text"},
    "unify_missing": {
        "_target_": "pedigree.cleaning.unify_missing",
        "markers": ["", "-", "n/a", "unknown", "null"],
    },
    "unify_case": {
        "_target_": "pedigree.cleaning.unify_case",
        "columns": ["plan", "billing", "country", "channel"],
    },
    "without_units": {
        "_target_": "pedigree.cleaning.replace_text",
        "columns": ["monthly_price", "usage_hours"],
        "pattern": "[^0-9.,]",
        "replacement": "",
    },
    "decimal_point": {
        "_target_": "pedigree.cleaning.replace_text",
        "columns": ["monthly_price", "usage_hours"],
        "pattern": ",",
        "replacement": ".",
    },
    "year_first": {
        "_target_": "pedigree.cleaning.replace_text",
        "columns": ["signed_up_on"],
        "pattern": r"^(\d\d)\.(\d\d)\.(\d{4})$",
        "replacement": r"\3-\2-\1",
    },
    "dashes": {
        "_target_": "pedigree.cleaning.replace_text",
        "columns": ["signed_up_on"],
        "pattern": r"^(\d{4})/?(\d\d)/?(\d\d)$",
        "replacement": r"\1-\2-\3",
    },
    "fix_types": {
        "_target_": "pedigree.cleaning.fix_types",
        "columns": {
            "monthly_price": "float64",
            "usage_hours": "float64",
            "signed_up_on": "datetime64[ns]",
            "autopay": "boolean",
            "newsletter": "boolean",
        },
    },
    "drop_duplicates": {"_target_": "pedigree.cleaning.drop_duplicates", "training_only": True},
}


def made(folder: Path, rows: float = 3000, **knobs: Any) -> pd.DataFrame:
    """Make customers with the usual settings, and these."""
    folder.mkdir(exist_ok=True)
    simulate.collect(folder, **{**USUAL, "rows": rows, **knobs})
    return pd.concat(
        [pd.read_parquet(part) for part in sorted(folder.iterdir())], ignore_index=True
    )


def cleaned(rows: pd.DataFrame) -> pd.DataFrame:
    return clean_rows(rows, REPAIRS)[0]


def stated_probability(row: pd.Series, drift: float, signal: float, months: int) -> float:
    """Compute the truth of a tidy row, as docs/simulate.md states it."""
    month = (row.observed_on.year - 2024) * 12 + row.observed_on.month - 1
    d = drift * month / (months - 1)
    topic = "none"
    for word, name in {
        "works really well": "praise",
        "friendly and quick": "praise",
        "recommended you": "praise",
        "charged twice": "billing",
        "on the invoice": "billing",
        "was refused": "billing",
        "down again": "outage",
        "Nothing loads": "outage",
        "could not sign in": "outage",
        "thinking of leaving": "cancel",
        "Another provider": "cancel",
        "how to end my": "cancel",
    }.items():
        if isinstance(row.last_message, str) and word in row.last_message:
            topic = name
    usage, price = float(row.usage_hours), float(row.monthly_price)
    score = 15 / (6 + row.tenure_months) + 0.35 * min(row.support_calls, 3)
    score += 0.9 if row.billing == "monthly" else 0
    score += 0.4 if row.plan == "basic" else 0
    score += 0.7 if row.late_payments else 0
    score += 0.03 * row.days_since_login + 0.12 * (5 - row.satisfaction) ** 2
    score += 0 if row.is_business else 0.05 * max(0, 30 - row.age)
    score += 0.06 * max(0, price - 15) * max(0, 1 - usage / 20) * (1 + 2 * d)
    score -= 0.5 if row.autopay == "yes" else 0
    score -= 0.4 * (1 - 2 * d) if row.channel == "referral" else 0
    score += {"none": 0, "praise": -0.4, "billing": 0.3, "outage": 0.5, "cancel": 1.4}[topic]
    logit = -1.9 + signal * (score + 0.5 * d - 2.9)
    return 1 / (1 + math.exp(-logit))


# --- the same rows, everywhere -------------------------------------------------------------------


def test_the_columns_are_those_of_a_business_and_the_truth_is_not_among_them(
    tmp_path: Path,
) -> None:
    rows = made(tmp_path)
    assert list(rows) == COLUMNS
    assert len(rows) == 3000
    assert set(rows["churned"]) == {"yes", "no"}
    assert rows[["customer_id", "observed_on", "churned"]].notna().all(axis=None)


def test_two_runs_write_the_same_bytes_and_say_the_same(tmp_path: Path) -> None:
    accounts = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        accounts.append(simulate.collect(tmp_path / name, **{**USUAL, "rows": 2000}))
    one, two = ([p.read_bytes() for p in sorted((tmp_path / n).iterdir())] for n in ("one", "two"))
    assert one == two
    assert accounts[0] == accounts[1]


def test_a_smaller_snapshot_is_the_beginning_of_a_larger_one_however_both_are_cut(
    tmp_path: Path,
) -> None:
    larger = made(tmp_path / "larger", 45_000, rows_per_part=7000)
    smaller = made(tmp_path / "smaller", 25_000, rows_per_part=1e4)
    assert len(list((tmp_path / "larger").iterdir())) == 7
    assert len(list((tmp_path / "smaller").iterdir())) == 3
    pd.testing.assert_frame_equal(larger.head(25_000), smaller)


def test_a_part_is_the_same_file_whatever_the_number_of_rows(tmp_path: Path) -> None:
    made(tmp_path / "few", 20_000, rows_per_part=5000)
    made(tmp_path / "many", 40_000, rows_per_part=5000)
    for part in (tmp_path / "few").iterdir():
        assert part.read_bytes() == (tmp_path / "many" / part.name).read_bytes()


def test_another_seed_makes_other_customers(tmp_path: Path) -> None:
    one, other = made(tmp_path / "one"), made(tmp_path / "other", seed=43)
    assert (one["monthly_price"] != other["monthly_price"]).mean() > 0.5


def test_the_rows_are_those_of_every_other_machine(tmp_path: Path) -> None:
    """The fingerprint was taken once; a library that draws or rounds in another way changes it."""
    made(tmp_path, 25_000, drift=0.3, seed=7)
    text = json.dumps(parquet.read_table(tmp_path).to_pylist(), default=str)
    assert hashlib.sha256(text.encode()).hexdigest() == (
        "684fce48b58ac2fa97ce4b3d43449a6a46fc45508dbd73ff399b99c38af7f081"
    )


def test_no_probability_depends_on_how_a_machine_computes_exp() -> None:
    """Every one equals the exactly rounded one, and none lies near a boundary of rounding."""
    with localcontext() as context:
        context.prec = 40
        for place in range(0, 2 * customers.LIMIT + 1, 7):
            logit = Decimal(place - customers.LIMIT) / 1000
            exact = Decimal(10**6) / (1 + (-logit).exp())
            assert customers.PROBABILITIES[place] == int(exact.to_integral_value())
            assert abs(exact % 1 - Decimal("0.5")) > Decimal("1e-9")


# --- the truth -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "knobs", [{}, {"drift": 0.8, "signal": 1.5, "months": 12, "seed": 5}], ids=["plain", "drifting"]
)
def test_labels_are_drawn_with_the_stated_probability(
    tmp_path: Path, knobs: dict[str, Any]
) -> None:
    from sklearn.metrics import log_loss, roc_auc_score

    settings = {"drift": 0.0, "signal": 1.0, "months": 24, "seed": 42, **knobs}
    rows = made(tmp_path, 30_000, **TIDY, **settings)
    shape = (settings["drift"], settings["signal"], settings["months"])
    p = np.array([stated_probability(row, *shape) for row in rows.itertuples()])
    y = (rows["churned"] == "yes").to_numpy()
    for part in np.array_split(np.argsort(p), 10):  # from the safest tenth to the likeliest
        error = math.sqrt((p[part] * (1 - p[part])).sum()) / len(part)
        assert abs(y[part].mean() - p[part].mean()) < 4 * error
    best = simulate.best_auc(**settings)
    assert roc_auc_score(y, p) == pytest.approx(best["roc_auc"], abs=0.01)
    assert log_loss(y, p) == pytest.approx(best["log_loss"], abs=0.01)
    assert y.mean() == pytest.approx(best["churn_rate"], abs=0.01)


def test_the_best_auc_is_that_of_the_probability_averaged_over_labels() -> None:
    from sklearn.metrics import roc_auc_score

    blocks = [customers.draw_block(3, block, 24, 0.5, 2)["logit"] for block in range(2)]
    p = customers.PROBABILITIES[np.concatenate(blocks) + customers.LIMIT] / customers.MILLION
    rng = np.random.default_rng(0)
    areas = [roc_auc_score(rng.random(len(p)) < p, p) for _ in range(40)]
    best = simulate.best_auc(seed=3, drift=0.5, signal=2, rows=len(p))
    assert best["roc_auc"] == pytest.approx(np.mean(areas), abs=0.0015)


def test_without_signal_nothing_tells_customers_apart() -> None:
    assert simulate.best_auc(signal=0, rows=1000)["roc_auc"] == 0.5


def test_more_signal_raises_the_best_auc() -> None:
    areas = [simulate.best_auc(signal=signal, rows=1000)["roc_auc"] for signal in (0.5, 1, 2, 4)]
    assert areas == sorted(areas)
    assert areas[-1] - areas[0] > 0.15


def test_no_model_beats_the_best_auc_even_if_it_is_told_the_true_logit() -> None:
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.metrics import roc_auc_score

    train, test = customers.draw_block(42, 0, 24, 0, 1), customers.draw_block(42, 1, 24, 0, 1)
    told = HistGradientBoostingClassifier(max_iter=50, random_state=0)
    told.fit(train["logit"][:, None], train["churned"])
    guess = told.predict_proba(test["logit"][:, None])[:, 1]
    reached = roc_auc_score(test["churned"], guess)
    assert reached <= roc_auc_score(test["churned"], test["logit"]) + 0.002
    assert reached == pytest.approx(simulate.best_auc()["roc_auc"], abs=0.015)


def test_a_model_of_the_cleaned_rows_comes_near_the_best_auc(tmp_path: Path) -> None:
    from catboost import CatBoostClassifier
    from sklearn.metrics import roc_auc_score

    rows = cleaned(made(tmp_path, 40_000, **{**TIDY, "dirt": 0.3, "duplicates": 0.02}))
    y = (rows["churned"] == "yes").astype(int)
    X = rows.drop(columns=["customer_id", "observed_on", "signed_up_on", "churned"])
    X["last_message"] = X["last_message"].str.extract(
        "(leaving|Another|to end|down again|loads|sign in|twice|invoice|refused|well|quick|friend)"
    )
    texts = list(X.select_dtypes(["str", "object", "boolean"]))
    X[texts] = X[texts].astype("object").fillna("none").astype(str)
    number = rows["customer_id"].str[1:].astype(int)
    late = number > number.quantile(0.75)
    model = CatBoostClassifier(
        iterations=300, depth=4, learning_rate=0.08, random_seed=0, thread_count=2, verbose=0,
        cat_features=texts, one_hot_max_size=20, allow_writing_files=False,
    )  # fmt: skip
    model.fit(X[~late], y[~late])
    reached = roc_auc_score(y[late], model.predict_proba(X[late])[:, 1])
    best = simulate.best_auc()["roc_auc"]
    assert best - 0.025 < reached < best + 0.01


def test_a_customer_is_observed_month_by_month_and_leaves_once(tmp_path: Path) -> None:
    rows = made(tmp_path, 20_000, **TIDY)
    rows["month"] = pd.to_datetime(rows["observed_on"]).dt.to_period("M").map(lambda m: m.ordinal)
    of = rows.groupby("customer_id")
    assert of.size().max() == customers.OBSERVATIONS
    assert of.size().mean() > 3
    assert (of["month"].diff().dropna() == 1).all()
    assert (of["tenure_months"].diff().dropna() == 1).all()
    last = ~rows["customer_id"].duplicated(keep="last")
    assert (rows.loc[~last, "churned"] == "no").all()
    assert (rows.loc[last, "churned"] == "yes").mean() > 0.3


def test_the_tenure_is_that_since_the_date_of_signing_up(tmp_path: Path) -> None:
    rows = made(tmp_path, **TIDY)
    months = [pd.to_datetime(rows[c]).dt for c in ("observed_on", "signed_up_on")]
    observed, joined = (m.year * 12 + m.month for m in months)
    assert (observed - joined == rows["tenure_months"]).all()


# --- the knobs -----------------------------------------------------------------------------------


def test_tidy_rows_have_no_gap_but_where_nothing_is_to_be_said(tmp_path: Path) -> None:
    rows = made(tmp_path, **TIDY)
    gaps = rows.isna()
    assert set(gaps.columns[gaps.any()]) == {"age", "last_message"}
    assert (gaps["age"] == rows["is_business"]).all()
    assert set(rows["plan"]) == set(customers.PLANS)
    assert set(rows["autopay"]) == {"yes", "no"}
    assert not rows.duplicated().any()


def test_values_are_missing_at_random_and_depending_on_others(tmp_path: Path) -> None:
    tidy = made(tmp_path / "tidy", 20_000, **TIDY)
    rows = made(tmp_path / "rows", 20_000, **{**TIDY, "missing": 0.1})
    assert rows["country"].isna().mean() == pytest.approx(0.1, abs=0.01)
    by_partner = rows["channel"] == "partner"
    assert rows["usage_hours"].isna()[by_partner].mean() == pytest.approx(0.4, abs=0.03)
    assert rows["usage_hours"].isna()[~by_partner].mean() == pytest.approx(0.05, abs=0.01)
    idle = tidy["usage_hours"].astype(float) < 5
    assert rows["satisfaction"].isna()[idle].mean() == pytest.approx(0.8, abs=0.03)
    assert rows["satisfaction"].isna()[~idle].mean() == pytest.approx(0.2, abs=0.03)
    whole = ["customer_id", "observed_on", "plan", "billing", "channel", "churned"]
    pd.testing.assert_frame_equal(rows[whole], tidy[whole])


def test_dirt_is_the_share_of_untidy_spellings_and_can_be_cleaned_away(tmp_path: Path) -> None:
    tidy = made(tmp_path / "tidy", 20_000, **TIDY)
    dirty = made(tmp_path / "dirty", 20_000, **{**TIDY, "dirt": 0.4})
    spelled = ["signed_up_on", "plan", "billing", "monthly_price", "country", "channel"]
    spelled += ["autopay", "newsletter", "usage_hours"]
    for name in spelled:
        assert (dirty[name] != tidy[name]).mean() == pytest.approx(0.4, abs=0.02), name
    rest = [name for name in tidy if name not in spelled]
    pd.testing.assert_frame_equal(dirty[rest], tidy[rest])
    pd.testing.assert_frame_equal(cleaned(dirty), cleaned(tidy))


def test_an_untidy_gap_is_spelt_in_words(tmp_path: Path) -> None:
    rows = made(tmp_path, **{**TIDY, "missing": 0.2, "dirt": 1})
    assert {"", "n/a", "-", "unknown", "NULL"} <= set(rows["country"])
    assert rows["country"].notna().all()


def test_a_share_of_the_rows_comes_twice_exactly_alike(tmp_path: Path) -> None:
    """Two blocks of customers, so that the copies of both are there."""
    rows = made(tmp_path, 40_000, duplicates=0.1)
    assert rows.duplicated().mean() == pytest.approx(0.1 / 1.1, abs=0.02)
    assert not rows[~rows.duplicated()].duplicated(["customer_id", "observed_on"]).any()


@pytest.mark.parametrize("drift", [0, 1])
def test_drift_changes_customers_and_their_reasons_over_the_months(
    tmp_path: Path, drift: float
) -> None:
    rows = made(tmp_path, 60_000, **TIDY, drift=drift)
    rows["churned"] = rows["churned"] == "yes"
    rows["usage_hours"] = rows["usage_hours"].astype(float)
    rows = rows[rows["tenure_months"] < 60]
    month = pd.to_datetime(rows["observed_on"]).dt
    early, late = rows[month.year * 12 + month.month < 24295], rows[month.year == 2025]

    def referred(part: pd.DataFrame) -> float:
        answers = part.groupby(part["channel"] == "referral")["churned"].mean()
        return answers[True] - answers[False]

    basic = (late["plan"] == "basic").mean() - (early["plan"] == "basic").mean()
    usage = late["usage_hours"].mean() / early["usage_hours"].mean()
    reason = referred(late) - referred(early)
    if drift:
        assert basic < -0.04
        assert usage < 0.95
        assert reason > 0.03
    else:
        assert abs(basic) < 0.04
        assert usage > 0.95
        assert reason < 0.03


@pytest.mark.parametrize(
    ("knob", "value", "what"),
    [
        ("rows", 0, "set it to an integer from 1 to 10000000000."),
        ("rows", 10.5, "set it to an integer from 1 to"),
        ("rows", "many", "collect.rows is 'many'"),
        ("rows_per_part", -1, "collect.rows_per_part is -1"),
        ("missing", 0.3, "set it to a number from 0 to 0.25."),
        ("dirt", -0.1, "collect.dirt is -0.1"),
        ("duplicates", True, "collect.duplicates is True"),
        ("drift", 2, "collect.drift is 2"),
        ("signal", float("nan"), "collect.signal is nan"),
        ("seed", -1, "collect.seed is -1; set it to an integer from 0"),
        ("months", 241, "an integer from 1 to 240"),
    ],
)
def test_a_knob_out_of_its_bounds_is_named(
    tmp_path: Path, knob: str, value: Any, what: str
) -> None:
    with pytest.raises(UserError) as refusal:
        made(tmp_path, **{knob: value})
    assert what in str(refusal.value)
    assert not list(tmp_path.iterdir())


def test_more_parts_than_their_names_can_number_are_refused(tmp_path: Path) -> None:
    with pytest.raises(
        UserError, match=r"collect\.rows_per_part is 10, which makes more than 100000"
    ):
        made(tmp_path, 1e7, rows_per_part=10)


@pytest.mark.parametrize("months", [1, 240])
def test_the_shortest_and_the_longest_period_are_made(tmp_path: Path, months: int) -> None:
    rows = made(tmp_path, 2000, months=months, drift=1, signal=5)
    assert pd.to_datetime(rows["observed_on"]).min() >= pd.Timestamp("2024-01-01")
    assert pd.to_datetime(rows["observed_on"]).max() <= pd.Timestamp("2043-12-01")


def test_the_problem_that_the_settings_name_fits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = make_project(tmp_path / "project", "binary")
    problem = {
        "defaults": [{"task@_here_": "binary"}, "_self_"],
        "goal": "Tell who leaves.",
        "target": "churned",
        "positive": "yes",
        "group": ["customer_id"],
        "time": "observed_on",
        "exclude": {},
        "criteria": {"gain_over_dummy": {"at_least": 0}},
    }
    project.write("conf/problem/churn.yaml", problem)
    project.write("conf/clean/churn.yaml", {"steps": REPAIRS})
    project.write("contracts/churn.yaml", {"schema_type": "dataframe", "columns": {}})
    project.write("conf/config.yaml", {k: v for k, v in CONFIG.items() if k != "collect"})
    monkeypatch.chdir(project.folder)
    project.compose(
        *("problem=churn", "collect=simulate", "clean=churn", "split=time", "engineer=default"),
        *("collect.rows=3e3", "collect.rows_per_part=1000", "load.contract=contracts/churn.yaml"),
    )
    project.run("collect", "load", "clean", "split")
    snapshot = json.loads(Path("data/raw/snapshot.json").read_text(encoding="utf-8"))
    assert snapshot["rows"] == 3000
    assert [file["rows"] for file in snapshot["files"]] == [1000, 1000, 1000]
    assert snapshot["columns"] == COLUMNS
    settings = {name: snapshot["settings"][name] for name in ("seed", "months", "drift", "signal")}
    assert snapshot["source"]["best_roc_auc"] == simulate.best_auc(**settings)["roc_auc"]
    train, test = (pd.read_parquet(f"data/split/{side}") for side in ("train", "test"))
    assert train["observed_on"].max() < test["observed_on"].min()
    assert train["monthly_price"].dtype == "float64"
