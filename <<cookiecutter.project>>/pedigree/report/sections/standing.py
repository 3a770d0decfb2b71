"""Where the model stands: the verdict, and its first metric beside those of others."""

from __future__ import annotations

from collections.abc import Sequence

from pedigree.report.charts import Mark, intervals
from pedigree.report.elements import Element, el, interval, number
from pedigree.report.facts import Facts
from pedigree.report.page import Page, details, table
from pedigree.report.sections.advice import Advice
from pedigree.report.words import AGAINST, MEANING, asked, better_is, outcome, rivals, surely

HAIR = 1e-9  # of a value: what is narrower is no interval
LIGHTS = {  # of the traffic light, from the top: its class, and what it says
    "bad": "Not accepted",
    "warn": "Accepted, with reservations",
    "good": "Accepted",
}


def standing(page: Page, facts: Facts, found: Sequence[Advice]) -> None:
    """Write the verdict, what it rests on, and who else was measured."""
    warnings = [one for one in found if one.warns]
    tone = "good" if facts.verdict["accepted"] and not warnings else "warn"
    tone = tone if facts.verdict["accepted"] else "bad"
    reasons = [el("li", one.says) for one in warnings[:3]]
    more = f"{len(warnings) - 3} more below" if len(warnings) > 3 else None
    page.add(
        el(
            "div",
            traffic_light(tone),
            el(
                "div",
                el("p", el("strong", f"{LIGHTS[tone]}. "), outcome(facts)),
                el("ul", *reasons, el("li", more) if more else None) if reasons else None,
            ),
            class_=f"verdict {tone}",
        )
    )
    page.heading("How good it is", "how-good")
    headline(page, facts)
    comparisons(page, facts)
    criteria(page, facts)
    scores(page, facts)


def traffic_light(lit: str) -> Element:
    """Draw the light; what it says stands beside it in words."""
    lamps = [
        el("circle", cx="16", cy=str(16 + 24 * place), r="9", fill=fill, stroke="currentColor")
        for place, tone in enumerate(LIGHTS)
        for fill in ["var(--lamp)" if tone == lit else "none"]
    ]
    case = el(
        "rect", x="1", y="1", width="30", height="78", rx="9", fill="none", stroke="currentColor"
    )
    title = f"traffic light: {LIGHTS[lit]}"
    return el("svg", case, *lamps, viewBox="0 0 32 80", role="img", aria_label=title)


def headline(page: Page, facts: Facts) -> None:
    """Draw the first metric with its interval beside champion and baselines."""
    first = facts.headline
    metric, (low, high) = first["metric"], first["interval"]
    others = rivals(facts)
    tiles = [
        (number(first["value"]), f"{metric} on the test rows"),
        (interval(low, high), "its interval"),
    ]
    tiles += [(number(value), AGAINST[who]) for who, value in others]
    page.add(
        el("div", *(el("div", el("b", big), small) for big, small in tiles), class_="figures"),
    )
    meaning = MEANING.get(metric)
    page.paragraph(
        f"{metric}: {meaning}; {better_is(metric)}."
        if meaning
        else f"{metric}: {better_is(metric)}."
    )
    limit = next(
        (
            c.get("at_least", c.get("at_most"))
            for c in facts.verdict["criteria"]
            if c["criterion"] == metric
        ),
        None,
    )
    marks = [Mark("this model", first["value"], low, high, strong=True)]
    marks += [Mark(AGAINST[who], value, tone="tq", tip=who) for who, value in others]
    if first.get("validation") is not None:
        marks.append(Mark("this model, validation rows", first["validation"], tone="tq"))
    about = "; ".join(one for one in facts.verdict["about"] if not one.startswith("0 "))
    line = " The broken line is what was asked." if limit is not None else ""
    page.add(intervals(marks, limit=limit, caption=f"{metric}. {about}.{line}"))


def comparisons(page: Page, facts: Facts) -> None:
    """Tell whether the differences from others are sure ones."""
    found = facts.verdict.get("comparisons", ())
    if not found:
        return
    metric = facts.headline["metric"]
    marks, lines = [], []
    for one in found:
        who = AGAINST.get(one["against"], one["against"])
        low, high = one["interval"]
        if one["metric"] == metric:
            marks.append(Mark(f"than {who}", one["gain"], low, high, tip=surely(low, high)))
        gain = {"gain": one["gain"], "interval": interval(low, high)}
        lines.append(
            {"against": who, "metric": one["metric"], **gain, "so it is": surely(low, high)}
        )
    page.subheading("Is it better?")
    said = "; ".join(f"against {one.name.removeprefix('than ')}: {one.tip}" for one in marks)
    page.paragraph(f"{said[:1].upper()}{said[1:]}.")
    caption = f"gain in {metric} on the same test rows, drawn together; on the right of the broken line the model is better"
    page.add(intervals(marks, limit=0.0, caption=caption))
    page.add(
        details("Every metric against every other model", table(lines, "gains and their intervals"))
    )


def criteria(page: Page, facts: Facts) -> None:
    """List the success criteria."""
    page.subheading("Success criteria")
    words = {
        True: ("good", "✓ met"),
        False: ("bad", "✗ missed"),
        None: ("warn", "measured by the check"),
    }
    lines = []
    for one in facts.verdict["criteria"]:
        tone, said = words[one["met"]]
        lines.append(
            {
                "criterion": one["criterion"],
                "asked": asked(one),
                "measured": one["value"],
                "result": el("span", said, class_=f"says {tone}"),
            }
        )
    if lines:
        page.table(lines, "what was asked, and what was measured on the test rows")
    else:
        page.paragraph("None was set: conf/problem/ may name some.")


def scores(page: Page, facts: Facts) -> None:
    """List every metric, on test and validation rows."""
    page.subheading("Every metric")
    half = facts.validation
    lines = []
    for one in facts.verdict["metrics"]:
        others = dict(rivals(facts, one))
        spread = half.get(f"{one['metric']}_half_width")
        validation = number(one.get("validation")) + (
            f" ± {number(spread)}" if spread and spread > HAIR * abs(one["validation"]) else ""
        )
        lines.append(
            {
                "metric": el("span", one["metric"], data_tip=MEANING.get(one["metric"])),
                "test": one["value"],
                "interval": interval(*one["interval"]),
                **{AGAINST[who]: others[who] for who in AGAINST if who in others},
                "validation": validation,
            }
        )
    names = list(dict.fromkeys(name for line in lines for name in line))
    names.sort(key=lambda name: name == "validation")
    page.table(
        [{name: line.get(name) for name in names} for line in lines],
        "test rows, and validation rows",
    )
