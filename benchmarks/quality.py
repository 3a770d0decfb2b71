"""How good the models are: two presets, CatBoost with its defaults and AutoGluon, on the same rows, cores and seconds.

Each contender gets the same training rows and is judged on test rows that it has not seen. A preset runs as a
user would run it: a project is generated for the data, `dvc exp run` makes the bundle, and the bundle predicts;
its seconds are those of all stages that the bundle needs. Results are added to build/quality/results.csv, and those
that it contains already are not measured again; the tables go to build/quality.md. `make bench-quality` prepares AutoGluon's
environment and the data; run nothing else meanwhile, since contenders are held to seconds of the clock.
"""

from __future__ import annotations

import argparse
import csv
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from rivals import CORES
from sets import SHIPPED, Table, read
from speed import ENVIRONMENT, TEMPLATE, prepare

BUILD = TEMPLATE / "build/quality"
RESULTS = BUILD / "results.csv"
COLUMNS = ["set", "task", "rows", "seed", "contender", "budget", "seconds", "loss", "roc_auc"]
# Seconds that a project needs besides fitting `best`: the other stages.
REST = 75
Contender = Callable[[Table, Path, float, int], tuple[pd.DataFrame, float]]


def main() -> None:
    """Measure what has not been measured, then write the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="*", help="further sets: FILE.csv:TARGET[:LEFT_OUT,...]")
    parser.add_argument(
        "--sets", default=",".join([*SHIPPED, "adult"]), help="default: %(default)s"
    )
    parser.add_argument("--contenders", default=",".join(CONTENDERS), help="default: %(default)s")
    parser.add_argument(
        "--seconds", type=float, default=240, help="for each (default: %(default)s)"
    )
    parser.add_argument(
        "--seeds", type=int, default=1, help="splits of each set (default: %(default)s)"
    )
    asked = parser.parse_args()
    names = [*asked.files, *filter(None, asked.sets.split(","))]
    BUILD.mkdir(parents=True, exist_ok=True)
    failed = []
    for seed in range(asked.seeds):
        for name in names:
            table = read(name, seed)
            for contender in asked.contenders.split(","):
                if known(table.name, seed, contender, asked.seconds):
                    continue
                try:
                    append(judge(contender, table, asked.seconds, seed))
                except RuntimeError as failure:  # the others go on; the next run tries again
                    print(failure, flush=True)
                    failed.append(f"{contender} on {table.name}")
    text = report(pd.read_csv(RESULTS), asked.seconds)
    (TEMPLATE / "build/quality.md").write_text(text, encoding="utf-8", newline="\n")
    print(text)
    if failed:
        sys.exit(f"Failed: {', '.join(failed)}. Run it again: results that exist are kept.")


def known(name: str, seed: int, contender: str, budget: float) -> bool:
    """Tell whether a result is there."""
    if not RESULTS.exists():
        return False
    there = pd.read_csv(RESULTS)
    same = there[["set", "seed", "contender", "budget"]] == [name, seed, contender, budget]
    return bool(same.all(axis=1).any())


def append(row: dict[str, object]) -> None:
    """Add a result to the file, and show it."""
    new = not RESULTS.exists()
    with RESULTS.open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS)
        if new:
            writer.writeheader()
        writer.writerow(row)
    print(*row.values(), flush=True)


def judge(contender: str, table: Table, budget: float, seed: int) -> dict[str, object]:
    """Let a contender predict the test rows, and score it."""
    with tempfile.TemporaryDirectory() as folder:
        predicted, seconds = CONTENDERS[contender](table, Path(folder), budget, seed)
    loss, area = scores(table, predicted)
    rows = len(table.train) + len(table.test)
    values = (table.name, table.task, rows, seed, contender, budget, round(seconds, 1), loss, area)
    return dict(zip(COLUMNS, values, strict=True))


def scores(table: Table, predicted: pd.DataFrame) -> tuple[float, float | None]:
    """Return RMSE, or log loss and the area under the ROC curve (of more classes: the mean of one against the rest)."""
    from sklearn.metrics import log_loss, roc_auc_score, root_mean_squared_error

    truth = table.test[table.target]
    if table.task == "regression":
        return root_mean_squared_error(truth, predicted.iloc[:, 0]), None
    told = predicted[table.classes].to_numpy()
    told = told / told.sum(axis=1, keepdims=True)  # single precision does not add up to one
    codes = truth.astype("str").map(table.classes.index).to_numpy()
    area = roc_auc_score(
        codes,
        told[:, 1] if told.shape[1] == 2 else told,
        multi_class="ovr",
    )
    return log_loss(codes, told, labels=range(len(table.classes))), area


def run(command: list[str], folder: Path) -> float:
    """Time a command; its output is told if it fails."""
    started = time.perf_counter()
    done = subprocess.run(command, cwd=folder, env=ENVIRONMENT, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{command[:4]} failed:\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
    return time.perf_counter() - started


def project(
    preset: str, table: Table, folder: Path, budget: float, seed: int
) -> tuple[pd.DataFrame, float]:
    """Generate a project for the data, make its bundle, and ask it."""
    data = folder / f"{table.name}.csv"
    table.sides(seed).to_csv(data, index=False)
    answers = {"project": "bench", "setup": "no", "data": str(data)}
    answers |= {"target": table.target, "task": table.task}
    told = [f"{name}={answer}" for name, answer in answers.items()]
    generate = ["cookiecutter", str(TEMPLATE), "--no-input", "--default-config", "-o", str(folder)]
    run([*generate, *told], folder)
    place = folder / "bench"
    prepare(place)
    adopt = [sys.executable, "-m", "pedigree", "adopt", f"data/external/{data.name}"]
    run([*adopt, "--target", table.target, "--task", table.task], place)
    run(["git", "add", "."], place)
    run(
        [
            "git",
            "-c",
            "user.name=bench",
            "-c",
            "user.email=bench@localhost",
            "commit",
            "-m",
            "Begin",
        ],
        place,
    )
    metrics = "rmse" if table.task == "regression" else "log_loss,roc_auc"
    changes = [
        "split=column",
        "split.column=side",
        "+problem.exclude.side=it says who is train and who is test",
        f"problem.metrics=[{metrics}]",
        f"seed={seed}",
        f"threads={CORES}",
    ]
    if preset != "default":
        changes += [f"experiment={preset}", f"model.estimator.seconds={max(budget - REST, 1)}"]
    options = [part for change in changes for part in ("-S", change)]
    seconds = run(["dvc", "exp", "run", *options, "package"], place)
    table.test.drop(columns=table.target).to_csv(place / "asked.csv", index=False)
    run([sys.executable, "-m", "pedigree", "predict", "asked.csv", "--out", "told.csv"], place)
    told = pd.read_csv(place / "told.csv")
    columns = [f"probability:{name}" for name in table.classes] or ["value"]
    return told[columns].rename(columns=lambda name: name.removeprefix("probability:")), seconds


def rival(
    name: str, python: Path, table: Table, folder: Path, budget: float, seed: int
) -> tuple[pd.DataFrame, float]:
    """Run a contender of ``rivals.py``."""
    table.train.to_csv(folder / "train.csv", index=False)
    table.test.drop(columns=table.target).to_csv(folder / "test.csv", index=False)
    script = Path(__file__).with_name("rivals.py")
    told = [table.target, table.task, str(budget), str(seed), "out.csv"]
    command = [str(python), str(script), name, "train.csv", "test.csv", *told]
    return (lambda seconds: (pd.read_csv(folder / "out.csv"), seconds))(run(command, folder))


CONTENDERS: dict[str, Contender] = {
    "default": partial(project, "default"),
    "best": partial(project, "best"),
    "catboost": partial(rival, "catboost", Path(sys.executable)),
    "autogluon": partial(rival, "autogluon", TEMPLATE / "build/autogluon/bin/python"),
}


def report(results: pd.DataFrame, budget: float) -> str:
    """Write the tables as Markdown: losses with ranks, areas under the ROC curve, seconds."""
    rows = results[results["budget"] == budget]
    names = [name for name in CONTENDERS if name in set(rows["contender"])]
    parts = [
        "# Quality\n",
        f"Measured by `benchmarks/quality.py` on {CORES} cores, {budget:g} s for each contender and set "
        "(the default preset and CatBoost have no time limit). Scores are those of a quarter of the rows, or of the set's own test set; "
        "± is the standard deviation over splits. The presets keep a tenth of the other rows as a validation set, "
        "on which the rivals are trained, too.\n",
    ]
    for column, title in (
        ("loss", "Log loss, or RMSE for regression: lower is better"),
        ("roc_auc", "Area under the ROC curve"),
        ("seconds", "Seconds"),
    ):
        there = rows.dropna(subset=[column])
        if there.empty:
            continue
        by = there.groupby(["set", "contender"], sort=False)[column]
        means = by.mean().unstack().reindex(columns=names)
        spreads = by.std().unstack().reindex(columns=names)
        parts.append(
            f"## {title}\n\n| set | rows | {' | '.join(names)} |\n|---|---:|{'---:|' * len(names)}"
        )
        for name, values in means.iterrows():
            cells = [cell(values[one], spreads.loc[name, one]) for one in names]
            if column == "loss":
                cells[int(values.argmin())] = f"**{cells[int(values.argmin())]}**"
            size = rows.loc[rows["set"] == name, "rows"].iloc[0]
            parts.append(f"| {name} | {size:,} | {' | '.join(cells)} |")
        if column != "seconds":
            ranks = means.dropna().rank(axis=1, ascending=column == "loss").mean()
            told = " | ".join(f"{ranks[one]:.2f}" for one in names)
            parts.append(f"| mean rank, {len(means.dropna())} sets | | {told} |")
        parts.append("")
    return "\n".join(parts)


def cell(mean: float, spread: float) -> str:
    """Write a mean of several splits with their standard deviation."""
    if np.isnan(mean):
        return "–"
    shown = f"{mean:,.0f}" if mean >= 10_000 else f"{mean:.4g}"
    return f"{shown} ± {spread:.2g}" if np.isfinite(spread) else shown


if __name__ == "__main__":
    main()
