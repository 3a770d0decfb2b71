"""What a crafted file may not do: each case is an archive as skops writes it, with one part replaced."""

import io
import json
import sys
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from library.projects import Project
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.experimental import enable_iterative_imputer  # noqa: F401  (so that it is listed)
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import FunctionTransformer
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils import all_estimators
from sklearn.utils._test_common.instance_generator import _construct_instances
from sklearn.utils.estimator_checks import _enforce_estimator_tags_X, _enforce_estimator_tags_y

from pedigree.base.names import UserError
from pedigree.prediction.calibration import Probabilities
from pedigree.storage.artifact import load_model, open_model, save_model

X = np.random.default_rng(0).normal(size=(60, 3))
Y = (X[:, 0] > 0).astype(int)
OWN = """
from sklearn.base import BaseEstimator


class Mine(BaseEstimator):
    pass


class NoEstimator:
    pass


def double(X):
    return 2 * X


def run(command):
    raise AssertionError(command)
"""


def node(kind: str, name: str, **content: Any) -> dict[str, Any]:
    module, _, attribute = name.rpartition(".")
    return {"__loader__": kind, "__module__": module, "__class__": attribute, **content}


def text(value: Any) -> dict[str, Any]:
    return node("JsonNode", "builtins.str", content=json.dumps(value), is_json=True)


def items(kind: str, name: str, *values: Any) -> dict[str, Any]:
    return node(kind, name, content=list(values))


def mapping(key_types: dict[str, Any], **values: Any) -> dict[str, Any]:
    return node("DictNode", "builtins.dict", content=values, key_types=key_types)


def archive(schema: dict[str, Any], **files: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as out:
        out.writestr(
            "schema.json", json.dumps({"protocol": 2, "_skops_version": "0.16.0"} | schema)
        )
        for name, content in files.items():
            out.writestr(name.replace("_", "."), content)
    return target.getvalue()


def refused(content: bytes, what: str) -> None:
    before = set(sys.modules)
    with pytest.raises(UserError, match=what):
        open_model(content, Path("model.skops"))
    assert not {"turtle", "antigravity", "this"} & (set(sys.modules) - before)


COMMAND = items("ListNode", "builtins.list", text("touch"), text("PWNED"))


@pytest.mark.parametrize(
    "crafted",
    [
        # Kinds of nodes that call what they name.
        items("ListNode", "subprocess.check_output", text("touch"), text("PWNED")),
        items("SetNode", "pedigree.base.git.git", text("-c"), text("alias.x=!touch PWNED")),
        items("TupleNode", "os.system", text("touch PWNED")),
        node(
            "NdArrayNode", "pandas.read_pickle", type="json", content=[text("x")], shape=text([1])
        ),
        node("ObjectNode", "pandas.io.pickle.read_pickle", content=COMMAND),
        node("ConstructorFromReduceNode", "sklearn.utils.validation.check_array", content=COMMAND),
        node("MethodNode", "builtins.str", content={"func": "format", "obj": text("x")}),
        node("OperatorFuncNode", "operator.methodcaller", attrs=COMMAND),
        node(
            "DefaultDictNode",
            "collections.defaultdict",
            content={"main": text({}), "default_factory": COMMAND},
        ),
        # Functions of trusted packages, and modules that nothing needs.
        node("FunctionNode", "pandas.read_pickle"),
        node("FunctionNode", "pandas.read_csv"),
        node("FunctionNode", "numpy.f2py.run_main"),
        node("FunctionNode", "sklearn.datasets.fetch_openml"),
        node("FunctionNode", "pedigree.base.git.git"),
        node("ObjectNode", "turtle.Turtle"),
        node("TypeNode", "antigravity.x"),
        node("ObjectNode", "sklearn.linear_model._logistic.LogisticRegression.fit"),
        node(
            "ObjectNode", "sklearn.linear_model.LogisticRegression"
        ),  # another name of a listed class
        node("CachedNode", "builtins.dict", __id__=1),
        node("UnknownNode", "builtins.dict"),
        # Functions where skops expects types, or arguments of the file's choice.
        mapping(items("ListNode", "builtins.list", node("FunctionNode", "numpy.exp")), key=text(1)),
        node(
            "PartialNode",
            "functools.partial",
            content={"func": node("FunctionNode", "pipeline.custom.features.run"), "args": COMMAND},
        ),
    ],
    ids=lambda one: f"{one['__loader__']}-{one['__module__']}.{one['__class__']}",
)
def test_a_crafted_object_is_refused_before_anything_is_built(
    crafted: dict[str, Any], project: Project
) -> None:
    project.write("pipeline/custom/features.py", OWN)
    refused(archive(crafted), "may not contain")
    refused(archive(items("ListNode", "builtins.list", crafted)), "may not contain")
    assert not Path("PWNED").exists()


def test_an_id_cannot_stand_for_two_objects() -> None:
    """Skops takes the first object of an id for all of them, so a list of types could become one of functions."""
    first = node("FunctionNode", "numpy.exp", __id__=7)
    types = items("ListNode", "builtins.list", node("TypeNode", "builtins.str", __id__=7))
    refused(
        archive(items("ListNode", "builtins.list", first, mapping(types, key=text(1)))),
        "with the id 7",
    )


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "no readable archive"),
        (b"PK", "no readable archive"),
        (archive(text(1) | {"protocol": 1}), "protocol 1"),
        (archive(text(1), other_py=b""), "unexpected entries"),
        (
            archive(node("NdArrayNode", "numpy.ndarray", type="numpy", file="f0.npy"), f0_npy=b"x"),
            "no readable",
        ),
        (archive({"__loader__": ["ListNode"]}), "contains"),
    ],
    ids=["empty", "short", "protocol", "entries", "array", "kind"],
)
def test_what_is_no_archive_of_objects_is_refused(content: bytes, what: str) -> None:
    refused(content, what)


