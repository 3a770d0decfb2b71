"""Feature selection on the training set."""
