"""Prediction: calibration, the predictor, and the bundle of all its files."""
