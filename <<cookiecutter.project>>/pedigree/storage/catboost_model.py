"""Whether the trees in a model of CatBoost refer to what exists: its parser verifies the file's form, but not these numbers.

The file is a header of eight bytes, tables of FlatBuffers, and counters of categories, which are not looked into here. A
table starts with the distance to its list of fields, and each field of it is a number or the distance to a part. The
numbers of fields are those in CatBoost's model.fbs and features.fbs.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np

MAGIC = b"CBM1"
DEEPEST = 16  # levels of a symmetric tree that CatBoost fits
MOST_COLUMNS = 1_000_000
# Fields of the root, of the trees, and of features.
TREES = 1
DIMENSION, SPLITS, SIZES, STARTS = 0, 1, 2, 3
LEAVES, WEIGHTS, STEPS, LEAF_OF_NODE = 8, 9, 10, 11
# Of each kind of feature that a split can compare: its field of the trees, and the feature's field of borders or values.
FLOAT, INDEX, FLAT_INDEX = 5, 1, 2
BORDERS = {FLOAT: 3, 6: 1, 7: 1, 13: 3}


def is_sound_catboost(content: bytes) -> bool:
    """Return whether the trees of a model consist of splits, nodes and leaves that exist.

    Parameters
    ----------
    content : bytes
        The model in CatBoost's binary format.
    """
    try:
        size = _unsigned(content, 4)
        core = content[8 : 8 + size]
        trees = _Table(core, _unsigned(core, 0)).table(TREES)
        return len(core) == size and _are_sound(trees)
    except (struct.error, ValueError, OverflowError):  # a part outside of the file
        return False


def _are_sound(trees: _Table) -> bool:
    features = {kind: trees.tables(kind) for kind in BORDERS}
    bins = sum(one.count(BORDERS[kind]) for kind, some in features.items() for one in some)
    columns = [(one.number(INDEX), one.number(FLAT_INDEX)) for one in features[FLOAT]]
    splits, sizes, starts = (trees.vector(field, "<i4") for field in (SPLITS, SIZES, STARTS))
    if not (
        all(0 <= index <= flat < MOST_COLUMNS for index, flat in columns)
        and (sizes >= 0).all()
        and sizes.sum(dtype="int64") == len(splits)
        and np.array_equal(starts, np.cumsum(sizes) - sizes)
        and (splits >= 0).all()
    ):
        return False
    dimension = max(trees.number(DIMENSION), 1)
    leaves = trees.count(LEAVES)
    steps = trees.vector(STEPS, "<u2,<u2")
    if not len(steps):
        if (sizes > DEEPEST).any() or (splits >= bins).any():
            return False
        count = int((1 << sizes.astype("int64")).sum())
        return leaves == count * dimension and trees.count(WEIGHTS) in (0, count)
    leaf = trees.vector(LEAF_OF_NODE, "<u4").astype("int64")
    steps_of = np.stack([steps["f0"], steps["f1"]]).astype("int64")
    if not len(steps) == len(leaf) == len(splits):
        return False
    ends = (steps_of == 0).any(axis=0)
    return bool(
        (np.arange(len(steps)) + steps_of < len(steps)).all()
        and (leaf[ends] + dimension <= leaves).all()
        and (splits[~ends] < bins).all()
    )


def _unsigned(data: bytes, place: int) -> int:
    number: int = struct.unpack_from("<I", data, place)[0]
    return number


@dataclass(frozen=True)
class _Table:
    """A table of FlatBuffers; reading outside of the data raises struct.error or ValueError."""

    data: bytes
    place: int

    def _field(self, number: int) -> int | None:
        """Return the place of a field; None if the table does not have it."""
        fields = self.place - struct.unpack_from("<i", self.data, self.place)[0]
        if fields < 0 or 4 + 2 * number >= struct.unpack_from("<H", self.data, fields)[0]:
            return None
        distance = struct.unpack_from("<H", self.data, fields + 4 + 2 * number)[0]
        return self.place + distance if distance else None

    def number(self, field: int) -> int:
        """Return a number; 0 if the table does not have the field."""
        place = self._field(field)
        return 0 if place is None else int(struct.unpack_from("<i", self.data, place)[0])

    def _part(self, field: int) -> int | None:
        place = self._field(field)
        return None if place is None else place + _unsigned(self.data, place)

    def table(self, field: int) -> _Table:
        """Return a table that a field refers to."""
        place = self._part(field)
        if place is None:
            raise ValueError("a part is missing")
        return _Table(self.data, place)

    def count(self, field: int) -> int:
        """Return the number of elements of a vector."""
        place = self._part(field)
        return 0 if place is None else _unsigned(self.data, place)

    def vector(self, field: int, dtype: str) -> np.ndarray:
        """Return a vector of numbers."""
        place = self._part(field)
        return np.frombuffer(self.data, dtype, self.count(field), 0 if place is None else place + 4)

    def tables(self, field: int) -> list[_Table]:
        """Return the tables of a vector."""
        distances = self.vector(field, "<u4").tolist()
        start = (self._part(field) or 0) + 4
        return [
            _Table(self.data, start + 4 * number + distance)
            for number, distance in enumerate(distances)
        ]
