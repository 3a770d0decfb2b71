"""Cleaning steps for strings: one form for values that mean the same."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from typing import Any, Literal

import narwhals as nw

from pedigree.base.names import UserError
from pedigree.cleaning.arguments import Columns, Pattern, Scalars, Values

# Unicode's whitespace, listed explicitly: data-frame engines differ in what `\s` matches.
WHITESPACE = "".join(char for char in map(chr, range(0x3001)) if char.isspace())
# Zero-width characters: space and joiners, word joiner, byte order mark, soft hyphen.
INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff\u00ad"))


def trim_text(frame: nw.DataFrame[Any], columns: Columns | None = None) -> nw.DataFrame[Any]:
    """Strip strings and collapse inner whitespace to one space (`columns` None = all string columns)."""
    return frame.with_columns(
        collapse_whitespace(nw.col(name)) for name in string_columns(frame, columns)
    )


def unify_unicode(
    frame: nw.DataFrame[Any],
    columns: Columns | None = None,
    form: Literal["NFC", "NFD", "NFKC", "NFKD"] = "NFKC",
) -> nw.DataFrame[Any]:
    """Normalize Unicode and remove zero-width characters.

    Parameters
    ----------
    frame : nw.DataFrame
    columns : sequence of str, optional
        None = all string columns.
    form : {"NFC", "NFD", "NFKC", "NFKD"}
        Normalization form (Unicode Standard Annex 15). The forms with a K also replace compatibility
        characters: full-width letters, ligatures, superscripts.

    Returns
    -------
    nw.DataFrame
    """

    def unified(strings: Sequence[str]) -> list[str]:
        return [unicodedata.normalize(form, text.translate(INVISIBLE)) for text in strings]

    return _map_strings(frame, string_columns(frame, columns), unified)


def unify_case(
    frame: nw.DataFrame[Any],
    columns: Columns | None = None,
    case: Literal["lower", "upper", "title"] = "lower",
) -> nw.DataFrame[Any]:
    """Convert strings to one case.

    Parameters
    ----------
    frame : nw.DataFrame
    columns : sequence of str, optional
        None = all string columns.
    case : {"lower", "upper", "title"}

    Returns
    -------
    nw.DataFrame
    """
    return frame.with_columns(
        getattr(nw.col(name).str, f"to_{case}case")() for name in string_columns(frame, columns)
    )


def unify_missing(
    frame: nw.DataFrame[Any], markers: Scalars, columns: Columns | None = None
) -> nw.DataFrame[Any]:
    """Set values that mark a missing value to missing.

    Parameters
    ----------
    frame : nw.DataFrame
    markers : sequence of str or number
        Strings, in any case, for string columns; numbers such as -999 also for numeric columns.
    columns : sequence of str, optional
        None = all.

    Returns
    -------
    nw.DataFrame
    """
    lower = [str(marker).lower() for marker in markers]
    numbers = [marker for marker in markers if not isinstance(marker, str)]
    names = frame.columns if columns is None else columns
    strings = [name for name in names if frame.schema[name] == nw.String]
    missing = {name: nw.col(name).str.to_lowercase().is_in(lower) for name in strings}
    if numbers:
        counted = [name for name in names if frame.schema[name].is_numeric()]
        missing |= {name: nw.col(name).is_in(numbers) for name in counted}
    return frame.with_columns(
        nw.when(~is_one).then(nw.col(name)).alias(name) for name, is_one in missing.items()
    )


def replace_text(
    frame: nw.DataFrame[Any], columns: Columns, pattern: Pattern, replacement: str
) -> nw.DataFrame[Any]:
    r"""Replace each match of a regular expression.

    Parameters
    ----------
    frame : nw.DataFrame
    columns : sequence of str
    pattern : str
        A regular expression.
    replacement : str
        ``\1`` in it is the first group of the match.

    Returns
    -------
    nw.DataFrame
    """
    return frame.with_columns(
        nw.col(name).str.replace_all(pattern, replacement)
        for name in string_columns(frame, columns)
    )


def replace_values(frame: nw.DataFrame[Any], columns: Columns, values: Values) -> nw.DataFrame[Any]:
    """Replace whole strings.

    Parameters
    ----------
    frame : nw.DataFrame
    columns : sequence of str
    values : mapping of str to str
        Old to new strings, such as ``{m: male, f: female}``.

    Returns
    -------
    nw.DataFrame
    """
    return _map_strings(
        frame,
        string_columns(frame, columns),
        lambda strings: [values.get(text, text) for text in strings],
    )


def fuzzy_merge(
    frame: nw.DataFrame[Any],
    columns: Columns,
    categories: Sequence[str],
    score_cutoff: float = 85,
    scorer: Literal["ratio", "token_sort_ratio", "token_set_ratio", "WRatio"] = "ratio",
) -> nw.DataFrame[Any]:
    """Replace misspelled categories with the most similar of the given ones.

    Parameters
    ----------
    frame : nw.DataFrame
    columns : sequence of str
    categories : sequence of str
        The correct categories. They are listed rather than learned from frequencies in the data, so that
        a single row is cleaned in the same way as a whole table.
    score_cutoff : float
        Similarity from which a string is replaced, in [0, 100]; case and punctuation are ignored.
    scorer : {"ratio", "token_sort_ratio", "token_set_ratio", "WRatio"}
        Similarity function of rapidfuzz.fuzz. `token_sort_ratio` ignores the order of words.

    Returns
    -------
    nw.DataFrame

    Notes
    -----
    A string that is equally similar to two categories is left unchanged.
    """
    import numpy as np
    from rapidfuzz import fuzz, process, utils

    correct = np.array(categories, dtype=object)
    similarity = getattr(fuzz, scorer)

    def nearest(strings: Sequence[str]) -> list[str]:
        scores = process.cdist(strings, correct, scorer=similarity, processor=utils.default_process)
        best = scores.max(axis=1)
        unique = (best >= score_cutoff) & ((scores == best[:, None]).sum(axis=1) == 1)
        merged = correct[scores.argmax(axis=1)]
        replaced: list[str] = np.where(
            unique & ~np.isin(strings, correct), merged, strings
        ).tolist()
        return replaced

    return _map_strings(frame, string_columns(frame, columns), nearest)


fuzzy_merge.needs = ("rapidfuzz",)  # type: ignore[attr-defined]


def string_columns(frame: nw.DataFrame[Any], columns: Sequence[str] | None) -> Sequence[str]:
    """Return the given columns, or all string columns where `columns` is None.

    Raises
    ------
    UserError
        A given column is of another type.
    """
    if columns is None:
        return [name for name, dtype in frame.schema.items() if dtype == nw.String]
    for name in columns:
        if frame.schema[name] != nw.String:
            raise UserError(f"column '{name}' is not a string column; leave it out of `columns`.")
    return columns


def collapse_whitespace(value: nw.Expr) -> nw.Expr:
    """Strip a string and collapse inner whitespace to one space."""
    return value.str.replace_all(f"[{WHITESPACE}]+", " ").str.strip_chars(" ")


def _map_strings(
    frame: nw.DataFrame[Any], columns: Sequence[str], change: Callable[[Sequence[str]], list[str]]
) -> nw.DataFrame[Any]:
    """Apply a function of lists to the unique strings of each column."""
    made = []
    for name in columns:
        strings = frame[name].drop_nulls().unique().to_list()
        new = change(strings) if strings else []
        changed = {old: new for old, new in zip(strings, new, strict=True) if new != old}
        if changed:
            value = nw.col(name)
            made.append(
                value.replace_strict(
                    list(changed), list(changed.values()), default=value, return_dtype=nw.String
                )
            )
    return frame.with_columns(*made)
