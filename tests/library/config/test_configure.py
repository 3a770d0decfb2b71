import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from library.projects import CONFIG, CONTRACT, Project, compose, extra
from omegaconf import DictConfig, OmegaConf

from pedigree.base.dvc_files.lock import digest
from pedigree.base.names import UserError
from pedigree.base.section import Tool
from pedigree.base.steps import STEPS
from pedigree.config.checks import check
from pedigree.config.schema import Settings
from pedigree.data.contract_file import misspelled_columns, unknown_positive
from pipeline import configure


@pytest.fixture
def config(finished: Callable[[str], Project], monkeypatch: pytest.MonkeyPatch) -> DictConfig:
    """Return composed settings without a mistake, in the folder of their project."""
    monkeypatch.chdir(finished("binary").folder)
    return OmegaConf.load("params.yaml")


def refusal(project: Project) -> str:
    """Return what `configure` says against conf/; params.yaml must stay as it was."""
    params = project.folder / "params.yaml"
    before = params.read_bytes()
    with pytest.raises(UserError) as error:
        configure.main()
    assert params.read_bytes() == before
    return str(error.value)


def set_value(project: Project, key: str, value: object) -> None:
    """Write a value into conf/config.yaml, whose own settings come last."""
    config = yaml.safe_load((project.folder / "conf/config.yaml").read_text(encoding="utf-8"))
    section = config
    *path, last = key.split(".")
    for part in path:
        section = section.setdefault(part, {})
    section[last] = value
    project.write("conf/config.yaml", config)


def choose(project: Project, group: str, option: str) -> None:
    """Write another option of a group into the defaults list of conf/config.yaml."""
    defaults = [
        {group: option} if isinstance(one, dict) and group in one else one
        for one in CONFIG["defaults"]
    ]
    project.write("conf/config.yaml", CONFIG | {"defaults": defaults})


def test_a_changed_setting_reaches_params_yaml_and_is_reported(project: Project, capsys) -> None:
    set_value(project, "verdict.resamples", 222)
    configure.main()
    written = yaml.safe_load(Path("params.yaml").read_text(encoding="utf-8"))
    assert written["verdict"]["resamples"] == 222
    assert "verdict.resamples: 100 -> 222\n1 of " in capsys.readouterr().out


def test_composing_twice_changes_no_byte(project: Project) -> None:
    configure.main()
    first = Path("params.yaml").stat()
    content = Path("params.yaml").read_bytes()
    configure.main()
    assert Path("params.yaml").read_bytes() == content
    assert Path("params.yaml").stat().st_mtime_ns == first.st_mtime_ns


def test_params_yaml_holds_values_and_no_references(project: Project) -> None:
    Path("params.yaml").unlink()
    configure.main()
    assert "${" not in Path("params.yaml").read_text(encoding="utf-8")


