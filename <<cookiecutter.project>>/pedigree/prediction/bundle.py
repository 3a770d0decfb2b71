"""The bundle that is deployed: verified before a file in it is opened, then used for predictions."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from pedigree.base.names import UserError, did_you_mean, snake_case
from pedigree.base.paths import BUNDLE, MANIFEST
from pedigree.base.tables import read_json, sha256, write_json
from pedigree.cleaning import clean_rows
from pedigree.data.engine import parse
from pedigree.data.loading import enforce
from pedigree.data.records import SnapshotRecord
from pedigree.estimators.lineage import Lineage
from pedigree.estimators.signature import Signature
from pedigree.prediction.predictor import Predictor
from pedigree.scoring.decision import PredictedRows


def seal(folder: Path) -> str:
    """Write the SHA-256 of every file of a bundle into its manifest; return the bundle's id."""
    hashes = {path.name: sha256(path) for path in sorted(folder.iterdir()) if path.name != MANIFEST}
    write_json(hashes, folder / MANIFEST)
    return sha256(folder / MANIFEST)


def verify(folder: Path) -> str:
    """Check every file of a bundle against its manifest; return the bundle's id.

    The id is the SHA-256 of the manifest, so it names the content of every file.

    Raises
    ------
    UserError
        A file is missing, new or changed.
    """
    if not (folder / MANIFEST).is_file():
        raise UserError(
            f"{folder} contains no bundle ({MANIFEST} is missing); run `dvc repro package`."
        )
    expected = read_json(folder / MANIFEST)
    there = {path.name for path in folder.iterdir()} - {MANIFEST}
    for name in sorted(there ^ set(expected)):
        raise UserError(
            f"the bundle {folder} is not what was packed: {name} is {'new' if name in there else 'missing'}."
        )
    for name, digest in expected.items():
        if sha256(folder / name) != digest:
            raise UserError(f"the bundle {folder} is not what was packed: {name} was changed.")
    return sha256(folder / MANIFEST)


@dataclass(frozen=True)
class Bundle:
    """A verified bundle.

    Parameters
    ----------
    id : str
        SHA-256 of its manifest, which names the content of every file.
    signature : Signature
        Inputs and outputs of the model.
    snapshot : SnapshotRecord
        The snapshot of the data that it was trained on.
    predictor : Predictor

    Examples
    --------
    >>> from pedigree import Bundle, Snapshot
    >>> bundle = Bundle.load()
    >>> typed, broken = bundle.check(Snapshot.read().table().head(2))
    >>> list(bundle.answer(typed))
    ['label', 'probability:female', 'probability:male']
    """

    id: str
    signature: Signature
    snapshot: SnapshotRecord
    predictor: Predictor

    @classmethod
    def load(cls, folder: Path = BUNDLE) -> Bundle:
        """Verify a bundle, then load it.

        Raises
        ------
        UserError
            The bundle is missing or was changed.
        """
        identity = verify(folder)
        signature = Signature.read(folder / Signature.place.name)
        lineage = Lineage.read(folder / Lineage.place.name)
        predictor = Predictor.load(folder, signature.target.classes)
        return cls(identity, signature, lineage.snapshot, predictor)

    @property
    def needed(self) -> list[str]:
        """The columns that a row must have."""
        return self.signature.needed

    def check(self, rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Type raw rows and check them against the signature and the contract.

        Parameters
        ----------
        rows : DataFrame
            Raw rows; columns may have the names of the source. Columns that the model does not need
            may be missing.

        Returns
        -------
        typed : DataFrame
            All columns that training knew.
        broken : DataFrame
            The rows that break the contract, with the reason (see `pedigree.data.loading.enforce`).

        Raises
        ------
        UserError
            A column is unknown or given twice, or one that the model needs is missing.
        """
        types = self.signature.types
        rows = rows.rename(columns=snake_case)
        if rows.columns.has_duplicates:
            twice = rows.columns[rows.columns.duplicated()][0]
            raise UserError(f"column '{twice}' is given twice, in different spellings.")
        for name in rows:
            if name not in types:
                raise UserError(f"unknown column '{name}'; {did_you_mean(name, types)}")
        lacking = [name for name in self.needed if name not in rows]
        if lacking:
            names = ", ".join(f"'{name}'" for name in lacking)
            raise UserError(
                f"required columns are missing: {names}."
                if lacking[1:]
                else f"the required column {names} is missing."
            )
        markers = {"", *self.signature.missing}
        given = {
            name: rows[name].mask(rows[name].astype("str").str.strip().isin(markers))
            for name in rows
        }
        typed, broken = enforce(
            pd.DataFrame(given, index=rows.index), self.signature.contract, types
        )
        absent = {
            name: parse(pd.Series(None, index=rows.index, dtype="object"), dtype)
            for name, dtype in types.items()
            if name not in typed
        }
        return typed.assign(**absent)[list(types)], broken

    def predict(self, typed: pd.DataFrame) -> PredictedRows:
        """Predict typed rows."""
        cleaned, _ = clean_rows(typed, self.signature.clean, serving=True)
        return self.predictor.predict(cleaned[list(self.signature.inputs)])

    def answer(self, typed: pd.DataFrame) -> pd.DataFrame:
        """Predict typed rows as a table with their index; for the columns see `PredictedRows.answers`."""
        answers = self.predict(typed).answers(self.signature.target.classes)
        return pd.DataFrame(answers, index=typed.index)
