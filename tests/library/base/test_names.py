import pytest
from hypothesis import given
from hypothesis import strategies as st

from pedigree.base.names import did_you_mean, excerpt, nearest, snake_case, snake_cased


@pytest.mark.parametrize(
    ("spelled", "expected"),
    [
        ("Culmen Length (mm)", "culmen_length_mm"),
        ("Delta 15 N (o/oo)", "delta_15_n_o_oo"),
        ("studyName", "study_name"),
        ("customerID", "customer_id"),
        ("HTTPStatus", "http_status"),
        ("Größe", "grosse"),
        ("été", "ete"),
        ("__x__", "x"),
        ("数", "column"),
        (7, "7"),
    ],
)
def test_column_names_become_snake_case(spelled: object, expected: str) -> None:
    assert snake_case(spelled) == expected


@given(st.text())
def test_snake_case_twice_changes_nothing(name: str) -> None:
    once = snake_case(name)
    assert snake_case(once) == once
    assert once.isascii()
    assert once == once.lower()


@given(st.lists(st.sampled_from(["a", "A", "a 2", "a_2", "b"]), max_size=8))
def test_equal_names_are_told_apart(names: list[str]) -> None:
    spelled = snake_cased(names)
    assert len(set(spelled)) == len(names)


def test_the_first_of_equal_names_keeps_it() -> None:
    assert snake_cased(["Sex", "sex", "SEX"]) == ["sex", "sex_2", "sex_3"]


def test_a_near_word_is_proposed_whatever_its_case() -> None:
    assert did_you_mean("MODLE", ["model", "tune"]) == "did you mean 'model'?"


def test_far_words_are_answered_with_the_known_ones() -> None:
    assert did_you_mean("zzz", ["tune", "model"]) == "known are: model, tune."
    assert did_you_mean("zzz", []) == "there are none to choose from."


def test_a_long_list_of_known_words_is_cut() -> None:
    assert did_you_mean("zzz", [f"word{n:02}" for n in range(20)]).endswith("word14, ....")


def test_no_similar_word_is_searched_for_a_long_one(monkeypatch: pytest.MonkeyPatch) -> None:
    assert nearest("x" * 99 + "y", ["x" * 100]) == "x" * 100
    monkeypatch.setattr("difflib.get_close_matches", lambda *_: pytest.fail("which takes seconds"))
    assert nearest("x" * 101, ["x" * 100]) is None


@given(st.text() | st.integers() | st.floats() | st.lists(st.text()))
def test_an_excerpt_is_short_and_printable(value: object) -> None:
    shown = excerpt(value, most=20)
    assert shown.isprintable()
    assert len(shown) <= 2 + 20 * len("\\U0010ffff") + 1
