import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pedigree.data.bounds import bounds

SEEN = st.floats(-1e300, 1e300, allow_nan=False)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (2700, 6300, {"ge": 0, "le": 10000}),
        (172.0, 231.0, {"ge": 110, "le": 290}),
        (-27.02, -23.79, {"ge": -31, "le": -20}),
        (0.0, 0.3, {"ge": 0, "le": 0.6}),
        (5, 5, {"ge": 0, "le": 10}),
        (0, 0, {"ge": 0, "le": 1}),
        (-3, -3, {"ge": -6, "le": 0}),
    ],
)
def test_bounds_are_round_numbers_a_width_away(low: float, high: float, expected: dict) -> None:
    assert bounds(low, high) == expected


@given(SEEN, SEEN)
def test_what_was_seen_lies_within_with_a_width_to_spare(one: float, other: float) -> None:
    low, high = sorted([one, other])
    found = bounds(low, high)
    width = high - low
    assert found["ge"] <= low
    assert found["le"] >= high
    if low >= 0:
        assert found["ge"] >= 0
    else:
        assert found["ge"] <= low - width or math.isclose(found["ge"], low - width)
    assert found["le"] >= high + width or math.isclose(found["le"], high + width)


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6))
def test_a_value_a_hundred_times_too_large_lies_outside(low: float, width: float) -> None:
    """A wrong unit or a slipped decimal point is what bounds are there to catch."""
    high = low + width
    assert bounds(low, high)["le"] < high + 100 * width


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6))
def test_bounds_have_no_more_digits_than_the_width(low: float, width: float) -> None:
    for bound in bounds(low, low + width).values():
        exact = Decimal(repr(bound)).normalize()
        assert (
            not exact
            or exact.as_tuple().exponent >= Decimal(repr(low + width - low)).adjusted() - 1
        )


def test_whole_bounds_are_written_without_a_decimal_point() -> None:
    assert {name: type(bound) for name, bound in bounds(0.5, 7.25).items()} == {
        "ge": int,
        "le": int,
    }
    assert isinstance(bounds(1e200, 2e200)["le"], float)
