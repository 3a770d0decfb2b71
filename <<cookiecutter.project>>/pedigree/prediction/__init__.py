"""Prediction: calibration, the predictor, and the bundle that holds all it needs."""
