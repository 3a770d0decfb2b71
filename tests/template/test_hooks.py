"""What the hooks promise: bad answers are refused, good ones become a project, or a to-do list."""

import ast
import json
import os
import re
import shlex
import shutil
import string
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from cookiecutter.exceptions import FailedHookException
from dvc.config_schema import REMOTE_SCHEMAS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from template import servers
from template.projects import (
    CSV,
    TEMPLATE,
    answers_stored,
    command_line,
    commands_shown,
    files,
    finish,
    generate,
    run,
    succeed,
)

from pedigree.base.names import snake_case
from pedigree.base.secrets.forms import FORMS

TOKEN = "ghp_" + "a1B2" * 9

# Refusing --------------------------------------------------------------------------------------


def refused(tmp_path: Path, **answers: str) -> str:
    """Generate with answers that must be refused; return the sentence."""
    output = tmp_path / "output"
    output.mkdir()
    done = run(*command_line(output, **answers), cwd=tmp_path)
    assert done.returncode == 1
    assert list(output.iterdir()) == []
    # The sentence is all that is on stderr; cookiecutter's own account of it goes to stdout.
    assert done.stderr.count("\n") == 1
    return done.stderr.rstrip("\n")


@pytest.mark.parametrize(
    ("answers", "sentence"),
    [
        ({"project": "My Project"}, "project: 'My Project' cannot name a folder and"),
        ({"project": "-x"}, "project: '-x' cannot name"),
        ({"project": "..x"}, "project: '..x' cannot name"),
        ({"project": "con"}, "project: 'con' cannot name"),
        ({"project": "été"}, "project: 'été' cannot name"),
        ({"project": "pandas"}, "project: 'pandas' is the name of a package"),
        ({"project": "scikit_learn"}, "project: 'scikit_learn' is the name of a package"),
        ({"project_name": " ", "project": "x"}, "project_name: must not be empty."),
        ({"author": ""}, "author: must not be empty."),
        ({"description": "two\nlines"}, r"description: the character '\n' is not allowed"),
        ({"author": "a\x1bb"}, r"author: the character '\x1b' is not allowed"),
        ({"description": "a\u202eb"}, r"description: the character '\u202e' is not allowed"),
        ({"description": "${oc.env:HOME}"}, "description: '${' is not allowed"),
        ({"remote": 's3://b/"x'}, "remote: quotation marks"),
        ({"remote": "https://[x"}, "remote: 'https://[x' is not a valid address."),
        (
            {"remote": "https://me:secret@host/x"},
            "remote: the answer contains what looks like a user",
        ),
        (
            {"remote": "ftp://host/x"},
            "remote: DVC has no remote for ftp://; use a path or one of s3://, gs://,",
        ),
        ({"remote": "gcs://bucket"}, "remote: DVC has no remote for gcs://; use a path or one of"),
        ({"data": "https://me:secret@host/x.csv", "target": "y"}, "data: the answer contains what"),
        (
            {"data": "https://host/x.csv?sv=1&sig=0a1b", "target": "y"},
            "data: the answer contains what",
        ),
        (
            {"description": f"by {TOKEN}"},
            "description: the answer contains what looks like a GitHub",
        ),
        ({"author": TOKEN}, "author: the answer contains what"),
        ({"target": TOKEN, "data": "x.csv"}, "target: the answer contains what"),
        ({"data": "s3://bucket/x.csv"}, "target: enter the column"),
        ({"target": "mass"}, "target: the bundled example's is 'sex' for binary"),
        ({"data": "nowhere.csv", "target": "y"}, "data: the file 'nowhere.csv' does not exist;"),
        (
            {"data": "~nobody/x.csv", "target": "y"},
            "data: the file '~nobody/x.csv' does not exist;",
        ),
        (
            {"data": "notes.md", "target": "y"},
            "data: 'notes.md' has an unknown suffix; use one of .csv",
        ),
        ({"data": "empty.csv", "target": "y"}, "data: 'empty.csv' is empty."),
        ({"data": "good.csv"}, "target: enter the column"),
        (
            {"data": "good.csv", "target": "churn"},
            "target: 'churn' is not a column of 'good.csv'; did",
        ),
        ({"data": "good.csv", "target": "zzz"}, "target: 'zzz' is not a column of 'good.csv'; its"),
        (
            {"data": "semicolon.csv", "target": "churm"},
            "target: 'churm' is not a column of 'semicolon.csv'",
        ),
    ],
)
def test_a_bad_answer_is_refused_in_one_sentence(
    tmp_path: Path, answers: dict[str, str], sentence: str
) -> None:
    (tmp_path / "notes.md").write_text(CSV)
    (tmp_path / "empty.csv").touch()
    (tmp_path / "good.csv").write_text(CSV)
    (tmp_path / "semicolon.csv").write_text(CSV.replace(",", ";"))
    assert refused(tmp_path, **answers).startswith(sentence)


