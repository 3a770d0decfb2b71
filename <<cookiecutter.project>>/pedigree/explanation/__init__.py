"""Interpretation: what drives the model, and single predictions, on the validation rows."""
