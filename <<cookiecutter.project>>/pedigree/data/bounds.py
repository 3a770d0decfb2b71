"""Bounds of numeric columns for a contract, proposed from the observed range."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

EXACT_INTEGERS = 2**53  # a float represents all integers up to here


def bounds(low: float, high: float) -> dict[str, float]:
    """Propose the bounds of a numeric column, as keys of a contract.

    A contract should catch wrong units, misplaced decimal points and markers such as -999, but accept
    new plausible values. So the observed range is widened by its own width at both ends, which includes
    most later values, but none of another order of magnitude. A range without negative values (masses,
    counts, prices) keeps 0 as its lower bound. The bounds are rounded outwards to the first digit of the
    width, so that they are recognizable as estimates and stable on later data. They are proposals; the
    owner of the data knows which values are impossible.

    Parameters
    ----------
    low, high : float
        Minimum and maximum of the observed values, both finite.

    Returns
    -------
    dict
        `ge` and `le`; integers as int.

    Examples
    --------
    >>> bounds(2700.0, 6300.0), bounds(32.1, 59.6)  # a penguin's mass, the length of its bill
    ({'ge': 0, 'le': 10000}, {'ge': 0, 'le': 90})
    >>> bounds(-0.04, 0.11)
    {'ge': -0.2, 'le': 0.3}
    """
    least, most = Decimal(repr(float(low))), Decimal(repr(float(high)))
    # A constant column has no width; its magnitude is used instead.
    width = most - least or abs(most) or Decimal(1)
    step = Decimal(1).scaleb(width.adjusted())
    below = ((least - width) / step).to_integral_value(ROUND_FLOOR) * step
    above = ((most + width) / step).to_integral_value(ROUND_CEILING) * step
    return {"ge": _plain(max(below, Decimal(0)) if least >= 0 else below), "le": _plain(above)}


def _plain(number: Decimal) -> float:
    return (
        int(number)
        if number == number.to_integral_value() and abs(number) < EXACT_INTEGERS
        else float(number)
    )
