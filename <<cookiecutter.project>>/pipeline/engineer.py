"""Feature engineering: scikit-learn transformers, pandas in and pandas out."""

from __future__ import annotations

from pedigree import (
    build_features,
    features_and_target,
    new_folder,
    paths,
    read_table,
    run,
    save_model,
    say,
    write_table,
)
from pedigree.settings import EngineerSettings


def main(settings: EngineerSettings) -> None:
    """Fit the transformers on data/split/train/ and write the features of train and validation.

    The test rows are left alone; `verdict` transforms them with what was fitted here.
    """
    problem = settings.problem
    train = read_table(paths.SPLIT / "train")
    X, y = features_and_target(train, problem)
    engineer = build_features(settings.engineer.steps, train, problem).fit(X, y)
    save_model(engineer, paths.ENGINEER)
    with new_folder(paths.FEATURES) as folder:
        for name in ("train", "validation"):
            rows = read_table(paths.SPLIT / name)
            made = engineer.transform(features_and_target(rows, problem)[0])
            write_table(made.assign(**{problem.target: rows[problem.target]}), folder / name)
    new = [column for column in made if column not in X]
    names = ", ".join(new) if new else "none"
    say(f"{X.shape[1]} columns became {made.shape[1]}; new: {names}")


if __name__ == "__main__":
    run("engineer", main)
