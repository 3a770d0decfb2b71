"""What every transformer keeps to, and what each computes, against values worked out manually."""

import re
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from library.projects import ROOT
from sklearn.base import clone
from sklearn.feature_extraction.text import HashingVectorizer, TfidfVectorizer
from sklearn.preprocessing import KBinsDiscretizer, PolynomialFeatures

from pedigree.base.names import UserError
from pedigree.base.tools import instantiate
from pedigree.config.tools import parameters
from pedigree.features import engineering as engineer
from pedigree.features.engineering import (
    Apply,
    DateParts,
    DropColumns,
    Durations,
    Interactions,
    wrong_step,
)
from pedigree.features.settings import EngineerSettings
from pedigree.storage import artifact

BLOCKS = re.findall(r"```yaml\n(.*?)```", (ROOT / "conf/engineer/README.md").read_text(), re.DOTALL)
CATALOGUE: dict[str, Any] = {
    name: step for block in BLOCKS for name, step in yaml.safe_load(block).items()
}
LENGTH, DEPTH = "culmen_length_mm", "culmen_depth_mm"
# What the catalogue calls its columns, and what the penguins do.
COLUMNS = {
    "length": LENGTH,
    "depth": DEPTH,
    "sent_on": "date_egg",
    "sold_on": "date_egg",
    "asked_on": "date_egg",
    "shop_id": "individual_id",
    "customer_id": "individual_id",
    "${seed}": 42,
}
ORDERS = """individual_id,ordered_on,amount,product
N1A1,2007-01-01,10,a
N1A1,2008-06-01,20,b
N1A1,2009-01-01,,a
N2A2,2007-11-16,5,c
"""


def on_penguins(value: Any) -> Any:
    """Spell the columns of a step's settings as the penguins do."""
    if isinstance(value, dict):
        return {key: on_penguins(one) for key, one in value.items()}
    if isinstance(value, list):
        return [on_penguins(one) for one in value]
    return COLUMNS.get(value, value) if isinstance(value, str) else value


def made(name: str) -> Any:
    """Make a transformer of the catalogue, in a folder with the related table."""
    if name in ("related", "deep_features"):
        Path("data/external").mkdir(parents=True, exist_ok=True)
        Path("data/external/orders.csv").write_text(ORDERS)
    return instantiate(on_penguins(CATALOGUE[name]))


