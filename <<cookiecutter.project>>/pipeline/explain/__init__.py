"""Step 13, interpretation: what drives the model, and single predictions, on the validation rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.core.base.paths import MODEL, PLOTS, REPORTS
from pipeline.core.base.stage import say
from pipeline.core.base.tables import replacing, write_rows
from pipeline.core.model import artifact
from pipeline.core.model.inputs import read_side
from pipeline.core.model.modelling import predict
from pipeline.explain.pictures import draw
from pipeline.explain.values import permutation_losses, shap_values

if TYPE_CHECKING:
    import pandas as pd
    from omegaconf import DictConfig


def main(settings: DictConfig) -> None:
    """Compute SHAP values and permutation importance, and draw them."""
    options = settings.explain
    model = artifact.load(MODEL)
    X, truth, classes = read_side("validation")
    train, _, _ = read_side("train")
    random = np.random.default_rng(options.seed)
    sample = np.sort(random.permutation(len(X))[: options.rows])
    background = train.iloc[np.sort(random.permutation(len(train))[: options.background])]
    encoded, values = shap_values(model, X.iloc[sample], background, classes, options.seed)
    strength = np.abs(values).mean(axis=(0, 2))
    metric = settings.problem.metrics[0]
    permuted = permutation_losses(model, X, truth, metric, classes, options.repeats, options.seed)
    order = np.argsort(-strength, kind="stable")
    write_rows(
        [{"feature": encoded.columns[i], "mean_abs_shap": strength[i]} for i in order],
        REPORTS / "explain" / "shap.csv",
    )
    write_rows(permuted, REPORTS / "explain" / "permutation.csv")
    prediction = predict(model, X.iloc[sample], len(classes))
    chosen = pick_rows(prediction, options.single_rows)
    write_rows(
        single_rows(encoded, values, prediction, chosen, classes, sample),
        REPORTS / "explain" / "rows.csv",
    )
    with replacing(PLOTS / "explain") as folder:
        draw(
            folder,
            encoded,
            values,
            order[: options.top],
            permuted[: options.top],
            chosen,
            classes,
            random,
        )
    say(
        f"strongest by SHAP: {', '.join(encoded.columns[i] for i in order[:3])}; "
        f"by permutation: {', '.join(one['feature'] for one in permuted[:3])}"
    )


def pick_rows(prediction: np.ndarray, n: int) -> list[int]:
    """Pick rows that differ: the surest or highest, the least sure or middle, the lowest, and between."""
    certainty = prediction.max(axis=1) if prediction.ndim == 2 else prediction
    order = np.argsort(-certainty, kind="stable")
    return [
        int(order[i])
        for i in np.unique(np.linspace(0, len(order) - 1, min(n, len(order))).round().astype(int))
    ]


def single_rows(
    encoded: pd.DataFrame,
    values: np.ndarray,
    prediction: np.ndarray,
    chosen: list[int],
    classes: list[str],
    sample: np.ndarray,
) -> list[dict[str, Any]]:
    """List each feature's share in the predictions of the chosen rows, the strongest first."""
    out = []
    for row in chosen:
        code = int(prediction[row].argmax()) if classes else 0
        output = 0 if values.shape[2] == 1 else code
        said = (
            f"{classes[code]} ({prediction[row, code]:.3f})"
            if classes
            else f"{prediction[row]:.6g}"
        )
        for i in np.argsort(-np.abs(values[row, :, output]), kind="stable"):
            out.append(
                {
                    "validation_row": int(sample[row]),
                    "prediction": said,
                    "feature": encoded.columns[i],
                    "value": str(encoded.iloc[row, i]),
                    "shap": values[row, i, output],
                }
            )
    return out
