"""Step 12, hyperparameter tuning: a search in the chosen model's space, within a budget."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pedigree.base.paths import BEST_PARAMS, PLOTS, REPORTS
from pedigree.base.settings import as_dict
from pedigree.base.stage import run, say
from pedigree.base.tables import write_json, write_rows
from pedigree.base.tools import instantiate
from pedigree.estimators.building import as_trained, chosen_model, own_value
from pedigree.training.data import Training
from pedigree.training.search import COLUMNS, announce, is_sure, rows, summary, text
from pedigree.training.search.study import Objective, Study

if TYPE_CHECKING:
    from omegaconf import DictConfig


def main(settings: DictConfig) -> None:
    """Search the chosen model's hyperparameters by cross-validation on the training rows."""
    model = chosen_model(settings)
    metric = settings.problem.metrics[0]
    options = as_dict(settings.tune)
    confidence = options.pop("confidence", None)
    budget = {key: options.pop(key, None) for key in ("trials", "seconds", "folds", "rows")}
    report: dict[str, Any] = {
        "model": model["name"],
        "metric": metric,
        "search": options,
        "budget": budget,
    }
    report |= {"trials": 0, "stopped_by": "there being nothing to search"}
    best: dict[str, Any] = {}
    history: list[dict[str, Any]] = [dict.fromkeys(COLUMNS) | {"trial": 0}]
    if budget["trials"] and model["search_space"]:
        training = Training.read(settings)
        folds = training.cut(budget["folds"], 1, settings.seed, at_most=budget["rows"])
        tried = as_trained(model, settings.train.early_stopping)
        objective = Objective(tried, folds, metric, len(training.classes))
        study = Study.of(objective, budget["trials"], budget["seconds"])
        search = instantiate(options | {"_partial_": True}, model["search_space"])
        report["stopped_by"] = study.run(search)
        best = study.best().changes
        history = rows(study)
        report |= summary(study, metric) | {"confidence": confidence}
        report["adopted"] = bool(best) and is_sure(study, folds, confidence)
        announce(report, text(best))
        best = best if report["adopted"] else {}
    else:
        say(f"{model['name']}: no trials, there being nothing to search")
    tuned = {name: {"from": own_value(model, name), "to": value} for name, value in best.items()}
    write_json({"model": model["name"], "tuned": tuned}, BEST_PARAMS)
    write_json(report, REPORTS / "tune.json")
    write_rows(history, PLOTS / "tune.csv")


if __name__ == "__main__":
    run("tune", main)