@pytest.fixture(params=[name for name in CATALOGUE if name != "deep_features"])
def step(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.chdir(tmp_path)
    return made(request.param)


# --- what all keep to ----------------------------------------------------------------------------


def test_the_catalogue_names_every_transformer_with_all_its_settings() -> None:
    named = {step["_target_"].rpartition(".")[2] for step in CATALOGUE.values()}
    assert named == set(engineer.__all__) - {"ColumnStep", "DropDates"}
    for kind in named:
        steps = [one for one in CATALOGUE.values() if one["_target_"].endswith(f".{kind}")]
        takes = parameters(getattr(engineer, kind))
        assert takes == {key for one in steps for key in one} - {"_target_"}, kind


def test_a_step_of_the_catalogue_has_no_mistake(step: Any) -> None:
    assert list(wrong_step(step)) == []


def test_saving_twice_gives_equal_bytes_and_what_is_loaded_does_the_same(
    step: Any, penguins: pd.DataFrame, tmp_path: Path
) -> None:
    fitted = clone(step).fit(penguins)
    artifact.save_model(fitted, tmp_path / "one")
    artifact.save_model(clone(step).fit(penguins), tmp_path / "two")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    loaded = artifact.load_model(tmp_path / "one")
    pd.testing.assert_frame_equal(loaded.transform(penguins), fitted.transform(penguins))


def test_a_row_alone_gets_what_it_gets_among_others(step: Any, penguins: pd.DataFrame) -> None:
    fitted = step.fit(penguins)
    together = fitted.transform(penguins)
    assert together.index.equals(penguins.index)
    assert together.columns.is_unique
    for place in (0, 3, 343):
        alone = fitted.transform(penguins.iloc[[place]])
        pd.testing.assert_frame_equal(alone, together.iloc[[place]], check_dtype=False)


def test_other_rows_with_nothing_known_get_the_same_columns(
    step: Any, penguins: pd.DataFrame
) -> None:
    fitted = step.fit(penguins.head(200))
    empty = {
        name: pd.Series(
            None,
            index=[7],
            dtype=penguins[name].dtype if penguins[name].dtype.kind != "i" else "float64",
        )
        for name in penguins
    }
    row = pd.DataFrame(empty)
    assert list(fitted.transform(row)) == list(fitted.transform(penguins))


def test_the_rows_that_are_given_stay_as_they_are(step: Any, penguins: pd.DataFrame) -> None:
    before = penguins.copy()
    step.fit(penguins).transform(penguins)
    pd.testing.assert_frame_equal(penguins, before)


def test_no_memory_address_is_stored(penguins: pd.DataFrame, tmp_path: Path) -> None:
    """scikit-learn's vectorizers note one, which would be another in each run."""
    fitted = made("hashed_words").fit(penguins)
    fitted.transform(penguins)
    artifact.save_model(fitted, tmp_path / "fitted")
    assert b"_stop_words_id" not in zipfile.ZipFile(tmp_path / "fitted").read("schema.json")


# --- what each computes --------------------------------------------------------------------------


def test_a_cyclic_part_is_a_place_on_the_circle() -> None:
    rows = pd.DataFrame({"when": pd.to_datetime(["2020-03-31", "2020-12-31", None])})
    out = DateParts(parts=["month", "year"], cyclic=True).fit_transform(rows)
    assert list(out) == ["when", "when_month_sin", "when_month_cos", "when_year"]
    assert out["when_month_sin"].tolist()[:2] == pytest.approx(
        [1, 0]
    )  # a quarter turn, a whole one
    assert out["when_month_cos"].tolist()[:2] == pytest.approx([0, 1])
    assert out.iloc[2].isna().all()


def test_durations_are_measured_between_dates_and_from_a_fixed_one() -> None:
    rows = pd.DataFrame(
        {"a": pd.to_datetime(["2020-01-01", None]), "b": pd.to_datetime(["2020-01-02 12:00"] * 2)}
    )
    out = Durations([["a", "b"]], columns=["b"], since="2020-01-01").fit_transform(rows)
    assert out["b_minus_a_days"].tolist()[0] == 1.5
    assert np.isnan(out["b_minus_a_days"].tolist()[1])
    assert out["b_days_since"].tolist() == [1.5, 1.5]
    assert Durations([["b", "a"]], unit="hours").fit_transform(rows)["a_minus_b_hours"][0] == -36


def test_interactions_multiply_add_and_subtract() -> None:
    rows = pd.DataFrame({"a": [2, 3], "b": [5.0, None]})
    out = Interactions([["a", "b"]], ["product", "sum", "difference"]).fit_transform(rows)
    assert out.iloc[0, 2:].to_dict() == {"a_times_b": 10, "a_plus_b": 7, "a_minus_b": -3}
    assert out.iloc[1, 2:].isna().all()


def test_columns_that_served_their_purpose_are_dropped() -> None:
    rows = pd.DataFrame({"a": [1], "b": [2]})
    assert list(DropColumns(["a"]).fit_transform(rows)) == ["b"]


def test_a_polynomial_has_the_librarys_values_and_names_that_tell(penguins: pd.DataFrame) -> None:
    out = Apply(PolynomialFeatures((2, 2), include_bias=False), [LENGTH, DEPTH]).fit_transform(
        penguins
    )
    product = f"{LENGTH}_{DEPTH}"
    assert list(out)[-3:] == [f"{LENGTH}_power_2", product, f"{DEPTH}_power_2"]
    expected = penguins[LENGTH] * penguins[DEPTH]
    pd.testing.assert_series_equal(out[product], expected, check_names=False)
    assert out[product].isna().sum() == 2  # where the measurements are missing


def test_bins_are_cut_for_each_column_on_its_own() -> None:
    rows = pd.DataFrame({"a": [0.0, 1, 2, 3, np.nan], "b": [9.0, np.nan, 8, 0, 1]})
    binned = Apply(
        KBinsDiscretizer(2, encode="ordinal", strategy="uniform"), each=True, prefix="bin"
    )
    out = binned.fit_transform(rows)
    assert out["bin_a"].tolist()[:4] == [0, 0, 1, 1]
    assert out["bin_b"].tolist()[2:] == [1, 0, 0]
    assert out[["bin_a", "bin_b"]].isna().to_numpy().nonzero()[0].tolist() == [1, 4]


def test_words_become_columns_and_a_text_without_known_words_is_zero() -> None:
    rows = pd.DataFrame({"note": ["one egg", "two eggs", "one nest", None], "note_egg": [1.0] * 4})
    fitted = Apply(TfidfVectorizer(), ["note"], keep=False).fit(rows)
    out = fitted.transform(rows)
    # The column that was there keeps its name; the word's is told apart by a number.
    assert list(out) == ["note_egg", "note_egg_2", "note_eggs", "note_nest", "note_one", "note_two"]
    expected = TfidfVectorizer().fit_transform(["one egg", "two eggs", "one nest", ""]).toarray()
    assert out.to_numpy()[:, 1:] == pytest.approx(expected)
    unseen = fitted.transform(pd.DataFrame({"note": ["penguin", ""], "note_egg": [1.0, 1.0]}))
    assert not unseen.to_numpy()[:, 1:].any()


def test_free_texts_are_found_and_categories_are_not(penguins: pd.DataFrame) -> None:
    many = penguins.assign(note=[f"bird number {n} of the year" for n in range(344)])
    fitted = Apply(HashingVectorizer(n_features=4), keep=False).fit(many)
    assert fitted.columns_ == ["note"]  # species has several words, but three values
    assert list(fitted.transform(many))[-4:] == ["note_0", "note_1", "note_2", "note_3"]


@pytest.mark.parametrize(
    ("option", "step", "width"), [("text", "topics", 8), ("text_hashing", "hashing", 32)]
)
def test_the_options_for_texts_turn_free_text_into_a_few_columns(
    penguins: pd.DataFrame, option: str, step: str, width: int
) -> None:
    words = ["egg", "nest", "chick", "adult", "male", "female", "late", "early", "lost", "seen"]
    notes = [" ".join(words[int(n)] for n in f"{place:05}") for place in range(0, 34400, 100)]
    rows = penguins.drop(columns="comments").assign(note=notes)
    text = (ROOT / f"conf/engineer/{option}.yaml").read_text().replace("${seed}", "42")
    out = instantiate(yaml.safe_load(text)["steps"][step]).fit_transform(rows)
    assert out.shape == (344, rows.shape[1] - 1 + width)
    assert not out.filter(like="note_").isna().any(axis=None)


def test_a_table_without_fitting_columns_stays_as_it_is() -> None:
    rows = pd.DataFrame({"a": ["x", "y"]})
    pd.testing.assert_frame_equal(Apply(PolynomialFeatures()).fit_transform(rows), rows)


def test_too_many_columns_and_what_cannot_be_fitted_are_refused(penguins: pd.DataFrame) -> None:
    with pytest.raises(
        UserError, match=r"PolynomialFeatures creates 10 columns from .* max_columns allows 9"
    ):
        Apply(PolynomialFeatures(3), [LENGTH, DEPTH], max_columns=9).fit(penguins)
    empty = pd.DataFrame({"note": ["", None]})
    with pytest.raises(
        UserError, match="TfidfVectorizer cannot be fitted on note: empty vocabulary"
    ):
        Apply(TfidfVectorizer(), ["note"]).fit(empty)


# --- mistakes that are found without data --------------------------------------------------------


@pytest.mark.parametrize(
    ("step", "change", "said"),
    [
        ("date_parts", {"parts": ["mont"]}, "part 'mont' does not exist; did you mean 'month'?"),
        ("durations", {"since": "soon"}, "since: 'soon' is not a date"),
        ("durations", {"since": None, "pairs": []}, "measures nothing"),
        ("durations", {"unit": "weeks"}, "unit 'weeks' does not exist"),
        ("interactions", {"operations": ["products"]}, "did you mean 'product'?"),
        ("group_statistics", {"statistics": ["men"]}, "statistic 'men' does not exist; did you mean 'mean'?"),
        ("bins", {"transformer": {"_target_": "sklearn.preprocessing.KBinsDiscretizer", "strategy": "even"}}, "The 'strategy' parameter of KBinsDiscretizer must be"),
        ("bins", {"transformer": 3}, "3 is not a transformer, since it has no fit"),
        ("lags", {"time": None}, "time: not set; set it to the column"),
        ("lags", {"lags": [0]}, "lags: these are counts of earlier rows"),
        ("lags", {"delay": -1}, "delay: a negative delay would use later rows"),
        ("lags", {"statistics": ["mode"]}, "statistic 'mode' does not exist"),
        ("related", {"path": ""}, "path: not set; set it to the file of the related table in data/external/."),
        ("related", {"path": "data/external/order.csv"}, "data/external/order.csv does not exist; did you mean 'orders.csv'?"),
        ("related", {"path": "/etc/hosts"}, "is not in data/external/"),
        ("related", {"key": ""}, "key: not set; set it to the column"),
        ("related", {"statistics": {"amount": ["total"]}}, "statistic 'total' does not exist"),
        ("words", {"_target_": "sklearn.preprocessing.StandardScaler"}, "wrap it as the transformer of pedigree.features.engineering.Apply"),
        ("ratios", {}, "missing 1 required"),
    ],
)  # fmt: skip
def test_a_wrong_setting_is_found_before_any_data_are_read(
    step: str, change: dict[str, Any], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    made("related")  # writes the table
    settings = CATALOGUE[step] | change
    if "_target_" in change or not change:
        settings = {"_target_": settings["_target_"]}
    engineer = {"steps": {step: settings}}
    problem = {"target": "x", "exclude": {}}
    own = EngineerSettings.model_validate({"engineer": engineer, "problem": problem})
    (mistake,) = own.mistakes(None)
    assert mistake.startswith(f"engineer.steps.{step}: ")
    assert said in mistake


def test_fewer_numbers_than_a_transformer_might_take_are_no_news(
    penguins: pd.DataFrame, recwarn: pytest.WarningsRecorder
) -> None:
    rows = penguins[["body_mass_g", "culmen_depth_mm"]].assign(same=1.0).dropna()
    text = (ROOT / "conf/engineer/rich.yaml").read_text()
    text = text.replace("${problem.statistic}", "classif").replace("${seed}", "0")
    step = instantiate(yaml.safe_load(text)["steps"]["products_and_bins"])
    step.fit(rows, np.arange(len(rows)) % 2)
    assert [str(one.message) for one in recwarn if "sklearn" in one.filename] == []
