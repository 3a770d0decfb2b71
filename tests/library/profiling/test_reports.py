import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from library.projects import IN_LEGACY, ROOT, Project, extra, leave_out_missing
from scipy import stats

from pedigree.base.names import UserError
from pedigree.base.tables import read_table, write_table
from pedigree.config.checks import check
from pedigree.profiling.associations import associations, correlation_ratio, cramers_v, kind
from pedigree.profiling.plots import missing_values

TASKS = ("binary", "multiclass", "regression")
PACKAGES = {
    "plots": "seaborn",
    "tables": "skrub",
    "sweetviz": "sweetviz",
    "ydata": "ydata_profiling",
}
LOADED = Path("data/loaded")
# What a page loads by itself, from elsewhere; links that people may follow are none of it.
FROM_ELSEWHERE = re.compile(
    r"<(?:script|img|iframe|source)[^>]*\ssrc=[\"']?(?:https?:)?//"
    r"|<link[^>]*\shref=[\"']?(?:https?:)?//"
    r"|(?:@import\s+(?:url\()?|url\()[\"']?(?:https?:)?//"
)


def page(name: str) -> str:
    return Path(f"reports/profile/{name}.html").read_text(encoding="utf-8")


def reports_here() -> list[str]:
    """Name the reports whose libraries are here; `ydata` has an environment of its own."""
    names = [name for name in PACKAGES if (name == "ydata") == IN_LEGACY]
    for name in names:
        extra(PACKAGES[name])
    return names


@pytest.mark.slow
@pytest.mark.parametrize("task", TASKS)
def test_every_report_shows_the_columns_of_each_task_and_needs_no_network(
    copy_of: Callable[[str], Project], task: str
) -> None:
    project = copy_of(task)
    reports = reports_here()
    project.compose(f"profile=[default,{','.join(reports)}]")
    project.run("profile")
    for name in [*reports, "overview"]:
        assert FROM_ELSEWHERE.search(page(name)) is None, name
        assert "Data before cleaning (target: " in page(name)
    assert {path.stem for path in Path("reports/profile").iterdir()} == {*reports, "overview"}
    drawn = {path.stem for path in Path("plots/profile/plots").iterdir()}
    assert drawn | {"missing"} == {"distributions", "missing", "associations", "target", "outliers"}
    for name in {*reports} - {"plots"}:
        assert all(column in page(name) for column in read_table(LOADED)), name


@pytest.mark.slow
def test_other_processes_other_hours_and_other_reports_change_no_byte(project: Project) -> None:
    reports = reports_here()
    outputs = []
    for seed, hour, order in (("1", "Pacific/Kiritimati", 1), ("2", "America/St_Johns", -1)):
        project.compose(f"profile=[{','.join(reports[::order])}]")
        surroundings = os.environ | {"PYTHONHASHSEED": seed, "TZ": hour, "PYTHONPATH": str(ROOT)}
        run = [sys.executable, "-m", "pipeline.profile"]
        subprocess.run(run, env=surroundings, check=True, capture_output=True)
        made = sorted([*Path("reports/profile").rglob("*.*"), *Path("plots/profile").rglob("*.*")])
        outputs.append({path: path.read_bytes() for path in made})
    assert [path for path in outputs[0] if outputs[0][path] != outputs[1][path]] == []
    assert len(outputs[0]) == len(outputs[1]) > 5


@pytest.mark.slow
@pytest.mark.parametrize("name", PACKAGES)
def test_every_report_says_that_it_shows_a_sample(project: Project, name: str) -> None:
    extra(PACKAGES[name])
    project.compose(f"profile={name}", f"profile.reports.{name}.max_rows=60")
    project.run("profile")
    assert f"60 of {len(read_table(LOADED))} rows, drawn at random" in page(name)


@pytest.mark.slow
def test_columns_that_tell_nothing_stop_no_picture(project: Project) -> None:
    rows = read_table(LOADED)[["sex", "body_mass_g"]].head(40)
    awkward = rows.assign(
        empty=np.nan,
        constant=1.0,
        flag=pd.array([True, None] * 20, dtype="boolean"),
        dollars=["$x$", "$y$"] * 20,
    )
    write_table(awkward, LOADED)
    project.compose("profile=plots", "profile.reports.plots.max_columns=9")
    project.run("profile")
    assert "dollars" in page("plots")
    write_table(rows[["sex"]].fillna("MALE"), LOADED)
    project.run("profile")
    assert [path.stem for path in Path("plots/profile/plots").iterdir()] == ["distributions"]


