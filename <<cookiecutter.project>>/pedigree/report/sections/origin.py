"""Where it all comes from: the chain from the bundle down to the snapshot."""

from __future__ import annotations

import hashlib

from pedigree.report.elements import el
from pedigree.report.facts import Facts
from pedigree.report.page import Page, copyable, details, table


def origin(page: Page, facts: Facts) -> None:
    """Write the chain from the bundle down to the snapshot, with hashes that can be copied."""
    page.heading("Where it comes from", "lineage")
    manifest = facts.read("models/bundle/sha256.json")
    lineage = facts.lineage
    if manifest:
        page.paragraph("Bundle ", copyable(hashlib.sha256(manifest).hexdigest()))
    page.paragraph("Follow any file to its source:")
    page.add(el("pre", copyable("python -m pedigree trace models/bundle")))
    if not lineage["stages"]:
        page.paragraph("DVC has recorded no run: `dvc repro` does.")
    lines = [
        {"stage": name, "output": path, "MD5": copyable(md5)}
        for name, stage in reversed(lineage["stages"].items())
        for path, md5 in stage["outputs"].items()
    ]
    page.table(lines, "what the bundle was made from, nearest first, down to the snapshot")
    files = [
        {"file": one["name"], "SHA-256": copyable(one["sha256"])}
        for one in lineage["snapshot"]["files"]
    ]
    page.table(files[:20], "the snapshot's files")
    environment = lineage["environment"]
    packages = [
        {"package": name, "version": version} for name, version in environment["packages"].items()
    ]
    library = lineage["library"]
    edited = f", {len(library['changed'])} files edited" if library["changed"] else ""
    packages.insert(0, {"package": "pedigree", "version": library["version"] + edited})
    packages.insert(0, {"package": "Python", "version": environment["python"]})
    page.add(
        details(
            "Environment",
            table(packages, "packages that made the numbers"),
            el(
                "p",
                "SHA-256 of constraints.txt, which names all: ",
                copyable(environment["constraints_sha256"]),
            ),
        )
    )
