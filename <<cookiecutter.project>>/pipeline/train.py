"""Model training: the final pipeline, on the training rows."""

from __future__ import annotations

from pedigree import (
    build_model,
    chosen_model,
    fit_calibrator,
    fit_model,
    paths,
    read_subset,
    run,
    save_model,
    say,
)
from pedigree.settings import TrainSettings


def main(settings: TrainSettings) -> None:
    """Fit the chosen model with the tuned hyperparameters, and a plain one that it has to beat."""
    model, plain = chosen_model(settings), settings.train.baseline
    X, y, _ = read_subset("train")
    pipeline = build_model(model, tuned=True)
    calibrator = fit_calibrator(pipeline, settings, model)
    fitted = fit_model(pipeline, X, y, settings, model)
    save_model(pipeline, paths.MODEL)
    save_model(calibrator, paths.CALIBRATOR)
    baseline = build_model(plain)
    fitted_baseline = fit_model(baseline, X, y, settings, plain)
    save_model(baseline, paths.BASELINE)
    fitted.write_curves(settings.train.curves)
    record = fitted.metrics(X, fitted_baseline, calibrator)
    record.write(paths.METRICS / "train.json")
    iterations = f", {fitted.iterations} iterations" if fitted.iterations else ""
    say(f"{record.model}: {len(X)} rows, {X.shape[1]} features{iterations}")


if __name__ == "__main__":
    run("train", main)
