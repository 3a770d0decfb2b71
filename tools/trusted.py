"""Write pedigree/storage/trusted.txt: the types and functions that stored objects may consist of, by kind of node.

These are scikit-learn's estimators and what they are made of, the estimators of the library, and those of the other
libraries that conf/ names. Whoever adds an adapter whose fitted objects contain another type adds it here.
"""

import warnings
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from sklearn.base import BaseEstimator
from sklearn.experimental import enable_iterative_imputer  # noqa: F401  (so that it is listed)
from sklearn.utils import all_estimators

LIBRARY = Path("pedigree")
TARGET = LIBRARY / "storage/trusted.txt"
OBJECTS = (
    "catboost.core.CatBoostClassifier",
    "catboost.core.CatBoostRegressor",
    "interpret.glassbox._ebm._ebm.ExplainableBoostingClassifier",
    "interpret.glassbox._ebm._ebm.ExplainableBoostingRegressor",
    "lightgbm.basic.Booster",
    "lightgbm.sklearn.LGBMClassifier",
    "lightgbm.sklearn.LGBMRegressor",
    "pedigree.features.selection.measures.MutualInformation",
    "pedigree.prediction.calibration.Intervals",
    "pedigree.prediction.calibration.Probabilities",
    "scipy.interpolate._bsplines.BSpline",
    "sklearn._loss.link.HalfLogitLink",
    "sklearn._loss.link.IdentityLink",
    "sklearn._loss.link.Interval",
    "sklearn._loss.link.LogLink",
    "sklearn._loss.link.LogitLink",
    "sklearn._loss.link.MultinomialLogit",
    "sklearn._loss.loss.AbsoluteError",
    "sklearn._loss.loss.ExponentialLoss",
    "sklearn._loss.loss.HalfBinomialLoss",
    "sklearn._loss.loss.HalfGammaLoss",
    "sklearn._loss.loss.HalfMultinomialLoss",
    "sklearn._loss.loss.HalfPoissonLoss",
    "sklearn._loss.loss.HalfSquaredError",
    "sklearn._loss.loss.HalfTweedieLoss",
    "sklearn._loss.loss.HalfTweedieLossIdentity",
    "sklearn._loss.loss.HuberLoss",
    "sklearn._loss.loss.PinballLoss",
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
    "sklearn.cluster._bisect_k_means._BisectingTree",
    "sklearn.compose._column_transformer.make_column_selector",
    "sklearn.ensemble._hist_gradient_boosting.binning._BinMapper",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.gaussian_process._gpc._BinaryGaussianProcessClassifierLaplace",
    *(f"sklearn.metrics._dist_metrics.{name}Distance64" for name in ("Chebyshev", "Euclidean", "Manhattan", "Minkowski")),
    *(f"sklearn.metrics._scorer.{name}" for name in ("_CurveScorer", "_PassthroughScorer", "_Scorer")),
    "sklearn.model_selection._search_successive_halving.HalvingGridSearchCV",
    "sklearn.model_selection._search_successive_halving.HalvingRandomSearchCV",
    "sklearn.model_selection._split.KFold",
    "sklearn.model_selection._split.StratifiedKFold",
    "sklearn.model_selection._split.GroupKFold",
    "sklearn.model_selection._split.TimeSeriesSplit",
    *(f"sklearn.gaussian_process.kernels.{name}" for name in ("RBF", "Matern", "ConstantKernel", "WhiteKernel", "RationalQuadratic", "DotProduct", "ExpSineSquared", "Sum", "Product", "Exponentiation")),
    "sklearn.multiclass._ConstantPredictor",
    "sklearn.neighbors._ball_tree.BallTree",
    "sklearn.neighbors._kd_tree.KDTree",
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
    "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
    "sklearn.utils._metadata_requests.MetadataRequest",
    "sklearn.utils._metadata_requests.MethodMetadataRequest",
    "xgboost.core.Booster",
    "xgboost.sklearn.XGBClassifier",
    "xgboost.sklearn.XGBRegressor",
)  # fmt: skip
FUNCTIONS = (
    "sklearn.cluster._kmeans._kmeans_single_lloyd",
    "sklearn.metrics._classification.balanced_accuracy_score",
    "sklearn.feature_selection._univariate_selection.chi2",
    "sklearn.feature_selection._univariate_selection.f_classif",
    "sklearn.feature_selection._univariate_selection.f_regression",
    "sklearn.feature_selection._mutual_info.mutual_info_classif",
    "sklearn.feature_selection._mutual_info.mutual_info_regression",
    "sklearn.utils.validation.check_array",
    *(f"numpy.{name}" for name in ("abs", "absolute", "cbrt", "exp", "expm1", "log", "log10", "log1p", "log2", "mean", "sqrt", "square")),
)  # fmt: skip
LOSSES = ("AbsoluteError", "ExponentialLoss", "HalfBinomialLoss", "HalfGammaLoss", "HalfMultinomialLoss", "HalfPoissonLoss", "HalfSquaredError", "HalfTweedieLoss", "HalfTweedieLossIdentity", "HuberLoss", "PinballLoss")  # fmt: skip
SGD_LOSSES = ("EpsilonInsensitive", "Hinge", "ModifiedHuber", "SquaredEpsilonInsensitive", "SquaredHinge")  # fmt: skip


def own() -> Iterator[str]:
    """Name the library's estimators, without those whose optional library is missing here."""
    for file in sorted(LIBRARY.rglob("*.py")):
        name = ".".join(file.with_suffix("").parts).removesuffix(".__init__")
        for value in vars(import_module(name)).values():
            if (
                isinstance(value, type)
                and issubclass(value, BaseEstimator)
                and value.__module__ == name
            ):
                yield f"{name}.{value.__qualname__}"


def lines() -> list[str]:
    """List a kind of node and a name in each line."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        classes = [one for _, one in all_estimators() if one.__module__.startswith("sklearn.")]
    objects = {*OBJECTS, *own(), *(f"{one.__module__}.{one.__qualname__}" for one in classes)}
    losses = [f"sklearn._loss._loss.Cy{name}" for name in LOSSES]
    losses += [f"sklearn.linear_model._sgd_fast.{name}" for name in SGD_LOSSES]
    found = {"ObjectNode": objects, "FunctionNode": FUNCTIONS, "LossNode": losses}
    return [f"{kind} {name}" for kind, names in found.items() for name in sorted(names)]


if __name__ == "__main__":
    head = "# Written by tools/trusted.py: what stored objects may consist of, by kind of node."
    TARGET.write_text("\n".join([head, *lines()]) + "\n", encoding="utf-8", newline="\n")
