"""How the truth is written down: with gaps, untidy spellings, and rows that come twice.

The texts of a column are few, so each is spelled once, in every way, and rows point to them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pedigree.collecting.simulate import truth

FIRST_MONTH = np.datetime64("2024-01", "M")
GAPS = ("", "n/a", "-", "unknown", "NULL")  # untidy spellings of a missing value

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
class Spellings:
    """The texts of a column: for each code a tidy one and, after it, as many untidy ones."""

    texts: pa.Array
    ways: int

    @classmethod
    def of(cls, values: Iterable[Sequence[str]]) -> Spellings:
        """Take the spellings of each code, in the order of the codes."""
        spelled = list(values)
        return cls(pa.array([*(text for ways in spelled for text in ways), *GAPS]), len(spelled[0]))


class Writer:
    """Writes the columns of some rows, each with draws of its own.

    Parameters
    ----------
    rng : np.random.Generator
    rows : int
    missing, dirt
        As in `collect`.
    """

    def __init__(self, rng: np.random.Generator, rows: int, missing: float, dirt: float) -> None:
        self.rng, self.rows, self.missing, self.dirt = rng, rows, missing, dirt

    def chosen(self, share: float | np.ndarray) -> np.ndarray:
        """Choose a share of the rows, shape (n,)."""
        return self.rng.integers(10_000, size=self.rows) < np.rint(10_000 * share)

    def gap(self, times: float | np.ndarray) -> np.ndarray:
        """Choose the values that are missing: `times` the share that is set."""
        return self.chosen(self.missing * times)

    def text(
        self, codes: np.ndarray, spellings: Spellings, gap: np.ndarray | None = None
    ) -> pa.Array:
        """Spell codes in the tidy way, a share of them in another; an untidy gap is spelled too."""
        untidy = self.chosen(self.dirt)
        other = self.rng.integers(1, spellings.ways, size=self.rows)
        index = codes * spellings.ways + np.where(untidy, other, 0)
        if gap is None:
            return spellings.texts.take(pa.array(index))
        word = len(spellings.texts) - 1 - self.rng.integers(len(GAPS), size=self.rows)
        index = np.where(gap, word, index)
        return spellings.texts.take(pa.array(index, mask=gap & ~untidy))


def table(
    rows: dict[str, np.ndarray],
    rng: np.random.Generator,
    missing: float,
    dirt: float,
    duplicates: float,
) -> pa.Table:
    """Write rows down as a business would.

    Parameters
    ----------
    rows : dict of str to np.ndarray
        As `truth.draw` gives them; the true logit stays behind.
    rng : np.random.Generator
    missing, dirt, duplicates
        As in `collect`.

    Returns
    -------
    pa.Table
        Rows that come twice stand at the end for the second time.
    """
    write = Writer(rng, len(rows["customer"]), missing, dirt)
    idle = rows["usage"] < 50
    by_partner = rows["channel"] == truth.CHANNELS.index("partner")
    first_joined = (rows["month"] - rows["tenure"] + truth.MAX_TENURE) * 28 + rows["joined_day"]
    topic = rows["topic"]
    wording = rng.integers(_wordings(), size=write.rows)
    columns = {
        "customer_id": _customer_ids(rows["customer"]),
        "observed_on": (FIRST_MONTH + rows["month"]).astype("datetime64[D]"),
        "signed_up_on": write.text(first_joined, _dates(), write.gap(1)),
        "tenure_months": rows["tenure"],
        "plan": write.text(rows["plan"], _names(truth.PLANS)),
        "billing": write.text(rows["billing"], _names(truth.BILLINGS)),
        "monthly_price": write.text(rows["price"], _prices(), write.gap(0.5)),
        "country": write.text(rows["country"], _names(truth.COUNTRIES), write.gap(1)),
        "channel": write.text(rows["channel"], _names(truth.CHANNELS)),
        "is_business": rows["is_business"].astype(bool),
        "age": pa.array(rows["age"], mask=(rows["is_business"] == 1) | write.gap(1)),
        "autopay": write.text(rows["autopay"], _answers(), write.gap(1)),
        "newsletter": write.text(rows["newsletter"], _answers(), write.gap(1)),
        # The partners' devices often do not report, and who is seldom there does not answer.
        "usage_hours": write.text(rows["usage"], _hours(), write.gap(np.where(by_partner, 4, 0.5))),
        "days_since_login": pa.array(rows["days_since_login"], mask=write.gap(1)),
        "support_calls": rows["support_calls"],
        "late_payments": rows["late_payments"],
        "satisfaction": pa.array(rows["satisfaction"], mask=write.gap(np.where(idle, 8, 2))),
        "last_message": _messages().take(
            pa.array((topic - 1) * _wordings() + wording, mask=topic == 0)
        ),
        "churned": pa.array(["no", "yes"]).take(pa.array(rows["churned"])),
    }
    written = pa.table(columns)
    again = np.flatnonzero(write.chosen(duplicates))
    return pa.concat_tables([written, written.take(pa.array(again))])


def _customer_ids(numbers: np.ndarray) -> pa.Array:
    """Write C0000000042, once for each customer; numbers are in ascending order."""
    known = np.arange(numbers[0], numbers[-1] + 1)
    digits = pc.utf8_lpad(pa.array(known).cast(pa.string()), 10, "0")
    return pc.binary_join_element_wise("C", digits, "").take(pa.array(numbers - numbers[0]))


@cache
def _names(names: Sequence[str]) -> Spellings:
    return Spellings.of(
        (one, one.upper(), one.title() if one.islower() else one.lower(), f" {one}", f"{one}  ")
        for one in names
    )


@cache
def _answers() -> Spellings:
    return Spellings.of(
        (("no", "No", "N", "FALSE", "0", " no"), ("yes", "Yes", "Y", "TRUE", "1", " yes"))
    )


@cache
def _prices() -> Spellings:
    amounts = (f"{cents // 100}.{cents % 100:02}" for cents in range(6000))
    return Spellings.of(
        (a, a.replace(".", ","), f"€{a}", f"EUR {a}", f"{a} EUR", f"{a.replace('.', ',')} €")
        for a in amounts
    )


@cache
def _hours() -> Spellings:
    amounts = (f"{tenths // 10}.{tenths % 10}" for tenths in range(500))
    return Spellings.of((a, a.replace(".", ","), f"{a} h", f"{a}h", f" {a}") for a in amounts)


@cache
def _dates() -> Spellings:
    """Spell the first 28 days of each month from the earliest that a customer may have joined in."""
    start = FIRST_MONTH - truth.MAX_TENURE
    months = (start + np.arange(truth.MAX_TENURE + truth.MAX_MONTHS)).astype(str)
    days = ((*month.split("-"), f"{day:02}") for month, day in product(months, range(1, 29)))
    return Spellings.of(
        (f"{y}-{m}-{d}", f"{d}.{m}.{y}", f"{y}/{m}/{d}", f"{y}{m}{d}", f" {y}-{m}-{d} ")
        for y, m, d in days
    )


def _wordings() -> int:
    """Count the ways in which a message on one topic may be put."""
    return len(OPENINGS) * len(MESSAGES["praise"]) * len(DETAILS) * len(CLOSINGS)


@cache
def _messages() -> pa.Array:
    return pa.array(
        [
            "".join(parts)
            for topic in truth.TOPICS[1:]
            for parts in product(OPENINGS, MESSAGES[topic], DETAILS, CLOSINGS)
        ]
    )
