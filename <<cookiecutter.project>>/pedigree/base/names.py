"""Names: columns in snake_case, suggestions for misspelled ones, short lists, and packages as PyPI compares them."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable, Sequence

UNNAMED = "column"  # the name of a column without any letter or digit of ASCII
LONGEST = 100  # characters of a word for which a similar one is searched: difflib takes seconds for a megabyte


class UserError(Exception):
    """An error that the person who runs the project can fix.

    Its message is one or more whole sentences that name the file, key or column and say what to do;
    stages print it without a traceback and exit with code 1.

    Examples
    --------
    >>> from pedigree import UserError
    >>> raise UserError("conf/collect/mine.yaml: 'rows.csv' does not exist; put it into data/external/.")
    Traceback (most recent call last):
    pedigree.base.names.UserError: conf/collect/mine.yaml: 'rows.csv' does not exist; put it into data/external/.
    """


def snake_case(name: object) -> str:
    """Convert a column name to ASCII snake_case; applying it twice changes nothing.

    Examples
    --------
    >>> snake_case("Culmen Length (mm)"), snake_case("customerID"), snake_case("Größe")
    ('culmen_length_mm', 'customer_id', 'grosse')
    """
    text = unicodedata.normalize("NFKD", str(name).replace("ß", "ss"))
    text = text.encode("ascii", "ignore").decode()
    text = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", text)
    return re.sub(r"[^0-9a-zA-Z]+", "_", text).strip("_").lower() or UNNAMED


def snake_cased(names: Iterable[object]) -> list[str]:
    """Convert all names to snake_case and number duplicates (``a``, ``a_2``)."""
    taken: set[str] = set()
    numbers: dict[str, int] = {}  # the next one to try
    out = []
    for name in names:
        base = candidate = snake_case(name)
        number = numbers.get(base, 2)
        while candidate in taken:
            candidate, number = f"{base}_{number}", number + 1
        numbers[base] = number
        taken.add(candidate)
        out.append(candidate)
    return out


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return a clause that suggests the nearest known word, or lists the known ones."""
    known = sorted(known)
    if near := nearest(word, known):
        return f"did you mean '{near}'?"
    listed = ", ".join(known[:15]) + (", ..." if len(known) > 15 else "")
    return f"known are: {listed}." if known else "there are none to choose from."


def nearest(word: str, known: Iterable[str], similarity: float = 0.6) -> str | None:
    """Return the known word that is most similar to a word, regardless of case, if one is similar enough.

    Parameters
    ----------
    word : str
        As a person wrote it.
    known : iterable of str
        What it may mean.
    similarity : float
        Minimum ratio of `difflib.SequenceMatcher`, from 0 to 1.

    Returns
    -------
    str or None
        None for a word of more than 100 characters.
    """
    if len(word) > LONGEST:
        return None
    lower = {name.lower(): name for name in known}
    near = difflib.get_close_matches(word.lower(), lower, n=1, cutoff=similarity)
    return lower[near[0]] if near else None


def excerpt(value: object, most: int = 40) -> str:
    r"""Quote a value from outside in a message: shortened, with control characters escaped.

    Examples
    --------
    >>> excerpt("deep"), excerpt("a\x1b[2J"), excerpt("x" * 1000, 5), excerpt(-5.0)
    ("'deep'", "'a\\x1b[2J'", "'xxxxx…'", '-5.0')
    """
    if isinstance(value, str):
        return repr(value if len(value) <= most else f"{value[:most]}…")
    text = repr(value)
    return text if len(text) <= most else f"{text[:most]}…"


def first_of(names: Sequence[str], most: int) -> str:
    """Join the first names, and say how many further ones there are."""
    more = f" and {len(names) - most} more" if names[most:] else ""
    return ", ".join(names[:most]) + more


def terminal_text(text: str) -> str:
    r"""Make a text fit for a terminal: names and values of data may be megabytes long or contain its control characters.

    Examples
    --------
    >>> terminal_text("a\x1b[31m"), len(terminal_text("x" * 1000))
    ('a\ufffd[31m', 121)
    """
    shorter = re.sub(r"(\S{120})\S{200,}", r"\1…", text)
    return "".join(one if one.isprintable() or one in "\n\t" else "\ufffd" for one in shorter)


def counted(number: int, noun: str) -> str:
    """Return a number with its noun.

    Examples
    --------
    >>> counted(1, "row"), counted(1200, "row")
    ('1 row', '1,200 rows')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def normalized(package: str) -> str:
    """Return a package's name as PyPI compares it."""
    return re.sub(r"[-_.]+", "-", package).lower()
