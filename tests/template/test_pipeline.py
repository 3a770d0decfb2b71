"""The sixteen steps, really run with the defaults, for each task and for a person's own data."""

import ast
import json
from collections.abc import Iterator
from importlib.resources import files as package_files
from pathlib import Path

import pytest
import yaml
from selenium.webdriver.support.wait import WebDriverWait
from template.browser import DESK, PHONE, Browser, chromium
from template.projects import activated, command_line, finish, run, succeed, terminal

pytestmark = pytest.mark.slow

# Tests of one task stay together on one worker, so that its project is made once.
TASKS = {
    name: pytest.param(name, marks=pytest.mark.xdist_group(name))
    for name in ("binary", "multiclass", "regression")
}


def only(*tasks: str) -> pytest.MarkDecorator:
    """Show something by some of the tasks, since it does not depend on the task."""
    return pytest.mark.parametrize("project", [TASKS[one] for one in tasks], indirect=True)


binary = only("binary")
# Python runs this at its start where it finds it, and so each stage tells in the end what it has imported.
LOG_MODULES = """
import atexit, pathlib, sys
def log():
    names = [name for name in sys.modules if name.startswith(("pedigree.", "pipeline."))]
    if sys.orig_argv[1:2] == ["-m"] and names:
        pathlib.Path(__file__).with_name(sys.orig_argv[2]).write_text(" ".join(names))
atexit.register(log)
"""


# JavaScript: the cells of a column in the table of every metric.
COLUMN = """
const table = [...document.querySelectorAll("table")].find(one => one.caption?.textContent === arguments[1]);
const at = [...table.tHead.rows[0].cells].findIndex(th => th.textContent === arguments[0]);
return [...table.tBodies[0].rows].map(row => row.cells[at].textContent);
"""
SCORES = "Scores on the test set and on the validation set"  # its caption


