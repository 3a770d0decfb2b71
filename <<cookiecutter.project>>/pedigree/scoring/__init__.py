"""Scores: predictions, metrics, and the weighted formulas that resampling uses."""
