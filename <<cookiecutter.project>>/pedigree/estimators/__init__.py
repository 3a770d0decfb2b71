"""Estimators: encoders, networks, ensembles and samplers; building, fitting and storing them."""
