"""Cross-validation folds and random samples of the training set."""