def test_a_small_file_cannot_promise_a_large_array() -> None:
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        file, {"descr": "<f8", "fortran_order": False, "shape": (10**12,)}
    )
    array = node("NdArrayNode", "numpy.ndarray", type="numpy", file="f0.npy")
    refused(archive(array, f0_npy=file.getvalue()), "not as large as its header says")


def test_compressed_entries_are_refused() -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr("schema.json", json.dumps(text("0" * 10**7)))
    refused(target.getvalue(), "compressed entries")


def changed(model: Any, change: Callable[[Any], None], tmp_path: Path) -> bytes:
    """Return the file of a fitted model in whose description something was changed."""
    save_model(model, tmp_path / "model.skops")
    with zipfile.ZipFile(tmp_path / "model.skops") as source:
        files = {name.replace(".", "_"): source.read(name) for name in source.namelist()}
    schema = json.loads(files.pop("schema_json"))
    change((schema, files))
    return archive(schema, **files)


def edit_nodes(field: str, value: int) -> Callable[[Any], None]:
    """Return a change of a field of the inner nodes of every tree."""

    def change(parts: Any) -> None:
        _, files = parts
        for name, content in files.items():
            if name.endswith("_npy") and field in (np.load(io.BytesIO(content)).dtype.names or ()):
                nodes = np.load(io.BytesIO(content))
                nodes[field][0] = value
                file = io.BytesIO()
                np.save(file, nodes)
                files[name] = file.getvalue()

    return change


@pytest.mark.parametrize(
    ("model", "field", "value"),
    [
        (DecisionTreeClassifier(random_state=0), "left_child", 10**6),
        (DecisionTreeClassifier(random_state=0), "right_child", 0),  # a loop without end
        (DecisionTreeClassifier(random_state=0), "feature", 10**6),
        (RandomForestClassifier(n_estimators=3, random_state=0), "feature", -3),
        (HistGradientBoostingClassifier(max_iter=2), "left", 10**6),
        (HistGradientBoostingClassifier(max_iter=2), "right", 0),
        (HistGradientBoostingClassifier(max_iter=2), "feature_idx", 99),
        (KNeighborsClassifier(algorithm="kd_tree"), "idx_end", 10**6),
        (KNeighborsClassifier(algorithm="ball_tree"), "idx_start", -5),
    ],
)
def test_a_tree_with_impossible_nodes_is_refused(
    model: Any, field: str, value: int, tmp_path: Path
) -> None:
    crafted = changed(model.fit(X, Y), edit_nodes(field, value), tmp_path)
    refused(crafted, "damaged.*impossible nodes")


