"""Simulated customers: their features, and the true probability that each of them leaves.

Everything is computed from random integers with + - * / only, whose results IEEE 754 defines exactly, so
that the same settings give the same rows on every machine. Values of the logistic function, which is not
exact, are looked up in a table of rounded values.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

CUSTOMERS = 4_000  # of a block, which has its own random generator
OBSERVATIONS = 12  # maximum per customer; fewer if the customer leaves or the months end
MAX_MONTHS = 240  # the dates of `rendering` end here
MAX_TENURE = 71  # maximum tenure in months when first observed

PLANS = ("basic", "standard", "premium")
BILLINGS = ("monthly", "yearly")
COUNTRIES = ("Germany", "France", "Italy", "Spain", "Netherlands", "Poland")
CHANNELS = ("search", "referral", "partner", "shop", "social")
TOPICS = ("none", "praise", "question", "billing", "outage", "cancel")

BASE = -1.9  # the logit of a customer whose score is CENTRE
CENTRE = 2.9
TOPIC_EFFECTS = np.array([0.0, -0.4, 0.0, 0.3, 0.5, 1.4])
# Logits are integers in thousandths, probabilities in millionths.
LIMIT = 12_000
MILLION = 1_000_000


def probabilities() -> np.ndarray:
    """Return the logistic function of logits from -12 to 12 in steps of 0.001, in millionths."""
    logits = np.arange(-LIMIT, LIMIT + 1) / 1000
    return np.rint(MILLION / (1 + np.exp(-logits))).astype(np.int64)


PROBABILITIES = probabilities()


def block_generator(seed: int, block: int, purpose: int) -> np.random.Generator:
    """Return a random generator for one block and purpose, independent of those for others.

    Parameters
    ----------
    seed : int
        Random seed.
    block : int
        Number of the block.
    purpose : int
        Number of the purpose.

    Returns
    -------
    np.random.Generator
    """
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(block, purpose)))


def draw_block(
    seed: int, block: int, months: int, drift: float, signal: float
) -> dict[str, np.ndarray]:
    """Draw a block of customers, with one row per customer and observed month.

    Parameters
    ----------
    seed, block : int
        Random seed, and number of the block.
    months : int
        Months of observation.
    drift, signal : float
        Strength of drift, and factor of the differences between customers.

    Returns
    -------
    dict of str to np.ndarray
        Integers of shape (n,): codes of the names above, amounts in the smallest rendered unit, `logit`
        in thousandths, and `churned` (0 or 1). Rows are sorted by customer and month; the month in which
        a customer leaves is the last.
    """
    rng = block_generator(seed, block, 0)
    one = _customers(rng, months, drift)
    length = np.minimum(months - one["entry"], OBSERVATIONS)
    of = np.repeat(np.arange(CUSTOMERS), length)
    first = np.cumsum(length) - length
    nth = np.arange(len(of)) - first[of]
    rows = {name: values[of] for name, values in one.items()}
    rows |= {"customer": block * CUSTOMERS + of, "month": rows["entry"] + nth}
    rows["tenure"] = rows["tenure"] + nth
    shift = drift * _elapsed(rows["month"], months)
    rows |= _month(rng, rows, shift)
    rows["logit"] = logit(rows, shift, signal)
    probability = PROBABILITIES[rows["logit"] + LIMIT]
    rows["churned"] = (rng.integers(MILLION, size=len(of)) < probability).astype(np.int64)
    gone_before = np.cumsum(rows["churned"]) - rows["churned"]
    staying = gone_before == gone_before[first][of]
    return {name: values[staying] for name, values in rows.items()}


def logit(rows: dict[str, np.ndarray], shift: np.ndarray, signal: float) -> np.ndarray:
    """Return the true logit of leaving (docs/simulate.md states the formula).

    Parameters
    ----------
    rows : dict of str to ndarray, each of shape (n,)
        Codes and amounts of the features.
    shift : ndarray, shape (n,)
        Elapsed fraction of the months times the strength of the drift.
    signal : float
        Factor of the differences between customers.

    Returns
    -------
    ndarray of int, shape (n,)
        In thousandths.
    """
    usage, price = rows["usage"] / 10, rows["price"] / 100
    idle = np.maximum(0, 1 - usage / 20)
    young = np.where(rows["is_business"] == 1, 0, np.maximum(0, 30 - rows["age"]))
    score = (
        0.9 * (rows["billing"] == 0)
        + 0.4 * (rows["plan"] == 0)
        + 15 / (6 + rows["tenure"])
        + 0.35 * np.minimum(rows["support_calls"], 3)
        + 0.7 * (rows["late_payments"] > 0)
        + 0.03 * rows["days_since_login"]
        + 0.12 * (5 - rows["satisfaction"]) * (5 - rows["satisfaction"])
        + 0.05 * young
        + 0.06 * np.maximum(0, price - 15) * idle * (1 + 2 * shift)
        - 0.5 * rows["autopay"]
        - 0.4 * (rows["channel"] == CHANNELS.index("referral")) * (1 - 2 * shift)
        + TOPIC_EFFECTS[rows["topic"]]
        + 0.5 * shift
    )
    thousandths = np.rint(1000 * (BASE + signal * (score - CENTRE)))
    return np.asarray(np.clip(thousandths, -LIMIT, LIMIT).astype(np.int64))


def _customers(rng: np.random.Generator, months: int, drift: float) -> dict[str, np.ndarray]:
    """Draw the constant features of customers."""
    entry = rng.integers(months, size=CUSTOMERS)
    shift = drift * _elapsed(entry, months)

    def up_to(high: int) -> np.ndarray:
        return rng.integers(high, size=CUSTOMERS)

    chance = up_to(1000)
    dearer = chance >= 500 - np.rint(200 * shift), chance >= 850 - np.rint(150 * shift)
    plan = np.sum(dearer, axis=0)
    billing = _choose(up_to(1000), [650])
    country = _choose(up_to(1000), [300, 520, 700, 850, 940])
    country = np.where(up_to(1000) < np.rint(300 * shift), COUNTRIES.index("Poland"), country)
    is_business = _choose(up_to(1000), [850])
    tenure = up_to(1000)
    price = np.array([990, 1990, 3490])[plan] + 100 * up_to(11) + 1000 * is_business
    return {
        "entry": entry,
        "plan": plan,
        "billing": billing,
        "country": country,
        "channel": _choose(up_to(1000), [350, 550, 750, 900]),
        "is_business": is_business,
        "age": 18 + up_to(1000) * up_to(1000) // 20_000,
        "tenure": tenure * tenure * (MAX_TENURE + 1) // MILLION,
        "joined_day": up_to(28),
        "price": np.where(billing == 1, price * 85 // 100, price),
        "autopay": _choose(up_to(1000), [400]),
        "newsletter": _choose(up_to(1000), [600]),
        "engagement": up_to(1000),
    }


def _month(
    rng: np.random.Generator, rows: dict[str, np.ndarray], shift: np.ndarray
) -> dict[str, np.ndarray]:
    """Draw the features of customers that change each month."""
    n = len(shift)
    engaged = np.clip(rows["engagement"] + rng.integers(-250, 251, size=n), 0, 999)
    usage = engaged * engaged // 2000
    calls = _choose(rng.integers(1000, size=n) + np.rint(80 * shift), [620, 850, 940, 980])
    mood = 3500 + 2 * (engaged - 500) - 500 * calls + rng.integers(-1500, 1501, size=n)
    late, limit = rng.integers(1000, size=n), np.where(rows["autopay"] == 1, 60, 200)
    chance = rng.integers(1000, size=n)
    after_calls = np.where(chance < 650, 1 + _choose(chance, [60, 250, 400, 550]), 0)
    unasked = np.where(chance < 90, 1 + _choose(chance, [60]), 0)
    return {
        "usage": usage - np.rint(0.3 * shift * usage).astype(np.int64),
        "days_since_login": (999 - engaged) * rng.integers(1000, size=n) // 33_300,
        "support_calls": calls,
        "late_payments": np.sum((late < limit, late < limit // 4), axis=0),
        "satisfaction": np.clip(mood // 1000, 1, 5),
        "topic": np.where(calls > 0, after_calls, unasked),
    }


def _choose(chance: np.ndarray, limits: Sequence[int]) -> np.ndarray:
    """Return how many limits each random number equals or exceeds, as codes of given frequencies."""
    return np.searchsorted(np.asarray(limits), chance, side="right")


def _elapsed(month: np.ndarray, months: int) -> np.ndarray:
    """Return the elapsed fraction of the period: 0 in the first month, 1 in the last."""
    return month / max(1, months - 1)
