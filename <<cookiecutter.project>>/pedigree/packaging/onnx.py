"""The model as an ONNX graph, and a test that both predict the same."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pedigree.base.files.replacing import write_bytes
from pedigree.base.names import UserError
from pedigree.base.stage import say
from pedigree.estimators.predicting import plain, predict

if TYPE_CHECKING:
    import pandas as pd
    from sklearn.pipeline import Pipeline

# Replaces missing strings in the graph, since ONNX has no missing strings. scikit-learn's
# categories contain NaN, which is converted to this string.
MISSING_TEXT = "nan"


def export(
    model: Pipeline, folder: Path, X: pd.DataFrame, tolerance: float, opset: int
) -> dict[str, Any]:
    """Write model.onnx, if its predictions agree with those of the model.

    Parameters
    ----------
    model : Pipeline
        Encoder and estimator, fitted.
    folder : Path
    X : DataFrame, shape (n, p)
        Features of the validation set, on which the predictions are compared.
    tolerance : float
        Maximum difference of a probability, or of predicted numbers in standard deviations.
        ONNX computes with 32 bits, scikit-learn with 64: differences of about 1e-6 are usual.
    opset : int
        Version of ONNX's operators.

    Returns
    -------
    dict
        Entry of the signature: the file, its inputs and its outputs.

    Raises
    ------
    UserError
        A part has no converter, or the predictions differ.
    """
    from onnxruntime import InferenceSession
    from skl2onnx import to_onnx
    from skl2onnx.common.data_types import FloatTensorType, StringTensorType

    register_converters()
    X = plain(X)
    number = {name: X[name].dtype.kind in "iuf" for name in X}
    types = [
        (name, FloatTensorType([None, 1]) if number[name] else StringTensorType([None, 1]))
        for name in X
    ]
    estimator = model["estimator"]
    n_classes = len(getattr(estimator, "classes_", ()))
    try:
        graph = to_onnx(
            model,
            initial_types=types,
            options={id(estimator): {"zipmap": False}} if n_classes else None,
            target_opset={"": opset, "ai.onnx.ml": 3},
        )
    except Exception as error:  # each converter has its own errors
        raise UserError(
            f"package.export: the model cannot be written as ONNX ({_first_line(error)}); choose another model, encoder or "
            "imputer, or package/export=none."
        ) from error
    content = graph.SerializeToString()
    session = InferenceSession(content, providers=["CPUExecutionProvider"])
    feed = {
        name: X[[name]].to_numpy("float32")
        if number[name]
        else X[[name]]
        .astype("object")
        .where(X[[name]].notna(), MISSING_TEXT)
        .to_numpy()
        .astype("str")
        for name in X
    }
    expected = predict(model, X, n_classes)
    exported = session.run(None, feed)[-1].reshape(expected.shape)
    unit = 1.0 if n_classes else float(expected.std()) or 1.0
    difference = np.abs(exported - expected) / unit
    if not difference.max() <= tolerance:  # also if it is NaN
        apart = int((~(difference <= tolerance)).reshape(len(X), -1).any(axis=1).sum())
        raise UserError(
            f"package.export: the predictions of the ONNX model differ in {apart} of {len(X)} validation rows, by up to "
            f"{difference.max():.2g}, but package.export.tolerance allows {tolerance:g}; choose another model, or "
            "package/export=none."
        )
    write_bytes(content, folder / "model.onnx")
    say(
        f"the predictions of model.onnx differ by at most {difference.max():.1g} on {len(X)} validation rows"
    )
    return {
        "file": "model.onnx",
        "takes": {name: "float" if number[name] else "string" for name in X},
        "missing": {"float": "NaN", "string": MISSING_TEXT},
        "gives": "probabilities in the order of the classes" if n_classes else "numbers",
        "tolerance": tolerance,
    }


# Packages that `configure` looks for before any data is used.
export.needs = ("onnx", "onnxmltools", "onnxruntime", "skl2onnx")  # type: ignore[attr-defined]


def register_converters() -> None:
    """Register converters for the boosters, and for parts of scikit-learn that skl2onnx does not fully support."""
    from importlib.util import find_spec

    from skl2onnx import update_registered_converter as register
    from skl2onnx.common.shape_calculator import (
        calculate_linear_classifier_output_shapes as classifier,
    )
    from skl2onnx.common.shape_calculator import (
        calculate_linear_regressor_output_shapes as regressor,
    )
    from sklearn.compose import TransformedTargetRegressor
    from sklearn.impute import SimpleImputer
    from sklearn.preprocessing import OneHotEncoder

    register(OneHotEncoder, "PipelineOneHotEncoder", _as_wide_as_named, _one_hot)
    register(SimpleImputer, "PipelineImputer", _as_wide_as_named, _imputer)
    register(TransformedTargetRegressor, "PipelineTarget", regressor, _scaled_target)
    options = {"zipmap": [True, False, "columns"], "nocl": [True, False]}
    for package, prefix, convert in (
        ("catboost", "CatBoost", _catboost),
        ("lightgbm", "LGBM", _lightgbm),
        ("xgboost", "XGB", _xgboost),
    ):
        if find_spec(package):
            module = __import__(package)
            for kind, shape in (("Classifier", classifier), ("Regressor", regressor)):
                register(
                    getattr(module, prefix + kind),
                    f"Pipeline{prefix}{kind}",
                    shape,
                    convert,
                    options=options if kind == "Classifier" else {"split": None},
                    parser=_two_outputs if prefix + kind == "CatBoostClassifier" else None,
                )


def _as_wide_as_named(operator: Any) -> None:
    from skl2onnx.common.data_types import FloatTensorType

    width = len(operator.raw_operator.get_feature_names_out())
    operator.outputs[0].type = FloatTensorType([operator.inputs[0].get_first_dimension(), width])


def _imputer(scope: Any, operator: Any, container: Any) -> None:
    """Impute missing values, and add the indicators that skl2onnx omits."""
    from onnx import TensorProto
    from skl2onnx.algebra import onnx_ops as ops

    imputer, version = operator.raw_operator, container.target_opset
    missing = ops.OnnxIsNaN(operator.inputs[0], op_version=version)
    filled = ops.OnnxWhere(
        missing,
        imputer.statistics_.astype("float32").reshape(1, -1),
        operator.inputs[0],
        op_version=version,
    )
    known = np.flatnonzero(~np.isnan(imputer.statistics_))  # columns without values are dropped
    parts = [ops.OnnxGather(filled, known, axis=1, op_version=version)]
    if imputer.add_indicator and len(imputer.indicator_.features_):
        indicators = ops.OnnxGather(
            missing, imputer.indicator_.features_, axis=1, op_version=version
        )
        parts.append(ops.OnnxCast(indicators, to=TensorProto.FLOAT, op_version=version))
    ops.OnnxConcat(*parts, axis=1, op_version=version, output_names=operator.outputs).add_to(
        scope, container
    )


def _one_hot(scope: Any, operator: Any, container: Any) -> None:
    """Encode each frequent category as a column and all others as one, which skl2onnx does not support."""
    from onnx import TensorProto
    from skl2onnx.algebra import onnx_ops as ops

    encoder, version = operator.raw_operator, container.target_opset
    if encoder.drop is not None:
        raise NotImplementedError("OneHotEncoder with drop")
    columns = [
        ops.OnnxGather(merged, np.array([i]), axis=1, op_version=version)
        for merged in operator.inputs
        for i in range(merged.type.shape[1])
    ]
    rare = getattr(encoder, "infrequent_categories_", [None] * len(columns))
    parts = []
    for column, known, others in zip(columns, encoder.categories_, rare, strict=True):
        shared = {
            str(one) for one in ([] if others is None else others)
        }  # as strings, since NaN does not equal itself
        frequent = [one for one in map(str, known) if one not in shared]
        number = ops.OnnxLabelEncoder(
            column,
            keys_strings=frequent or [""],
            values_int64s=list(range(len(frequent))) or [-1],
            # A category that is not in the training set is encoded as infrequent, or as no column at all.
            default_int64=len(frequent) if shared else -1,
            op_version=2,
        )
        width = np.arange(len(frequent) + bool(shared)).reshape(1, -1)
        parts.append(ops.OnnxEqual(number, width, op_version=version))
    flags = ops.OnnxConcat(*parts, axis=1, op_version=version)
    ops.OnnxCast(
        flags, to=TensorProto.FLOAT, op_version=version, output_names=operator.outputs
    ).add_to(scope, container)


def _scaled_target(scope: Any, operator: Any, container: Any) -> None:
    """Convert a regressor of a standardized target, and convert its predictions back to the target's units."""
    from skl2onnx.algebra import onnx_ops as ops
    from skl2onnx.algebra.onnx_operator import OnnxSubEstimator

    model, version = operator.raw_operator, container.target_opset
    scaler = model.transformer_
    inner = OnnxSubEstimator(model.regressor_, operator.inputs[0], op_version=version)
    scaled = ops.OnnxMul(inner, scaler.scale_.astype("float32"), op_version=version)
    ops.OnnxAdd(
        scaled, scaler.mean_.astype("float32"), op_version=version, output_names=operator.outputs
    ).add_to(scope, container)