def test_a_tree_of_more_columns_than_its_forest_is_refused(tmp_path: Path) -> None:
    forest = RandomForestClassifier(n_estimators=2, random_state=0).fit(X, Y)
    forest.n_features_in_ = 2
    with pytest.raises(UserError, match="trees of another number of columns"):
        save_model(forest, tmp_path / "model.skops")


def inside(one: Any) -> list[Any]:
    """Return objects that contain another one in each way that a stored object can."""
    calibrated = CalibratedClassifierCV(LogisticRegression(), cv=2).fit(X, Y)
    calibrated.calibrated_classifiers_[0].estimator = one
    return [
        one,
        [one],
        (one,),
        {"key": one},
        np.array([one, None], dtype=object),
        FunctionTransformer(partial(np.exp, one)),
        FunctionTransformer(np.exp, kw_args={"out": one}),
        calibrated,
        Probabilities(one),
    ]


@pytest.mark.parametrize("place", range(9))
def test_a_vectorizer_that_would_read_files_is_refused_wherever_it_is(
    place: int, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match="input='filename'"):
        save_model(inside(CountVectorizer(input="filename"))[place], tmp_path / "model.skops")


@pytest.mark.parametrize("place", range(9))
def test_a_tree_with_impossible_nodes_is_refused_wherever_it_is(place: int, tmp_path: Path) -> None:
    tree = DecisionTreeClassifier(random_state=0).fit(X, Y)
    whole = inside(tree)[place]
    save_model(whole, tmp_path / "model.skops")
    refused(changed(whole, edit_nodes("feature", 10**6), tmp_path), "impossible nodes")


@pytest.mark.parametrize(
    ("name", "allowed"),
    [
        ("ObjectNode pipeline.custom.features.Mine", True),
        ("FunctionNode pipeline.custom.features.double", True),
        ("ObjectNode pipeline.custom.features.NoEstimator", False),
        ("ObjectNode pipeline.custom.features.BaseEstimator", False),  # imported there
        ("ObjectNode pipeline.custom.features.double", False),
        ("FunctionNode pipeline.custom.sources.double", False),
        ("ObjectNode pipeline.custom.missing.Mine", False),
        ("ObjectNode pipeline.train.main", False),
    ],
)
def test_owners_classes_are_estimators_and_functions_belong_to_features(
    name: str, allowed: bool, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("features", "sources"):
        project.write(f"pipeline/custom/{module}.py", OWN)
    for package in ("pipeline", "pipeline/custom"):
        project.write(f"{package}/__init__.py", "")
    for module in [one for one in sys.modules if one.split(".")[0] == "pipeline"]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.syspath_prepend(str(Path.cwd()))
    content = archive(node(*name.split()))
    if allowed:
        assert open_model(content, Path("model.skops")) is not None
        with pytest.raises(UserError, match="may not contain"):
            open_model(content, Path("model.skops"), own=())
    else:
        refused(content, "may not contain")


# What skops cannot store, what is fitted on other things than tables, and sparse matrices, which are not checked.
UNSTORABLE = (
    "Birch",
    "DictVectorizer",
    "FrozenEstimator",
    "SparseRandomProjection",
    "SpectralEmbedding",
)
ESTIMATORS = [(name, kind) for name, kind in all_estimators() if name not in UNSTORABLE]


@pytest.mark.parametrize(("name", "kind"), ESTIMATORS, ids=[name for name, _ in ESTIMATORS])
def test_every_estimator_of_scikit_learn_comes_back(name: str, kind: Any, tmp_path: Path) -> None:
    model = next(iter(_construct_instances(kind)))
    if name in ("CountVectorizer", "TfidfVectorizer", "HashingVectorizer"):
        model.fit(["one text", "another text"])
    elif name.endswith(("Binarizer", "LabelEncoder")) and name != "Binarizer":
        model.fit([[0], [1]] if name.startswith("Multi") else Y)
    else:
        model.fit(_enforce_estimator_tags_X(model, X), _enforce_estimator_tags_y(model, Y))
    save_model(model, tmp_path / "model.skops")
    assert type(load_model(tmp_path / "model.skops")) is kind


def test_a_function_that_a_transformer_calls_comes_back(tmp_path: Path) -> None:
    save_model(FunctionTransformer(np.log1p), tmp_path / "model.skops")
    assert load_model(tmp_path / "model.skops").func is np.log1p