def test_every_kind_of_remote_that_dvc_has_is_accepted() -> None:
    hook = (TEMPLATE / "hooks/pre_gen_project.py").read_text(encoding="utf-8")
    named = re.search(r"^REMOTES = \((.+?)^\)", hook, re.MULTILINE | re.DOTALL)
    assert named
    # Of the others, one is a path, and one refers to another remote.
    assert set(re.findall(r'"(\w+)"', named[1])) == REMOTE_SCHEMAS.keys() - {"", "remote"}


def test_the_hook_knows_credentials_by_the_forms_that_the_library_knows() -> None:
    hook = ast.parse((TEMPLATE / "hooks/pre_gen_project.py").read_text(encoding="utf-8"))
    (listed,) = (
        node.value
        for node in hook.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "CREDENTIALS"
    )
    assert ast.literal_eval(listed) == tuple((name, pattern) for name, pattern, _ in FORMS)


@pytest.mark.parametrize("prompt", ["project_name", "description", "author", "data", "remote"])
def test_no_answer_may_hold_a_credential_which_is_not_shown(tmp_path: Path, prompt: str) -> None:
    answers = {
        "target": "y",
        "setup": "no",
        "project": "p",
        prompt: f"https://h/x.csv?token={TOKEN}",
    }
    said = refused(tmp_path, **answers)
    assert said.startswith(f"{prompt}: the answer contains what looks like a GitHub token")
    assert TOKEN not in said


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_the_nearest_column_is_suggested(tmp_path: Path, separator: str) -> None:
    (tmp_path / "good.csv").write_text(CSV.replace(",", separator))
    assert refused(tmp_path, data="good.csv", target="churm").endswith("did you mean 'Churn'?")


@pytest.mark.parametrize("question", ["licence", "python_version", "task", "setup"])
def test_cookiecutter_itself_refuses_what_is_not_on_a_list(tmp_path: Path, question: str) -> None:
    output = tmp_path / "output"
    done = run(*command_line(output, **{question: "other"}))
    assert done.returncode == 1
    assert f"other provided for choice variable {question}" in done.stderr.splitlines()[-1]
    assert not output.exists()


@pytest.mark.parametrize("question", ["licence", "python_version", "task", "setup"])
def test_a_replayed_answer_must_be_on_the_list_too(
    tmp_path: Path, template_repository: Path, question: str
) -> None:
    generate(tmp_path / "first")
    replay = Path(yaml.safe_load(Path(os.environ["COOKIECUTTER_CONFIG"]).read_text())["replay_dir"])
    context = json.loads((replay / f"{TEMPLATE.name}.json").read_text())
    context["cookiecutter"][question] = "other"
    (tmp_path / "replay.json").write_text(json.dumps(context))
    cli = (sys.executable, "-m", "cookiecutter", TEMPLATE, "-o", tmp_path / "second")
    done = run(*cli, "--replay-file", tmp_path / "replay.json")
    assert done.returncode == 1
    assert done.stderr.startswith(f"{question}: 'other' is not one of ")
    assert list((tmp_path / "second").iterdir()) == []


def test_a_python_that_nothing_can_provide_is_refused(tmp_path: Path) -> None:
    """Only where the tests' own Python is the oldest of the three can a newer one be missing."""
    newer = f"3.{sys.version_info.minor + 1}"
    output = tmp_path / "output"
    cli = command_line(output, python_version=newer)
    done = run(*cli, env={"PATH": ""})
    if sys.version_info < (3, 13):
        assert done.stderr.startswith(f"python_version: {newer} is required, but only Python 3.")
    assert done.returncode == 1
    without_setup = command_line(output, python_version=newer, setup="no")
    assert run(*without_setup, env={"PATH": ""}).returncode == (sys.version_info >= (3, 13))