def test_an_experiment_keeps_the_params_that_dvc_composed(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    project.compose("verdict.resamples=333")
    before = Path("params.yaml").read_bytes()
    monkeypatch.setenv("DVC_EXP_NAME", "tall-penguin")
    configure.main()
    assert Path("params.yaml").read_bytes() == before
    assert "verdict.resamples: 100 -> 333" in capsys.readouterr().out


def own_settings() -> dict[str, bytes]:
    return {path.stem: path.read_bytes() for path in Path("settings").iterdir()}


def test_each_step_is_given_the_part_of_the_settings_that_its_class_names(project: Project) -> None:
    shutil.rmtree("settings")
    configure.main()
    written = {name: yaml.safe_load(text) for name, text in own_settings().items()}
    everything = yaml.safe_load(Path("params.yaml").read_text(encoding="utf-8"))
    assert set(written) == set(STEPS)
    assert written["select"] == {
        "select": everything["select"],
        "problem": {key: everything["problem"][key] for key in ("group", "time")},
        "split": {"name": everything["split"]["name"]},
        "seed": everything["seed"],
    }


def test_an_experiment_gives_each_step_the_settings_that_dvc_composed(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure.main()
    before = own_settings()
    project.write("params.yaml", OmegaConf.to_yaml(compose(Path("conf").resolve(), "seed=7")))
    monkeypatch.setenv("DVC_EXP_NAME", "tall-penguin")
    configure.main()
    after = own_settings()
    assert "seed: 7" in after["compare"].decode()
    assert {name for name in STEPS if before[name] == after[name]} == {
        *("collect", "load", "clean", "engineer", "package", "report", "track"),
    }


def test_a_mistake_leaves_each_steps_settings_as_they_were(project: Project) -> None:
    before = own_settings()
    set_value(project, "verdict.resamples", 222)
    set_value(project, "verdict.confidence", 7)
    assert "verdict.confidence" in refusal(project)
    assert own_settings() == before


def test_an_experiments_params_are_checked_too(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.compose("verdict.confidence=7")  # which conf/ does not say
    monkeypatch.setenv("DVC_EXP_NAME", "tall-penguin")
    assert "verdict.confidence: should be less than 1" in refusal(project)


def test_without_an_experiment_conf_is_in_force(project: Project) -> None:
    assert "DVC_EXP_NAME" not in os.environ
    project.compose("verdict.resamples=333")
    configure.main()
    assert yaml.safe_load(Path("params.yaml").read_text())["verdict"]["resamples"] == 100


@pytest.mark.parametrize("edited", [None, "pipeline", "conf"])
def test_an_experiment_that_was_taken_over_stays_in_force_until_conf_is_edited(
    project: Project, capsys, edited: str | None
) -> None:
    project.compose("verdict.resamples=333")
    paths = ("conf", "pipeline", "params.yaml")
    conf, code, params = ({"path": path, "md5": digest(Path(path))} for path in paths)
    stage = {"cmd": "python -m pipeline.configure", "deps": [conf, code], "outs": [params]}
    project.write("dvc.lock", {"schema": "2.0", "stages": {"configure": stage}})
    if edited == "conf":
        set_value(project, "evaluate.calibration_bins", 5)
    elif edited:
        code["md5"] = "0" * 32
        project.write("dvc.lock", {"schema": "2.0", "stages": {"configure": stage}})
    configure.main()
    resamples = yaml.safe_load(Path("params.yaml").read_text())["verdict"]["resamples"]
    assert resamples == (100 if edited == "conf" else 333)
    said = capsys.readouterr().out
    kept = "verdict.resamples: 100 -> 333\n1 of "
    assert ("verdict.resamples: 333 -> 100\n" if edited == "conf" else kept) in said
    assert ("by the applied experiment" in said) == (edited != "conf")


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("verdict.resample", 5, "verdict.resample: unknown key in conf/verdict/; did you mean 'resamples'?"),
        ("problem.critera", {}, "problem.critera: unknown key in conf/problem/; did you mean 'criteria'?"),
        ("model.estimatr", {}, "model.estimatr: unknown key in conf/model/; did you mean 'estimator'?"),
        ("compare.models.linear.scalar", 1, "compare.models.linear.scalar: unknown key in conf/compare/; did you mean 'scaler'?"),
        ("sead", 1, "sead: unknown key in conf/config.yaml; did you mean 'seed'?"),
        ("tune.trials", -3, "tune.trials: should be greater than or equal to 1, in conf/tune/ (it is -3)"),
        ("tune.seconds", -1, "tune.seconds: should be greater than 0, in conf/tune/ (it is -1)"),
        ("compare.folds", 1, "compare.folds: should be greater than or equal to 2"),
        ("verdict.resamples", "many", "verdict.resamples: should be an integer, in conf/verdict/ (it is 'many')"),
        ("split.validation", 0.9, "split: validation and test together leave no training rows; lower one of them, in conf/split/"),
        ("split", None, "split: should be a mapping, in conf/split/ (it is None)"),
        ("problem.metrics", [], "problem.metrics: should not be empty, in conf/problem/"),
        ("problem.metrics", "roc_auc", "problem.metrics: should be a list, in conf/problem/ (it is 'roc_auc')"),
        ("problem.metrics", [1, "roc_auc"], "problem.metrics.0: should be a string, in conf/problem/ (it is 1)"),
        ("problem.metrics", ["roc_auc", "f1", "roc_auc"], "problem.metrics: should not contain 'roc_auc' twice, in conf/problem/"),
        ("problem.group", ["Species", "species"], "problem.group: should not contain 'species' and 'Species', which is the same name, in conf/problem/"),
        ("problem.slices", ["island", "island"], "problem.slices: should not contain 'island' twice"),
        ("problem.protected", ["island", "island"], "problem.protected: should not contain 'island' twice"),
        ("problem.criteria.gain_over_dummy", {"at_least": float("nan")}, "problem.criteria.gain_over_dummy.at_least: should be a finite number, in conf/problem/ (it is nan)"),
        ("problem.threshold", {"costs": {"false_positive": float("inf"), "false_negative": 1}}, "problem.threshold.costs.false_positive: should be a finite number"),
        ("tune.seconds", float("inf"), "tune.seconds: should be a finite number, in conf/tune/ (it is inf)"),
        ("model.search_space.depth.high", float("nan"), "model.search_space.depth.high: should be a"),
        ("problem.criteria", ["roc_auc"], "problem.criteria: should be a mapping"),
        ("problem.target", "", "problem.target: should not be empty"),
        ("problem.positive", ["male"], "problem.positive: should be a string or an integer or a number or true or false, in conf/problem/ (it is ['male'])"),
        ("problem.threshold", {"capacity": "many"}, "problem.threshold.capacity: should be a number or an integer, in conf/problem/ (it is 'many')"),
        ("problem.threshold", {"capacity": 0}, "problem.threshold.capacity: should be greater than 0 or greater than or equal to 1"),
        ("problem.threshold", {"metric": "f2"}, "problem.threshold.metric: metric 'f2' does not exist; known are: accuracy, balanced_accuracy, f1,"),
        ("problem.threshold", {"metric": "roc_auc"}, "problem.threshold.metric: metric 'roc_auc' does not depend on the threshold"),
        ("problem.custom_metrics", {"Mine": {"_target_": "a.b"}}, "problem.custom_metrics.Mine: the key should consist of lower-case letters, digits and underscores, and begin with a letter"),
        ("select.selector._target_", "my selector", "select.selector._target_: should be the dotted name of a class or function, such as sklearn."),
        ("model.categorical_argument", 5, "model.categorical_argument: should be a string, in conf/model/ (it is 5)"),
        ("model.search_space.depth.log", "so", "model.search_space.depth.log: should be true or false"),
        ("model.search_space.depth.low", 99, "model.search_space.depth: type int requires low < high"),
        ("problem.criteria.roc_auc", {}, "problem.criteria.roc_auc: needs at_least or at_most"),
        ("problem.task", "clustering", "problem.task: should be 'binary', 'multiclass' or 'regression'"),
        ("problem.metrics", ["rmse"], "problem.metrics: 'rmse' does not fit task binary; choose from roc_auc,"),
        ("problem.metrics", ["roc"], "problem.metrics: metric 'roc' does not exist; did you mean"),
        ("problem.criteria.rmse", {"at_most": 3}, "problem.criteria: 'rmse' is not a quantity of task binary; known are: "),
        ("problem.criteria.gain_over_dumy", {"at_least": 0}, "problem.criteria: 'gain_over_dumy' is not a quantity of task binary; did you mean 'gain_over_dummy'?"),
        ("problem.criteria.roc_auc", {"at_least": 0.8, "judged": "low"}, "problem.criteria.roc_auc.judged: should be 'value', 'lower' or 'upper'"),
        ("problem.criteria.gap_to_validation", {"at_most": 1, "judged": "upper"}, "problem.criteria.gap_to_validation.judged: gap_to_validation has no interval, so no upper end"),
        ("train.baseline.estimatr", 1, "train.baseline.estimatr: unknown key in conf/train/; did you mean 'estimator'?"),
        ("train.baseline.estimator._target_", "sklearn.linear_model.Ridge", "train.baseline.estimator: sklearn.linear_model.Ridge does not support task binary"),
        ("evaluate.confidence", 95, "evaluate.confidence: should be less than 1"),
        ("problem.criteria.average_precision", {"at_least": 0.8, "rows": "worst_slice"}, "problem.criteria.average_precision.rows: average_precision cannot be compared between slices; use roc_auc."),
        ("problem.criteria.worst_slice", {"at_least": 0, "rows": "worst_slice"}, "problem.criteria.worst_slice.rows: worst_slice is not a metric"),
        ("problem.criteria.mean_error_difference", {"at_most": 1}, "'mean_error_difference' is not a quantity of task binary"),
        ("problem.criteria.equalized_odds_difference", {"at_most": 1}, "problem.protected is empty"),
        ("problem.exclude.SEX", "is the target", "problem.exclude: 'SEX' is the target"),
        ("model.estimator.depth", "eight", """model.estimator: CatBoost: Can't parse parameter "depth" with value: "eight\""""),
        ("model.estimator.iterations", 0.5, "model.estimator: CatBoost: Can't parse parameter"),
        ("train.baseline.estimator.C", "eight", "train.baseline.estimator: The 'C' parameter of LogisticRegression must be a float in the range (0.0, inf]. Got 'eight' instead."),
        ("train.baseline.encoder.max_categories", -1, "train.baseline.encoder: The 'max_categories' parameter of OneHotEncoder must be"),
        ("train.baseline.imputer.strategy", "middle", "train.baseline.imputer: The 'strategy' parameter of SimpleImputer must be a str among"),
        ("select.selector.estimator.n_estimators", "many", "select.selector: The 'n_estimators' parameter of"),
        ("problem.time", "date_eg", "problem.time: column 'date_eg' is not in contracts/penguins.yaml; did you mean 'date_egg'? If the data contain it, add it to the contract."),
        ("problem.target", "Spezies", "problem.target: column 'spezies' is not in contracts/penguins.yaml; did you mean 'species'?"),
        ("problem.group", ["individual_idd"], "problem.group: column 'individual_idd' is not in"),
        ("problem.exclude", {"Individual": "a name"}, "problem.exclude: column 'individual' is not in contracts/penguins.yaml; did you mean 'individual_id'?"),
        ("problem.slices", ["iland"], "problem.slices: column 'iland' is not in contracts/penguins.yaml; did you mean 'island'?"),
        ("problem.protected", ["Islands"], "problem.protected: column 'islands' is not in"),
        ("problem.slices", ["island", "SEX"], "problem.slices: 'SEX' is the target"),
        ("problem.protected", ["sex"], "problem.protected: 'sex' is the target"),
        ("load.contract", "contracts/penguin.yaml", "load.contract: contracts/penguin.yaml does not exist; did you mean 'contracts/penguins.yaml'?"),
        ("model.estimator._target_", "catboost.CatBoostClasifier", "catboost has no 'CatBoostClasifier'; did you mean 'CatBoostClassifier'?"),
        ("model.estimator._target_", "catbost.CatBoostClassifier", "model.estimator._target_: module 'catbost' does not exist; did you mean 'catboost'?"),
        ("model.estimator._target_", "sklern.svm.SVC", "model.estimator._target_: module 'sklern' does not exist; did you mean 'sklearn'?"),
        ("model.estimator._target_", "zzz_not_there.Model", "model.estimator._target_: module 'zzz_not_there' does not exist."),
        ("clean.steps.mine", {"_target_": "pipeline.cleann.mine"}, "clean.steps.mine._target_: module 'pipeline.cleann' does not exist"),
        ("clean.steps.trim_text.colums", ["sex"], "clean.steps.trim_text.colums: pedigree.cleaning.trim_text does not accept this argument"),
        ("engineer.steps.ratios.pears", [], "engineer.steps.ratios.pears: pedigree.features.engineering.Ratios does not accept this argument; did you mean 'pairs'?"),
        ("model.categorical_argument", "cats", "model.categorical_argument: catboost.CatBoostClassifier has no argument 'cats'"),
        ("model.search_space.dept", {"type": "int", "low": 1, "high": 2}, "model.search_space: catboost.CatBoostClassifier has no argument 'dept'; did you mean 'depth'?"),
        ("model.early_stopping.settings.patience", 3, "model.early_stopping.settings: catboost.CatBoostClassifier has no argument 'patience'"),
        ("collect.password", "hunter2", "collect.password looks like a credential"),
        ("collect.path", "postgresql://me:hunter2@host/db", "collect.path holds what looks like a credential"),
        ("collect.path", "https://host/x.csv?X-Amz-Signature=0a1b", "collect.path holds what looks like a credential"),
        ("collect.path", "https://host/x.csv?sv=2024&sig=0a1b", "collect.path holds what looks like a credential"),
        ("load.missing", ["https://me:hunter2@host/x"], "load.missing holds what looks like a credential"),
        ("select.stability_folds", 1, "select: stability_folds needs at least 2 folds, or 0 for none"),
        ("model.encoder.encoder", {"_target_": "category_encoders.WOEncoder"}, "category_encoders has no 'WOEncoder'; did you mean 'WOEEncoder'?"),
        ("model", "linear", "model:"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_key_and_the_way_out(
    config: DictConfig, key: str, value: object, expected: str
) -> None:
    if "category_encoders" in expected:
        extra("category_encoders")
    OmegaConf.update(config, key, value, merge=False, force_add=True)
    with pytest.raises(UserError) as error:
        check(config)
    assert expected in str(error.value)


STEP = {"_target_": "pedigree.cleaning.replace_values", "values": {"m": "male"}}
OWN_STEP = {"_target_": "pipeline.custom.cleaning.keep_plausible"}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("target", "body"),
        ("time", "nope"),
        ("group", ["nope"]),
        ("exclude", {"nonesuch": "it is not there"}),
        ("slices", ["nope"]),
        ("protected", ["nope"]),
    ],
)
@pytest.mark.parametrize("complete", [True, False])
def test_a_complete_contract_lists_every_column_that_the_problem_may_name(
    config: DictConfig, key: str, value: Any, complete: bool
) -> None:
    contract = CONTRACT | {"metadata": {"complete": complete}}
    settings = Settings.model_validate(OmegaConf.to_container(config))
    changed = settings.model_copy(
        update={"problem": settings.problem.model_copy(update={key: value})}
    )
    name = next(iter(value)) if not isinstance(value, str) else value
    steps = [Tool.model_validate(STEP)]
    path = Path("contracts/penguins.yaml")
    said = [
        one
        for one in misspelled_columns(changed.problem, contract, path, steps)
        if f"'{name}'" in one
    ]
    assert [one.partition(";")[0] for one in said] == (
        [f"problem.{key}: column '{name}' is not in contracts/penguins.yaml"] if complete else []
    )
    own = [Tool.model_validate(OWN_STEP)]  # which may add the column
    assert not [
        one
        for one in misspelled_columns(changed.problem, contract, path, own)
        if f"'{name}'" in one
    ]


def test_what_a_contract_lists_is_compared_with_the_problem(project: Project) -> None:
    others = ("study_name", "sample_number", "comments")
    added: dict[str, Any] = {name: {"required": False} for name in others}
    added["sex"] = {"dtype": "str", "isin": ["FEMALE", "MALE"]}
    columns = CONTRACT["columns"] | added
    contract = CONTRACT | {"metadata": {"complete": True}, "columns": columns}
    project.write("contracts/penguins.yaml", contract)
    configure.main()  # 'male' is spelled as after cleaning
    set_value(project, "problem.protected", ["nope"])
    set_value(project, "problem.positive", "xx")
    assert refusal(project).splitlines() == [
        "2 mistakes in the settings:",
        f"  problem.protected: column 'nope' is not in contracts/penguins.yaml; known are: {', '.join(sorted(columns))}. "
        "If the data contain it, add it to the contract.",
        "  problem.positive: 'xx' is not one of the values that contracts/penguins.yaml lists for 'sex'; known are: "
        "FEMALE, MALE.",
    ]


@pytest.mark.parametrize(
    ("positive", "step", "refused"),
    [
        ("xx", None, True),
        ("mal", None, True),
        (True, None, True),
        ("male", None, False),  # clean may change the case
        ("xx", STEP | {"columns": ["Sex"]}, False),
        ("xx", STEP | {"columns": ["island"]}, True),
        ("xx", {"_target_": "pedigree.cleaning.fuzzy_merge"}, False),
        ("xx", OWN_STEP, False),
    ],
)
def test_a_positive_class_is_a_value_that_the_contract_lists_unless_cleaning_may_make_it(
    config: DictConfig, positive: Any, step: dict[str, Any] | None, refused: bool
) -> None:
    settings = Settings.model_validate(OmegaConf.to_container(config))
    problem = settings.problem.model_copy(update={"positive": positive})
    listed = {"columns": {"sex": {"dtype": "str", "isin": ["FEMALE", "MALE"]}}}
    kept = {"_target_": "pedigree.cleaning.trim_text"}
    steps = [Tool.model_validate(one) for one in (kept, step) if one]
    found = list(unknown_positive(problem, listed, Path("contracts/x.yaml"), steps))
    said = f"problem.positive: '{positive}' is not one of the values that contracts/x.yaml lists for 'sex'; "
    assert [one[: len(said)] for one in found] == [said] * refused
    assert not list(unknown_positive(problem, {"columns": {}}, Path("contracts/x.yaml"), steps))


@pytest.mark.parametrize(
    ("name", "problem", "said"),
    [
        ("group", {"group": []}, "split: group requires the columns of groups; set problem.group"),
        ("time", {"time": None}, "split: time requires the column of the time"),
        ("stratified", {"kind": "regression"}, "split: stratified requires classes"),
    ],
)  # fmt: skip
def test_a_split_that_lacks_what_it_goes_by_is_refused(
    config: DictConfig, name: str, problem: dict, said: str
) -> None:
    config.split.name = name
    config.problem.update(problem)
    with pytest.raises(UserError, match=said):
        check(config)


def test_a_tool_for_classes_is_refused_where_the_answers_are_numbers(
    finished: Callable[[str], Project], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(finished("regression").folder)
    config = OmegaConf.load("params.yaml")
    config.select.selector = {
        "_target_": "pedigree.features.selection.selectors.ChiSquare",
        "k": 3,
        "bins": 5,
    }
    with pytest.raises(UserError) as error:
        check(config)
    assert (
        "select.selector: pedigree.features.selection.selectors.ChiSquare supports only classification, and the task is regression; "
        "choose another option (`python -m pedigree options select`)." in str(error.value)
    )


def test_a_mistake_in_conf_stops_the_stage_and_leaves_params_yaml(project: Project) -> None:
    set_value(project, "tune.trials", -3)
    assert "tune.trials: should be greater than or equal to 1" in refusal(project)


def test_all_mistakes_are_said_at_once(project: Project) -> None:
    set_value(project, "tune.trials", 0)
    set_value(project, "verdict.confidence", 2)
    said = refusal(project)
    assert said.startswith("2 mistakes in the settings:")
    assert "tune.trials" in said
    assert "verdict.confidence" in said


def test_a_wrong_value_to_which_others_refer_is_reported_once_where_it_is_written(
    project: Project,
) -> None:
    config = project.compose("seed=abc", "tune.trials=0")
    with pytest.raises(UserError) as error:
        check(config)
    count, trials, seed = str(error.value).splitlines()
    assert count == "2 mistakes in the settings:"
    if "seed" in trials:
        trials, seed = seed, trials
    assert trials.startswith("  tune.trials: ")
    expected = "  seed: should be an integer, in conf/config.yaml (it is 'abc'); the same at "
    assert seed.startswith(expected)
    assert seed.endswith(" more")


def test_a_section_that_is_missing_is_added_to_the_list_of_sections(config: DictConfig) -> None:
    del config["split"]
    with pytest.raises(UserError, match=r"split: missing in conf/config\.yaml"):
        check(config)


def test_the_name_of_a_variable_that_holds_a_credential_is_allowed(config: DictConfig) -> None:
    OmegaConf.update(config, "collect.password_env", "DB_PASSWORD", force_add=True)
    with pytest.raises(UserError) as error:
        check(config)
    assert "credential" not in str(error.value)  # but the tool does not accept this argument
    assert "collect.password_env" in str(error.value)


@pytest.mark.parametrize(("group", "option"), [("model", "catbost"), ("tune", "optunna")])
def test_an_unknown_option_is_named_with_its_group(
    project: Project, group: str, option: str
) -> None:
    choose(project, group, option)
    said = refusal(project)
    assert f"conf/{group}/ has no option '{option}'" in said
    assert "did you mean '" in said


def test_where_adopt_was_forgotten_it_is_proposed(project: Project) -> None:
    choose(project, "collect", "example")
    Path("conf/collect/example.yaml").unlink()
    said = refusal(project)
    assert "run `python -m pedigree adopt FILE --target COLUMN` first" in said


@pytest.mark.parametrize(
    ("override", "quoted"),
    [
        ("model=linaer", "model=linaer"),
        ("tune.trials=3", "tune.trials=3"),
        ("problem.metrics=[rocauc]", "'problem.metrics=[rocauc]'"),
        ("+problem.criteria.foo={at_least: 1}", "'+problem.criteria.foo={at_least: 1}'"),
    ],
)
def test_configure_takes_no_settings_from_the_command_line(override: str, quoted: str) -> None:
    command = [sys.executable, "-m", "pipeline.configure", override]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == (
        f"configure: '{override}' is refused, since this stage takes no settings from the command line; "
        f"edit conf/, or use `dvc exp run -S {quoted}` for one experiment.\n"
    )


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("conf/load/mine.yaml", "contract: x\nmissing: ['${oc.env:TOK}']\n", "mine.yaml, line 2: oc.env would"),
        ("conf/load/mine.yaml", "contract: ${ oc.env:TOK,none}\n", "mine.yaml, line 1: oc.env would"),
        ("conf/load/mine.yaml", "contract: ${oc.decode:x}\n", "mine.yaml, line 1: oc.decode would"),
        ("conf/load/mine.yaml", 'contract: "x # ${oc.env:TOK}"\n', "line 1: oc.env would"),
        ("conf/load/mine.yaml", 'contract: "${\n  oc.env:TOK}"\n', "line 1: oc.env would"),
        ("conf/load/mine.yaml", "contract: >-\n  a ${\n  oc.env:TOK}\n", "line 1: oc.env would"),
        ("conf/load/mine.yaml", "contract: ${problem.${oc.env:TOK}}\n", "line 1: oc.env would"),
        ("conf/load/mine.yaml", "contract: ${oc.${x}:TOK}\n", "line 1: a resolver would"),
        ("conf/load/mine.yaml", "'${oc.env:TOK}': 1\n", "line 1: oc.env would"),
        ("conf/load/mine.yaml", "contract: &x [*x, '${oc.env:TOK}']\n", "line 1: oc.env would"),
        ("conf/load/mine.yaml", 'contract: "\\x24{oc.env:TOK}"\n', "line 1: oc.env would"),
        ("conf/load/mine.yaml", "password: hunter2\n", "mine.yaml: password looks like a credential"),
        ("conf/load/mine.yaml", "# ghp_" + "a1B2" * 9, "line 1 holds what looks like a credential (a GitHub token)"),
        ("conf/experiment/mine.yaml", "# @package _global_\nproblem: {goal: '${oc.env:TOK}'}\n", "experiment/mine.yaml, line 2: oc.env"),
        ("contracts/penguins.yaml", "columns: {a: {isin: ['${oc.env:TOK}']}}\n", "contracts/penguins.yaml, line 1: oc.env"),
    ],
)  # fmt: skip
def test_a_call_of_a_resolver_or_a_credential_is_refused_in_any_file(
    project: Project, monkeypatch: pytest.MonkeyPatch, file: str, text: str, said: str
) -> None:
    monkeypatch.setenv("TOK", "verysecretvalue")
    project.write(file, text)
    found = refusal(project)
    assert said in found
    for value in ("verysecret", "hunter2", "a1B2"):
        assert value not in found


@pytest.mark.parametrize(
    "value", ["ghp_" + "a1B2" * 9, "verysecretvalue", "see ${oc.env:MY_TOKEN}"]
)
def test_a_credential_in_an_experiment_does_not_stay_in_params_yaml(
    project: Project, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    configure.main()
    before = Path("params.yaml").read_bytes()
    monkeypatch.setenv("MY_TOKEN", "verysecretvalue")
    monkeypatch.setenv("DVC_EXP_NAME", "mine")
    settings = yaml.safe_load(before)
    settings["problem"]["goal"] = value
    project.write("params.yaml", settings)
    with pytest.raises(UserError, match=r"problem\.goal") as error:
        configure.main()
    assert value not in str(error.value)
    assert Path("params.yaml").read_bytes() == before


def test_a_comment_may_speak_of_the_environment(project: Project) -> None:
    project.write("conf/load/mine.yaml", "# never ${oc.env:SECRET}\ncontract: x  # ${oc.env:NO}\n")
    configure.main()
    assert Path("params.yaml").exists()


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("a: [1", "cannot be composed"),
        (
            "confidence: ${nowhere.at_all}\nseed: 1",
            "default.yaml, line 1: `${nowhere.at_all}` refers to",
        ),
    ],
)
def test_conf_that_cannot_be_read_is_refused(project: Project, text: str, what: str) -> None:
    project.write("conf/verdict/default.yaml", text)
    assert what in refusal(project)
