from pathlib import Path

import pandas as pd
import pytest
from library.projects import Project

from pedigree.base.names import UserError
from pedigree.base.tables import read_table, write_table
from pedigree.data.target import features
from pedigree.features.engineering import (
    DateParts,
    GroupStatistics,
    Outliers,
    RareCategories,
    Ratios,
)
from pedigree.storage import artifact

FITTED = Path("models/engineer.skops")


def test_the_features_are_made_of_train_and_validation_only(project: Project) -> None:
    assert {path.name for path in Path("data/features").iterdir()} == {"train", "validation"}


def test_features_keep_the_rows_and_the_target(project: Project) -> None:
    for side in ("train", "validation"):
        rows = read_table(Path("data/split", side))
        made = read_table(Path("data/features", side))
        assert made["sex"].tolist() == rows["sex"].tolist()


def test_hidden_columns_and_raw_dates_are_no_features(project: Project) -> None:
    made = set(read_table(Path("data/features/train")))
    excluded = set(project.settings("engineer").problem.exclude)
    assert not made & (excluded | {"date_egg"})
    assert {"date_egg_month", "body_mass_g_per_flipper_length_mm"} <= made


def test_only_training_rows_are_fitted(project: Project) -> None:
    before = FITTED.read_bytes()
    rows = read_table(Path("data/split/validation"))
    numbers = rows.select_dtypes("float64").columns
    write_table(rows.assign(**dict.fromkeys(numbers, 1e6)), Path("data/split/validation"))
    project.run("engineer")
    assert FITTED.read_bytes() == before
    rows = read_table(Path("data/split/train"))
    write_table(rows.assign(**{name: rows[name] * 2 for name in numbers}), Path("data/split/train"))
    project.run("engineer")
    assert FITTED.read_bytes() != before


def test_a_row_alone_gets_the_features_that_it_gets_among_others(project: Project) -> None:
    rows = features(read_table(Path("data/split/test")), project.settings("engineer").problem)
    engineer = artifact.load_model(FITTED)
    together = engineer.transform(rows)
    for position in (0, 7, len(rows) - 1):
        alone = engineer.transform(rows.iloc[[position]])
        pd.testing.assert_frame_equal(alone, together.iloc[[position]], check_dtype=False)


def test_the_same_settings_serve_a_question_about_a_named_column(copy_of) -> None:
    copy_of("regression")
    made = set(read_table(Path("data/features/train")))
    assert "culmen_length_mm_per_culmen_depth_mm" in made
    assert not [name for name in made if "body_mass_g" in name and name != "body_mass_g"]


def test_a_column_that_is_not_there_is_refused(project: Project) -> None:
    project.compose("engineer.steps.date_parts.columns=[date_eg]")
    with pytest.raises(
        UserError, match="column 'date_eg' is not in the data; did you mean 'date_egg'"
    ):
        project.run("engineer")


def test_dates_become_parts(penguins: pd.DataFrame) -> None:
    made = DateParts(parts=["month", "dayofweek"]).fit_transform(penguins)
    assert made["date_egg_month"].tolist() == penguins["date_egg"].dt.month.tolist()
    assert made["date_egg_dayofweek"].between(0, 6).all()


def test_a_missing_date_has_missing_parts() -> None:
    rows = pd.DataFrame({"when": pd.to_datetime(["2020-02-01", None])})
    made = DateParts().fit(rows).transform(rows.iloc[[1]])
    assert made[["when_month", "when_day"]].isna().all(axis=None)


def test_ratios_divide_and_a_zero_gives_a_missing_value() -> None:
    made = Ratios([["a", "b"]]).fit_transform(pd.DataFrame({"a": [6, 1, None], "b": [3, 0, 2]}))
    assert made["a_per_b"].iloc[0] == 2
    assert made["a_per_b"].isna().tolist() == [False, True, True]


def test_groups_get_their_statistics_and_each_rows_difference(penguins: pd.DataFrame) -> None:
    made = GroupStatistics(["species"], ["body_mass_g"], ["mean", "max"]).fit_transform(penguins)
    expected = penguins.groupby("species")["body_mass_g"].transform("mean")
    assert made["body_mass_g_mean_by_species"].to_numpy() == pytest.approx(expected.to_numpy())
    assert made["body_mass_g_minus_mean_by_species"].to_numpy() == pytest.approx(
        (penguins["body_mass_g"] - expected).to_numpy(), nan_ok=True
    )
    assert made["body_mass_g_max_by_species"].ge(penguins["body_mass_g"].fillna(0)).all()


def test_an_unseen_or_missing_group_gets_the_statistic_of_all(penguins: pd.DataFrame) -> None:
    fitted = GroupStatistics(["species"], ["body_mass_g"]).fit(penguins)
    rows = penguins.head(2).assign(species=["Emperor", None])
    made = fitted.transform(rows)["body_mass_g_mean_by_species"]
    assert made.tolist() == [penguins["body_mass_g"].mean()] * 2


def test_a_whole_number_is_the_same_group_whatever_the_batch_holds() -> None:
    """A missing value turns whole numbers into floats; their groups must not change."""
    fitted = GroupStatistics(["deck"], ["fare"]).fit(
        pd.DataFrame({"deck": [1, 1, 2], "fare": [10.0, 20.0, 90.0]})
    )
    batch = pd.DataFrame({"deck": [1, None], "fare": [0.0, 0.0]})
    assert fitted.transform(batch)["fare_mean_by_deck"].tolist() == [15.0, 40.0]


def test_rare_and_unseen_texts_are_gathered() -> None:
    rows = pd.DataFrame({"x": ["a"] * 50 + ["b"] * 49 + ["c"]})
    fitted = RareCategories(0.05).fit(rows)
    made = fitted.transform(pd.DataFrame({"x": ["a", "c", "new", None]}))["x"]
    assert made.tolist()[:3] == ["a", "(rare)", "(rare)"]
    assert made.isna().tolist() == [False, False, False, True]


def test_a_text_with_just_the_share_is_not_rare() -> None:
    rows = pd.DataFrame({"x": ["a"] * 93 + ["b"] * 7})  # 0.07 * 100 is a little more than 7
    assert set(RareCategories(0.07).fit_transform(rows)["x"]) == {"a", "b"}


def test_a_text_with_enough_rows_is_not_rare_however_many_others_there_are() -> None:
    rows = pd.DataFrame({"x": ["a"] * 5_000 + ["b"] * 20 + ["c"] * 19})
    assert set(RareCategories(0.01, 20).fit_transform(rows)["x"]) == {"a", "b", "(rare)"}


def test_texts_that_are_all_rare_are_left_to_the_selection(penguins: pd.DataFrame) -> None:
    names = pd.DataFrame({"name": [f"bird {n}" for n in range(200)]})
    assert RareCategories(0.01).fit_transform(names).equals(names)


def test_no_transformer_changes_the_rows_that_it_is_given(penguins: pd.DataFrame) -> None:
    before = penguins.copy()
    steps = [
        Outliers(threshold=0.1),
        DateParts(),
        Ratios([["culmen_length_mm", "culmen_depth_mm"]]),
        GroupStatistics(["island"], ["body_mass_g"]),
        RareCategories(0.3),
    ]
    for step in steps:
        step.fit(penguins).transform(penguins)
    pd.testing.assert_frame_equal(penguins, before)
