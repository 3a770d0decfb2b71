"""The other contenders of ``quality.py``: CatBoost with its library's defaults, and AutoGluon's best preset.

Each is run as a process of its own, AutoGluon in its own environment:
python rivals.py NAME TRAIN.csv TEST.csv TARGET TASK SECONDS SEED OUT.csv
"""

from __future__ import annotations

import sys
import tempfile

import pandas as pd

CORES = 2


def catboost(
    train: pd.DataFrame, test: pd.DataFrame, target: str, task: str, seconds: float, seed: int
) -> pd.DataFrame:
    """Fit CatBoost on the raw columns: categories as they are, everything else as the library sets it."""
    from catboost import CatBoostClassifier, CatBoostRegressor

    X, asked = train.drop(columns=target), test.copy()
    texts = [name for name in X if X[name].dtype.kind not in "iuf"]
    for rows in (X, asked):
        rows[texts] = rows[texts].astype("str").where(rows[texts].notna(), "missing")
    options = {
        "cat_features": texts,
        "thread_count": CORES,
        "random_seed": seed,
        "verbose": False,
        "allow_writing_files": False,
    }
    if task == "regression":
        model = CatBoostRegressor(**options).fit(X, train[target])
        return pd.DataFrame({target: model.predict(asked)})
    model = CatBoostClassifier(**options).fit(X, train[target].astype("str"))
    return pd.DataFrame(model.predict_proba(asked), columns=model.classes_)


def autogluon(
    train: pd.DataFrame, test: pd.DataFrame, target: str, task: str, seconds: float, seed: int
) -> pd.DataFrame:
    """Fit AutoGluon's preset `best_quality` within the seconds, told by which score it is judged."""
    from autogluon.tabular import TabularPredictor

    metric = "root_mean_squared_error" if task == "regression" else "log_loss"
    with tempfile.TemporaryDirectory() as folder:
        model = TabularPredictor(target, problem_type=task, eval_metric=metric, path=folder)
        model.fit(train, presets="best_quality", time_limit=seconds, num_cpus=CORES, num_gpus=0)
        if task == "regression":
            return pd.DataFrame({target: model.predict(test)})
        return model.predict_proba(test)


def main(arguments: list[str]) -> None:
    """Read, fit, predict, write."""
    name, train, test, target, task, seconds, seed, out = arguments
    fit = {"catboost": catboost, "autogluon": autogluon}[name]
    predicted = fit(pd.read_csv(train), pd.read_csv(test), target, task, float(seconds), int(seed))
    predicted.to_csv(out, index=False)


if __name__ == "__main__":
    main(sys.argv[1:])