def _lightgbm(scope: Any, operator: Any, container: Any) -> None:
    from onnxmltools.convert.lightgbm.operator_converters.LightGbm import convert_lightgbm

    convert_lightgbm(scope, operator, container)


def _xgboost(scope: Any, operator: Any, container: Any) -> None:
    """Convert with features named f0, f1, ..., the only names that onnxmltools supports."""
    from onnxmltools.convert.xgboost.operator_converters.XGBoost import convert_xgboost

    operator.raw_operator = deepcopy(operator.raw_operator)
    operator.raw_operator.get_booster().feature_names = None
    convert_xgboost(scope, operator, container)


def _two_outputs(scope: Any, model: Any, inputs: Any, custom_parsers: Any = None) -> Any:
    """Declare label and probabilities as outputs, which skl2onnx does for scikit-learn's own classifiers only."""
    from skl2onnx.common.data_types import FloatTensorType, Int64TensorType

    operator = scope.declare_local_operator("PipelineCatBoostClassifier", model)
    operator.inputs = inputs
    for name, kind in (("label", Int64TensorType()), ("probabilities", FloatTensorType())):
        operator.outputs.append(scope.declare_local_variable(name, kind))
    return operator.outputs


def _catboost(scope: Any, operator: Any, container: Any) -> None:
    """Copy the node of the trees from CatBoost's own ONNX graph."""
    from catboost.utils import convert_to_onnx_object
    from onnx.helper import get_attribute_value

    graph = convert_to_onnx_object(operator.raw_operator).graph
    (trees,) = (node for node in graph.node if node.op_type.startswith("TreeEnsemble"))
    container.add_node(
        trees.op_type,
        [operator.inputs[0].full_name],
        [output.full_name for output in operator.outputs],
        op_domain="ai.onnx.ml",
        name=scope.get_unique_operator_name("CatBoost"),
        **{attribute.name: get_attribute_value(attribute) for attribute in trees.attribute},
    )


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0].rstrip(".")[:200]
