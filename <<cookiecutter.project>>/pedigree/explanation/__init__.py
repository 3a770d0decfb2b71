"""Explanations of the model and of single predictions, on the validation set."""