# Answers of any kind ---------------------------------------------------------------------------

# cookiecutter renders the answers themselves, so its delimiters cannot be tried.
texts = st.text(
    st.one_of(
        st.characters(exclude_categories=["Cs"]),
        st.sampled_from(string.punctuation + " \\\"'éß🎉\u200d\u00a0\n\t\x00\x85"),
    ),
    min_size=1,
    max_size=30,
).filter(lambda text: not {"<<", "<%", "<#"} & {text[i : i + 2] for i in range(len(text))})


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(author=texts, description=texts, name=texts)
def test_any_text_is_refused_or_comes_out_as_it_went_in(
    tmp_path_factory: pytest.TempPathFactory, author: str, description: str, name: str
) -> None:
    output = tmp_path_factory.mktemp("any")
    try:
        project = generate(output, author=author, description=description, project_name=name)
    except FailedHookException:
        assert list(output.iterdir()) == []
        return
    metadata = tomllib.loads((project / "pyproject.toml").read_text())["project"]
    assert metadata["authors"] == [{"name": author}]
    assert metadata["description"] == description
    assert f"# {name}\n" in (project / "README.md").read_text()
    assert f"Copyright (c) {author}\n" in (project / "LICENSE").read_text()


@pytest.mark.parametrize(
    "text", [r"back\slash \n \u0041", '"""; import os; r"""', "'''", "Zoë 👩‍🔬", "$HOME `id` $(id)"]
)
def test_hostile_texts_come_out_as_they_went_in(
    tmp_path: Path, make_ready: Callable[..., Path], text: str
) -> None:
    data = tmp_path / "my data.csv"
    data.write_text(CSV.replace("Churn", '"' + text.replace('"', '""') + '"'))
    project = make_ready(author=text, description=text, data=str(data), target=text)
    metadata = tomllib.loads((project / "pyproject.toml").read_text())["project"]
    assert (metadata["authors"], metadata["description"]) == ([{"name": text}], text)
    problem = yaml.safe_load((project / "conf/problem/my_data.yaml").read_text())
    assert problem["target"] == snake_case(text)
    assert problem["goal"] == f"Predict {text}.".replace("${", "\\${")
    assert succeed("git", "status", "--porcelain", cwd=project) == ""
    assert (project / "data/external/my data.csv.dvc").is_file()


# The user's data -------------------------------------------------------------------------------


def test_a_relative_path_is_meant_from_where_the_user_is(tmp_path: Path) -> None:
    here, output = tmp_path / "here", tmp_path / "elsewhere" / "output"
    (here / "sub").mkdir(parents=True)
    (here / "sub" / "d.csv").write_text(CSV)
    cli = command_line(output, data="sub/d.csv", target="Churn", setup="no", project="p")
    succeed(*cli, cwd=here)
    assert (output / "p/data/external/d.csv").read_text() == CSV


def test_a_relative_path_is_also_found_beside_the_new_project(tmp_path: Path) -> None:
    """A program that starts cookiecutter does not keep PWD as a shell does."""
    (tmp_path / "d.csv").write_text(CSV)
    cli = command_line(tmp_path, data="d.csv", target="Churn", setup="no", project="p")
    succeed(*cli, cwd=tmp_path, env={"PWD": "/"})
    assert (tmp_path / "p/data/external/d.csv").read_text() == CSV


