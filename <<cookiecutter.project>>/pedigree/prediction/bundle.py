"""The bundle that is deployed: verified before a file in it is opened, then used for predictions."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from joblib import parallel_config

from pedigree.base.logs import LOGGER
from pedigree.base.names import UserError, did_you_mean, snake_case
from pedigree.base.paths import BUNDLE
from pedigree.base.tools import at
from pedigree.cleaning import clean_rows
from pedigree.cleaning.steps import check_serving_steps
from pedigree.data.engine import parse
from pedigree.data.loading import check_schema, enforce
from pedigree.data.records import SnapshotRecord
from pedigree.estimators.lineage import Lineage
from pedigree.estimators.signature import Signature
from pedigree.prediction.predictor import Predictor
from pedigree.prediction.sealed import Sealed
from pedigree.scoring.decision import PredictedRows


class BrokenBundle(UserError):
    """The bundle, not the rows that it got, is the reason why there is no prediction."""


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
    def load(
        cls, folder: Path = BUNDLE, expect: str | None = None, signed_by: Path | None = None
    ) -> Bundle:
        """Verify a bundle, then load it.

        Parameters
        ----------
        folder : Path
        expect : str, optional
            The id that the bundle must have.
        signed_by : Path, optional
            A public key whose private one must have signed the bundle.

        Raises
        ------
        UserError
            The bundle is missing, was changed, is another one than expected, or contains what could run code.
        """
        sealed = Sealed.read(folder, expect, signed_by)
        signature, lineage = sealed.parsed(Signature), sealed.parsed(Lineage)
        with at(f"the bundle {folder}"):
            check_serving_steps(signature.clean, sealed.own)
            check_schema(signature.contract)
        predictor = Predictor.load(signature.target.classes, sealed)
        return cls(sealed.id, signature, lineage.snapshot, predictor)

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
        """Predict typed rows.

        Raises
        ------
        BrokenBundle
            A fitted object or a cleaning step fails; the error itself is logged at DEBUG.
        """
        try:
            # A stored estimator's `n_jobs` must not start processes, nor any number of threads.
            with parallel_config(backend="sequential"):
                cleaned, _ = clean_rows(typed, self.signature.clean, serving=True)
                return self.predictor.predict(cleaned[list(self.signature.inputs)])
        except Exception as error:  # whatever its parts, which may come from elsewhere, raise
            LOGGER.debug("prediction failed", exc_info=True)
            kind = "" if isinstance(error, UserError) else f"{type(error).__name__}: "
            raise BrokenBundle(
                f"bundle {self.id[:12]} cannot predict these rows: {kind}{error!s:.300}"
            ) from error

    def answer(self, typed: pd.DataFrame) -> pd.DataFrame:
        """Predict typed rows as a table with their index; for the columns see `PredictedRows.answers`."""
        answers = self.predict(typed).answers(self.signature.target.classes)
        return pd.DataFrame(answers, index=typed.index)
