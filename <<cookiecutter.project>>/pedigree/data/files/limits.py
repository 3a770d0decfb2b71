"""How large a file may be: checked before its content takes the memory."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from pydantic import ValidationError

from pedigree.base.names import UserError
from pedigree.base.paths import CONF, PARAMS
from pedigree.base.section import Count, Section
from pedigree.base.settings import read_yaml

RATIO = (
    100  # a file that is packed more tightly than this may be made to fill the memory or the disk
)


class Limits(Section):
    """The key `limits` of conf/load/."""

    columns: Count = 5_000
    cells: Count = 2_000_000
    unpacked_mb: Count = 250

    @classmethod
    def in_force(cls) -> Limits:
        """Return those of the project, else the defaults, as where a bundle is used without its project.

        No stage lists them: they decide whether a file is read, not what comes out.
        """
        for path, section in ((PARAMS, "load"), (CONF / "load/default.yaml", None)):
            if path.is_file():
                data = read_yaml(path) or {}
                found = (data.get(section) or {}) if section else data
                if "limits" in found:
                    try:
                        return cls.model_validate(found["limits"])
                    except ValidationError:
                        raise UserError(
                            f"{path}: 'limits' has other keys than {', '.join(cls.model_fields)}, or values that are no positive integers."
                        ) from None
        return cls()

    def check_columns(self, names: Collection[object], path: Path) -> None:
        """Refuse a file with too many columns.

        Raises
        ------
        UserError
            Names the limit.
        """
        if len(names) > self.columns:
            raise UserError(
                f"{path} has {len(names):,} columns or more, and load.limits.columns allows {self.columns:,}; store values of "
                "one kind as rows instead, or raise the limit in conf/load/."
            )

    def check_cells(self, count: int, path: Path) -> None:
        """Refuse a sheet with too many cells; for the errors see `check_columns`."""
        if count > self.cells:
            raise UserError(
                f"{path} has more cells than load.limits.cells allows ({self.cells:,}); store it as Parquet or CSV, which "
                "are read in parts, or raise the limit in conf/load/."
            )

    def check_unpacked(self, count: int, packed: int, path: Path) -> None:
        """Refuse a file that unpacks to much more than its size; for the errors see `check_columns`.

        Parameters
        ----------
        count, packed : int
            Bytes that were unpacked so far, and from how many.
        path : Path
        """
        if count > max(self.unpacked_mb * 1_000_000, RATIO * packed):
            raise UserError(
                f"{path} unpacks to more than load.limits.unpacked_mb allows ({self.unpacked_mb:,} MB) and to more than "
                f"{RATIO} times its size; unpack it, or raise the limit in conf/load/."
            )

    def check_memory(self, count: int, path: Path) -> None:
        """Refuse content that has to be unpacked in memory as a whole; for the errors see `check_columns`."""
        if count > self.unpacked_mb * 1_000_000:
            raise UserError(
                f"{path} is larger than load.limits.unpacked_mb allows when unpacked ({self.unpacked_mb:,} MB); unpack it or "
                "store it as Parquet, which is read in parts, or raise the limit in conf/load/."
            )