@pytest.mark.slow
def test_a_page_of_another_library_runs_and_loads_nothing_that_is_in_the_data(
    project: Project,
) -> None:
    reports = [name for name in reports_here() if name != "plots"]
    evil = "<script src=//example.org></script>"
    rows = read_table(LOADED).assign(island=evil, comments=[f'"><img src=x onerror={n}>' for n in range(len(read_table(LOADED)))])  # fmt: skip
    write_table(rows, LOADED)
    project.compose(f"profile=[{','.join(reports)}]")
    project.run("profile")
    for name in reports:
        assert evil not in page(name), name
        assert "<img src=x" not in page(name), name
        policy = '<meta http-equiv="Content-Security-Policy" content="default-src \'none\';'
        assert policy in page(name)[:500], name


def test_a_report_without_its_setting_is_refused(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    extra("seaborn")
    monkeypatch.chdir(ROOT)
    with pytest.raises(UserError, match=r"profile\.reports\.plots\.max_rows"):
        check(project.compose("profile=plots", "~profile.reports.plots.max_rows"))
    with pytest.raises(
        UserError, match=r"does not accept this argument; did you mean 'max_columns'"
    ):
        check(project.compose("profile=plots", "+profile.reports.plots.max_colums=3"))
    config = project.compose("profile=[plots,tables]")
    leave_out_missing(config.profile)
    check(config)
    assert list(config.profile.reports) == ["plots", "tables"]


def test_numbers_categories_and_names_of_rows_are_told_apart(penguins: pd.DataFrame) -> None:
    kinds = {name: kind(penguins[name]) for name in penguins}
    assert kinds["body_mass_g"] == kinds["date_egg"] == "number"
    assert kinds["sex"] == kinds["species"] == "category"
    assert kinds["individual_id"] == "name"
    assert kind(pd.Series([0, 1, 1, 0])) == "category"


def test_pairs_of_every_kind_have_known_strengths(penguins: pd.DataFrame) -> None:
    names = ["body_mass_g", "flipper_length_mm", "species", "island", "individual_id"]
    found = {(one["column"], one["with"]): one for one in associations(penguins[names])}
    assert len(found) == 6  # the individuals are left out
    numbers = found["body_mass_g", "flipper_length_mm"]
    both = penguins[["body_mass_g", "flipper_length_mm"]].dropna()
    expected = stats.spearmanr(both["body_mass_g"], both["flipper_length_mm"]).statistic
    assert numbers["strength"] == pytest.approx(expected)
    assert numbers["rows"] == len(both)

    mixed = found["body_mass_g", "species"]
    rows = penguins[["body_mass_g", "species"]].dropna()
    ranks = rows["body_mass_g"].rank()
    f = stats.f_oneway(*(ranks[rows["species"] == one] for one in rows["species"].unique()))
    n, k = len(rows), 3
    epsilon2 = (f.statistic - 1) * (k - 1) / (f.statistic * (k - 1) + n - k)
    assert mixed["strength"] == pytest.approx(np.sqrt(epsilon2))

    plain = stats.contingency.association(pd.crosstab(penguins["species"], penguins["island"]))
    corrected = found["species", "island"]["strength"]
    assert plain - 0.02 < corrected < plain
    strengths = [one["strength"] for one in associations(penguins[names])]
    assert strengths == sorted(strengths, reverse=True)


def test_many_categories_alone_make_no_association() -> None:
    """Uncorrected, 80 groups in 200 rows would explain a third of pure noise."""
    random = np.random.default_rng(0)
    groups = pd.Series(random.integers(0, 80, 200).astype(str))
    others = pd.Series(random.integers(0, 30, 200).astype(str))
    noise = pd.Series(random.normal(size=200))
    assert correlation_ratio(noise, groups) < 0.25
    assert cramers_v(groups, others) < 0.25
    assert cramers_v(groups, groups) == pytest.approx(1)
    assert np.isnan(cramers_v(groups, pd.Series(["a"] * 200)))
    assert np.isnan(correlation_ratio(noise, pd.Series(["a"] * 200)))


@given(st.lists(st.tuples(st.floats(-1e6, 1e6), st.sampled_from("abcd")), max_size=40))
def test_a_strength_lies_between_none_and_one(pairs: list[tuple[float, str]]) -> None:
    numbers, groups = (
        pd.Series([p[0] for p in pairs], dtype=float),
        pd.Series([p[1] for p in pairs]),
    )
    for strength in (correlation_ratio(numbers, groups), cramers_v(groups, groups.iloc[::-1])):
        assert np.isnan(strength) or 0 <= strength <= 1


def test_gaps_are_drawn_in_blocks_of_rows(tmp_path: Path) -> None:
    extra("seaborn")
    rows = pd.DataFrame({"x": [1.0, None] * 500, "y": range(1000)})
    assert missing_values(rows, tmp_path / "missing.png") == 5
