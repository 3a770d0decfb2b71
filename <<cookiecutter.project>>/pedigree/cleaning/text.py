"""Repairs of texts: one spelling for what means the same."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from typing import Any, Literal

import narwhals as nw

from pedigree.base.names import UserError
from pedigree.cleaning.arguments import Columns, Pattern, Values, Words

# What Unicode calls white space, spelt out: engines disagree on what `\s` is.
BLANKS = "".join(char for char in map(chr, range(0x3001)) if char.isspace())
# Marks without a width: zero-width space and joiners, word joiner, byte order mark, soft hyphen.
INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff\u00ad"))


def trim_text(frame: nw.DataFrame[Any], columns: Columns | None = None) -> nw.DataFrame[Any]:
    """Take blanks from both ends of texts and make one of several in a row (None = of every text)."""
    return frame.with_columns(squeezed(nw.col(name)) for name in text_columns(frame, columns))


def unify_unicode(
    frame: nw.DataFrame[Any],
    columns: Columns | None = None,
    form: Literal["NFC", "NFD", "NFKC", "NFKD"] = "NFKC",
) -> nw.DataFrame[Any]:
    """Write each character in one way and take out marks without a width.

    Parameters
    ----------
    frame : nw.DataFrame
    columns : sequence of str, optional
        None = every text.
    form : {"NFC", "NFD", "NFKC", "NFKD"}
        Unicode's normal form (Unicode Standard Annex 15). The forms with a K also unify what only looks
        different: full-width letters, ligatures, superscripts.
    """

    def unified(texts: Sequence[str]) -> list[str]:
        return [unicodedata.normalize(form, text.translate(INVISIBLE)) for text in texts]

    return _map_texts(frame, text_columns(frame, columns), unified)


def unify_case(
    frame: nw.DataFrame[Any],
    columns: Columns | None = None,
    case: Literal["lower", "upper", "title"] = "lower",
) -> nw.DataFrame[Any]:
    """Write texts in one case (None = every text)."""
    return frame.with_columns(
        getattr(nw.col(name).str, f"to_{case}case")() for name in text_columns(frame, columns)
    )


def unify_missing(
    frame: nw.DataFrame[Any], markers: Words, columns: Columns | None = None
) -> nw.DataFrame[Any]:
    """Make one missing value of all that mean one.

    Parameters
    ----------
    frame : nw.DataFrame
    markers : sequence of str or number
        Texts, in any case, for the columns of texts; numbers such as -999 for those of numbers too.
    columns : sequence of str, optional
        None = all.
    """
    lower = [str(marker).lower() for marker in markers]
    numbers = [marker for marker in markers if not isinstance(marker, str)]
    names = frame.columns if columns is None else columns
    texts = [name for name in names if frame.schema[name] == nw.String]
    missing = {name: nw.col(name).str.to_lowercase().is_in(lower) for name in texts}
    if numbers:
        counted = [name for name in names if frame.schema[name].is_numeric()]
        missing |= {name: nw.col(name).is_in(numbers) for name in counted}
    return frame.with_columns(
        nw.when(~is_one).then(nw.col(name)).alias(name) for name, is_one in missing.items()
    )


def replace_text(
    frame: nw.DataFrame[Any], columns: Columns, pattern: Pattern, by: str
) -> nw.DataFrame[Any]:
    r"""Replace each match of a regular expression; ``\1`` in `by` is its first group."""
    return frame.with_columns(
        nw.col(name).str.replace_all(pattern, by) for name in text_columns(frame, columns)
    )


def replace_values(frame: nw.DataFrame[Any], columns: Columns, values: Values) -> nw.DataFrame[Any]:
    """Replace whole texts by others, such as ``{m: male, f: female}``."""
    return _map_texts(
        frame,
        text_columns(frame, columns),
        lambda texts: [values.get(text, text) for text in texts],
    )


def fuzzy_merge(
    frame: nw.DataFrame[Any],
    columns: Columns,
    towards: Sequence[str],
    score: float = 85,
    scorer: Literal["ratio", "token_sort_ratio", "token_set_ratio", "WRatio"] = "ratio",
) -> nw.DataFrame[Any]:
    """Replace misspelt categories by the ones they are nearest to.

    Parameters
    ----------
    frame : nw.DataFrame
    columns : sequence of str
    towards : sequence of str
        The right spellings. They are named, not found in the data: a spelling that was frequent in one
        table may not be in the next, and a row alone must be mended as it was among the others.
    score : float
        Likeness from which a text is replaced, in [0, 100]; case and punctuation do not count.
    scorer : str
        What likeness is: a function of rapidfuzz.fuzz. `token_sort_ratio` overlooks the order of words.

    Notes
    -----
    What is equally near to two right spellings is left alone.
    """
    import numpy as np
    from rapidfuzz import fuzz, process, utils

    right = np.array(towards, dtype=object)
    likeness = getattr(fuzz, scorer)

    def nearest(texts: Sequence[str]) -> list[str]:
        scores = process.cdist(texts, right, scorer=likeness, processor=utils.default_process)
        best = scores.max(axis=1)
        clear = (best >= score) & ((scores == best[:, None]).sum(axis=1) == 1)
        merged = right[scores.argmax(axis=1)]
        nearest: list[str] = np.where(clear & ~np.isin(texts, right), merged, texts).tolist()
        return nearest

    return _map_texts(frame, text_columns(frame, columns), nearest)


fuzzy_merge.needs = ("rapidfuzz",)  # type: ignore[attr-defined]


def text_columns(frame: nw.DataFrame[Any], columns: Sequence[str] | None) -> Sequence[str]:
    """Name the columns of texts: all of them, or those that are wanted.

    Raises
    ------
    UserError
        A wanted one holds something else.
    """
    if columns is None:
        return [name for name, dtype in frame.schema.items() if dtype == nw.String]
    for name in columns:
        if frame.schema[name] != nw.String:
            raise UserError(f"'{name}' holds no texts; leave it out of `columns`.")
    return columns


def squeezed(value: nw.Expr) -> nw.Expr:
    """Take blanks from both ends of a text and make one of several in a row."""
    return value.str.replace_all(f"[{BLANKS}]+", " ").str.strip_chars(" ")


def _map_texts(
    frame: nw.DataFrame[Any], columns: Sequence[str], change: Callable[[Sequence[str]], list[str]]
) -> nw.DataFrame[Any]:
    """Change the different texts of each column by a function of plain lists."""
    made = []
    for name in columns:
        texts = frame[name].drop_nulls().unique().to_list()
        new = change(texts) if texts else []
        changed = {old: new for old, new in zip(texts, new, strict=True) if new != old}
        if changed:
            value = nw.col(name)
            made.append(
                value.replace_strict(
                    list(changed), list(changed.values()), default=value, return_dtype=nw.String
                )
            )
    return frame.with_columns(*made)
