"""Short labels for the page, the model card and the terminal: metrics, models, results of a test."""

from __future__ import annotations

# Models with which the model is compared on the test set.
REFERENCES = {
    "champion": "champion",
    "linear": "linear baseline",
    "dummy": "dummy baseline",
}
MEANING = {
    "roc_auc": "probability that a positive row gets a higher score than a negative one; 0.5 is chance, 1 is perfect",
    "average_precision": "mean precision over all levels of recall; chance gives the fraction of positive rows, 1 is perfect",
    "brier": "mean squared error of the predicted probability; 0 is perfect",
    "log_loss": "mean negative logarithm of the probability predicted for the true class; 0 is perfect",
    "f1": "harmonic mean of precision and recall; 1 is perfect",
    "precision": "fraction of the rows predicted positive that are positive",
    "recall": "fraction of the positive rows that are predicted positive",
    "f1_macro": "F1 score averaged over the classes, each with the same weight; 1 is perfect",
    "accuracy": "fraction of the rows that are predicted correctly",
    "balanced_accuracy": "fraction of the rows that are predicted correctly, averaged over the classes",
    "matthews": "correlation of labels and predictions; 0 is chance, 1 is perfect",
    "rmse": "root mean squared error, in units of the target; 0 is perfect",
    "mae": "mean absolute error, in units of the target; 0 is perfect",
    "mape": "mean absolute error as a fraction of the target; 0 is perfect",
    "median_absolute_error": "median of the absolute errors, in units of the target; 0 is perfect",
    "ece": "mean difference between predicted probabilities and observed frequencies; 0 is perfect",
    "cost": "mean cost of a decision, in the units of problem.threshold.costs",
    "coverage": "fraction of the target values that lie in their prediction interval",
    "interval_width": "mean width of the prediction intervals, in units of the target",
    "r2": "fraction of the target's variance that is explained; 0 is predicting the mean, 1 is perfect",
}


def reference_label(name: str) -> str:
    """Return the label of a reference model, with its article."""
    return f"the {REFERENCES.get(name, name)}"


def significance(low: float | None, high: float | None) -> str:
    """Return whether a gain is significant, which it is if its interval excludes 0."""
    if low is None or high is None:
        return "unknown"
    if low > 0:
        return "significantly better"
    return "significantly worse" if high < 0 else "no significant difference"
