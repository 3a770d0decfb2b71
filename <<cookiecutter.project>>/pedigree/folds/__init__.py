"""Folds of the training rows, and rows drawn from them."""
