"""Deployment: a verified bundle of model, signature, lineage, packages and card."""

from __future__ import annotations

from pedigree import BundleWriter, new_folder, paths, read_table, run, say
from pedigree.settings import PackageSettings


def main(settings: PackageSettings) -> None:
    """Pack models/bundle/, then load it as a server would and predict a row."""
    with new_folder(paths.BUNDLE) as folder:
        writer = BundleWriter(folder, settings)
        writer.copy_parts()
        writer.write_signature()
        writer.write_lineage()
        writer.write_sbom()
        writer.write_card()
        bundle = writer.seal()
        typed, _ = bundle.check(read_table(paths.LOADED).head(1))
        bundle.predict(typed)
        size = writer.megabytes
    say(f"bundle {bundle.id[:12]}: {size:.1f} MB, loads and predicts")


if __name__ == "__main__":
    run("package", main)
