"""Bounds for a contract: from what was seen to what may come."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

WHOLE = 2**53  # from here on a float's digits are noise, and an int's a long row of them


def bounds(low: float, high: float) -> dict[str, float]:
    """Propose the bounds of a numeric column, in a contract's own words.

    A contract is to catch a wrong unit, a slipped decimal point or a marker such as -999, and to let
    through what is merely new. So the range that was seen is widened by its own width on each side:
    ordinary later values lie within, values of another order of magnitude do not. What was never
    negative (a mass, a count, a price) stays so. The bounds are rounded outwards to the first digit
    of that width: round numbers show a reader that they are a guess, and later data does not move
    them by a little each time. They are a proposal; what is really impossible, a person knows.

    Parameters
    ----------
    low, high : float
        Least and greatest value seen, both finite.

    Returns
    -------
    dict
        `ge` and `le`; whole numbers as int.

    Examples
    --------
    >>> bounds(2700.0, 6300.0), bounds(32.1, 59.6)  # a penguin's mass, the length of its bill
    ({'ge': 0, 'le': 10000}, {'ge': 0, 'le': 90})
    >>> bounds(-0.04, 0.11)
    {'ge': -0.2, 'le': 0.3}
    """
    least, most = Decimal(repr(float(low))), Decimal(repr(float(high)))
    # One single value has no width; then its own size stands in.
    width = most - least or abs(most) or Decimal(1)
    step = Decimal(1).scaleb(width.adjusted())
    below = ((least - width) / step).to_integral_value(ROUND_FLOOR) * step
    above = ((most + width) / step).to_integral_value(ROUND_CEILING) * step
    return {"ge": _plain(max(below, Decimal(0)) if least >= 0 else below), "le": _plain(above)}


def _plain(number: Decimal) -> float:
    return (
        int(number)
        if number == number.to_integral_value() and abs(number) < WHOLE
        else float(number)
    )
