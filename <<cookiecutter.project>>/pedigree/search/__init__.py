"""Hyperparameter tuning: a search in the chosen model's space, within a budget.

A search is a function ``search(space, study, **settings)`` that begins trials and reads their losses.
"""

from pedigree.search.libraries import hyperopt, optuna, ray
from pedigree.search.searches import grid, halving, off, random

# The searches that conf/tune/ names as pedigree.search.<search>
__all__ = ["grid", "halving", "hyperopt", "off", "optuna", "random", "ray"]
