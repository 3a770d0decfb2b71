"""Rendering of simulated customers as a table with missing values, inconsistent formats and duplicates.

A column has few distinct values, so all variants of each are formatted once, and rows refer to them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pedigree.collecting.simulate import customers

FIRST_MONTH = np.datetime64("2024-01", "M")
MISSING_FORMS = ("", "n/a", "-", "unknown", "NULL")  # variants of a missing value

MESSAGES = {
    "praise": (
        "The new version works really well",
        "Your colleague was friendly and quick",
        "I recommended you to a friend",
    ),
    "question": (
        "How do I add a second person to my account",
        "Where can I change my address",
        "Does the app work when I am abroad",
    ),
    "billing": (
        "I was charged twice",
        "The amount on the invoice is wrong",
        "My card was refused although it is valid",
    ),
    "outage": (
        "The service was down again",
        "Nothing loads since this morning",
        "I could not sign in for hours",
    ),
    "cancel": (
        "I am thinking of leaving",
        "Another provider offers more for less",
        "Please tell me how to end my subscription",
    ),
}
OPENINGS = ("", "Hello, ", "Hi there! ", "Dear team, ", "Good morning. ", "URGENT: ")
DETAILS = ("", " on my phone", " on the website", " for the third time", " since last week")
CLOSINGS = (".", "!", ". Thanks", ". Regards", "...", " :-(", ". Please call me back")


@dataclass(frozen=True)
class Variants:
    """The strings of a column: for each code the standard form, then equally many other forms."""

    strings: pa.Array
    count: int

    @classmethod
    def of(cls, values: Iterable[Sequence[str]]) -> Variants:
        """Return the variants from the forms of each code, in the order of the codes."""
        forms = list(values)
        return cls(
            pa.array([*(text for ways in forms for text in ways), *MISSING_FORMS]), len(forms[0])
        )


class ColumnWriter:
    """Renders columns, each with its own random numbers.

    Parameters
    ----------
    rng : np.random.Generator
    rows : int
    missing, dirt : float
        Fractions of missing values and of inconsistently formatted values.
    """

    def __init__(self, rng: np.random.Generator, rows: int, missing: float, dirt: float) -> None:
        self.rng, self.rows, self.missing, self.dirt = rng, rows, missing, dirt

    def choose(self, fraction: float | np.ndarray) -> np.ndarray:
        """Choose a fraction of the rows at random, shape (n,)."""
        return self.rng.integers(10_000, size=self.rows) < np.rint(10_000 * fraction)

    def missing_mask(self, times: float | np.ndarray) -> np.ndarray:
        """Choose the missing values: `times` the fraction `missing`."""
        return self.choose(self.missing * times)

    def text(
        self, codes: np.ndarray, variants: Variants, mask: np.ndarray | None = None
    ) -> pa.Array:
        """Render codes as strings.

        Parameters
        ----------
        codes : ndarray, shape (n,)
        variants : Variants
        mask : ndarray, shape (n,), optional
            Values that are missing.

        Returns
        -------
        pa.Array
            In the standard form, except for the fraction `dirt`.
        """
        untidy = self.choose(self.dirt)
        other = self.rng.integers(1, variants.count, size=self.rows)
        index = codes * variants.count + np.where(untidy, other, 0)
        if mask is None:
            return variants.strings.take(pa.array(index))
        marker = len(variants.strings) - 1 - self.rng.integers(len(MISSING_FORMS), size=self.rows)
        index = np.where(mask, marker, index)
        return variants.strings.take(pa.array(index, mask=mask & ~untidy))


def render_rows(
    rows: dict[str, np.ndarray],
    rng: np.random.Generator,
    missing: float,
    dirt: float,
    duplicates: float,
) -> pa.Table:
    """Render rows as a table.

    Parameters
    ----------
    rows : dict of str to np.ndarray
        As returned by `draw_block`; the true logit is left out.
    rng : np.random.Generator
    missing, dirt, duplicates : float
        Fractions of missing values, of inconsistently formatted values, and of duplicate rows.

    Returns
    -------
    pa.Table
        Duplicates are at the end.
    """
    write = ColumnWriter(rng, len(rows["customer"]), missing, dirt)
    idle = rows["usage"] < 50
    by_partner = rows["channel"] == customers.CHANNELS.index("partner")
    first_joined = (rows["month"] - rows["tenure"] + customers.MAX_TENURE) * 28 + rows["joined_day"]
    topic = rows["topic"]
    wording = rng.integers(_wordings(), size=write.rows)
    columns = {
        "customer_id": _customer_ids(rows["customer"]),
        "observed_on": (FIRST_MONTH + rows["month"]).astype("datetime64[D]"),
        "signed_up_on": write.text(first_joined, _dates(), write.missing_mask(1)),
        "tenure_months": rows["tenure"],
        "plan": write.text(rows["plan"], _names(customers.PLANS)),
        "billing": write.text(rows["billing"], _names(customers.BILLINGS)),
        "monthly_price": write.text(rows["price"], _prices(), write.missing_mask(0.5)),
        "country": write.text(rows["country"], _names(customers.COUNTRIES), write.missing_mask(1)),
        "channel": write.text(rows["channel"], _names(customers.CHANNELS)),
        "is_business": rows["is_business"].astype(bool),
        "age": pa.array(rows["age"], mask=(rows["is_business"] == 1) | write.missing_mask(1)),
        "autopay": write.text(rows["autopay"], _yes_no(), write.missing_mask(1)),
        "newsletter": write.text(rows["newsletter"], _yes_no(), write.missing_mask(1)),
        # The partners' devices often send nothing, and customers with little usage seldom answer.
        "usage_hours": write.text(
            rows["usage"], _hours(), write.missing_mask(np.where(by_partner, 4, 0.5))
        ),
        "days_since_login": pa.array(rows["days_since_login"], mask=write.missing_mask(1)),
        "support_calls": rows["support_calls"],
        "late_payments": rows["late_payments"],
        "satisfaction": pa.array(
            rows["satisfaction"], mask=write.missing_mask(np.where(idle, 8, 2))
        ),
        "last_message": _messages().take(
            pa.array((topic - 1) * _wordings() + wording, mask=topic == 0)
        ),
        "churned": pa.array(["no", "yes"]).take(pa.array(rows["churned"])),
    }
    written = pa.table(columns)
    again = np.flatnonzero(write.choose(duplicates))
    return pa.concat_tables([written, written.take(pa.array(again))])


def _customer_ids(numbers: np.ndarray) -> pa.Array:
    """Write C0000000042, each string once per customer; numbers are in ascending order."""
    known = np.arange(numbers[0], numbers[-1] + 1)
    digits = pc.utf8_lpad(pa.array(known).cast(pa.string()), 10, "0")
    return pc.binary_join_element_wise("C", digits, "").take(pa.array(numbers - numbers[0]))


@cache
def _names(names: Sequence[str]) -> Variants:
    return Variants.of(
        (one, one.upper(), one.title() if one.islower() else one.lower(), f" {one}", f"{one}  ")
        for one in names
    )


@cache
def _yes_no() -> Variants:
    return Variants.of(
        (("no", "No", "N", "FALSE", "0", " no"), ("yes", "Yes", "Y", "TRUE", "1", " yes"))
    )


@cache
def _prices() -> Variants:
    amounts = (f"{cents // 100}.{cents % 100:02}" for cents in range(6000))
    return Variants.of(
        (a, a.replace(".", ","), f"€{a}", f"EUR {a}", f"{a} EUR", f"{a.replace('.', ',')} €")
        for a in amounts
    )


@cache
def _hours() -> Variants:
    amounts = (f"{tenths // 10}.{tenths % 10}" for tenths in range(500))
    return Variants.of((a, a.replace(".", ","), f"{a} h", f"{a}h", f" {a}") for a in amounts)


@cache
def _dates() -> Variants:
    """Format the first 28 days of each month since the earliest in which a customer may have joined."""
    start = FIRST_MONTH - customers.MAX_TENURE
    months = (start + np.arange(customers.MAX_TENURE + customers.MAX_MONTHS)).astype(str)
    days = ((*month.split("-"), f"{day:02}") for month, day in product(months, range(1, 29)))
    return Variants.of(
        (f"{y}-{m}-{d}", f"{d}.{m}.{y}", f"{y}/{m}/{d}", f"{y}{m}{d}", f" {y}-{m}-{d} ")
        for y, m, d in days
    )


def _wordings() -> int:
    """Count the variants of a message on one topic."""
    return len(OPENINGS) * len(MESSAGES["praise"]) * len(DETAILS) * len(CLOSINGS)


@cache
def _messages() -> pa.Array:
    return pa.array(
        [
            "".join(parts)
            for topic in customers.TOPICS[1:]
            for parts in product(OPENINGS, MESSAGES[topic], DETAILS, CLOSINGS)
        ]
    )
