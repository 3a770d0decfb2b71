"""The data: how many rows there are and where they went, what cleaning did, what the contract asks."""

from __future__ import annotations

from typing import Any

from pedigree.report.charts import Mark, bars
from pedigree.report.elements import el, number, short
from pedigree.report.facts import Facts, parsed
from pedigree.report.page import Page, copyable, details, table

# Rules of a contract in words.
RULES = {
    "isin": "one of {}",
    "str_matches": "of the pattern {}",
    "str_length": "of the length {}",
    "in_range": "in the range {}",
    "ge": "at least {}",
    "gt": "more than {}",
    "le": "at most {}",
    "lt": "less than {}",
}


def data(page: Page, facts: Facts, most: int) -> None:
    """Write where the rows come from, where they went, and what was done to them."""
    page.heading("The data", "data")
    snapshot = facts.lineage["snapshot"]
    source = snapshot["source"]
    what = source.get("what") or source.get("path") or source.get("url") or ""
    page.paragraph(f"Source: {source['kind']}. ", el("span", short(what, 200), dir="auto"))
    loaded, cleaned, split = (
        facts.json(f"metrics/{name}.json") for name in ("load", "clean", "split")
    )
    marks = [
        Mark("collected", snapshot["rows"]),
        Mark("kept the contract", loaded["loaded"], tip=f"{loaded['rejected']} did not"),
        Mark("left by cleaning", cleaned["kept"]),
    ]
    names = {
        "train": "to learn from",
        "validation": "to choose by (validation)",
        "test": "to judge by (test)",
    }
    names |= {"unlabelled": "without an answer", "left_out": "left out by the split"}
    for side, name in names.items():
        rows = split.get(side, {}).get("rows", 0)
        shares = split.get(side, {}).get("classes", {})
        tip = "\n".join(f"{short(c, 30)}: {share:.1%}" for c, share in list(shares.items())[:8])
        if rows or side in ("train", "validation", "test"):
            marks.append(Mark(name, rows, tip=tip, tone="t2"))
    page.add(bars(marks, title="Rows", caption="hover over a part to see the answers in it"))
    repairs(page, cleaned)
    columns(page, facts, most)
    files = [
        {
            "file": one["name"],
            "rows": one["rows"],
            "bytes": one["bytes"],
            "SHA-256": copyable(one["sha256"]),
        }
        for one in snapshot["files"]
    ]
    page.subheading("Versions")
    page.table(files[:most], "the files of the snapshot")
    if len(files) > most:
        page.paragraph(f"{len(files) - most} more are in data/raw/snapshot.json.", kind="quiet")


def repairs(page: Page, cleaned: dict[str, Any]) -> None:
    """List what cleaning changed."""
    page.subheading("Cleaning")
    lines = []
    for step, done in cleaned["steps"].items():
        changed = sorted(done["changed"].items(), key=lambda one: -one[1])
        told = ", ".join(f"{short(name, 40)} ({count:,})" for name, count in changed[:6])
        told += f" and {len(changed) - 6} more columns" if len(changed) > 6 else ""
        values = sum(done["changed"].values())
        lines.append(
            {
                "repair": step,
                "rows dropped": done["rows_dropped"],
                "values changed": values,
                "in": told,
            }
        )
    if any(one["rows dropped"] or one["values changed"] for one in lines):
        page.table(lines, "repairs in the order in which they were made")
    else:
        page.paragraph("There was nothing to repair." if lines else "No repair is asked for.")


def columns(page: Page, facts: Facts, most: int) -> None:
    """List the columns: type, what the contract asks of them, and what became of them."""
    signature = facts.json("models/bundle/signature.json")
    asked = signature["contract"].get("columns", {})
    excluded, inputs = facts.problem.get("exclude") or {}, signature["inputs"]
    lines = []
    for name, dtype in signature["types"].items():
        rules = asked.get(name) or {}
        role = "kept from the model" if name not in inputs else "given to the model"
        role = "needed by the model" if inputs.get(name, {}).get("required") else role
        role = "the answer" if name == facts.problem["target"] else role
        lines.append(
            {
                "column": short(name),
                "type": dtype,
                "role": role,
                "contract": "; ".join(promises(rules)),
                "why": excluded.get(name, ""),
            }
        )
    page.subheading("Columns and contract")
    rejected = facts.json("metrics/load.json")["rejected"]
    held = (
        "No row broke the contract"
        if not rejected
        else f"{rejected:,} rows broke the contract and were set aside"
    )
    page.paragraph(f"{held}; it asks something of {len(asked)} of {len(lines)} columns.")
    page.table(lines[: 4 * most], "columns")
    if len(lines) > 4 * most:
        page.paragraph(f"{len(lines) - 4 * most} more are in metrics/load.json.", kind="quiet")
    chosen = facts.rows("reports/select.csv")
    if chosen:
        kept = sum(one["kept"] == "True" for one in chosen)
        choice = [
            {
                "feature": short(one["feature"]),
                "kept": one["kept"] == "True",
                "share of folds": parsed(one["share_of_folds"]),
                "reason": short(one["reason"], 120),
            }
            for one in chosen[: 4 * most]
        ]
        index = (facts.json("metrics/select.json").get("stability") or {}).get("index")
        stable = (
            f"; the choice's stability over folds is {number(index)} (1: always the same)"
            if index is not None
            else ""
        )
        page.paragraph(f"{kept} of {len(chosen)} features were kept{stable}.")
        page.add(details("The choice of features", table(choice, "features before selection")))


def promises(rules: dict[str, Any]) -> list[str]:
    """Say what a contract asks of a column."""
    found = []
    for rule, words in RULES.items():
        value = rules.get(rule)
        if isinstance(value, list):
            value = ", ".join(map(str, value))
        if isinstance(value, dict):
            value = ", ".join(f"{key} {one}" for key, one in value.items())
        if value is not None:
            found.append(words.format(short(value)))
    found += ["each value once"] if rules.get("unique") else []
    return found + (["a value in each row"] if rules.get("nullable") is False else [])
