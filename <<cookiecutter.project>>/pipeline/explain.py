"""Step 13, interpretation: what drives the model, and single predictions, on the validation rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.core.model import artifact
from pipeline.core.report.figures import BLUE, GREY, ORANGE, bars, figure, shorten
from pipeline.core.model.metrics import gain, score
from pipeline.core.model.modelling import plain, predict
from pipeline.core.base.paths import FEATURES, MODEL, PLOTS, REPORTS, SELECT, SPLIT
from pipeline.core.base.stage import run, say
from pipeline.core.base.tables import read_json, read_table, replacing, write_rows
from pipeline.core.data.target import encode

if TYPE_CHECKING:
    import pandas as pd
    from omegaconf import DictConfig
    from sklearn.pipeline import Pipeline


def main(settings: DictConfig) -> None:
    """Compute SHAP values and permutation importance, and draw them."""
    options = settings.explain
    target = read_json(SPLIT / "target.json")
    classes = target["classes"]
    selector, model = artifact.load(SELECT), artifact.load(MODEL)
    rows = read_table(FEATURES / "validation")
    truth = encode(rows[target["name"]], classes)
    rows, truth = (rows[truth >= 0], truth[truth >= 0]) if classes else (rows, truth)
    X = selector.transform(rows).reset_index(drop=True)
    random = np.random.default_rng(options.seed)
    sample = np.sort(random.permutation(len(X))[: options.rows])
    train = selector.transform(read_table(FEATURES / "train"))
    background = train.iloc[np.sort(random.permutation(len(train))[: options.background])]
    encoded, values = shap_values(model, X.iloc[sample], background, classes, options.seed)
    strength = np.abs(values).mean(axis=(0, 2))
    metric = settings.problem.metrics[0]
    permuted = permutation_losses(model, X, truth, metric, classes, options.repeats, options.seed)
    order = np.argsort(-strength, kind="stable")
    write_rows(
        [{"feature": encoded.columns[i], "mean_abs_shap": strength[i]} for i in order], REPORTS / "explain" / "shap.csv"
    )
    write_rows(permuted, REPORTS / "explain" / "permutation.csv")
    prediction = predict(model, X.iloc[sample], len(classes))
    chosen = pick_rows(prediction, options.single_rows)
    write_rows(single_rows(encoded, values, prediction, chosen, classes, sample), REPORTS / "explain" / "rows.csv")
    with replacing(PLOTS / "explain") as folder:
        draw(folder, encoded, values, order[: options.top], permuted[: options.top], chosen, classes, random)
    say(f"strongest by SHAP: {', '.join(encoded.columns[i] for i in order[:3])}; "
        f"by permutation: {', '.join(one['feature'] for one in permuted[:3])}")


def shap_values(
    model: Pipeline, X: pd.DataFrame, background: pd.DataFrame, classes: list[str], seed: int
) -> tuple[pd.DataFrame, np.ndarray]:
    """Compute SHAP values (Lundberg and Lee 2017).

    CatBoost computes its own, exactly (in log-odds); other models go through shap's explainers.

    Parameters
    ----------
    model : Pipeline
    X, background : DataFrame of shape (n, p), (m, p)
        Rows to explain, and training rows that stand for the average.
    classes : list of str
        Empty for regression.
    seed : int

    Returns
    -------
    encoded : DataFrame, shape (n, q)
        The features as the estimator sees them.
    values : ndarray, shape (n, q, outputs)
        One output for regression and for two classes (the positive one), else one a class.
    """
    encode_step, estimator = model["encode"], model["estimator"]
    encoded = encode_step.transform(plain(X))
    if type(estimator).__module__.startswith("catboost"):
        from catboost import Pool

        texts = [name for name in encoded if encoded[name].dtype == "category"]
        values = np.asarray(estimator.get_feature_importance(Pool(encoded, cat_features=texts), type="ShapValues"))
        values = values[:, np.newaxis, :] if values.ndim == 2 else values
        return encoded, values[:, :, :-1].transpose(0, 2, 1)
    import shap

    # shap's masker and trees want numbers: categories travel as codes and come back before predicting.
    numbers, around = _codes(encoded), _codes(encode_step.transform(plain(background)))
    positive = 1 if len(classes) == 2 else None
    name = type(estimator).__name__
    if "Forest" in name or "ExtraTrees" in name or "DecisionTree" in name:
        values = np.asarray(shap.TreeExplainer(estimator)(numbers).values)
    elif hasattr(estimator, "coef_"):
        values = np.asarray(shap.LinearExplainer(estimator, around)(numbers).values)
    else:
        import pandas as pd

        def output(codes: np.ndarray) -> np.ndarray:
            frame = pd.DataFrame(codes, columns=encoded.columns)
            for column in encoded:
                if encoded[column].dtype == "category":
                    known = encoded[column].cat.categories
                    frame[column] = pd.Categorical.from_codes(frame[column].astype(int), categories=known)
            return estimator.predict_proba(frame) if classes else estimator.predict(frame)

        explainer = shap.PermutationExplainer(output, around.to_numpy(), seed=seed)
        values = np.asarray(explainer(numbers.to_numpy(), silent=True).values)
    if values.ndim == 2:
        values = values[:, :, np.newaxis]
    elif positive is not None:
        values = values[:, :, [positive]]
    return encoded, values


def permutation_losses(
    model: Pipeline, X: pd.DataFrame, y: np.ndarray, metric: str, classes: list[str], repeats: int, seed: int
) -> list[dict[str, Any]]:
    """Measure how much the metric loses when a feature's values are shuffled (Breiman 2001).

    Returns
    -------
    list of dict
        feature, loss (mean, in the metric's units), std; the greatest loss first.
    """
    from sklearn.inspection import permutation_importance

    def scoring(fitted: Pipeline, rows: pd.DataFrame, truth: np.ndarray) -> float:
        return gain(metric, score(metric, truth, predict(fitted, rows, len(classes))), 0.0)

    found = permutation_importance(model, X, y, scoring=scoring, n_repeats=repeats, random_state=seed)
    losses = zip(X.columns, found.importances_mean, found.importances_std, strict=True)
    return sorted(({"feature": name, "loss": loss, "std": std} for name, loss, std in losses), key=lambda one: -one["loss"])


def pick_rows(prediction: np.ndarray, n: int) -> list[int]:
    """Pick rows that differ: the surest or highest, the least sure or middle, the lowest, and between."""
    certainty = prediction.max(axis=1) if prediction.ndim == 2 else prediction
    order = np.argsort(-certainty, kind="stable")
    return [int(order[i]) for i in np.unique(np.linspace(0, len(order) - 1, min(n, len(order))).round().astype(int))]


def single_rows(
    encoded: pd.DataFrame, values: np.ndarray, prediction: np.ndarray, chosen: list[int], classes: list[str], sample: np.ndarray
) -> list[dict[str, Any]]:
    """List each feature's share in the predictions of the chosen rows, the strongest first."""
    out = []
    for row in chosen:
        code = int(prediction[row].argmax()) if classes else 0
        output = 0 if values.shape[2] == 1 else code
        said = f"{classes[code]} ({prediction[row, code]:.3f})" if classes else f"{prediction[row]:.6g}"
        for i in np.argsort(-np.abs(values[row, :, output]), kind="stable"):
            out.append({"validation_row": int(sample[row]), "prediction": said, "feature": encoded.columns[i],
                        "value": str(encoded.iloc[row, i]), "shap": values[row, i, output]})
    return out


def draw(
    folder: Any, encoded: pd.DataFrame, values: np.ndarray, top: np.ndarray, permuted: list[dict[str, Any]],
    chosen: list[int], classes: list[str], random: Any,
) -> None:
    """Draw the global bars, the beeswarm, the permutation importance and the single rows."""
    folder.mkdir()
    names = [encoded.columns[i] for i in top]
    height = 1 + 0.32 * len(top)
    meaning = f"for {classes[1]}" if len(classes) == 2 else "over classes" if classes else ""
    with figure(folder / "bar.png", size=(6, height)) as axes:
        bars(axes, names, np.abs(values[:, top]).mean(axis=(0, 2)))
        axes.set_title(f"mean |SHAP value| {meaning}")
    with figure(folder / "beeswarm.png", size=(6.5, height + 0.3)) as axes:
        # With several classes the strongest one of each feature is shown.
        for position, i in enumerate(top):
            shares = values[:, i, int(np.abs(values[:, i]).mean(axis=0).argmax())]
            jitter = random.uniform(-0.28, 0.28, len(shares))
            shade = _ranks(encoded.iloc[:, i])
            dots = axes.scatter(shares, position + jitter, c=shade, cmap="coolwarm", vmin=0, vmax=1, s=9, linewidths=0)
        axes.axvline(0, color=GREY, linewidth=0.8)
        axes.set_yticks(range(len(top)), [shorten(name) for name in names])
        axes.invert_yaxis()
        axes.set_title(f"SHAP value of each row {meaning}")
        bar = axes.figure.colorbar(dots, ax=axes, ticks=[0, 1], aspect=40)
        bar.ax.set_yticklabels(["low", "high"])
        bar.set_label("the feature's value")
    with figure(folder / "permutation.png", size=(6, 1 + 0.32 * len(permuted))) as axes:
        bars(axes, [one["feature"] for one in permuted], [one["loss"] for one in permuted], [one["std"] for one in permuted])
        axes.set_title("what the metric loses when the feature is shuffled")
    for number, row in enumerate(chosen, start=1):
        shares = values[row, :, int(np.abs(values[row]).sum(axis=0).argmax())]
        strongest = np.argsort(-np.abs(shares), kind="stable")[: len(top)]
        with figure(folder / f"row_{number}.png", size=(6, height)) as axes:
            labels = [f"{shorten(encoded.columns[i], 36)} = {_short(encoded.iloc[row, i])}" for i in strongest]
            axes.barh(range(len(strongest)), shares[strongest], height=0.65,
                      color=[BLUE if share > 0 else ORANGE for share in shares[strongest]])
            axes.set_yticks(range(len(strongest)), labels)
            axes.invert_yaxis()
            axes.axvline(0, color=GREY, linewidth=0.8)
            axes.set_title(f"what moved the prediction of row {number} {meaning}")


def _codes(encoded: pd.DataFrame) -> pd.DataFrame:
    return encoded.assign(**{c: encoded[c].cat.codes for c in encoded if encoded[c].dtype == "category"}).astype(float)


def _ranks(values: pd.Series) -> np.ndarray:
    numbers = values.cat.codes if values.dtype == "category" else values
    return numbers.rank(pct=True).to_numpy()


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else shorten(value, 14)


if __name__ == "__main__":
    run("explain")
