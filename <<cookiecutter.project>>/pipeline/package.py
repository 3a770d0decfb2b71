"""Step 15, deployment: a verified bundle of model, signature, lineage and card."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from pedigree.base.names import UserError
from pedigree.base.paths import BUNDLE, LOADED
from pedigree.base.stage import run, say
from pedigree.base.tables import read_table, replacing, write_json
from pedigree.packaging import make_lineage, make_signature, write_export
from pedigree.packaging.card import card
from pedigree.prediction.bundle import Bundle, seal
from pedigree.prediction.predictor import PARTS

if TYPE_CHECKING:
    from omegaconf import DictConfig


def main(settings: DictConfig) -> None:
    """Pack models/bundle/, then load it as a server would and predict a row."""
    with replacing(BUNDLE) as folder:
        folder.mkdir()
        for path in PARTS:
            shutil.copyfile(path, folder / path.name)
        signature = make_signature(settings) | {"export": write_export(settings, folder)}
        write_json(signature, folder / "signature.json")
        lineage = make_lineage()
        write_json(lineage, folder / "lineage.json")
        (folder / "README.md").write_text(card(settings, signature, lineage), encoding="utf-8")
        identity = seal(folder)
        megabytes = sum(path.stat().st_size for path in folder.iterdir()) / 1e6
        if megabytes > settings.package.max_megabytes:
            raise UserError(
                f"the bundle has {megabytes:.0f} MB, and package.max_megabytes allows {settings.package.max_megabytes}."
            )
        bundle = Bundle.load(folder)
        typed, _ = bundle.check(read_table(LOADED).head(1))
        bundle.predict(typed)
    say(f"bundle {identity[:12]}: {megabytes:.1f} MB, loads and predicts")


if __name__ == "__main__":
    run("package", main)
