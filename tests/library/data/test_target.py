import numpy as np
import pandas as pd
import pytest
from omegaconf import DictConfig, OmegaConf

from pedigree.data.target import classes, encode, features, group_key, labels


def question(**changes: object) -> DictConfig:
    known = {"kind": "classification", "task": "binary", "positive": None, "target": "sex"}
    return OmegaConf.create(known | {"exclude": {}, "group": []} | changes)


def test_a_model_sees_neither_the_target_nor_excluded_columns(penguins: pd.DataFrame) -> None:
    seen = features(penguins, question(exclude={"comments": "written later"}))
    assert list(seen) == [name for name in penguins if name not in ("sex", "comments")]


def test_the_rarer_class_is_positive(penguins: pd.DataFrame) -> None:
    sexes = penguins["sex"][penguins["sex"].isin(["MALE", "FEMALE"])]
    assert (sexes == "MALE").sum() > (sexes == "FEMALE").sum()
    assert classes(sexes, question()) == ["MALE", "FEMALE"]


def test_of_equally_frequent_classes_the_last_by_name_is_positive() -> None:
    assert classes(pd.Series(["yes", "no"]), question()) == ["no", "yes"]


def test_the_named_class_is_positive(penguins: pd.DataFrame) -> None:
    sexes = penguins["sex"][penguins["sex"].isin(["MALE", "FEMALE"])]
    assert classes(sexes, question(positive="MALE")) == ["FEMALE", "MALE"]


def test_several_classes_are_in_alphabetical_order(penguins: pd.DataFrame) -> None:
    names = classes(penguins["species"], question(task="multiclass"))
    assert names == sorted(penguins["species"].unique())


def test_a_number_has_no_classes(penguins: pd.DataFrame) -> None:
    assert classes(penguins["body_mass_g"], question(kind="regression", task="regression")) == []


def test_codes_lead_back_to_the_answers(penguins: pd.DataFrame) -> None:
    names = classes(penguins["species"], question(task="multiclass"))
    codes = encode(penguins["species"], names)
    assert [names[code] for code in codes] == penguins["species"].tolist()


def test_a_class_that_does_not_train_gets_minus_one() -> None:
    assert encode(pd.Series(["a", "new", None]), ["a", "b"]).tolist() == [0, -1, -1]


def test_numbers_stay_numbers() -> None:
    assert encode(pd.Series([1, 2]), []).tolist() == [1.0, 2.0]


@pytest.mark.parametrize("answers", [[1.0, 0.0, np.nan], [1.0, 0.0, 2.5]])
def test_a_whole_number_is_one_class_with_and_without_a_decimal_point(answers: list) -> None:
    assert labels(pd.Series(answers)).tolist()[:2] == labels(pd.Series([1, 0])).tolist()


def test_how_an_answer_is_written_does_not_depend_on_the_other_rows() -> None:
    names = classes(pd.Series([1.0, 2.0, 2.5]), question(task="multiclass"))
    assert encode(pd.Series([2.0, 1.0]), names).tolist() == [1, 0]


def test_groups_are_told_by_all_their_columns(penguins: pd.DataFrame) -> None:
    keys = group_key(penguins, question(group=["species", "individual_id"]))
    pairs = penguins["species"] + penguins["individual_id"]
    assert len(set(keys)) == pairs.nunique()
    assert (pd.Series(keys).groupby(pairs).nunique() == 1).all()


def test_without_group_columns_there_is_no_group(penguins: pd.DataFrame) -> None:
    assert group_key(penguins, question()) is None
