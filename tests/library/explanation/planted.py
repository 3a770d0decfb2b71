"""Models of rows whose truth is known, for explanations."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from library.projects import compose, leave_out_missing
from omegaconf import OmegaConf

from pedigree.estimators.building import build_model
from pedigree.estimators.fitting import fit
from pedigree.estimators.settings import Model
from pedigree.explanation.subject import Subject
from pedigree.scoring.metrics import METRICS

TASKS = ("binary", "multiclass", "regression")
TEXT, NUMBERS = ("island", "sex"), ("x", "third", "noise")


def planted(family: str, task: str, *overrides: str) -> Subject:
    """Fit a family to rows in which x decides, `third` helps a third as much, and the rest does not."""
    random = np.random.default_rng(0)
    X = pd.DataFrame(random.normal(size=(300, 3)), columns=list(NUMBERS))
    X["island"] = random.choice(["Biscoe", "Dream"], 300)
    X["sex"] = random.choice(["male", "female"], 300)
    X.loc[::17, "noise"] = np.nan
    X.loc[::19, "sex"] = None
    score = 3 * X["x"] + X["third"]
    y = score.to_numpy() if task == "regression" else (score > 0).to_numpy(dtype=int)
    y = np.digitize(score, [-1, 1]) if task == "multiclass" else y
    classes = {"binary": ["no", "yes"], "multiclass": ["a", "b", "c"], "regression": []}[task]
    metric = METRICS["rmse" if task == "regression" else "log_loss"]
    kind = "regression" if task == "regression" else "classification"
    config = compose(
        Path("conf").resolve(),
        f"model={family}",
        f"problem.kind={kind}",
        f"problem.estimator={'Regressor' if task == 'regression' else 'Classifier'}",
        *overrides,
    )
    model: Any = OmegaConf.to_container(config.model)
    leave_out_missing(model)
    fitted = fit(build_model(model), Model.model_validate(model), X[:200], y[:200])
    rows = X[200:].reset_index(drop=True)
    return Subject(fitted, rows, y[200:], X[:200], classes, "mass", metric, 3, seed=1)


def explained_output(subject: Subject, rows: np.ndarray, scale: str) -> np.ndarray:
    """Return what the contributions have to add up to."""
    output = subject.outputs(subject.X.iloc[rows])
    if scale == "log-odds":
        return np.log(output / (1 - output))
    if scale == "softmax score":  # known but for a constant of the row
        return np.log(output) - np.log(output).mean(axis=1, keepdims=True)
    return output
