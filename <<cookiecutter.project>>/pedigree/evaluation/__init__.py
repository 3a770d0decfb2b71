"""Evaluation: bootstrap intervals, slices, fairness and the decision threshold."""
