from pathlib import Path

import pytest
from library.projects import Project

from pedigree.base.names import UserError
from pedigree.config.composing import compose


def refusal(project: Project, before: str, after: str) -> str:
    """Return what is said about conf/config.yaml after an edit of its text."""
    config = project.folder / "conf/config.yaml"
    text = config.read_text(encoding="utf-8")
    assert before in text
    config.write_text(text.replace(before, after), encoding="utf-8")
    with pytest.raises(UserError) as error:
        compose()
    return str(error.value)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("tune: random", "tune: off", '`tune: off` is read as a boolean; write `tune: "off"`.'),
        ("compare: default", "compare: no", '`compare: no` is read as a boolean; write `compare: "no"`.'),
        ("model: catboost", "model: 5", '`model: 5` is read as a number; write `model: "5"`.'),
        ("model: catboost", "model: 1.5", '`model: 1.5` is read as a number; write `model: "1.5"`.'),
        ("profile: default", "profile: [plots, yes]", '`yes` is read as a boolean; write `"yes"`.'),
        ("model: catboost", "3: catboost", '`3` is read as a number; write `"3"`.'),
        ("- tune: random", "- off", '`off` is read as a boolean; write `"off"`.'),
    ],
)  # fmt: skip
def test_an_option_that_yaml_does_not_read_as_a_string_is_named_with_its_line(
    project: Project, before: str, after: str, said: str
) -> None:
    lines = (project.folder / "conf/config.yaml").read_text(encoding="utf-8").splitlines()
    number = next(n for n, line in enumerate(lines, start=1) if before in line)
    assert refusal(project, before, after) == f"conf/config.yaml, line {number}: {said}"


def test_such_an_option_is_also_found_in_another_file(project: Project) -> None:
    project.write("conf/tune/mine.yaml", "# My own.\ndefaults:\n  - off\n  - _self_\n")
    said = refusal(project, "tune: random", "tune: mine")
    assert said == 'conf/tune/mine.yaml, line 3: `off` is read as a boolean; write `"off"`.'


@pytest.mark.parametrize(
    ("after", "said"),
    [("tune: {a: b}", "Unsupported item value"), ("tune: random\n  x: y", "Too many keys")],
)
def test_other_mistakes_of_the_list_are_described_by_hydra(
    project: Project, after: str, said: str
) -> None:
    assert "conf/ cannot be composed: " in (found := refusal(project, "tune: random", after))
    assert said in found


def test_a_misspelled_key_is_found_by_the_references_to_it(project: Project) -> None:
    said = refusal(project, "seed: 42", "sed: 42")
    config = Path("conf/config.yaml").read_text(encoding="utf-8").splitlines()
    line = config.index("sed: 42") + 1
    assert "`${seed}` refers to a setting that does not exist" in said
    where = said.partition(": ")[0]
    file, number = where.split(", line ")
    assert "${seed}" in Path(file).read_text(encoding="utf-8").splitlines()[int(number) - 1]
    assert said.endswith(
        f"the most similar is 'sed' (conf/config.yaml, line {line}); correct one of the two names."
    )


def test_a_misspelled_reference_is_found_with_the_key_that_it_means(project: Project) -> None:
    project.write("conf/verdict/default.yaml", "confidence: ${problem.targt}\nresamples: 100\n")
    with pytest.raises(UserError) as error:
        compose()
    assert str(error.value) == (
        "conf/verdict/default.yaml, line 1: `${problem.targt}` refers to a setting that does not exist; the most "
        "similar is 'problem.target' (conf/problem/); correct one of the two names."
    )


def test_a_reference_that_resembles_nothing_is_named_with_its_line(project: Project) -> None:
    project.write("conf/verdict/default.yaml", "# Mine.\nconfidence: ${nowhere.at_all}\n")
    with pytest.raises(UserError) as error:
        compose()
    assert str(error.value) == (
        "conf/verdict/default.yaml, line 2: `${nowhere.at_all}` refers to a setting that does not exist; correct it."
    )


@pytest.mark.parametrize("override", ["problem.goal=${oc.env:TOK}", "load=${oc.env:TOK}"])
def test_an_override_reads_no_environment(
    project: Project, monkeypatch: pytest.MonkeyPatch, override: str
) -> None:
    monkeypatch.setenv("TOK", "verysecretvalue")
    with pytest.raises(UserError, match=r"oc\.env would write") as error:
        compose([override])
    assert "verysecret" not in str(error.value)
