"""What the parts of a stored object may contain beside their types: what compiled code reads without a check.

scikit-learn's compiled code follows the numbers in the nodes of a tree without looking whether such a node, row or
column exists; a crafted tree would read, or loop, anywhere in memory (skops names this as a limit of its own audit).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np


def inspect(value: Any) -> None:
    """Check all that an object contains.

    Raises
    ------
    ValueError
        A tree has impossible nodes, or a vectorizer would read files.
    """
    for one in _objects(value):
        if getattr(one, "input", "content") != "content" and _is_a(one, "_VectorizerMixin"):
            raise ValueError(f"{type(one).__name__}(input={one.input!r:.20})")
        columns = getattr(one, "n_features_in_", None)
        for part in _members(one):
            if hasattr(part, "tree_") and part.tree_.n_features != columns:
                raise ValueError("trees of another number of columns")
        for tree in (getattr(one, "tree_", None), getattr(one, "_tree", None)):
            kind = type(tree).__name__
            if kind == "Tree" and not _is_sound_tree(tree, columns):
                raise ValueError("a decision tree with impossible nodes")
            if kind in ("KDTree", "BallTree") and not _is_sound_search_tree(tree):
                raise ValueError("a tree of neighbours with impossible nodes")
        for iteration in getattr(one, "_predictors", ()):
            if not all(_is_sound_histogram_tree(tree, columns) for tree in iteration):
                raise ValueError("a decision tree with impossible nodes")


def _objects(value: Any) -> Iterator[Any]:
    """Yield every object with attributes that an object contains, itself included, wherever it is in it."""
    seen: set[int] = set()
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str | bytes | int | float | type(None) | type) or id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, Mapping):
            waiting += [*one.keys(), *one.values()]
        elif isinstance(one, list | tuple | set):
            waiting += one
        elif isinstance(one, np.ndarray):
            waiting += one.ravel().tolist() if one.dtype.hasobject else []
        elif isinstance(one, partial):
            waiting += [one.func, one.args, one.keywords]
        if hasattr(one, "__dict__"):
            yield one
            waiting += vars(one).values()


def _is_a(one: Any, *names: str) -> bool:
    """Return whether an object's class, or one that it derives from, has a name; so nothing is imported."""
    return any(each.__name__ in names for each in type(one).__mro__)


def _members(one: Any) -> list[Any]:
    """Return the trees to which an ensemble passes rows unchecked: those of forests and of gradient boosting."""
    known = _is_a(one, "BaseForest", "BaseGradientBoosting")
    members = getattr(one, "estimators_", ()) if known else ()
    return list(np.asarray(members, dtype=object).ravel())


def _is_sound_tree(tree: Any, columns: Any) -> bool:
    """Return whether each inner node has later nodes as children, and splits by a column that exists."""
    inner = tree.children_left != -1
    places = np.arange(tree.node_count)[inner]
    features = tree.feature[inner]
    children = np.stack([tree.children_left[inner], tree.children_right[inner]])
    return bool(
        tree.node_count > 0
        and tree.n_features == columns
        and (children > places).all()
        and (children < tree.node_count).all()
        and (features >= 0).all()
        and (features < tree.n_features).all()
    )


def _is_sound_histogram_tree(tree: Any, columns: Any) -> bool:
    """Return the same of a tree of HistGradientBoosting, and whether its sets of categories exist."""
    nodes = tree.nodes
    inner = nodes[nodes["is_leaf"] == 0]
    places = np.flatnonzero(nodes["is_leaf"] == 0)
    children = np.stack([inner["left"], inner["right"]]).astype("int64")
    features = inner["feature_idx"].astype("int64")
    sets = inner["bitset_idx"][inner["is_categorical"] == 1].astype("int64")
    return bool(
        len(nodes)
        and (children > places).all()
        and (children < len(nodes)).all()
        and (features >= 0).all()
        and (features < columns).all()
        and (sets < min(len(tree.raw_left_cat_bitsets), len(tree.binned_left_cat_bitsets))).all()
    )


def _is_sound_search_tree(tree: Any) -> bool:
    """Return whether the nodes of a tree of neighbours contain rows that exist, and have children or are leaves."""
    rows, index, nodes, bounds, _, levels, count = tree.__getstate__()[:7]
    children = 2 * np.arange(len(nodes)) + 2  # the second one of each node
    return bool(
        rows.ndim == 2
        and index.shape == (len(rows),)
        and (index >= 0).all()
        and (index < len(rows)).all()
        and count == len(nodes) == bounds.shape[1] == 2**levels - 1
        and bounds.shape[2] == rows.shape[1]
        and (nodes["idx_start"] >= 0).all()
        and (nodes["idx_start"] <= nodes["idx_end"]).all()
        and (nodes["idx_end"] <= len(rows)).all()
        and ((children < len(nodes)) | (nodes["is_leaf"] != 0)).all()
    )
