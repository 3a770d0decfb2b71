"""Deep feature synthesis over a related table (Kanter and Veeramachaneni 2015), with featuretools."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from pedigree.base.names import snake_cased
from pedigree.estimators.frames import as_frame
from pedigree.features.engineering.related.table import RelatedTable
from pedigree.features.engineering.steps import unknown

if TYPE_CHECKING:
    from featuretools import EntitySet

ROW, CHILD, UNKNOWN = "row", "related_row", -1
SOME_DAY = pd.Timestamp("1970-01-01")  # for tables without a time; featuretools would use today


class DeepFeatures(RelatedTable):
    """Add features that featuretools builds by stacking primitives on a related table.

    An example is the most frequent month of a customer's orders. `fit` determines the definitions of the features,
    which are stored; `transform` computes them for new rows.

    Parameters
    ----------
    path : str
        A file in data/external/, in any format that `collect` reads.
    key : str
        Column that identifies the row to which related rows belong.
    time : str or None
        Column with the time of a row, the cutoff: related rows at that time or later are not used.
    child_key, child_time : str or None
        Names of the two columns in the table, if they differ.
    reading : mapping or None
        CSV dialect or sheet of the file; None = detected.
    missing : list of str
        Strings that mark a missing value.
    agg_primitives, trans_primitives : list of str
        Names of featuretools' primitives that aggregate related rows, and that transform a column of
        theirs before.
    max_depth : int
        Maximum number of stacked primitives.
    max_features : int
        Maximum number of features; the first ones are kept.
    """

    READ = ("keys_", "table_", "definitions_", "names_", "texts_")
    needs = ("featuretools",)

    def __init__(
        self,
        path: str,
        key: str,
        time: str | None = None,
        child_key: str | None = None,
        child_time: str | None = None,
        reading: Mapping[str, Any] | None = None,
        missing: Sequence[str] = ("",),
        agg_primitives: Sequence[str] = ("count", "mean", "sum", "max", "num_unique", "mode"),
        trans_primitives: Sequence[str] = (),
        max_depth: int = 2,
        max_features: int = 50,
    ) -> None:
        self.path = path
        self.key = key
        self.time = time
        self.child_key = child_key
        self.child_time = child_time
        self.reading = reading
        self.missing = missing
        self.agg_primitives = agg_primitives
        self.trans_primitives = trans_primitives
        self.max_depth = max_depth
        self.max_features = max_features

    def mistakes(self) -> Iterator[str]:
        """Find also unknown primitives."""
        yield from super().mistakes()
        if find_spec("featuretools"):
            known = _featuretools().primitives
            for kind, names in (("aggregation", self.agg_primitives), ("transform", self.trans_primitives)):  # fmt: skip
                there = getattr(known, f"get_{kind}_primitives")()
                yield from unknown(f"{kind} primitive", names, list(there))

    def fit(self, X: pd.DataFrame, y: object = None) -> DeepFeatures:
        """Read the table and define the features.

        Raises
        ------
        UserError
            The file cannot be read, or lacks a column.
        """
        as_frame(self, X, reset=True)
        if hasattr(self, "definitions_"):
            return self
        rows, key, _ = self.read()
        codes, names = pd.factorize(key, sort=True)
        table = rows.drop(columns=self.columns[0]).assign(**{ROW: codes, CHILD: range(len(rows))})
        buffer = io.BytesIO()
        table.to_parquet(buffer, index=False)
        self.keys_ = np.asarray(names, dtype="str")
        self.table_ = np.frombuffer(buffer.getvalue(), dtype="uint8")
        ft = _featuretools()
        features = ft.dfs(
            entityset=self._entities(),
            target_dataframe_name="rows",
            agg_primitives=list(self.agg_primitives),
            trans_primitives=list(self.trans_primitives),
            max_depth=self.max_depth,
            max_features=self.max_features,
            features_only=True,
        )
        self.definitions_ = ft.save_features(features)
        self.names_ = snake_cased(feature.get_name() for feature in features)
        self.texts_ = [bool(feature.column_schema.is_categorical) for feature in features]
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """Add the features: numbers as float64, others as strings."""
        check_is_fitted(self)
        X = as_frame(self, X)
        key, moment = self.key_and_time(X)
        codes = pd.Index(self.keys_, dtype="object").get_indexer(key.astype("object"))
        cutoff = X[self.time].to_numpy() if self.time else SOME_DAY
        cutoffs = pd.DataFrame({ROW: codes, "time": cutoff}, index=X.index)
        known = cutoffs[key.notna().to_numpy() & ~np.isnan(moment)]
        made = pd.DataFrame(index=X.index, columns=self.names_, dtype="object")
        if len(known):
            values = self._compute(known.drop_duplicates())
            made.loc[known.index] = values.reindex(pd.MultiIndex.from_frame(known)).to_numpy()
        for name, is_text in zip(self.names_, self.texts_, strict=True):
            made[name] = (
                made[name].map(str, na_action="ignore")
                if is_text
                else pd.to_numeric(made[name]).astype("float64")
            )
        return pd.concat([X, made], axis=1)

    def _compute(self, cutoffs: pd.DataFrame) -> pd.DataFrame:
        """Compute the features of distinct pairs of row and time, which are the index of the result."""
        ft = _featuretools()
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore", FutureWarning
            )  # about pandas 3, which featuretools does not support yet
            made = ft.calculate_feature_matrix(
                ft.load_features(self.definitions_),
                entityset=self._entities(),
                cutoff_time=cutoffs,
                cutoff_time_in_index=True,
                include_cutoff_time=False,
                n_jobs=1,
            )
        return made.astype("object").where(made.notna(), None)

    def _entities(self) -> EntitySet:
        """Relate the table's rows to the keys: one number for each key, and one for all unknown keys."""
        ft = _featuretools()
        table = pd.read_parquet(io.BytesIO(self.table_.tobytes()))
        names = table.select_dtypes(exclude=["number", "bool", "boolean", "datetime"])
        entities = ft.EntitySet("related")
        entities.add_dataframe(
            dataframe_name="rows",
            dataframe=pd.DataFrame({ROW: range(UNKNOWN, len(self.keys_))}),
            index=ROW,
        )
        entities.add_dataframe(
            dataframe_name=self.name,
            dataframe=table,
            index=CHILD,
            time_index=self.columns[1],
            logical_types=dict.fromkeys(names, "Categorical"),
        )
        return entities.add_relationship("rows", ROW, self.name, ROW)


def _featuretools() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it imports pkg_resources, which is deprecated
        import featuretools
    return featuretools
