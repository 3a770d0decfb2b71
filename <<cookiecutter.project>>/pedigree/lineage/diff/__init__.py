"""What changed between two versions of a dataset: rows, columns, values and distributions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from pedigree.data.target import labels
from pedigree.lineage.diff.keys import check_key, find_key, match
from pedigree.lineage.diff.values import differ, json_rows, json_value, shifts

if TYPE_CHECKING:
    import pandas as pd

EXAMPLES = 5


def compare_versions(
    before: pd.DataFrame,
    after: pd.DataFrame,
    key: Sequence[str] = (),
    alpha: float = 0.05,
    min_effect: float = 0.2,
) -> dict[str, Any]:
    """Compare two versions of a dataset.

    Parameters
    ----------
    before, after : DataFrame
    key : sequence of str
        Columns that identify a row; detected if empty. If none do, whole rows are counted.
    alpha, min_effect : float
        Limits from which on a distribution has shifted; see `monitor.drift`.

    Returns
    -------
    dict
        key, rows (before, after, added, gone, changed, same, reordered), columns (added, gone: name
        to type; retyped: name to both types), values (a line for each common column: column,
        changed, missing_before, missing_after, distance, p, shifted), examples (added, gone,
        changed). `changed` and `reordered` are None if no columns identify a row.

    Raises
    ------
    UserError
        The key does not identify rows.
    """
    found = check_key(key, before, after) if key else find_key(before, after)
    common = [name for name in before if name in after]
    if found:
        pairs = match(before, after, found)
        rows, changes, examples = _by_key(before, after, found, common, pairs)
    else:
        rows, examples = _as_wholes(before, after, common)
        changes = {}
    moved = shifts(before, after, [name for name in common if name not in found], alpha, min_effect)
    values = [
        {
            "column": name,
            "changed": changes.get(name),
            "missing_before": float(before[name].isna().mean()) if len(before) else 0.0,
            "missing_after": float(after[name].isna().mean()) if len(after) else 0.0,
            **moved.get(name, {"distance": None, "p": None, "shifted": False}),
        }
        for name in common
    ]
    return {
        "key": found,
        "rows": {"before": len(before), "after": len(after), **rows},
        "columns": {
            "added": {name: str(after[name].dtype) for name in after if name not in before},
            "gone": {name: str(before[name].dtype) for name in before if name not in after},
            "retyped": {
                name: [str(before[name].dtype), str(after[name].dtype)]
                for name in common
                if before[name].dtype != after[name].dtype
            },
        },
        "values": values,
        "examples": examples,
    }


def _by_key(
    before: pd.DataFrame,
    after: pd.DataFrame,
    key: list[str],
    common: list[str],
    pairs: pd.DataFrame,
) -> tuple[dict[str, Any], dict[str, int], dict[str, Any]]:
    """Compare the values of rows with equal keys."""
    any_change = np.zeros(len(pairs), dtype=bool)
    changes, examples = {}, []
    for column in [name for name in common if name not in key]:
        old = before[column].iloc[pairs["before"]].reset_index(drop=True)
        new = after[column].iloc[pairs["after"]].reset_index(drop=True)
        changed = differ(old, new)
        any_change |= changed
        changes[column] = int(changed.sum())
        for row in np.flatnonzero(changed)[:EXAMPLES]:
            identity = json_rows(before[key].iloc[[pairs["before"].iloc[row]]])[0]
            both = {"before": json_value(old.iloc[row]), "after": json_value(new.iloc[row])}
            examples.append({**identity, "column": column, **both})
    gone, added = (
        np.flatnonzero(~np.isin(np.arange(len(frame)), pairs[version], kind="table"))
        for version, frame in (("before", before), ("after", after))
    )
    rows = {
        "added": len(added),
        "gone": len(gone),
        "changed": int(any_change.sum()),
        "same": int((~any_change).sum()),
        "reordered": not pairs["after"].is_monotonic_increasing,
    }
    return (
        rows,
        changes,
        {
            "added": json_rows(after.iloc[added[:EXAMPLES]]),
            "gone": json_rows(before.iloc[gone[:EXAMPLES]]),
            "changed": examples,
        },
    )


def _as_wholes(
    before: pd.DataFrame, after: pd.DataFrame, common: list[str]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Compare whole rows, each as often as it occurs, by the columns that both versions have."""
    import pandas as pd

    retyped = {name for name in common if before[name].dtype != after[name].dtype}

    def identities(frame: pd.DataFrame) -> pd.Series:
        columns = {name: labels(frame[name]) if name in retyped else frame[name] for name in common}
        hashed = pd.util.hash_pandas_object(pd.DataFrame(columns), index=False)
        # Equal rows are numbered, so that the second of them matches the second in the other version.
        number = hashed.groupby(hashed).cumcount().astype("uint64")
        return hashed + number * np.uint64(0x9E3779B97F4A7C15)

    old, new = identities(before), identities(after)
    gone, added = np.flatnonzero(~old.isin(new)), np.flatnonzero(~new.isin(old))
    rows = {
        "added": len(added),
        "gone": len(gone),
        "changed": None,
        "same": len(before) - len(gone),
        "reordered": None,
    }
    return rows, {
        "added": json_rows(after.iloc[added[:EXAMPLES]]),
        "gone": json_rows(before.iloc[gone[:EXAMPLES]]),
        "changed": [],
    }
