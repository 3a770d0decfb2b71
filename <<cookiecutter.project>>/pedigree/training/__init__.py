"""Training: the training rows, cross-validation, bagging, search spaces and the final fit."""
