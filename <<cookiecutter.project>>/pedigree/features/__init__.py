"""New features and the selection of features, both fitted on training rows only."""
