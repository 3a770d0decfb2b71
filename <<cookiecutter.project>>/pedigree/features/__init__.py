"""Feature engineering and feature selection, fitted on the training set only."""