@pytest.fixture(scope="module", params=TASKS.values())
def project(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project of a task whose sixteen steps have run; for one task as the README says, with uv."""
    folder = tmp_path_factory.mktemp(request.param)
    ready = folder / "p"
    log = folder / "imports"
    log.mkdir()
    (log / "sitecustomize.py").write_text(LOG_MODULES)
    surroundings = {"PYTHONHASHSEED": "1", "TZ": "Pacific/Kiritimati", "PYTHONPATH": str(log)}
    if request.param == "binary":
        new = terminal(folder)
        shown = succeed(*command_line(folder, project="p"), cwd=folder, env=new)
        assert "The project is ready. Start with:" in shown
        assert succeed("git", "status", "--porcelain", cwd=ready) == ""
        surroundings |= activated(ready, new)
    else:
        asked = command_line(folder, project="p", setup="no", task=request.param)
        finish(ready, succeed(*asked, cwd=folder))
    succeed("dvc", "repro", cwd=ready, env=surroundings)
    succeed("git", "add", ".", cwd=ready)
    succeed("git", "commit", "-qm", "Run", cwd=ready)
    return ready


def stages(project: Path) -> dict:
    return yaml.safe_load((project / "dvc.yaml").read_text())["stages"]


def metrics(project: Path, name: str) -> dict:
    return json.loads((project / "metrics" / f"{name}.json").read_text())


def outputs(project: Path) -> dict[str, str]:
    """Return the MD5 of every output in dvc.lock."""
    stages = yaml.safe_load((project / "dvc.lock").read_text())["stages"]
    return {out["path"]: out["md5"] for stage in stages.values() for out in stage["outs"]}


def test_every_step_leaves_its_outputs_and_nothing_is_left_to_do(project: Path) -> None:
    for stage in stages(project).values():
        for out in stage["outs"] + stage.get("metrics", []):
            assert (project / (out if isinstance(out, str) else next(iter(out)))).exists()
    assert "up to date" in succeed("dvc", "repro", cwd=project)
    assert "verdict" in succeed("dvc", "dag", cwd=project)


def test_the_example_meets_its_criteria_and_the_check_says_so(project: Path) -> None:
    verdict = metrics(project, "verdict")
    assert verdict["accepted"] is all(one["met"] for one in verdict["criteria"])
    done = run("python", "-m", "pedigree", "check", cwd=project)
    assert done.returncode == 0, done.stdout
    for one in verdict["metrics"]:
        low, high = one["interval"]
        assert low <= one["value"] <= high


def test_rows_without_an_answer_are_set_aside_and_counted(project: Path) -> None:
    sizes = {side: entry["rows"] for side, entry in metrics(project, "split").items()}
    raw = json.loads((project / "data/raw/snapshot.json").read_text())["files"][0]["rows"]
    assert sum(sizes.values()) == raw
    target = yaml.safe_load((project / "params.yaml").read_text())["problem"]["target"]
    assert sizes["unlabelled"] == {"sex": 8, "species": 0, "body_mass_g": 1}[target]


def test_no_penguin_is_on_both_sides(project: Path) -> None:
    code = """
import pandas as pd
sides = [pd.read_parquet(f"data/split/{side}") for side in ("train", "validation", "test")]
birds = [set(zip(rows.species, rows.individual_id)) for rows in sides]
assert not birds[0] & birds[1] and not birds[0] & birds[2] and not birds[1] & birds[2]
"""
    succeed("python", "-c", code, cwd=project)


def test_the_bundle_predicts_raw_rows_in_a_fresh_process(project: Path) -> None:
    code = """
import json, sys
import pandas as pd
from pedigree.prediction.bundle import Bundle
rows = pd.read_csv(sys.argv[1], dtype=str, keep_default_na=False).tail(40)
bundle = Bundle.load()
typed, broken = bundle.check(rows)
assert broken.empty
print(json.dumps(bundle.predict(typed).values.tolist()))
"""
    raw = package_files("palmerpenguins") / "data" / "penguins-raw.csv"
    assert len(json.loads(succeed("python", "-c", code, str(raw), cwd=project))) == 40


def test_the_trace_of_the_bundle_ends_in_the_raw_snapshot(project: Path) -> None:
    found = json.loads(
        succeed("python", "-m", "pedigree", "trace", "models/bundle", "--json", cwd=project)
    )
    assert {one["stage"] for one in found["stages"]} == set(stages(project)) - {
        "profile",
        "explain",
        "monitor",
        "report",
        "track",
    }
    assert all(one["code"] for one in found["stages"])
    assert found["source"] == json.loads((project / "data/raw/snapshot.json").read_text())
    assert found["commit"] == succeed("git", "rev-parse", "HEAD", cwd=project).strip()


@pytest.fixture(scope="module")
def report(project: Path) -> Iterator[Browser]:
    """Return a browser for the report of a project that has run."""
    with chromium(project / "reports/index.html") as browser:
        yield browser


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [PHONE, DESK])
def test_the_report_is_drawn_on_every_screen_without_an_error_or_a_request(
    report: Browser, width: int, dark: bool
) -> None:
    report.open(width, dark)
    assert report.complaints() == []
    assert set(report.requests()) <= {report.page.as_uri(), "data:,"}
    assert report.js("return document.documentElement.scrollWidth") == width
    sizes = report.js(
        "return [...document.querySelectorAll('svg.plot, .bar, .dot, .node')].map("
        "one => one.getBoundingClientRect()).map(box => [box.width, box.height])"
    )
    assert len(sizes) > 30
    assert all(height > 0 for _, height in sizes)
    assert sum(wide > 0 for wide, _ in sizes) > 30
    paper = report.js("return getComputedStyle(document.body).backgroundColor")
    assert (paper != "rgb(255, 255, 255)") is dark


@binary
def test_the_reports_tables_are_sorted_by_click_and_by_key(report: Browser) -> None:
    def column(name: str) -> list[str]:
        return report.js(COLUMN, name, SCORES)

    report.open()
    before = column("metric")
    head = f"//table[caption='{SCORES}']//th[normalize-space()='%s']/button"
    button = report.driver.find_element("xpath", head % "metric")
    button.click()
    assert column("metric") == sorted(before)
    button.send_keys("\n")
    assert column("metric") == sorted(before, reverse=True)
    assert report.js("return arguments[0].parentElement.ariaSort", button) == "descending"
    report.driver.find_element("xpath", head % "test set").click()
    numbers = [float(text.replace(",", "")) for text in column("test set")]
    assert numbers == sorted(numbers)
    assert report.complaints() == []


def test_the_reports_charts_tell_what_is_hovered(report: Browser) -> None:
    report.open()
    tip = report.driver.find_element("id", "tip")
    assert not tip.is_displayed()
    for what in (".row[data-tip]", "svg.plot circle[data-tip]", ".node[data-tip]"):
        told = report.js(
            "return [...document.querySelectorAll(arguments[0])].map(one => one.dataset.tip)", what
        )
        mark = report.driver.find_element("css selector", what)
        report.hover(mark)
        assert tip.is_displayed()
        assert tip.text in told  # of points that lie on each other, either
    report.js("document.querySelector('.row[data-tip]').focus()")
    assert tip.text.startswith("this model")
    assert report.complaints() == []


@binary
def test_the_reports_hashes_are_copied(report: Browser) -> None:
    report.open()
    report.driver.execute_cdp_cmd(
        "Browser.grantPermissions", {"permissions": ["clipboardReadWrite"]}
    )
    button = report.driver.find_element("css selector", "code.copy + button")
    digest = report.driver.find_element("css selector", "code.copy").text
    button.click()
    wait = WebDriverWait(report.driver, 5)
    wait.until(lambda _: button.text in ("copied", "selected"))
    copied = report.driver.execute_async_script(
        "navigator.clipboard.readText().then(arguments[0], () => arguments[0](null))"
    )
    selected = report.js("return String(getSelection())")
    assert digest in (copied, selected)


@binary
def test_an_environment_of_the_projects_own_has_all_that_it_needs(
    project: Path, tmp_path: Path
) -> None:
    active = activated(project, terminal(tmp_path))
    assert list(project.glob(".venv/lib/*/site-packages/sklearn/__pycache__/*.pyc"))
    assert "up to date" in succeed("dvc", "repro", cwd=project, env=active)
    assert run("make", "check", cwd=project, env=active).returncode == 0
    succeed("dvc", "push", cwd=project, env=active)
    assert succeed("make", "show", cwd=project, env=active)
    succeed("make", "lint", cwd=project, env=active)
    succeed("make", "test", cwd=project, env=active)


@binary
def test_each_stage_lists_the_modules_that_it_really_imports(project: Path) -> None:
    """Reading and unpacking of stored models included."""
    for name, stage in stages(project).items():
        modules = (project.parent / "imports" / f"pipeline.{name}").read_text().split()
        assert "pedigree.base.settings" in modules
        listed = [Path(dep) for dep in stage["deps"]]
        # The public interface maps names, and does nothing.
        for module in set(modules) - {"pedigree", "pedigree.settings"}:
            path = Path(*module.split("."))
            path = path / "__init__.py" if (project / path).is_dir() else path.with_suffix(".py")
            covered = any(dep == path or dep in path.parents for dep in listed)
            assert covered or _only_says_what_it_is(project / path), f"{name} imports {path}"


def _only_says_what_it_is(path: Path) -> bool:
    """Tell whether a package's __init__ holds nothing but a docstring."""
    body = ast.parse(path.read_text(encoding="utf-8")).body
    return path.name == "__init__.py" and all(isinstance(one, ast.Expr) for one in body)


def test_all_is_made_again_elsewhere_bit_for_bit(project: Path, tmp_path: Path) -> None:
    """In another folder, time zone, locale and order of hashing than the first run, maybe in another environment."""
    elsewhere = tmp_path / "some where"
    elsewhere.mkdir()
    other = {"PYTHONHASHSEED": "4294967295", "TZ": "America/St_Johns", "LC_ALL": "C"}
    other["TMPDIR"] = str(elsewhere)
    said = succeed("python", "-m", "pedigree", "verify", cwd=project, env=other)
    made = outputs(project)
    assert len(made) > 25
    assert f"{len(made)} of {len(made)} outputs are bit-identical" in said
    for path, md5 in made.items():
        assert f"identical  {path}  {md5}\n" in said
    assert list(elsewhere.iterdir()) == []


@pytest.mark.xdist_group("own data")
def test_a_persons_own_file_runs_to_a_verdict_without_an_edit(tmp_path: Path) -> None:
    raw = package_files("palmerpenguins") / "data" / "penguins.csv"
    data = tmp_path / "Mes pingouins.csv"
    data.write_bytes(raw.read_bytes())
    answers = {
        "project": "p",
        "setup": "no",
        "data": str(data),
        "target": "body_mass_g",
    }
    project = finish(tmp_path / "p", succeed(*command_line(tmp_path, **answers), cwd=tmp_path))
    assert list(project.glob("data/external/*.csv.dvc"))
    succeed("python", "-m", "pytest", "-q", cwd=project)  # its tests bring no data of their own
    assert not (project / "params.yaml").exists()
    succeed("dvc", "repro", cwd=project)
    assert metrics(project, "verdict")["accepted"]
    assert metrics(project, "monitor")["reasons"] == ["no batch in data/incoming/"]