def test_a_tilde_is_the_home_folder(tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text(CSV)
    cli = command_line(tmp_path / "o", data="~/d.csv", target="Churn", setup="no", project="p")
    succeed(*cli, env={"HOME": str(tmp_path)})
    assert (tmp_path / "o/p/data/external/d.csv").read_text() == CSV


def test_excel_s_byte_order_mark_does_not_hide_the_first_column(tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text("\ufeff" + CSV)
    assert generate(tmp_path, data=str(tmp_path / "d.csv"), target="age").is_dir()


def test_parquet_is_taken_as_it_is(tmp_path: Path) -> None:
    import pandas as pd

    pd.DataFrame({"x": [1, 2], "y": [0, 1]}).to_parquet(tmp_path / "D.PARQUET")
    project = generate(tmp_path, data=str(tmp_path / "D.PARQUET"), target="y")
    copy = project / "data/external/D.PARQUET"
    assert copy.read_bytes() == (tmp_path / "D.PARQUET").read_bytes()


def test_a_folder_of_files_is_taken_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "months").mkdir()
    for month in ("01", "02"):
        (tmp_path / "months" / f"{month}.csv").write_text(CSV)
    project = generate(tmp_path, data=f"{tmp_path}/months/", target="Churn")
    assert files(project / "data/external/months") == {"01.csv", "02.csv"}


def test_the_project_adopts_the_data_with_the_task_that_was_answered(tmp_path: Path) -> None:
    (tmp_path / "it's mine.csv").write_text(CSV)
    answers = {"data": f"{tmp_path}/it's mine.csv", "target": "Churn", "project": "p"}
    adopt = [".venv/bin/python", "-m", "pedigree", "adopt", "data/external/it's mine.csv"]
    for task, told in {"auto": [], "multiclass": ["--task", "multiclass"]}.items():
        cli = command_line(tmp_path / task, setup="no", task=task, **answers)
        shown = [shlex.split(line) for line in commands_shown(succeed(*cli))]
        assert [*adopt, "--target=Churn", *told] in shown


@pytest.mark.parametrize(
    ("answers", "extras"),
    [
        ({}, ["dev"]),
        ({"remote": "../store"}, ["dev"]),
        ({"remote": "s3://bucket/p"}, ["dev", "s3"]),
        ({"remote": "azure://container", "data": "gs://bucket/x.csv"}, ["dev", "gs", "azure"]),
        ({"data": "https://host/Sales.XLSX"}, ["dev", "excel"]),
        ({"data": "sales.xlsx"}, ["dev", "excel"]),
        ({"data": "months"}, ["dev", "excel"]),
    ],
)
def test_what_the_answers_take_is_installed_at_once_and_by_make_setup(
    tmp_path: Path, answers: dict[str, str], extras: list[str]
) -> None:
    (tmp_path / "months").mkdir()
    for name in ("sales.xlsx", "months/1.xlsx"):
        (tmp_path / name).write_bytes(b"PK")
    target = {"target": "y"} if "data" in answers else {}
    cli = command_line(tmp_path, project="p", setup="no", **answers, **target)
    shown = [shlex.split(line) for line in commands_shown(succeed(*cli, cwd=tmp_path))]
    install = next(words for words in shown if words[:3] == ["uv", "pip", "install"])
    assert [word for word, flag in zip(install[1:], install, strict=False) if flag == "-r"] == [
        f"requirements/{name}.txt" for name in ("core", *extras)
    ]
    assert "--require-hashes" in install
    assert shlex.join(install) in succeed("make", "--dry-run", "setup", cwd=tmp_path / "p")


# Setting up ------------------------------------------------------------------------------------


def test_without_git_the_files_come_out_right_and_the_rest_is_listed(tmp_path: Path) -> None:
    output = tmp_path / "my projects é"
    shown = succeed(*command_line(output, project="p"), env={"PATH": ""})
    assert files(output / "p") == files(generate(tmp_path, project="p"))
    assert "git is not installed" in shown
    lines = commands_shown(shown)
    assert lines[0] == f"cd '{output}/p'"
    assert lines[1] == "git init --quiet -b main"
    assert lines[2] == f"{sys.executable} -m venv .venv"
    assert lines[3].startswith(".venv/bin/python -m pip install")
    assert lines[-2:] == [". .venv/bin/activate", "dvc repro"]


def test_without_network_what_is_left_begins_with_what_failed(tmp_path: Path) -> None:
    offline = {"UV_OFFLINE": "1", "UV_CACHE_DIR": str(tmp_path / "cache")}
    shown = succeed(*command_line(tmp_path, project="p"), env=offline)
    assert "This command failed:" in shown
    assert "Traceback" not in shown
    lines = commands_shown(shown)
    assert [line.split()[:3] for line in lines[1:4]] == [
        ["uv", "pip", "install"],
        [".venv/bin/python", "-m", "pedigree"],
        ["git", "add", "."],
    ]
    assert (tmp_path / "p/.git").is_dir()


@pytest.mark.parametrize(("task", "flag"), [("auto", []), ("multiclass", ["--task", "multiclass"])])
def test_the_readme_names_the_command_that_proposes_settings(
    tmp_path: Path, task: str, flag: list[str]
) -> None:
    (tmp_path / "it's mine.csv").write_text(CSV)
    answers = {"data": f"{tmp_path}/it's mine.csv", "target": "Churn", "task": task}
    project = generate(tmp_path / "output", **answers)
    lines = (project / "README.md").read_text(encoding="utf-8").splitlines()
    (line,) = [one for one in lines if one.startswith("    python -m pedigree adopt ")]
    words = shlex.split(line, comments=True)
    expected = ["python", "-m", "pedigree", "adopt", "data/external/it's mine.csv"]
    assert words == [*expected, "--target", "Churn", *flag]
    begin = [one.split()[0] for one in lines if one.startswith("    ")][:4]
    assert begin == ["make", ".", "python", "dvc"]


def test_setup_no_runs_nothing_and_lists_everything(tmp_path: Path) -> None:
    shown = succeed(*command_line(tmp_path, project="p", setup="no"))
    assert not {".git", ".venv"} & {path.name for path in (tmp_path / "p").iterdir()}
    tools = [line.split()[0] for line in commands_shown(shown)]
    assert tools == ["cd", "git", "uv", "uv", ".venv/bin/python", "git", "git", ".", "dvc"]


def test_the_project_has_a_repository_of_its_own(make_ready: Callable[..., Path]) -> None:
    project = make_ready()
    assert succeed("git", "rev-parse", "--show-toplevel", cwd=project).strip() == str(project)
    assert succeed("git", "branch", "--show-current", cwd=project) == "main\n"
    assert succeed("git", "log", "--format=%an %s", cwd=project) == (
        "Tester Start from the Pedigree template\n"
    )
    assert succeed("git", "status", "--porcelain", cwd=project) == ""


@pytest.mark.parametrize(
    ("author", "identity"),
    [
        ("Jane Doe <jane@doe.org>", "Jane Doe <jane@doe.org>"),
        ("Zoë 'Z' 👩‍🔬", "Zoë 'Z' 👩‍🔬 <ready@localhost>"),
        ("...", "ready <ready@localhost>"),
    ],
)
def test_the_first_commit_needs_no_identity_in_git(
    monkeypatch: pytest.MonkeyPatch,
    make_ready: Callable[..., Path],
    author: str,
    identity: str,
) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    project = make_ready(author=author)
    assert succeed("git", "log", "--format=%an <%ae>", cwd=project) == f"{identity}\n"


def test_dvc_is_configured(make_ready: Callable[..., Path]) -> None:
    project = make_ready()
    configured = set(succeed("dvc", "config", "--list", "--project", cwd=project).splitlines())
    storage = f"remote.storage.url={project.parent / 'ready-dvc-storage'}"
    assert configured == {
        "core.remote=storage",
        "core.autostage=true",
        "core.analytics=false",
        "hydra.enabled=true",
        "hydra.plugins_path=pedigree/config/composing",
        storage,
        "remote.storage.verify=true",
    }


def test_the_user_s_file_is_tracked_by_dvc_and_can_be_pushed(
    data: Path, make_ready: Callable[..., Path]
) -> None:
    project = make_ready(data=str(data), target="Churn")
    tracked = succeed("git", "ls-files", "data/external", cwd=project).split()
    assert tracked == ["data/external/README.md", f"data/external/{data.name}.dvc"]
    succeed("dvc", "push", cwd=project)
    assert succeed("git", "status", "--porcelain", cwd=project) == ""
    stored = files(project.parent / "ready-dvc-storage")
    assert len(stored) == 1, stored


def test_data_at_an_address_stay_there_and_a_snapshot_is_taken(
    data: Path, make_ready: Callable[..., Path]
) -> None:
    with servers.web(data.parent) as server:
        address = f"{server}/{data.name}"
        project = make_ready(data=address, target="Churn")
        succeed("dvc", "repro", "load", cwd=project)
    # Gone, and not needed: the snapshot is pinned.
    assert "up to date" in succeed("dvc", "repro", "load", cwd=project)
    assert files(project / "data/external") == {"README.md"}
    assert address in (project / "conf/collect/telco_churn.yaml").read_text()
    assert f"Your data comes from {address}." in (project / "README.md").read_text()
    snapshot = json.loads((project / "data/raw/snapshot.json").read_text())
    assert snapshot["source"]["path"] == address
    assert snapshot["rows"] == CSV.count("\n") - 1


@pytest.mark.parametrize(
    ("remote", "url"),
    [
        ("s3://bucket/a b,c#d", "s3://bucket/a b,c#d"),
        ("/mnt/é 'x'", "/mnt/é 'x'"),
        ("../store", "../../store"),
        ("~/store", "~/store"),
        ("x", "../x"),
    ],
)
def test_the_remote_is_the_one_that_was_given(tmp_path: Path, remote: str, url: str) -> None:
    from configobj import ConfigObj  # what DVC reads it with

    project = generate(tmp_path, remote=remote)
    config = ConfigObj(str(project / ".dvc/config"), encoding="utf-8")
    assert config['remote "storage"']["url"] == url


def test_a_project_that_is_written_over_keeps_its_history(
    tmp_path: Path, make_ready: Callable[..., Path]
) -> None:
    project = make_ready()
    before = succeed("git", "log", cwd=project)
    shown = succeed(*command_line(tmp_path, "-f", project="ready"))
    assert "Run these commands:" in shown
    assert succeed("git", "log", cwd=project) == before


def test_a_repository_named_by_the_caller_s_environment_is_left_alone(tmp_path: Path) -> None:
    """Inside a Git hook, GIT_DIR names the repository of that hook."""
    other = tmp_path / "other"
    succeed("git", "init", "-q", other)
    surroundings = {
        "GIT_DIR": str(other / ".git"),
        "UV_OFFLINE": "1",
        "UV_CACHE_DIR": str(tmp_path / "cache"),
    }
    succeed(*command_line(tmp_path, project="p"), env=surroundings)
    assert (tmp_path / "p/.git").is_dir()


# cruft -----------------------------------------------------------------------------------------


def test_cruft_creates_checks_and_updates(
    tmp_path: Path, template_repository: Path, data: Path
) -> None:
    mine = shutil.copy(data, tmp_path)
    answers = {"project": "p", "setup": "no", "data": mine, "target": "Churn"}
    cruft = (sys.executable, "-m", "cruft")
    create = (*cruft, "create", template_repository, "--no-input", "--output-dir", tmp_path)
    shown = succeed(*create, "--extra-context", json.dumps(answers))
    assert "commit .cruft.json" in shown
    project = finish(tmp_path / "p", shown)
    # As after an interactive setup: an update must neither set up again nor look for the data.
    stored = json.loads((project / ".cruft.json").read_text())
    stored["context"]["cookiecutter"]["setup"] = "yes"
    (project / ".cruft.json").write_text(json.dumps(stored))
    with (project / "README.md").open("a") as file:
        file.write("Mine.\n")
    succeed("git", "add", ".", cwd=project)
    succeed("git", "commit", "-q", "-m", "Mine", cwd=project)
    Path(mine).unlink()
    assert answers_stored(project)["data"] == mine
    succeed(*cruft, "check", cwd=project)

    makefile = template_repository / "<<cookiecutter.project>>/Makefile"
    makefile.write_text(makefile.read_text() + "# Theirs.\n")
    succeed("git", "commit", "-q", "-a", "-m", "Better", cwd=template_repository)
    assert run(*cruft, "check", cwd=project).returncode == 1
    before = files(project)
    shown = succeed(*cruft, "update", "-y", cwd=project)
    assert "Setting up the project" not in shown
    assert files(project) == before
    assert (project / "Makefile").read_text().endswith("# Theirs.\n")
    assert (project / "README.md").read_text().endswith("Mine.\n")
    changed = succeed("git", "status", "--porcelain", cwd=project).split()
    assert changed == ["M", ".cruft.json", "M", "Makefile"]
    succeed(*cruft, "check", cwd=project)
    assert succeed(*cruft, "diff", cwd=project).count("Mine.") == 1
