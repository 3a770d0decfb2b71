"""Hyperparameter tuning: a search in the chosen model's space, within a budget."""

from __future__ import annotations

from pedigree import Tuning, chosen_model, instantiate, paths, run, write_csv
from pedigree.settings import TuneSettings


def main(settings: TuneSettings) -> None:
    """Search the chosen model's hyperparameters by cross-validation on the training rows."""
    model = chosen_model(settings)
    tuning = Tuning.of(settings, model)
    search = instantiate(tuning.search, model.search_space, _partial_=True)
    tuning.run(search)
    tuning.tuned_params().write(paths.BEST_PARAMS)
    tuning.report().write(paths.REPORTS / "tune.json")
    write_csv(tuning.history(), paths.PLOTS / "tune.csv")


if __name__ == "__main__":
    run("tune", main)
